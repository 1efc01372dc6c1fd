"""How much of a medicine a day was prescribed, and when.

It tells from when and until when.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any, ClassVar, Final

from cds_service.chart import UNREAD
from cds_service.facts.fhir_value import partial_date
from cds_service.facts.found.dosage import daily_dose, last_day, lasting
from cds_service.facts.found.doubtful_medicines import doubtful_medicines
from cds_service.facts.found.of_medicines import goes_by, medication_days, routes_of
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.declaration import Declaration
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.facts.wanted import Unreadable
from cds_service.fhir.code_systems import RXNORM, UCUM
from cds_service.fhir.codes_of_records import Hit
from cds_service.fhir.elements import Resource, codings, items, own_reference, text
from cds_service.fhir.medication import said_medicine
from cds_service.fhir.medicines import Strength
from cds_service.policy.evidence import Evidence, Standing
from cds_service.policy.values import Days, Interval
from cds_service.sitting import DatedChart

STATES: Final = frozenset({"active", "completed", "stopped", "on-hold"})
OVER: Final = frozenset({"completed", "stopped"})
ELSEWHERE: Final = ("MedicationStatement", "MedicationDispense")
"""Resource types that say that a medicine is taken.

They seldom say how it was prescribed.
"""
TAKEN: Final = ("MedicationRequest", *ELSEWHERE)
LATELY: Final = timedelta(days=60)
"""How long a medicine that was dispensed may still be taken.

