"""How many days lie between two doses, as orders say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Final

from cds_service.case import Case
from cds_service.facts.fhir_value import partial_date
from cds_service.facts.found.dated import INTENTIONS
from cds_service.facts.found.dose_intervals import days_between_doses
from cds_service.facts.found.medicines import ORDERED
from cds_service.facts.found.of_medicines import medication_days, states_of
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.declaration import Declaration
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.facts.wanted import Unreadable
from cds_service.fhir.elements import Resource, own_reference, text
from cds_service.fhir.value_sets import Carried
from cds_service.policy.evidence import Evidence, Standing
from cds_service.policy.values import Days, Interval
from cds_service.sitting import DatedChart

STATES: Final = ("active", "on-hold")


class DoseIntervalEvidence(EvidenceKind):
    """The days from one dose of a medicine to the next.

    They are those of an order whose code carries ``of`` in ``codes``. It stands in the chart, active or on hold, or is signed
    together with the order; a proposal is none. They are read from the timing (its period, the days that it names, a
    customary abbreviation), and never from other words. An order that does not say it is uncertain: with another order that
    does, the two leave it open.
    """

    declared: ClassVar = Declaration("dose_interval", frozenset({"quantity"}))

    codes: str
    of: str

    def in_chart(self, seen: DatedChart, wanted: Wanted) -> Iterable[Evidence]:
        for kind in ORDERED:
            for hit in seen.chart.coded(kind, self.codes):
                resource = hit.resource
                states = states_of(resource, text(resource.get("status")), seen.as_of)
                counts = any(state in STATES for state in states) and text(resource.get("intent")) not in INTENTIONS
                if not counts or resource.get("doNotPerform") is True or own_reference(resource) in seen.own:
                    continue
                if self._carries(hit.carried):
                    yield _read(resource, medication_days(resource) or Days.on(seen.as_of))

    def of_order(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        if self.codes not in case.together.ordered:
            return
        terminology = case.chart.terminology
        for other in case.other_orders():
            carried = [terminology.holding(*coding).get(self.codes) for coding in other.codings]
            if other.kind in ORDERED and any(self._carries(one) for one in carried):
                yield _read(other.resource, Days.on(case.as_of))

    def _carries(self, carried: Carried | None) -> bool:
        return carried is not None and carried.value == self.of

    def speaks_by(self) -> frozenset[str] | None:
        return frozenset({self.codes})

    def needs(self) -> tuple[Need, ...]:
        return (Need("MedicationRequest"), Need("ServiceRequest", beside=True))

    def value_sets(self) -> tuple[str, ...]:
        return (self.codes,)

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        value, concept = evidence.value, chart.concept(self.codes, self.of)
        if not isinstance(value, Interval) or value.low != value.high or not 1 <= value.low <= 60 or value.low != int(value.low):
            raise CannotImagine("an order says whole days")
        if concept is None or evidence.when is None:
            raise CannotImagine("no order says it")
        timing = {"repeat": {"frequency": 1, "period": int(value.low), "periodUnit": "d"}}
        more = {"authoredOn": partial_date(evidence.when), "dosageInstruction": [{"timing": timing}]}
        chart.add("MedicationRequest", status="active", intent="order", medicationCodeableConcept=concept, **more)


def _read(resource: Resource, when: Days) -> Evidence:
    said = own_reference(resource)
    try:
        return Evidence(Interval.exactly(float(days_between_doses(resource))), when, said)
    except Unreadable as error:
        return Evidence(None, when, said, standing=Standing.UNCERTAIN, note=str(error))
