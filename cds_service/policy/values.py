"""Values that facts take and criteria test.

They are numbers that may be intervals, spans of days, words and codes. A chart seldom gives a number as a mathematician
would: "<500", "8 completed weeks", "some day in March". Every such value is kept as the set of values it leaves open,
and a test is answered only if they all agree.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from dateutil.relativedelta import relativedelta


@dataclass(frozen=True, slots=True)
class Interval:
    """A number known to lie between two bounds.

    It is in the unit of its fact; a plain number has equal bounds. ``low_open`` and ``high_open`` say that the bound
    itself is excluded, as in FHIR's ``Quantity.comparator``.
    """

    low: float
    high: float
    low_open: bool = False
    high_open: bool = False

    def __post_init__(self) -> None:
        if math.isnan(self.low) or math.isnan(self.high) or self.low > self.high:
            raise ValueError(f"an interval runs from low to high, not from {self.low} to {self.high}")

    @classmethod
    def exactly(cls, number: float) -> Interval:
        """Return the interval that holds one number only."""
        return cls(number, number)

    def plus(self, number: float) -> Interval:
        """Return the interval shifted by ``number``."""
        return Interval(self.low + number, self.high + number, self.low_open, self.high_open)

    def below(self, bound: float) -> bool:
        """Tell whether all that the number may be lies below a bound."""
        return self.high < bound or (self.high == bound and self.high_open)

    def text(self, unit: str = "") -> str:
        """Return the interval as a person writes it, with its unit.

        It reads like ``3``, ``2 or more``, ``below 500`` or ``56 to 62``.
        """
        tail = f" {unit}" if unit and not unit.startswith("{") and unit != "1" else ""
        if self.low == self.high:
            return f"{self.low:g}{tail}"
        if math.isinf(self.high):
            return f"{'above ' if self.low_open else ''}{self.low:g}{tail}{'' if self.low_open else ' or more'}"
        if math.isinf(self.low):
            return f"{'below ' if self.high_open else ''}{self.high:g}{tail}{'' if self.high_open else ' or less'}"
        return f"{self.low:g} to {self.high:g}{tail}"


class Days(NamedTuple):
    """A calendar day known to lie between ``first`` and ``last``.

    Both are included; a full date has both equal. FHIR's partial dates ("2025-03") become the span of days that they
    leave open.
    """

    first: date
    last: date

    @classmethod
    def on(cls, day: date) -> Days:
        """Return the span of one day."""
        return cls(day, day)

    def plus(self, days: int) -> Days:
        """Return the span shifted by a number of days."""
        return Days(self.first + timedelta(days), self.last + timedelta(days))

    def text(self) -> str:
        """Return the day in ISO form; a span with both its ends."""
        return self.first.isoformat() if self.first == self.last else f"{self.first} to {self.last}"


@dataclass(frozen=True, slots=True)
class Code:
    """A coded value.

    It says how it is shown, and the ids of the value sets that hold it.
    """

    shown: str
    sets: frozenset[str] = frozenset()


Value = bool | Interval | Days | Code | str
"""What a fact can be.

It is yes or no, a number, a day, a code, or one word of a closed list.
"""

_LOOK_BACK: Final = re.compile(r"(?P<n>\d+)\s+(?P<unit>day|week|month|year|(?:full|calendar) (?:month|year))s?")


@lru_cache(maxsize=4096)
def _back(day: date, unit: str, count: int) -> date:
    match unit:
        case "day":
            return day - timedelta(days=count)
        case "week":
            return day - timedelta(weeks=count)
        case "month":
            return day - relativedelta(months=count)
        case "year":
            return day - relativedelta(years=count)
        case "full month":
            return day.replace(day=1) - relativedelta(months=count)
        case "calendar month":
            return day.replace(day=1) - relativedelta(months=count - 1)
        case "full year":
            return day.replace(month=1, day=1) - relativedelta(years=count)
        case _:
            return day.replace(month=1, day=1) - relativedelta(years=count - 1)


@dataclass(frozen=True, slots=True)
class LookBack:
    """A stretch of calendar time before the date of service.

    It is written in a policy as "6 months". Of ``full`` months and years only whole ones count: with 11 full months,
    all days since the first of the month 11 months ago. ``calendar`` months and years are this one and those before it.
    """

    count: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> LookBack:
        """Read a look-back from text, such as "90 days".

        Also "6 weeks", "12 months", "5 years", "11 full months" or "1 calendar year". Raises ValueError with the
        accepted forms when the text is something else.
        """
        found = _LOOK_BACK.fullmatch(text.strip())
        if not found:
            said = "'90 days', '6 weeks', '12 months', '5 years', '11 full months' or '1 calendar year'"
            raise ValueError(f"{text!r} is not a length of time; write it as {said}")
        if found["unit"].startswith("calendar") and int(found["n"]) == 0:
            raise ValueError(f"{text!r} is no time at all; this {found['unit'].removeprefix('calendar ')} is '1 {found['unit']}'")
        return cls(int(found["n"]), found["unit"])

    def start(self, day: date) -> date:
        """Return the first day that still counts when looking back from ``day``."""
        try:
            return _back(day, self.unit, self.count)
        except (OverflowError, ValueError):  # before the first year that a calendar here knows
            return date.min

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'' if self.count == 1 else 's'}"


def at_least(number: Interval) -> Interval:
    """Return all numbers that are no less than this one.

    It is a number that is never below 0; of one that may be as small as one likes, that is 0 or more.
    """
    return Interval(number.low, math.inf, number.low_open) if number.low > 0 else Interval(0, math.inf)


def show(value: Value, unit: str = "") -> str:
    """Write a value as cards, traces and vignettes print it.

    It reads like ``yes``, ``10 wk``, ``2025-03-01`` or ``CPT 81420``.
    """
    match value:
        case bool():
            return "yes" if value else "no"
        case Interval():
            return value.text(unit)
        case Days():
            return value.text()
        case Code():
            return value.shown
        case str():
            return value
