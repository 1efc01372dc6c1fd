"""How much of a medicine a day was prescribed, from when and until when."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, cast

from cds_service.chart import Case
from cds_service.facts.found.of_medicines import medication_days, routes_of
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.facts.kinds.fhir_value import partial_date, read_quantity
from cds_service.facts.units import UnknownUnit, convert
from cds_service.facts.wanted import Unreadable, in_unit
from cds_service.fhir.codes import UCUM
from cds_service.fhir.elements import Resource, codings, days, items, own_reference, text
from cds_service.policy.model import Evidence, Standing
from cds_service.policy.values import Days, Interval

STATES = frozenset({"active", "completed", "stopped", "on-hold"})
OVER = frozenset({"completed", "stopped"})


class DailyDoseEvidence(EvidenceKind):
    """A MedicationRequest with a code in ``codes``: its dose a day (or rate) from its first day, and 0 from its last.

    A dose taken as needed runs from nothing to the most that may be taken. One that is over with no last day has the 0 somewhere
    between its first day and the date of service, with its status as note. What goes by a route in ``not_routes`` does not count.
    A medicine in use that is given only as text with one of ``words`` ends the silence and says nothing.
    """

    codes: str
    not_routes: str = ""
    words: list[str] = []

    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        coded = [one for hit in case.chart.coded("MedicationRequest", self.codes) for one in self._read(hit.resource, case, wanted)]
        return [*coded, *self._as_text(case)]

    def _read(self, resource: Resource, case: Case, wanted: Wanted) -> Iterator[Evidence]:
        status = text(resource.get("status"))
        if status not in STATES or resource.get("doNotPerform") is True or self._elsewhere(resource, case):
            return
        when, said = medication_days(resource), own_reference(resource)
        try:
            dose = daily_dose(resource, wanted)
        except Unreadable as error:
            yield Evidence(None, when, said, standing=Standing.UNCERTAIN, note=str(error))
            return
        if when is None:
            yield Evidence(dose, None, said, standing=Standing.UNCERTAIN, note="it carries no date")
            return
        yield Evidence(dose, when, said, shown=f"from {when.text()}, {status}")
        end = _last_day(resource)
        if end is None and status in OVER and when.first <= case.as_of:
            end = Days(when.first, case.as_of)
        if end is not None and end.first <= case.as_of:
            yield Evidence(Interval.exactly(0), end, said, note=status)

    def _elsewhere(self, resource: Resource, case: Case) -> bool:
        holding = case.chart.terminology.holding
        routes = [coding for route in routes_of(resource) for coding in codings(route)]
        return bool(self.not_routes) and any(self.not_routes in holding(*coding) for coding in routes)

    def _as_text(self, case: Case) -> Iterator[Evidence]:
        for resource in case.chart.of("MedicationRequest") if self.words else ():
            concept = resource.get("medicationCodeableConcept")
            if not isinstance(concept, dict) or list(codings(concept)) or text(resource.get("status")) != "active":
                continue
            if any(re.search(rf"\b{re.escape(word)}\b", text(concept.get("text")).lower()) for word in self.words):
                note = "the medicine is given only as text, which is not read"
                yield Evidence(None, medication_days(resource), own_reference(resource), standing=Standing.UNCERTAIN, note=note)

    def needs(self) -> tuple[Need, ...]:
        return (Need("MedicationRequest"),)

    def value_sets(self) -> tuple[str, ...]:
        return (self.codes, self.not_routes) if self.not_routes else (self.codes,)

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


def daily_dose(resource: Resource, wanted: Wanted) -> Interval:
    """The dose a day of all dosage instructions together, or their rate, in the fact's unit. Raises Unreadable."""
    dosages = [dosage for dosage in items(resource.get("dosageInstruction")) if isinstance(dosage, dict)]
    if not dosages:
        raise Unreadable("it has no dosage that can be read")
    total = Interval.exactly(0)
    for dosage in dosages:
        one = _one(dosage, wanted)
        total = Interval(total.low + (0 if dosage.get("asNeededBoolean") is True else one.low), total.high + one.high)
    return total


def _one(dosage: Mapping[str, Any], wanted: Wanted) -> Interval:
    given = next((one for one in items(dosage.get("doseAndRate")) if isinstance(one, dict)), None)
    if given is None:
        raise Unreadable("it has no dose")
    if isinstance(given.get("rateQuantity"), dict):
        return read_quantity(given["rateQuantity"], wanted)
    if not wanted.unit.endswith("/d"):
        if isinstance(given.get("doseQuantity"), dict):
            return read_quantity(given["doseQuantity"], wanted)
        raise Unreadable("it has no rate")
    each = Wanted(wanted.name, wanted.type, wanted.unit.removesuffix("/d"), wanted.low, wanted.high, ())
    times = _times_a_day(dosage)
    dose = _dose(given, each)
    return in_unit(Interval(dose.low * times.low, dose.high * times.high), wanted.unit, wanted)


def _dose(given: Mapping[str, Any], each: Wanted) -> Interval:
    quantity, spread = given.get("doseQuantity"), given.get("doseRange")
    if isinstance(quantity, dict):
        return read_quantity(quantity, each)
    if isinstance(spread, dict) and isinstance(spread.get("low"), dict) and isinstance(spread.get("high"), dict):
        low, high = read_quantity(spread["low"], each), read_quantity(spread["high"], each)
        if low.low <= high.high:
            return Interval(low.low, high.high)
    raise Unreadable("it has no dose")


def _times_a_day(dosage: Mapping[str, Any]) -> Interval:
    timing = dosage.get("timing")
    repeat = timing.get("repeat") if isinstance(timing, dict) else None
    if not isinstance(repeat, dict):
        raise Unreadable("it does not say how often a day")
    often, period = repeat.get("frequency", 1), repeat.get("period")
    most, longest = repeat.get("frequencyMax", often), repeat.get("periodMax", period)
    numbers = (often, period, most, longest)
    if not all(isinstance(n, int | float) and not isinstance(n, bool) and n > 0 for n in numbers):
        raise Unreadable("it does not say how often a day")
    try:
        day = convert(1.0, text(repeat.get("periodUnit")) or "d", "d")
    except UnknownUnit:
        raise Unreadable("it does not say how often a day") from None
    low, high = cast("float", often) / (cast("float", longest) * day), cast("float", most) / (cast("float", period) * day)
    return Interval(round(min(low, high), 9), round(max(low, high), 9))


def _last_day(resource: Resource) -> Days | None:
    for dosage in items(resource.get("dosageInstruction")):
        timing = dosage.get("timing") if isinstance(dosage, dict) else None
        repeat = timing.get("repeat") if isinstance(timing, dict) else None
        bounds = repeat.get("boundsPeriod") if isinstance(repeat, dict) else None
        end = days(bounds.get("end")) if isinstance(bounds, dict) else None
        if end:
            return end if end.last < date.max else None
    return None
