"""Medicines that only prevent an infection.

That is one dose, or a day or two of doses about an operation.

Whoever is operated on gets an antibiotic before the incision. Such a dose says nothing of a disease. How long a
medicine is given stands in its dosage, in what was supplied, or in how often it was given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from enum import Enum
from math import inf
from typing import Any, Final

from cds_service.chart import Chart
from cds_service.facts.found.of_medicines import medication_days
from cds_service.facts.found.times_a_day import repeat_of
from cds_service.facts.number_text import read_number
from cds_service.facts.units import UnknownUnit, convert
from cds_service.fhir.code_systems import system_name
from cds_service.fhir.codes import Coding
from cds_service.fhir.elements import Resource, codings, days, items, text

DAYS: Final = 2
"""How many days doses about an operation last at most. The number is ours."""
OFTEN: Final = 3
"""On how many days a medicine that is only given is more than prevention. The number is ours."""
_NEAR: Final = timedelta(7)
"""How near to each other those days are."""
_ORDERS: Final = ("MedicationRequest", "ServiceRequest")
_LONGEST: Final = 400
"""How much of a dosage's text is read, in characters."""
_OPERATION: Final = re.compile(
    r"\b(?:pre|peri|intra)-?op|\bprophyla|\bon[\s-]call\b|\bat induction\b|\b(?:before|prior to|of) (?:skin |surgical )?incision",
    re.ASCII,
)
"""Words of a dosage that say that it goes with an operation."""
_ONE: Final = re.compile(
    r"\bonce\b(?!\s*(?:a\b|per\b|in\b))|\bone[\s-]time\b|\bsingle[\s-]dose\b(?!\s*(?:vial|pack|syringe|container))"
    r"|\b1 dose\b|\bx\s?1\b(?!\s?(?:\d|w|m|y|/))|\b(?:before|prior to) (?:surgery|operation|procedure)\b",
    re.ASCII,
)
"""Words that say one dose, where no others say how often."""
_AGAIN: Final = re.compile(
    r"\bq\s?\d|\bevery|\beach\b|daily\b|nightly\b|weekly\b|monthly\b|\b[bt]\.?i\.?d\b|\bq\.?i\.?d\b", re.ASCII
)
"""Words that say that the dose is repeated."""
_SAID: Final = re.compile(
    r"\b(?:x|for|times)\s?(\d{1,3})\s?(?:(dose|doses)|(h|hr|hrs|hour|hours)|(day|days)|(wk|wks|week|weeks)|(month|months))\b",
    re.ASCII,
)
"""For so many doses, hours, days, weeks or months, in words."""
_IN_DAYS: Final = (1 / 24, 1.0, 7.0, 30.0)
_FEW: Final = 4
_INFUSED: Final = 12
"""Fewer hours are those of one infusion."""


class Prevention(Enum):
    """Whether a record of a medicine may be of prevention, and why."""

    NONE = ""
    BRIEF = "it is one dose, or for a day or two: it may be prevention about an operation"
    OF_THE_DAY = "it goes with the operation or is ordered on its day, and no record says that it is given for longer"


class Preventions:
    """Which records of medicines of a value set may be of prevention."""

    def __init__(self, codes: str, chart: Chart, as_of: date) -> None:
        self._codes = codes
        self._chart = chart
        self._as_of = as_of

    def of(self, resource: Resource, coding: Coding | None = None, signed: bool = False) -> Prevention:
        """Tell whether a record may be of prevention.

        ``signed`` says that it is signed together with the order.
        """
        kind = text(resource.get("resourceType"))
        length = how_long(resource)
        if length is None and (kind == "MedicationAdministration" or (kind == "Procedure" and _is_billed(coding))):
            length = 0.0
        if length is not None:
            return Prevention.BRIEF if length <= DAYS and not self._is_given_often(resource) else Prevention.NONE
        when = medication_days(resource)
        of_the_day = signed or (kind in _ORDERS and when is not None and when.last >= self._as_of)
        return Prevention.OF_THE_DAY if of_the_day else Prevention.NONE

    def _is_given_often(self, resource: Resource) -> bool:
        """Tell whether a dose is one of several days."""
        day = medication_days(resource)
        if day is None or resource.get("resourceType") != "MedicationAdministration":
            return False
        given = [
            medication_days(hit.resource)
            for hit in self._chart.coded("MedicationAdministration", self._codes)
            if _was_given(hit.resource)
        ]
        near = {one.first for one in given if one is not None and abs(one.first - day.first) <= _NEAR}
        return len(near) >= OFTEN


def _is_billed(coding: Coding | None) -> bool:
    """Tell whether a procedure is one dose.

    It is by the drug's billing code; other codes name a whole therapy.
    """
    return coding is not None and system_name(coding.system) in ("HCPCS", "CPT")


