"""How many days lie between two doses, as an order says.

It is read from the timing alone: the days it names, its period, or a customary abbreviation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final

from cds_service.facts.units import UnknownUnit, convert
from cds_service.facts.wanted import Unreadable
from cds_service.fhir.elements import Resource, codings, days, items, text

LONGEST: Final = 60
"""The longest interval that is believed, in days.

It is also the longest name of a timing that is read, in characters.
"""
_NAMED: Final = {
    **dict.fromkeys(("wk", "qwk", "qw", "weekly", "once weekly", "once a week", "every week"), 7),
    **dict.fromkeys(("qow", "every other week"), 14),
}
"""Days between doses that the customary names of a timing mean."""
_SAID: Final = re.compile(r"(?:every|q)\s?(?P<number>\d{1,2})\s?-?(?:(?P<weeks>w|wk|wks|week|weeks)|d|day|days)", re.ASCII)
_SEVERAL: Final = ("dayOfWeek", "timeOfDay", "when")
_RANGES: Final = ("frequencyMax", "periodMax")


def days_between_doses(resource: Resource) -> int:
    """Return how many days lie between two doses.

    Raises Unreadable where the order does not say, has several dosages, or is for one dose.
    """
    timings = [dosage.get("timing") for name in ("dosageInstruction", "dosage") for dosage in _parts(resource, name)]
    if "occurrenceTiming" in resource:
        timings.append(resource["occurrenceTiming"])
    if len(timings) != 1 or not isinstance(timings[0], dict):
        raise Unreadable("it does not say in one timing how many days lie between doses")
    timing = timings[0]
    repeat = timing.get("repeat")
    told = [
        _between(items(timing.get("event"))),
        _by_period(repeat) if isinstance(repeat, dict) and "period" in repeat else None,
        _by_name(timing.get("code")),
    ]
    found = {one for one in told if one is not None}
    if len(found) != 1 or not 1 <= min(found) <= LONGEST:
        raise Unreadable("its timing does not say how many days lie between doses")
    return found.pop()


def _parts(resource: Resource, name: str) -> list[dict[str, Any]]:
    return [dosage for dosage in items(resource.get(name)) if isinstance(dosage, dict)]


def _between(events: list[Any]) -> int | None:
    """Return the days from each event to the next.

    All must be alike. Returns 0 where they are not, None where there are not two.
    """
    told = [day for event in events if (day := days(event)) is not None and day.first == day.last]
    if len(told) != len(events) or len(events) < 2:
        return None
    apart = {(after - before).days for before, after in pairwise(sorted({day.first for day in told}))}
    return apart.pop() if len(apart) == 1 else 0


def _by_period(repeat: Mapping[str, Any]) -> int:
    """Return the days of a period in which there is one dose.

    Returns 0 where there are several, or where the order ends before the next.
    """
    often, period = repeat.get("frequency", 1), repeat.get("period")
    several = any(len(items(repeat.get(name))) > 1 for name in _SEVERAL) or any(name in repeat for name in _RANGES)
    if often != 1 or several or repeat.get("count") == 1 or isinstance(period, bool) or not isinstance(period, int | float):
        return 0
    found = _in_days(period, text(repeat.get("periodUnit")))
    lasts = _lasts(repeat)
    if found is None or not 1 <= found <= LONGEST or found != int(found):
        return 0
    return int(found) if lasts is None or lasts >= timedelta(found) else 0


def _lasts(repeat: Mapping[str, Any]) -> timedelta | None:
    """Return how long the doses go on; None where nothing says so."""
    period, duration = repeat.get("boundsPeriod"), repeat.get("boundsDuration")
    if isinstance(period, dict) and (start := days(period.get("start"))) and (end := days(period.get("end"))):
        return end.last - start.first
    if isinstance(duration, dict) and isinstance(duration.get("value"), int | float):
        lasting = _in_days(duration["value"], text(duration.get("code")) or text(duration.get("unit")))
        return timedelta(lasting) if lasting is not None and 0 <= lasting <= 3660 else None
    return None


def _in_days(number: float, unit: str) -> float | None:
    try:
        return convert(float(number), unit, "d") if unit else None
    except UnknownUnit:
        return None


def _by_name(concept: Any) -> int | None:
    """Return the days that the name of a timing means.

    Returns None where it has no name that is known, 0 where it has two that differ.
    """
    named = [coding.code for coding in codings(concept)] + ([text(concept.get("text"))] if isinstance(concept, dict) else [])
    found = {_days_of(" ".join(name.lower().split())) for name in named if len(name) <= LONGEST} - {0}
    return None if not found else found.pop() if len(found) == 1 else 0


def _days_of(name: str) -> int:
    """Return the days that a customary name means; 0 for others."""
    said = _SAID.fullmatch(name)
    return int(said["number"]) * (7 if said["weeks"] else 1) if said else _NAMED.get(name, 0)
