"""Records with an unlisted code: what their words and codings describe.

Such a code stands for many services. A record of it that nothing describes may be any of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cds_service.case import Case
from cds_service.facts.found.wording import Saying, described_as, empty, matched
from cds_service.fhir.codes import Coding, is_known
from cds_service.fhir.codes_of_records import Hit
from cds_service.fhir.elements import codings, concept_words
from cds_service.fhir.resource_types import CODE_ELEMENTS
from cds_service.order import Order, read_order
from cds_service.sitting import DatedChart

NAMELESS: Final = "its code is an unlisted one, and nothing says what it stands for"
"""Note on a record that may be what is sought, or anything else."""


@dataclass(frozen=True, slots=True)
class Unlisted:
    """Records with an unlisted code that count by their description.

    They are orders, reports and results with a code in ``value_set`` that are described as ``described`` says. Where
    ``empty_words`` are given, one that says no more than they do is open.
    """

    value_set: str
    described: Saying
    empty_words: tuple[str, ...] = ()


def is_described(unlisted: Unlisted | None, order: Order, held: Mapping[str, object], case: Case) -> bool:
    """Tell whether an order with an unlisted code is described as sought."""
    if unlisted is None or unlisted.value_set not in held:
        return False
    return bool(described_as(order, unlisted.described, case.chart.terminology))


def unlisted_in_chart(unlisted: Unlisted | None, type_: str, seen: DatedChart) -> Iterator[Hit]:
    """Find records with an unlisted code that are described as sought.

    They are services, reports and results, described by their words and codings.
    """
    if unlisted is None:
        return
    for hit in seen.chart.coded(type_, unlisted.value_set):
        if type_ in CODE_ELEMENTS:
            described = described_as(read_order(hit.resource, 0, seen.as_of), unlisted.described, seen.chart.terminology)
        else:
            described = _named_as(hit.holder, unlisted.described, seen)
        if described:
            yield Hit(hit.resource, hit.holder, hit.coding, None)


def nameless_in_chart(unlisted: Unlisted | None, type_: str, seen: DatedChart) -> list[Hit]:
    """Find records with an unlisted code that nothing describes."""
    if unlisted is None or not unlisted.empty_words:
        return []
    hits = [hit for hit in seen.chart.coded(type_, unlisted.value_set) if _is_nameless(hit, unlisted, type_, seen)]
    return [Hit(hit.resource, hit.holder, hit.coding, None) for hit in hits]


def is_nameless(unlisted: Unlisted | None, order: Order, code: str, held: Mapping[str, object]) -> bool:
    """Tell whether an order has an unlisted code that nothing describes."""
    if unlisted is None or not unlisted.empty_words or unlisted.value_set not in held:
        return False
    described, words = order.descriptions()
    return not _says_what(unlisted, code, described, [*words, *order.displays(True), *order.displays(False)])


def _is_nameless(hit: Hit, unlisted: Unlisted, type_: str, seen: DatedChart) -> bool:
    code = hit.coding.code
    if type_ in CODE_ELEMENTS:
        return is_nameless(unlisted, read_order(hit.resource, 0, seen.as_of), code, {unlisted.value_set: None})
    concept = hit.holder.get("code")
    return not _says_what(unlisted, code, [one for one in codings(concept) if is_known(*one)], concept_words(concept))


def _says_what(unlisted: Unlisted, code: str, described: Iterable[Coding], words: Iterable[str]) -> bool:
    """Tell whether something says what an unlisted code stands for.

    It is another code of a known system, or words that are not empty.
    """
    return any(not empty(said, unlisted.empty_words, {code}) for said in words) or len({one.code for one in described}) > 1


def _named_as(holder: Mapping[str, Any], described: Saying, seen: DatedChart) -> str:
    """Return what matched in the code of something done or reported.

    It is the code's text, the display of a coding, or a coding.
    """
    concept = holder.get("code")
    holding = seen.chart.terminology.holding
    sets = frozenset(id_ for coding in codings(concept) for id_ in holding(coding.system, coding.code))
    return matched(described, sets, concept_words(concept))
