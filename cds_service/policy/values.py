"""Values that facts take and criteria test: numbers that may be intervals, spans of days, words and codes.

A chart seldom gives a number as a mathematician would: "<500", "8 completed weeks", "some day in March".
Every such value is kept as the set of values it leaves open, and a test is answered only if they all agree.
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
    """A number known to lie between two bounds, in the unit of its fact; a plain number has equal bounds.

    ``low_open`` and ``high_open`` say that the bound itself is excluded, as in FHIR's ``Quantity.comparator``.
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
        """The interval that holds one number only."""
        return cls(number, number)

    def plus(self, number: float) -> Interval:
        """The interval shifted by ``number``."""
        return Interval(self.low + number, self.high + number, self.low_open, self.high_open)

    def text(self, unit: str = "") -> str:
        """The interval as a person writes it: ``3``, ``2 or more``, ``below 500``, ``56 to 62``, with its unit."""
        tail = f" {unit}" if unit and not unit.startswith("{") and unit != "1" else ""
        if self.low == self.high:
            return f"{self.low:g}{tail}"
        if math.isinf(self.high):
            return f"{'above ' if self.low_open else ''}{self.low:g}{tail}{'' if self.low_open else ' or more'}"
        if math.isinf(self.low):
            return f"{'below ' if self.high_open else ''}{self.high:g}{tail}{'' if self.high_open else ' or less'}"
        return f"{self.low:g} to {self.high:g}{tail}"


class Days(NamedTuple):
    """A calendar day known to lie between ``first`` and ``last`` (both included); a full date has both equal.

    FHIR's partial dates ("2025-03") become the span of days that they leave open.
    """

    first: date
    last: date

    @classmethod
    def on(cls, day: date) -> Days:
        """The span of one day."""
        return cls(day, day)

    def plus(self, days: int) -> Days:
        """The span shifted by a number of days."""
        return Days(self.first + timedelta(days), self.last + timedelta(days))

    def text(self) -> str:
        """ISO form; a span is written with both its ends."""
        return self.first.isoformat() if self.first == self.last else f"{self.first} to {self.last}"


@dataclass(frozen=True, slots=True)
class Code:
    """A coded value: how it is shown, and the ids of the value sets that hold it."""

    shown: str
    sets: frozenset[str] = frozenset()


Value = bool | Interval | Days | Code | str
"""What a fact can be: yes or no, a number, a day, a code, or one word of a closed list."""

_LOOK_BACK: Final = re.compile(r"(?P<n>\d+)\s+(?P<unit>day|week|month|year)s?")


@lru_cache(maxsize=4096)
def _back(day: date, unit: str, count: int) -> date:
    match unit:
        case "day":
            return day - timedelta(days=count)
        case "week":
            return day - timedelta(weeks=count)
        case "month":
            return day - relativedelta(months=count)
        case _:
            return day - relativedelta(years=count)


@dataclass(frozen=True, slots=True)
class LookBack:
    """A stretch of calendar time before the date of service, as written in a policy ("6 months")."""

    count: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> LookBack:
        """Reads "90 days", "6 weeks", "12 months" or "5 years".

        Raises ValueError with the accepted forms when the text is something else.
        """
        found = _LOOK_BACK.fullmatch(text.strip())
        if not found:
            raise ValueError(f"{text!r} is not a length of time; write it as '90 days', '6 weeks', '12 months' or '5 years'")
        return cls(int(found["n"]), found["unit"])

    def start(self, day: date) -> date:
        """The first day that still counts when looking back from ``day`` (calendar months and years)."""
        return _back(day, self.unit, self.count)

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'' if self.count == 1 else 's'}"


def show(value: Value, unit: str = "") -> str:
    """A value as cards, traces and vignettes print it: ``yes``, ``10 wk``, ``2025-03-01``, ``CPT 81420``."""
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
