"""Days that a text states: ``Ectopic 05/2020``, ``D&C on March 3, 2024``.

A text may state several: ``Miscarriage x2 (2019, 2021)``. Or it is nothing but a day, as interfaces and people write
one: ``12/29/2025``, ``29-Dec-2025``, ``20251229``.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from cds_service.fhir.elements import days
from cds_service.policy.values import Days

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_STATED: Final = re.compile(
    r"(?<![\d.])(?:(?P<number>0?[1-9]|1[0-2])/(?:\d{1,2}/)?"
    rf"|\b(?P<name>{'|'.join(_MONTHS)})[a-z]{{0,6}}\.?,? (?:\d{{1,2}}(?:st|nd|rd|th)?,? )?)?"
    r"(?P<year>(?:19|20)\d\d)(?:-(?P<iso>0[1-9]|1[0-2])(?:-\d\d)?)?(?![\d.]*\d)",
    re.IGNORECASE,
)

LONGEST: Final = 40
"""Longest text that is looked at as nothing but a day, in characters."""
_NAME: Final = rf"(?P<name>{'|'.join(_MONTHS)})[a-z]{{0,6}}\.?"
_DAY: Final = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR: Final = r"(?P<year>(?:19|20)\d\d)"
_TIME: Final = r"(?:[T ,]+\d{1,2}:\d\d(?::\d\d)?(?:\.\d+)?\s?(?:[ap]\.?m\.?)?)?"
_WEEKDAY: Final = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}\.?,? )?"
_WRITTEN: Final = tuple(
    re.compile(_WEEKDAY + form + _TIME, re.IGNORECASE | re.ASCII)
    for form in (
        rf"{_NAME}[ ,-]{{1,2}}{_DAY}[ ,-]{{1,2}}{_YEAR}",
        rf"{_DAY}[ ,-]{{1,2}}{_NAME}[ ,-]{{1,2}}{_YEAR}",
        r"(?P<year>(?:19|20)\d\d)/(?P<first>\d{1,2})/(?P<day>\d{1,2})",
        r"(?P<year>(?:19|20)\d\d)(?P<first>\d\d)(?P<day>\d\d)(?:\d{4}|\d{6})?",
        r"(?P<month>\d{1,2})([/.-])(?P<second>\d{1,2})\2(?P<year>(?:19|20)\d\d)",
        r"(?P<month>\d{1,2})/(?P<second>\d{1,2})/(?P<short>\d\d)",
    )
)


def written_day(words: str) -> Days | None:
    """Return the day of a text that is nothing but a day.

    Where its numbers may be month and day or day and month, all days between the two. Returns None for any other text.
    """
    said = " ".join(words[: LONGEST + 1].split())
    if not said or len(words) > LONGEST:
        return None
    found = next((match for form in _WRITTEN if (match := form.fullmatch(said))), None)
    if found is None:
        return None
    parts = found.groupdict()
    year = int(parts["year"]) if parts.get("year") else 2000 + int(parts["short"])
    if parts.get("name"):
        return _on(year, _MONTHS.index(parts["name"].lower()) + 1, int(parts["day"]))
    if parts.get("first"):
        return _on(year, int(parts["first"]), int(parts["day"]))
    month, second = int(parts["month"]), int(parts["second"])
    either = [day for day in (_on(year, month, second), _on(year, second, month)) if day is not None]
    if parts.get("short") and month > 12:
        return None
    return Days(min(day.first for day in either), max(day.last for day in either)) if either else None


def _on(year: int, month: int, day: int) -> Days | None:
    try:
        return Days.on(date(year, month, day))
    except ValueError:
        return None


def stated_day(words: str) -> Days | None:
    """Return the month or year that a text states.

    Returns the latest where it states several, and None where it states none.
    """
    found = [day for stated in _STATED.finditer(words) if (day := _month(stated)) is not None]
    return max(found, key=lambda day: day.last) if found else None


def _month(stated: re.Match[str]) -> Days | None:
    month = stated["number"] or stated["iso"] or ""
    if not month and stated["name"]:
        month = str(_MONTHS.index(stated["name"].lower()) + 1)
    return days(f"{stated['year']}-{int(month):02}" if month else stated["year"])
