"""Days that a text states: ``Ectopic 05/2020``, ``D&C on March 3, 2024``.

A text may state several: ``Miscarriage x2 (2019, 2021)``.
"""

from __future__ import annotations

import re
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


def stated_day(words: str) -> Days | None:
    """Return the month or year that a text states.

    Returns the latest where it states several, and None where it states none.
    """
    found = [day for stated in _STATED.finditer(words) if (day := _day(stated)) is not None]
    return max(found, key=lambda day: day.last) if found else None


def _day(stated: re.Match[str]) -> Days | None:
    month = stated["number"] or stated["iso"] or ""
    if not month and stated["name"]:
        month = str(_MONTHS.index(stated["name"].lower()) + 1)
    return days(f"{stated['year']}-{int(month):02}" if month else stated["year"])
