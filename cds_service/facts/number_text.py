"""Numbers in strings, as interfaces send them.

Examples are ``3``, ``<0.5``, ``1,400 cells/uL``, ``12w3d``, ``12 weeks 3 days`` and ``12 wk 3/7``. A string is a number
only where nothing else is meant by it: a number, with its unit, and not a word more.
"""

from __future__ import annotations

import math
import re
from typing import Final, NamedTuple

from cds_service.policy.values import Interval

LONGEST: Final = 40
"""Longest string that is looked at, in characters."""
_WEEKS: Final = r"(?:weeks?|wks?|w)"
_OF: Final = r"(?:\s(?:of\s)?(?:gestation|ga|ega))?"
_DAYS: Final = r"(?:days?|d)"
_WEEKS_AND_DAYS: Final = re.compile(
    rf"(?:(?P<weeks>\d{{1,2}})\s?{_WEEKS}\.?,?(?:\s?(?:and|&|\+)?\s?(?P<days>\d)\s?(?:{_DAYS}\.?|/7))"
    rf"|(?P<plain>\d{{1,2}})\s(?P<sevenths>[0-6])/7(?:\s?{_WEEKS}\.?)?"
    rf"|(?P<before>\d{{1,2}})\s?\+\s?(?P<after>[0-6])(?:\s?{_WEEKS}\.?)?){_OF}",
    re.ASCII,
)
_NUMBER: Final = re.compile(
    r"(?P<comparator><=|>=|<|>|≤|≥)?\s?(?P<number>[+-]?(?:\d{1,3}(?:,\d{3}){1,3}|\d{1,12})(?:\.\d{1,9})?)(?:\s?(?P<unit>[^\s\d.,+-].*)|\s(?P<tens>10[*^EeXx(³⁹].*))?",
    re.ASCII,
)


_TIME: Final = re.compile(
    r"(?:(?P<word>more than|greater than|over|at least|less than|fewer than|under)\s)?"
    r"(?P<low>\d{1,3}(?:\.\d)?)(?:\s?(?:-|\u2013|to)\s?(?P<high>\d{1,3}(?:\.\d)?))?\s?"
    r"(?P<unit>(?:day|week|wk|month|mo|year|yr)s?)\.?",
    re.ASCII,
)
"""A span of time between two numbers, or on one side of one: ``6-12 months``, ``more than 6 months``."""
_SIDES: Final = {
    "more than": ">",
    "greater than": ">",
    "over": ">",
    "at least": ">=",
    "less than": "<",
    "fewer than": "<",
    "under": "<",
}
_FLAG: Final = re.compile(r"\s?(?:\((?:h|hh|l|ll|a|n|high|low|abnormal|normal)\)|\*)", re.ASCII | re.IGNORECASE)
"""A laboratory's flag behind a number."""


_GRADE: Final = re.compile(
    r"(?:(?:ecog|ps|grade|performance status|score)[\s:=]*){0,3}(?P<grade>\d)"
    r"(?:\s?(?:-|\u2013|\u2014|:|=|\.|\))\s?(?P<label>[a-z].*))?",
    re.ASCII,
)
"""A grade with its label: ``1 - Restricted in strenuous activity``, ``ECOG 2: ambulatory``."""
_NO_GRADE: Final = re.compile(
    r"(?:not|none|and|or|to|n/?a)\b|no (?:data|info|score|value|answer)|un(?:able|known|certain|clear|determined)"
    r"|refus|declin|pending",
    re.ASCII,
)
"""How a label begins that is none: it says that there is no grade, or speaks of a second one."""
_LONGEST_LABEL: Final = 160


class Read(NamedTuple):
    """A number in a string, with its unit as it is written.

    The unit is empty where none is written.
    """

    number: Interval
    unit: str


def read_number(text: str) -> Read | None:
    """Read a string that is nothing but a number with its unit.

    Returns None where it is anything else, or too long.
    """
    said = " ".join(text[: LONGEST + 1].split())
    if not said or len(text) > LONGEST:
        return None
    weeks = _WEEKS_AND_DAYS.fullmatch(said.lower())
    if weeks:
        full = weeks["weeks"] or weeks["plain"] or weeks["before"]
        more = int(weeks["days"] or weeks["sevenths"] or weeks["after"] or 0)
        return Read(Interval.exactly(float(int(full) * 7 + more)), "d") if more < 7 else None
    if (time := _TIME.fullmatch(said.lower())) and (time["word"] or time["high"]):
        return _span(time)
    found = _NUMBER.fullmatch(said)
    if not found:
        return None
    flagged = found["unit"] and _FLAG.fullmatch(found["unit"])
    number = float(found["number"].replace(",", ""))
    return Read(compared(Interval.exactly(number), found["comparator"]), "" if flagged else found["unit"] or found["tens"] or "")


def read_grade(text: str) -> float | None:
    """Read a grade of a scale that stands before its own label.

    Returns None where a label says that there is none, or speaks of a second one.
    """
    said = " ".join(text[: _LONGEST_LABEL + 1].lower().split())
    found = _GRADE.fullmatch(said) if len(text) <= _LONGEST_LABEL else None
    if found is None or (found["label"] and _NO_GRADE.match(found["label"])):
        return None
    return float(found["grade"])


def _span(time: re.Match[str]) -> Read | None:
    """Return a span of time.

    Returns None for one that ends before it begins.
    """
    low, high = float(time["low"]), float(time["high"] or time["low"])
    if high < low or (time["word"] and time["high"]):
        return None
    return Read(compared(Interval(low, high), _SIDES.get(time["word"] or "")), time["unit"])


def compared(number: Interval, comparator: str | None) -> Interval:
    """Return the interval that a number with its comparator means.

    Raises KeyError for what is no comparator.
    """
    match comparator:
        case None:
            return number
        case "<":
            return Interval(-math.inf, number.high, high_open=True)
        case "<=" | "≤":
            return Interval(-math.inf, number.high)
        case ">":
            return Interval(number.low, math.inf, low_open=True)
        case ">=" | "≥":
            return Interval(number.low, math.inf)
        case _:
            raise KeyError(comparator)
