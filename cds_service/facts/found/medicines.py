"""How a medicine is found: ordered, taken, given or stopped, in the chart or signed together with the order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from cds_service.chart import Case, Hit
from cds_service.facts.found.dated import dated
from cds_service.facts.wanted import Unreadable, Wanted, carried_value
from cds_service.fhir.elements import Resource, codings, first_days, items, own_reference, text
from cds_service.order import timing_start
from cds_service.policy.model import Evidence, Standing
from cds_service.policy.values import Days, Value

if TYPE_CHECKING:
    from cds_service.facts.kinds.medication import MedicationEvidence

RESOURCES: Final = ("MedicationRequest", "MedicationStatement", "MedicationAdministration")
_STATES: Final = {
    "in-progress": "active",
    "intended": "active",
    "cancelled": "",
    "not-done": "",
    "not-taken": "",
    "entered-in-error": "",
}


def medicines(kind: MedicationEvidence, case: Case, wanted: Wanted) -> Iterable[Evidence]:
    """The medicines of a case that its kind counts, with their standing."""
    hits = [hit for type_ in kind.resources or RESOURCES for hit in case.chart.coded(type_, kind.codes)]
    found = _in_chart(kind, hits, case, wanted) if hits else []
    if kind.itself or len(case.signing) > 1:
        found += _drafted(kind, case, wanted)
    return found


def _in_chart(kind: MedicationEvidence, hits: list[Hit], case: Case, wanted: Wanted) -> list[Evidence]:
    found: list[Evidence] = []
    own = case.own
    for hit in hits:
        status = text(hit.resource.get("status"))
        state = _STATES.get(status, status)
        if own_reference(hit.resource) in own or hit.resource.get("doNotPerform") is True or state not in kind.states:
            continue
        if (kind.because and not _reason(kind, hit.resource, case)) or not _routed(kind, hit, case):
            continue
        found.append(_evidence(kind, hit, medication_days(hit.resource), wanted, status))
    return found


def _reason(kind: MedicationEvidence, resource: Resource, case: Case) -> bool:
    concepts = [concept for name in ("statusReason", "reasonCode") for concept in items(resource.get(name))]
    holding = case.chart.terminology.holding
    return any(kind.because in holding(*coding) for concept in concepts for coding in codings(concept))


def _routed(kind: MedicationEvidence, hit: Hit, case: Case) -> bool:
    holding = case.chart.terminology.holding
    if not kind.routes or (kind.routed and kind.routed in holding(*hit.coding)):
        return True
    return any(kind.routes in holding(*coding) for route in routes_of(hit.resource) for coding in codings(route))


def _drafted(kind: MedicationEvidence, case: Case, wanted: Wanted) -> list[Evidence]:
    found: list[Evidence] = []
    drafts = [*(case.other_orders() if kind.signed_with else ()), *([case.order] if kind.itself else [])]
    for other in drafts:
        for coding in other.codings:
            held = case.chart.terminology.holding(coding.system, coding.code)
            if kind.codes in held:
                hit = Hit(other.resource, other.resource, coding, held[kind.codes])
                if not _routed(kind, hit, case):
                    continue
                found.append(_evidence(kind, hit, Days.on(case.as_of), wanted, "signed together"))
                break
    return found


def _evidence(kind: MedicationEvidence, hit: Hit, when: Days | None, wanted: Wanted, status: str) -> Evidence:
    said = own_reference(hit.resource)
    try:
        plain = True if wanted.type == "boolean" else None
        value: Value = kind.gives if kind.gives is not None else carried_value(hit.carried, wanted, plain)
    except Unreadable as error:
        return Evidence(None, when, said, standing=Standing.UNCERTAIN, note=str(error))
    return dated(value, when, said, f"{hit.coding.text}, {status}")


def routes_of(resource: Resource) -> list[Any]:
    """The routes by which a medicine is ordered, taken or given."""
    dosages = [*items(resource.get("dosageInstruction")), *items(resource.get("dosage"))]
    return [dosage.get("route") for dosage in dosages if isinstance(dosage, dict)]


def medication_days(resource: Resource) -> Days | None:
    """When a medicine is or was taken: the start of its dosage timing, else its own dates, else when it was ordered."""
    for dosage in items(resource.get("dosageInstruction")):
        start = timing_start(dosage.get("timing")) if isinstance(dosage, dict) else None
        if start:
            return start
    return first_days(resource, "effectiveDateTime", "effectivePeriod", "authoredOn", "dateAsserted")
