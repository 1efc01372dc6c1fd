"""What an order itself says: its code, its priority, whether it renews another, and what its other codings and words describe."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Final

from cds_service.chart import Case
from cds_service.facts.found.wording import empty, hinted, matched
from cds_service.facts.wanted import Wanted
from cds_service.fhir.elements import items, text
from cds_service.policy.model import Evidence, Standing
from cds_service.policy.values import Code, Days, Value

if TYPE_CHECKING:
    from cds_service.facts.kinds.order import OrderCodeEvidence, OrderPriorityEvidence, OrderRenewalEvidence, OrderWordsEvidence

_LONG_AGO: Final = Days.on(date.min)
"""The day that an order's words are dated: a person's answer to the question, whenever given, says more."""
_PRIOR: Final = {"MedicationRequest": "priorPrescription", "DeviceRequest": "priorRequest"}
COVERAGE_INFORMATION: Final = "http://hl7.org/fhir/us/davinci-crd/StructureDefinition/ext-coverage-information"


def code(kind: OrderCodeEvidence, case: Case, wanted: Wanted) -> Iterable[Evidence]:
    """The code by which the order was selected, or all its codings where its kind wants any, with the value sets that hold it."""
    codings = case.order.codings
    if case.coding is not None and kind.of == "selected":
        codings = (case.coding,)
    if not codings:
        return []
    sets = frozenset(id_ for coding in codings for id_ in case.chart.terminology.holding(coding.system, coding.code))
    return [Evidence(Code(codings[0].text, sets), Days.on(case.as_of), case.order.reference)]


def priority(kind: OrderPriorityEvidence, case: Case, wanted: Wanted) -> Iterable[Evidence]:
    """The priority of the order, if it is one that the fact knows."""
    priority = text(case.order.resource.get("priority"))
    return [Evidence(priority, Days.on(case.as_of), case.order.reference)] if priority in wanted.choices else []


def renewal(kind: OrderRenewalEvidence, case: Case, wanted: Wanted) -> Iterable[Evidence]:
    """Whether the order names an earlier one or carries an authorization."""
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


def words_said(kind: OrderWordsEvidence, case: Case, wanted: Wanted) -> Iterable[Evidence]:
    """What the order says, by the first saying of its kind that matches, else a hint of one; else what an order that says
    something else, or nothing, is taken to mean."""
    sets, codings, words = case.described
    if kind.reasons_of and kind.reasons_of in sets:
        words = [*words, *case.reason_words]
    when, said = Days.on(case.as_of), case.order.reference
    spoken = kind.says.items() if words else [say for say in kind.says.items() if not sets.isdisjoint(say[1].codes)]
    for value, saying in spoken:
        if matching := matched(saying, sets, words):
            dated = when if matching.startswith("a coding") else _LONG_AGO
            return [Evidence(value_written(value, wanted), dated, said, shown=matching)]
    for value, saying in spoken:
        if hint := hinted(saying, sets, words):
            note = f"'{hint}' leaves it open"
            return [Evidence(value_written(value, wanted), when, said, standing=Standing.UNCERTAIN, note=note)]
    if not kind.otherwise and not kind.if_nothing:
        return []
    own = {coding.code for coding in case.order.codings}
    described = [w for w in words if not empty(w, kind.empty_words, own)] or len({c.code for c in codings}) > 1
    if described and kind.otherwise:
        return [Evidence(value_written(kind.otherwise, wanted), when, said)]
    return [Evidence(value_written(kind.if_nothing, wanted), _LONG_AGO, said)] if kind.if_nothing and not described else []


def value_written(written: str, wanted: Wanted) -> Value:
    """The value that the catalogue writes for a saying, as the fact takes it."""
    return written == "yes" if wanted.type == "boolean" else written
