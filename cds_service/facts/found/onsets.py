"""When a diagnosis began or ended, in any form.

A record tells it by a day, by the age of the patient, or in words.
"""

from __future__ import annotations

import math
from contextlib import suppress
from datetime import date, timedelta
from typing import Any, Final

from dateutil.relativedelta import relativedelta

from cds_service.facts.fhir_value import read_quantity
from cds_service.facts.wanted import Unreadable, Wanted
from cds_service.fhir.elements import Resource, days, first_days
from cds_service.fhir.stated_days import LONGEST, stated_day, written_day
from cds_service.policy.values import Days
from cds_service.sitting import DatedChart

OLDEST: Final = 130.0
"""No patient is older, in years."""
_AGES: Final = ("onsetAge", "onsetRange")
_YEARS: Final = Wanted("", "quantity", "a", 0, OLDEST, (), "")


def days_of(condition: Resource, event: str, seen: DatedChart) -> Days | None:
    """Return the days within which a diagnosis began or ended.

    The ``event`` is ``onset`` or ``abatement``. An age, or a range of ages, is as many days as the birth date of the
    patient leaves open. Returns None where the record does not tell, or cannot be read.
    """
    if (found := first_days(condition, f"{event}DateTime", f"{event}Period")) is not None:
        return found
    said = condition.get(f"{event}String")
    if isinstance(said, str):
        return written_day(said) or stated_day(said[:LONGEST])
    ages = condition.get(f"{event}Range")
    if isinstance(ages, dict):
        return _between(ages.get("low"), ages.get("high"), seen)
    age = condition.get(f"{event}Age")
    return _between(age, age, seen) if isinstance(age, dict) else None


def is_untold(condition: Resource, seen: DatedChart, in_words: bool) -> bool:
    """Tell whether the onset is stated and cannot be read.

    It is an age, or ``in_words``, and no day comes of it.
    """
    stated = any(age in condition for age in _AGES) or (in_words and "onsetString" in condition)
    return stated and days_of(condition, "onset", seen) is None


def _between(low: Any, high: Any, seen: DatedChart) -> Days | None:
    """Return the days from one age to the end of another."""
    patient = next(iter(seen.chart.of("Patient")), None) or {}
    born, youngest, oldest = days(patient.get("birthDate")), _age(low), _age(high)
    if born is None or youngest is None or oldest is None or youngest > oldest:
        return None
    with suppress(ValueError, OverflowError):
        return Days(_birthday(born.first, math.floor(youngest)), _birthday(born.last, math.floor(oldest) + 1) - timedelta(days=1))
    return None


def _birthday(born: date, years: int) -> date:
    return born + relativedelta(years=years)


def _age(quantity: Any) -> float | None:
    """Return an age in years, or None where it is not exact."""
    if not isinstance(quantity, dict):
        return None
    with suppress(Unreadable):
        read = read_quantity(quantity, _YEARS)
        return read.low if read.low == read.high else None
    return None
