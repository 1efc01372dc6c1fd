"""What an order itself says.

That is its code, its priority, whether it renews another order, and what its other codings and words describe.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from cds_service.case import Case
from cds_service.facts.found.wording import Saying, empty, hinted, matched, named, named_any
from cds_service.facts.wanted import Wanted
from cds_service.fhir.codes import Coding
from cds_service.fhir.elements import items, text
from cds_service.policy.evidence import AGAINST_CODE, Evidence, Standing
from cds_service.policy.values import Code, Days, Value

_LONG_AGO: Final = Days.on(date.min)
"""The day by which an order's words are dated.

It lies so far back that a person's answer to the question, whenever given, counts for more.
"""
_PRIOR: Final = {"MedicationRequest": "priorPrescription", "DeviceRequest": "priorRequest"}
COVERAGE_INFORMATION: Final = "http://hl7.org/fhir/us/davinci-crd/StructureDefinition/ext-coverage-information"


@dataclass(frozen=True, slots=True)
class SoughtWords:
    """What an order may say, as ``order_words`` evidence writes it.

    Each value comes with the saying that gives it.
    """

    says: tuple[tuple[str, Saying], ...]
    otherwise: str
    if_nothing: str
    empty_words: tuple[str, ...]
    reasons_of: str
    hints_in: tuple[str, ...] = ()


def code(selected: bool, case: Case) -> Iterable[Evidence]:
    """Return the order's code, with the value sets that hold it.

    It is the code by which the order was selected, or else all its codings.
    """
    codings: Sequence[Coding] = case.chart.terminology.medicines.plainest(case.order.codings)
    if case.coding is not None and selected:
        codings = (case.coding,)
    if not codings:
        return []
    sets = frozenset(id_ for coding in codings for id_ in case.chart.terminology.holding(coding.system, coding.code))
    return [Evidence(Code(codings[0].text, sets), Days.on(case.as_of), case.order.reference)]


def priority(case: Case, wanted: Wanted) -> Iterable[Evidence]:
    """Return the priority of the order, if the fact knows it."""
    priority = text(case.order.resource.get("priority"))
    return [Evidence(priority, Days.on(case.as_of), case.order.reference)] if priority in wanted.choices else []


def renewal(case: Case) -> Iterable[Evidence]:
    """Tell whether the order names an earlier one or is authorized.

    It is authorized when it carries an authorization.
    """
    resource, said = case.order.resource, case.order.reference
    prior = _PRIOR.get(case.order.kind, "")
    if resource.get(prior):
        return [Evidence(True, Days.on(case.as_of), said, shown=prior)]
    authorized = any(
        text(part.get("url")) == "satisfied-pa-id"
        for extension in items(resource.get("extension"))
        if isinstance(extension, dict) and text(extension.get("url")) == COVERAGE_INFORMATION
        for part in items(extension.get("extension"))
        if isinstance(part, dict)
    )
    if authorized:
        return [Evidence(True, Days.on(case.as_of), said, shown="it carries an authorization")]
    return [Evidence(False, _LONG_AGO, said, shown="it names no earlier order")]


def words_said(sought: SoughtWords, case: Case, wanted: Wanted) -> Iterable[Evidence]:
    """Find what the order says in words.

    The first saying that is sought and matches counts, else a hint of one; else what an order is taken to mean that
    says something else, or nothing.
    """
    sets, codings, words = case.described
    if sought.reasons_of and sought.reasons_of in sets:
        words = [*words, *case.reason_words]
    when, said = Days.on(case.as_of), case.order.reference
    spoken = sought.says if words else [say for say in sought.says if not sets.isdisjoint(say[1].codes)]
    for value, saying in spoken:
        if matching := matched(saying, sets, words):
            dated = when if matching.startswith("a coding") else _LONG_AGO
            return [Evidence(value_written(value, wanted), dated, said, shown=matching)]
    for value, saying in spoken:
        if hint := hinted(saying, sets, words):
            return [_open(value, hint, case, wanted)]
    value, hint = _hinted_beside(sought, case)
    if hint and value != sought.otherwise:
        return [_open(value, hint, case, wanted)]
    if not sought.otherwise and not sought.if_nothing:
        return []
    own = {coding.code for coding in case.order.codings}
    described = [w for w in words if not empty(w, sought.empty_words, own)] or len({c.code for c in codings}) > 1
    if described and sought.otherwise:
        return [Evidence(value_written(sought.otherwise, wanted), when, said)]
    return [Evidence(value_written(sought.if_nothing, wanted), _LONG_AGO, said)] if sought.if_nothing and not described else []


def _open(value: str, hint: str, case: Case, wanted: Wanted) -> Evidence:
    note = f"'{hint}' leaves it open"
    said = value_written(value, wanted)
    return Evidence(said, Days.on(case.as_of), case.order.reference, standing=Standing.UNCERTAIN, note=note)


def _hinted_beside(sought: SoughtWords, case: Case) -> tuple[str, str]:
    """Return what stands beside the description and hints at a saying.

    It comes with the value of that saying. Read are the names of the client's own codes, and where else ``hints_in``
    says. What tells of the past, of the family or of an indication is none. Empty strings stand for nothing.
    """
    beside = case.beside_description
    words = [*beside["own names"], *[said for place in sought.hints_in for said in beside[place]]]
    said = ((value, named(saying, words)) for value, saying in sought.says) if words else ()
    return next(((value, hint) for value, hint in said if hint), ("", ""))


@dataclass(frozen=True, slots=True)
class SoughtHints:
    """Words that an order may not be for what its code says.

    As ``order_hints`` evidence writes them.
    """

    beside: tuple[str, ...]
    says: tuple[tuple[bool | str, Saying], ...]
    unless: tuple[str, ...]
    hints_in: tuple[str, ...]


def hints(sought: SoughtHints, case: Case, wanted: Wanted) -> Iterable[Evidence]:
    """Find what any words on the order say against its code.

    They count unless what the code stands for is named too, by other words than those that its system has for it.
    The value of each is what its words hint at.
    """
    sets, _, described = case.described
    if sets.isdisjoint(sought.beside):
        return
    beside = case.beside_description
    own = [*described, *beside["own names"], *[said for place in sought.hints_in if place != "displays" for said in beside[place]]]
    said = [*own, *beside["displays"]] if "displays" in sought.hints_in else own
    if not said or named_any(own, sought.unless):
        return
    for gives, saying in sought.says:
        if hint := named(saying, said):
            when, note = Days.on(case.as_of), f"{AGAINST_CODE}: '{hint}'"
            yield Evidence(None if gives == "" else gives, when, case.order.reference, standing=Standing.UNCERTAIN, note=note)


def value_written(written: str, wanted: Wanted) -> Value:
    """Turn a value that the catalogue writes into the fact's type."""
    return written == "yes" if wanted.type == "boolean" else written
