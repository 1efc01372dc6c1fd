"""Medicines as evidence: ordered, taken, given or stopped, in the chart or signed together with the order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal

from cds_service.chart import Case, Hit
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Unreadable, Wanted, carried_value
from cds_service.facts.kinds.fhir_value import partial_date
from cds_service.facts.kinds.service import replaced_by
from cds_service.fhir.elements import Resource, codings, first_days, items, own_reference, text
from cds_service.order import timing_start
from cds_service.policy.model import Evidence, Standing
from cds_service.policy.values import Days, Value

State = Literal["draft", "active", "on-hold", "completed", "stopped"]
RESOURCES = ("MedicationRequest", "MedicationStatement", "MedicationAdministration")
_STATES = {
    "in-progress": "active",
    "intended": "active",
    "cancelled": "",
    "not-done": "",
    "not-taken": "",
    "entered-in-error": "",
}


class MedicationEvidence(EvidenceKind):
    """A medicine with a code in ``codes`` and one of ``states``, in the chart or (``signed_with``) signed with this order.

    ``because`` asks for a reason in a value set: why it was stopped or given. ``itself`` lets the order itself count.
    ``routes`` counts only what is given by a route in a value set; codes in ``routed`` say their route themselves.
    It gives ``gives``, else what its code carries, else yes.
    """

    codes: str
    states: list[State]
    routes: str = ""
    routed: str = ""
    signed_with: bool = True
    itself: bool = False
    because: str = ""
    gives: bool | str | None = None
    resources: list[Literal["MedicationRequest", "MedicationStatement", "MedicationAdministration"]] = []

    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        hits = [hit for kind in self.resources or RESOURCES for hit in case.chart.coded(kind, self.codes)]
        found = list(self._in_chart(hits, case, wanted)) if hits else []
        if self.itself or len(case.signing) > 1:
            found += self._drafted(case, wanted)
        return found

    def _in_chart(self, hits: Iterable[Hit], case: Case, wanted: Wanted) -> Iterator[Evidence]:
        own = {order.reference for order in case.signing} | replaced_by(case.order)
        for hit in hits:
            status = text(hit.resource.get("status"))
            state = _STATES.get(status, status)
            if own_reference(hit.resource) in own or hit.resource.get("doNotPerform") is True or state not in self.states:
                continue
            if (self.because and not self._reason(hit.resource, case)) or not self._routed(hit, case):
                continue
            yield self._evidence(hit, medication_days(hit.resource), wanted, status)

    def _reason(self, resource: Resource, case: Case) -> bool:
        concepts = [concept for name in ("statusReason", "reasonCode") for concept in items(resource.get(name))]
        holding = case.chart.terminology.holding
        return any(self.because in holding(*coding) for concept in concepts for coding in codings(concept))

    def _routed(self, hit: Hit, case: Case) -> bool:
        holding = case.chart.terminology.holding
        if not self.routes or (self.routed and self.routed in holding(*hit.coding)):
            return True
        return any(self.routes in holding(*coding) for route in routes_of(hit.resource) for coding in codings(route))

    def _drafted(self, case: Case, wanted: Wanted) -> Iterator[Evidence]:
        drafts = [*(case.other_orders() if self.signed_with else ()), *([case.order] if self.itself else [])]
        for other in drafts:
            for coding in other.codings:
                held = case.chart.terminology.holding(coding.system, coding.code)
                if self.codes in held:
                    hit = Hit(other.resource, other.resource, coding, held[self.codes])
                    if not self._routed(hit, case):
                        continue
                    yield self._evidence(hit, Days.on(case.as_of), wanted, "signed together")
                    break

    def _evidence(self, hit: Hit, when: Days | None, wanted: Wanted, status: str) -> Evidence:
        said = own_reference(hit.resource)
        try:
            plain = True if wanted.type == "boolean" else None
            value: Value = self.gives if self.gives is not None else carried_value(hit.carried, wanted, plain)
        except Unreadable as error:
            return Evidence(None, when, said, standing=Standing.UNCERTAIN, note=str(error))
        shown = f"{hit.coding.text}, {status}"
        if when is None:
            return Evidence(value, None, said, standing=Standing.UNCERTAIN, note="it carries no date", shown=shown)
        return Evidence(value, when, said, shown=shown)

    def speaks_by(self) -> frozenset[str] | None:
        return frozenset({self.codes})

    def needs(self) -> tuple[Need, ...]:
        return tuple(Need(kind) for kind in self.resources or RESOURCES)

    def value_sets(self) -> tuple[str, ...]:
        return tuple(id_ for id_ in (self.codes, self.because, self.routes, self.routed) if id_)

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        wants = evidence.value if self.gives is None and evidence.value is not True else None
        concept = chart.concept(self.codes, wants) if wants is not None else chart.any_concept(self.codes)
        if concept is None or evidence.value is None or (self.gives is not None and evidence.value != self.gives):
            raise CannotImagine("no medicine says it")
        if evidence.value is False and self.gives is None:
            raise CannotImagine("no medicine says no")
        state = next((state for state in ("active", "completed", "stopped", "on-hold") if state in self.states), "draft")
        authored = partial_date(evidence.when) if evidence.when else None
        made: dict[str, Any] = {"status": state, "medicationCodeableConcept": concept}
        if self.because:
            made["statusReason"] = chart.any_concept(self.because)
        kind = self.resources[0] if self.resources else "MedicationRequest"
        given = {"route": chart.any_concept(self.routes)} if self.routes else {}
        if given:
            where = {"MedicationRequest": "dosageInstruction", "MedicationAdministration": "dosage"}
            made[where.get(kind, "dosage")] = given if kind == "MedicationAdministration" else [given]
        match kind:
            case "MedicationRequest":
                chart.add(kind, intent="order", authoredOn=authored, **made)
            case "MedicationStatement":
                made["statusReason"] = [made["statusReason"]] if self.because else None
                chart.add(kind, effectiveDateTime=authored, **made)
            case _:
                chart.add(kind, effectiveDateTime=authored, **{k: v for k, v in made.items() if k != "statusReason"})


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