def how_long(resource: Resource) -> float | None:
    """Return for how many days a medicine is given at most.

    It is 0 for one dose, and None where the record does not say.
    """
    supplied = list(_supplied(resource))
    if supplied:
        return max(supplied)
    dosages = [one for name in ("dosageInstruction", "dosage") for one in items(resource.get(name)) if isinstance(one, dict)]
    if resource.get("resourceType") == "ServiceRequest" and isinstance(resource.get("occurrenceTiming"), dict):
        dosages.append({"timing": resource["occurrenceTiming"]})
    lengths = [_length(one) for one in dosages]
    if any(one is not None and one > DAYS for one in lengths):
        return inf
    return None if not lengths or None in lengths else max([one for one in lengths if one is not None])


def _was_given(resource: Resource) -> bool:
    return text(resource.get("status")) in ("completed", "in-progress")


def _supplied(resource: Resource) -> Iterator[float]:
    """Yield for how many days a medicine is given.

    The record's own elements say so.
    """
    dispensed = resource.get("dispenseRequest")
    if isinstance(dispensed, dict):
        if (_number(dispensed.get("numberOfRepeatsAllowed")) or 0) > 0:
            yield inf
        yield from _amount(dispensed.get("expectedSupplyDuration"))
    yield from _amount(resource.get("daysSupply"))
    yield from _between(resource.get("effectivePeriod"))
    if any(held := [*_between(resource.get("performedPeriod"))]):  # within a day, it is the time of a procedure
        yield from held


def _length(dosage: Mapping[str, Any]) -> float | None:
    """Return for how many days one dosage goes on.

    None where it does not say.
    """
    timing = dosage.get("timing")
    timing = timing if isinstance(timing, dict) else {}
    repeat = repeat_of(dosage)
    bounds = repeat.get("boundsRange")
    stated = [
        *_amount(repeat.get("boundsDuration")),
        *_amount(bounds.get("high") if isinstance(bounds, dict) else None),
        *_between(repeat.get("boundsPeriod")),
        *_counted(repeat),
        *_on_days(timing),
    ]
    if stated:
        return max(stated)
    concept = timing.get("code")
    named = [one.code for one in codings(concept)] + ([text(concept.get("text"))] if isinstance(concept, dict) else [])
    said = [
        " ".join(one[:_LONGEST].lower().split())
        for one in (*named, text(dosage.get("text")), text(dosage.get("patientInstruction")))
    ]
    lengths = [length for one in said if (length := _said(one)) is not None]
    if lengths:
        return max(lengths)
    if any(_OPERATION.search(one) for one in said):
        return 0.0
    again = "period" in repeat or any(_AGAIN.search(one) for one in said)
    return 0.0 if not again and any(_ONE.search(one) for one in said) else None


def _said(words: str) -> float | None:
    """Return for how many days a dosage goes on by its words.

    None where they do not say.
    """
    found = _SAID.search(words)
    if found is None:
        return None
    number = int(found[1])
    if found[2]:
        return 0.0 if number <= _FEW else None
    if found[3] and number < _INFUSED:
        return None
    return number * next(by for unit, by in zip(found.groups()[2:], _IN_DAYS, strict=True) if unit)


def _amount(quantity: Any) -> Iterator[float]:
    value = _number(quantity.get("value")) if isinstance(quantity, dict) else None
    if value is None or value < 0:
        return
    try:
        yield convert(value, text(quantity.get("code")) or text(quantity.get("unit")) or "d", "d")
    except UnknownUnit:
        return


def _number(written: Any) -> float | None:
    """Return a number, also one that is written as a string."""
    if isinstance(written, str):
        read = read_number(written)
        return read.number.high if read is not None and not read.unit else None
    return None if isinstance(written, bool) or not isinstance(written, int | float) else float(written)


def _between(period: Any) -> Iterator[float]:
    if isinstance(period, dict):
        start, end = days(period.get("start")), days(period.get("end"))
        if start and end:
            yield float((end.last - start.first).days)


def _counted(repeat: Mapping[str, Any]) -> Iterator[float]:
    """Yield how long so many doses take.

    Without a period, up to four are few.
    """
    count = _number(repeat.get("countMax", repeat.get("count")))
    if count is None or count < 1:
        return
    often, period = _number(repeat.get("frequency", 1)), _number(repeat.get("period"))
    if often is not None and often > 0 and period is not None and period > 0:
        try:
            yield convert(period, text(repeat.get("periodUnit")) or "d", "d") * (count - 1) / often
        except UnknownUnit:
            return
    else:
        yield 0.0 if count <= _FEW else inf


def _on_days(timing: Mapping[str, Any]) -> Iterator[float]:
    found = [one for event in items(timing.get("event")) if (one := days(event)) is not None]
    if found:
        yield float((max(one.last for one in found) - min(one.first for one in found)).days)
