"""Records with an unlisted code, which count by their description."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cds_service.case import Case
from cds_service.facts.found.wording import Saying, described_as, matched
from cds_service.fhir.codes_of_records import Hit
from cds_service.fhir.elements import codings, concept_words
from cds_service.fhir.resource_types import CODE_ELEMENTS
from cds_service.order import Order, read_order
from cds_service.sitting import DatedChart


@dataclass(frozen=True, slots=True)
class Unlisted:
    """Records with an unlisted code that count by their description.

    They are orders, reports and results with a code in ``value_set`` that are described as ``described`` says.
    """

    value_set: str
    described: Saying


def is_unlisted(unlisted: Unlisted | None, order: Order, held: Mapping[str, object], case: Case) -> bool:
    """Tell whether an unlisted order is described as sought."""
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


def _named_as(holder: Mapping[str, Any], described: Saying, seen: DatedChart) -> str:
    """Return what matched in the code of something done or reported.

    It is the code's text, the display of a coding, or a coding.
    """
    concept = holder.get("code")
    holding = seen.chart.terminology.holding
    sets = frozenset(id_ for coding in codings(concept) for id_ in holding(coding.system, coding.code))
    return matched(described, sets, concept_words(concept))
