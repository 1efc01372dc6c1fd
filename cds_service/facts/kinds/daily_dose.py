"""How much of a medicine a day was prescribed, from when and until when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, Final

from cds_service.chart import UNREAD, Case, Hit
from cds_service.facts.found.dosage import daily_dose, last_day
from cds_service.facts.found.medicines import doubtful_medicines
from cds_service.facts.found.of_medicines import medication_days, routes_of
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.facts.kinds.fhir_value import partial_date
from cds_service.facts.wanted import Unreadable
from cds_service.fhir.codes import RXNORM, UCUM
from cds_service.fhir.elements import Resource, codings, items, own_reference, text
from cds_service.fhir.medication import said_medicine
from cds_service.fhir.medicines import Strength
from cds_service.policy.model import Evidence, Standing
from cds_service.policy.values import Days, Interval

STATES: Final = frozenset({"active", "completed", "stopped", "on-hold"})
OVER: Final = frozenset({"completed", "stopped"})
ELSEWHERE: Final = ("MedicationStatement", "MedicationDispense")
"""Resources that say that a medicine is taken, and seldom how it was prescribed."""
TAKEN: Final = ("MedicationRequest", *ELSEWHERE)
LATELY: Final = timedelta(days=60)
"""How long a medicine that was dispensed may still be taken (our number)."""
SPINAL: Final = ("intrathecal", "epidural", "intraspinal", "subarachnoid", "spinal")


class DailyDoseEvidence(EvidenceKind):
    """A MedicationRequest with a code in ``codes``: its dose a day (or rate) from its first day, and 0 from its last.

    A dose taken as needed runs from nothing to the most that may be taken. One that is over with no last day has the 0 somewhere
    between its first day and the date of service, with its status as note. What goes by a route in ``not_routes`` does not count,
    nor what was given by a route in ``brief_routes`` or in hospital, once it is over: that was no lasting treatment.
    What is taken or was dispensed and stands in no prescription ends the silence and says nothing. So does a medicine that words
    alone name, or that could not be read.
    """

    codes: str
    not_routes: str = ""
    brief_routes: str = ""

    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        requests = [hit for hit in case.chart.coded("MedicationRequest", self.codes) if self._counts(hit.resource, case)]
        found = [one for hit in requests for one in self._read(hit, case, wanted)]
        running = any(text(hit.resource.get("status")) in ("active", "on-hold") for hit in requests)
        in_doubt = doubtful_medicines(case, self.codes, STATES, wanted, TAKEN, lambda resource: self._spinal(resource, case))
        return [*found, *self._taken(case, bool(requests), running), *in_doubt]

    def _counts(self, resource: Resource, case: Case) -> bool:
        if text(resource.get("status")) not in STATES or resource.get("doNotPerform") is True:
            return False
        return text(resource.get("intent")) not in ("proposal", "option") and not self._spinal(resource, case)

    def _read(self, hit: Hit, case: Case, wanted: Wanted) -> Iterator[Evidence]:
        resource = hit.resource
        status = text(resource.get("status"))
        when, said = medication_days(resource), own_reference(resource)
        product = self._strength(hit, case)
        if self._brief(resource, case) or (product is not None and product.route == "injected"):
            if status not in OVER:
                note = "it is given by injection or in hospital: no dose of a lasting treatment"
                yield Evidence(None, when, said, standing=Standing.UNCERTAIN, note=note)
            return
        try:
            dose = daily_dose(resource, wanted, product)
        except Unreadable as error:
            yield Evidence(None, when, said, standing=Standing.UNCERTAIN, note=str(error))
            return
        if when is None:
            yield Evidence(dose, None, said, standing=Standing.UNCERTAIN, note="it carries no date")
            return
        yield Evidence(dose, when, said, shown=f"from {when.text()}, {status}")
        end = last_day(resource)
        if end is None and status in OVER and when.first <= case.as_of:
            end = Days(when.first, case.as_of)
        if end is not None and end.first <= case.as_of:
            yield Evidence(Interval.exactly(0), end, said, note=status)

    def _strength(self, hit: Hit, case: Case) -> Strength | None:
        """What one tablet, millilitre or patch of the medicine holds of the drug, where a code of it says so."""
        terminology = case.chart.terminology
        said = said_medicine(hit.resource, case.chart.medications)
        for coding in (hit.coding, *codings(said.one_concept())):
            held = terminology.medicines.opioid(coding.system, coding.code)
            if held is not None and self.codes in terminology.holding(RXNORM, held.ingredient):
                return held
        return None

    def _spinal(self, resource: Resource, case: Case) -> bool:
        return bool(self.not_routes) and (_by(self.not_routes, resource, case) or _by_words(SPINAL, resource))

    def _brief(self, resource: Resource, case: Case) -> bool:
        if not self.brief_routes:
            return False
        where = [coding.code for concept in items(resource.get("category")) for coding in codings(concept)]
        return "inpatient" in where or _by(self.brief_routes, resource, case)

    def _taken(self, case: Case, prescribed: bool, running: bool) -> Iterator[Evidence]:
        """What is taken, or was dispensed lately, while no prescription of it runs; with none at all, whatever is on record."""
        for kind in ELSEWHERE if not running else ():
            for hit in case.chart.coded(kind, self.codes):
                resource = hit.resource
                status, when = text(resource.get("status")), medication_days(resource)
                if status in ("entered-in-error", "not-taken", "cancelled", "declined", "unknown") or self._spinal(resource, case):
                    continue
                now = status == "active" if kind == "MedicationStatement" else bool(when and when.last >= case.as_of - LATELY)
                if now or not prescribed:
                    note = "it is taken or was dispensed, and no prescription of it is here"
                    yield Evidence(None, when, own_reference(resource), standing=Standing.UNCERTAIN, note=note)

    def needs(self) -> tuple[Need, ...]:
        return (Need("MedicationRequest"), Need("MedicationStatement"), Need("MedicationDispense", beside=True))

    def speaks_by(self) -> frozenset[str] | None:
        return frozenset({self.codes, UNREAD})

    def value_sets(self) -> tuple[str, ...]:
        return tuple([id_ for id_ in (self.codes, self.not_routes, self.brief_routes) if id_])

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        dose = evidence.value
        if not isinstance(dose, Interval) or dose.low != dose.high or dose.low == 0:
            raise CannotImagine("a prescription gives one dose")
        amount = {"value": dose.low, "system": UCUM, "code": wanted.unit.removesuffix("/d"), "unit": wanted.unit.removesuffix("/d")}
        element = "doseQuantity" if wanted.unit.endswith("/d") else "rateQuantity"
        dosage: dict[str, Any] = {"doseAndRate": [{element: amount}]}
        if element == "doseQuantity":
            dosage["timing"] = {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}
        authored = partial_date(evidence.when) if evidence.when else None
        code = chart.any_concept(self.codes)
        more = {"authoredOn": authored, "dosageInstruction": [dosage]}
        chart.add("MedicationRequest", status="active", intent="order", medicationCodeableConcept=code, **more)


def _by(routes: str, resource: Resource, case: Case) -> bool:
    """Whether a medicine goes by a route in a value set."""
    holding = case.chart.terminology.holding
    return any(routes in holding(*coding) for route in routes_of(resource) for coding in codings(route))


def _by_words(words: tuple[str, ...], resource: Resource) -> bool:
    """Whether the words of a medicine's route say one of these."""
    for route in routes_of(resource):
        if isinstance(route, dict):
            shown = [coding.get("display") for coding in items(route.get("coding")) if isinstance(coding, dict)]
            if any(word in text(said).lower() for said in (route.get("text"), *shown) for word in words):
                return True
    return False