The number is ours.
"""
SPINAL: Final = ("intrathecal", "epidural", "intraspinal", "subarachnoid", "spinal")


class DailyDoseEvidence(EvidenceKind):
    """A MedicationRequest with a code in ``codes``: its dose a day.

    It gives the dose (or rate) from its first day, and 0 from its last. A dose taken as needed, or on hold, runs from nothing
    to the most that may be taken. A request that is over with no last day has the 0 somewhere between its first day and the
    date of service, with its status as note. What goes by a route in ``not_routes`` does not count, nor what was given
    by a route in ``brief_routes`` or in hospital, once it is over: that was no lasting treatment. What is taken or was
    dispensed and stands in no prescription ends the silence and says nothing. So does a medicine that words alone name,
    or that could not be read.
    """

    declared: ClassVar = Declaration("daily_dose", frozenset({"quantity"}))

    codes: str
    not_routes: str = ""
    brief_routes: str = ""

    def in_chart(self, seen: DatedChart, wanted: Wanted) -> Iterable[Evidence]:
        requests = [hit for hit in seen.chart.coded("MedicationRequest", self.codes) if self._counts(hit.resource, seen)]
        found = [one for hit in requests for one in self._read(hit, seen, wanted)]
        running = any(text(hit.resource.get("status")) in ("active", "on-hold") for hit in requests)
        in_doubt = doubtful_medicines(seen, self.codes, STATES, wanted, TAKEN, lambda resource: self._spinal(resource, seen))
        since = max([e.when.last for e in found if e.when is not None], default=date.min)
        return [*found, *self._taken(seen, bool(requests), running, since, wanted), *in_doubt]

    def _counts(self, resource: Resource, seen: DatedChart) -> bool:
        if text(resource.get("status")) not in STATES or resource.get("doNotPerform") is True:
            return False
        return text(resource.get("intent")) not in ("proposal", "option") and not self._spinal(resource, seen)

    def _read(self, hit: Hit, seen: DatedChart, wanted: Wanted) -> Iterator[Evidence]:
        resource = hit.resource
        status = text(resource.get("status"))
        when, said = medication_days(resource), own_reference(resource)
        if text(resource.get("intent")) == "plan":
            yield Evidence(None, when, said, standing=Standing.UNCERTAIN, note="it is a plan, not an order")
            return
        product = self._strength(hit, seen)
        if self._brief(resource, seen) or (product is not None and product.route == "injected"):
            if status not in OVER:
                note = "it is given by injection or in hospital: no dose of a lasting treatment"
                yield Evidence(None, when, said, standing=Standing.UNCERTAIN, note=note)
            return
        try:
            dose = daily_dose(resource, wanted, product)
        except Unreadable as error:
            yield Evidence(None, when, said, standing=Standing.UNCERTAIN, note=str(error))
            return
        if status == "on-hold":
            dose = Interval(0, dose.high, False, dose.high_open)
        if when is None:
            yield Evidence(dose, None, said, standing=Standing.UNCERTAIN, note="it carries no date")
            return
        yield Evidence(dose, when, said, shown=f"from {when.text()}, {status}")
        end = last_day(resource) or (lasting(resource, when) if status in OVER else None)
        if end is None and status in OVER and when.first <= seen.as_of:
            end = Days(when.first, seen.as_of)
        if end is not None and end.first <= seen.as_of:
            yield Evidence(Interval.exactly(0), end, said, note=status)

    def _strength(self, hit: Hit, seen: DatedChart) -> Strength | None:
        """Return the strength of one unit of the medicine, if known.

        That is what one tablet, millilitre or patch holds of the drug, where a code of the medicine says so.
        """
        terminology = seen.chart.terminology
        said = said_medicine(hit.resource, seen.chart.medications)
        for coding in (hit.coding, *codings(said.one_concept())):
            held = terminology.medicines.opioid(coding.system, coding.code)
            if held is not None and self.codes in terminology.holding(RXNORM, held.ingredient):
                return held
        return None

    def _spinal(self, resource: Resource, seen: DatedChart) -> bool:
        return bool(self.not_routes) and (_by(self.not_routes, resource, seen) or _by_words(SPINAL, resource))

    def _brief(self, resource: Resource, seen: DatedChart) -> bool:
        if not self.brief_routes:
            return False
        where = [coding.code for concept in items(resource.get("category")) for coding in codings(concept)]
        return "inpatient" in where or _by(self.brief_routes, resource, seen)

    def _stated_alone(self, seen: DatedChart, since: date) -> list[Hit]:
        """Return the one recent statement that the medicine is taken.

        It must be later than the last prescription. Returns none where there are several.
        """
        hits = [hit for kind in ELSEWHERE for hit in seen.chart.coded(kind, self.codes)]
        if len(hits) != 1 or hits[0].resource.get("status") != "active" or not items(hits[0].resource.get("dosage")):
            return []
        when = medication_days(hits[0].resource)
        lately = when is not None and max(since, seen.as_of - LATELY) <= when.first and when.last <= seen.as_of
        return hits if lately and not self._spinal(hits[0].resource, seen) else []

    def _taken(self, seen: DatedChart, prescribed: bool, running: bool, since: date, wanted: Wanted) -> Iterator[Evidence]:
        """Find what is taken or was dispensed lately without a prescription.

        While a prescription of it runs, there is nothing; with none at all, whatever is on record counts. A statement
        that it is taken, later than the last prescription, counts like a prescription where no other statement mentions
        it.
        """
        stated = [] if running else self._stated_alone(seen, since)
        for kind in ELSEWHERE if not running else ():
            for hit in seen.chart.coded(kind, self.codes):
                resource = hit.resource
                status, when = text(resource.get("status")), medication_days(resource)
                if any(resource is one.resource for one in stated):
                    yield from self._read(hit, seen, wanted)
                    continue
                if status in ("entered-in-error", "not-taken", "cancelled", "declined", "unknown") or self._spinal(resource, seen):
                    continue
                now = status == "active" if kind == "MedicationStatement" else bool(when and when.last >= seen.as_of - LATELY)
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


def _by(routes: str, resource: Resource, seen: DatedChart) -> bool:
    """Tell whether a medicine goes by a route in a value set."""
    return any(goes_by(route, routes, seen.chart.terminology) is True for route in routes_of(resource))


def _by_words(words: tuple[str, ...], resource: Resource) -> bool:
    """Tell whether the words of a medicine's route say one of these."""
    for route in routes_of(resource):
        if isinstance(route, dict):
            shown = [coding.get("display") for coding in items(route.get("coding")) if isinstance(coding, dict)]
            if any(word in text(said).lower() for said in (route.get("text"), *shown) for word in words):
                return True
    return False
