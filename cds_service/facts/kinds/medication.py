"""Medicines as evidence: ordered, taken, given or stopped, in the chart or signed together with the order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from cds_service.chart import UNREAD, Case
from cds_service.facts.found.medicines import RESOURCES, medicines
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.facts.kinds.fhir_value import partial_date
from cds_service.policy.model import Evidence

_BESIDE = ("MedicationDispense", "ServiceRequest")
State = Literal["draft", "active", "on-hold", "completed", "stopped"]


class MedicationEvidence(EvidenceKind):
    """A medicine with a code in ``codes`` and one of ``states``, in the chart or (``signed_with``) signed with this order.

    ``because`` asks for a reason in a value set: why it was stopped or given. ``itself`` lets the order itself count.
    ``routes`` counts only what is given by a route in a value set; codes in ``routed`` say their route themselves.
    It gives ``gives``, else what its code carries, else yes. Medicines that only words name, where they could be of ``codes``, and
    those that could not be read are uncertain. Orders of services by a drug's code, and what was handed over, are read where they
    were sent: a chart without them is none the less searched.
    """

    codes: str
    states: list[State]
    routes: str = ""
    routed: str = ""
    signed_with: bool = True
    itself: bool = False
    because: str = ""
    gives: bool | str | None = None
    resources: list[
        Literal["MedicationRequest", "MedicationStatement", "MedicationAdministration", "MedicationDispense", "ServiceRequest"]
    ] = []

    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        return medicines(self, case, wanted)

    def speaks_by(self) -> frozenset[str] | None:
        return frozenset({self.codes, UNREAD})

    def needs(self) -> tuple[Need, ...]:
        types = self.resources or RESOURCES
        alone = all(kind in _BESIDE for kind in types)
        return tuple(Need(kind, beside=kind in _BESIDE and not alone) for kind in types)

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
