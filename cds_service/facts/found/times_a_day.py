"""How often a day a dosage is taken.

It is read from the coded timing, from the customary abbreviations, or from plain words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, cast

from cds_service.facts.units import UnknownUnit, convert
from cds_service.facts.wanted import Unreadable
from cds_service.fhir.elements import codings, items, text
from cds_service.policy.values import Interval

_A_DAY: Final = {
    **dict.fromkeys(("QD", "DAILY", "AM", "PM", "BED", "QHS", "HS", "QAM", "QPM", "Q24H"), 1.0),
    "BID": 2.0,
    "TID": 3.0,
    "QID": 4.0,
    "QOD": 0.5,
    "Q2H": 12.0,
    "Q3H": 8.0,
    "Q4H": 6.0,
    "Q6H": 4.0,
    "Q8H": 3.0,
    "Q12H": 2.0,
}
"""Times a day that the customary abbreviations mean."""
_HOW_OFTEN: Final = {
    "once": 1.0,
    "one": 1.0,
    "twice": 2.0,
    "two": 2.0,
    "three": 3.0,
    "thrice": 3.0,
    "four": 4.0,
    "five": 5.0,
    "six": 6.0,
}
_DAILY: Final = frozenset(
    {"daily", "every day", "once daily", "once a day", "nightly", "every night", "every morning", "every evening", "at bedtime"}
)
_SAID: Final = re.compile(
    r"(?:(?:every|q)\s?(?P<hours>\d{1,3})(?:\s?(?:-|to)\s?(?P<to>\d{1,3}))?\s?(?P<unit>h|hr|hrs|hour|hours|d|day|days)"
    r"|(?P<number>\d{1,2}|once|one|twice|two|thrice|three|four|five|six)(?:\s?\(\w+\))?"
    r"\s?(?:times?\s)?(?:daily|a day|per day|each day))",
    re.ASCII,
)
"""Frequencies in words.

Either every so many hours or days, or so many times a day.
"""
_AT_MEALS: Final = frozenset({"C", "AC", "PC"})
"""Events that come with every meal."""
_PRN: Final = re.compile(r"[\s,]+(?:prn|as needed|if needed|when needed)\b.*", re.ASCII)
_BESIDE: Final = re.compile(r"[\s,]+(?:\(?scheduled\)?|around the clock|atc|sch)", re.ASCII)
_LONGEST: Final = 60
"""Longest text of a timing that is read, in characters."""


def repeat_of(dosage: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the ``repeat`` of a dosage's timing.

    Empty where there is none.
    """
    timing = dosage.get("timing")
    repeat = timing.get("repeat") if isinstance(timing, dict) else None
    return repeat if isinstance(repeat, dict) else {}


def times_a_day(dosage: Mapping[str, Any]) -> Interval:
    """Return how often a day a dosage is taken.

    It is a range where the dosage states one, or says in words that it is taken as needed. Raises Unreadable.
    """
    repeat = repeat_of(dosage)
    events = items(repeat.get("when"))
    if "frequency" not in repeat and any(event in _AT_MEALS for event in events):
        raise Unreadable("it does not say how many meals a day")
    hours = max(len(items(repeat.get("timeOfDay"))), len(events))
    often, period = repeat.get("frequency", hours or 1), repeat.get("period")
    if period is None:
        return _by_abbreviation(dosage, repeat)
    most, longest = repeat.get("frequencyMax", often), repeat.get("periodMax", period)
    if hours > 1 and isinstance(often, int | float) and isinstance(most, int | float):
        often, most = min(often, hours), max(most, hours)
    numbers = (often, period, most, longest)
    if "dayOfWeek" in repeat or not all(isinstance(n, int | float) and not isinstance(n, bool) and n > 0 for n in numbers):
        raise Unreadable("it does not say how often a day")
    try:
        day = convert(1.0, text(repeat.get("periodUnit")) or "d", "d")
    except UnknownUnit:
        raise Unreadable("it does not say how often a day") from None
    low, high = cast("float", often) / (cast("float", longest) * day), cast("float", most) / (cast("float", period) * day)
    return Interval(round(min(low, high), 9), round(max(low, high), 9))


def _by_abbreviation(dosage: Mapping[str, Any], repeat: Mapping[str, Any]) -> Interval:
    timing = dosage.get("timing")
    concept = timing.get("code") if isinstance(timing, dict) else None
    named = [coding.code for coding in codings(concept)] + ([text(concept.get("text"))] if isinstance(concept, dict) else [])
    hours = len(items(repeat.get("timeOfDay")))
    for name in named if "dayOfWeek" not in repeat else ():
        times = _A_DAY.get(name.upper())
        said = Interval.exactly(times) if times is not None else _in_words(name)
        if said is not None:
            return said
    if hours and not named and "dayOfWeek" not in repeat:
        return Interval.exactly(float(hours))
    raise Unreadable("it does not say how often a day")


def _in_words(name: str) -> Interval | None:
    """Read how often a day from words, if they say nothing else.

    The range begins at 0 where they say that it is taken as needed.
    """
    if len(name) > _LONGEST:
        return None
    said = " ".join(name.lower().split())
    plain = _PRN.sub("", said)
    needed, plain = plain != said, _BESIDE.sub("", plain).strip(" .,")
    times = 1.0 if plain in _DAILY else _A_DAY.get(plain.upper())
    most = times
    found = _SAID.fullmatch(plain) if times is None else None
    if found and found["number"]:
        times = most = _HOW_OFTEN.get(found["number"]) or float(int(found["number"]))
    elif found:
        a_day = 24.0 if found["unit"].startswith("h") else 1.0
        shortest, longest = int(found["hours"]), int(found["to"] or found["hours"])
        if 0 < shortest <= longest:
            times, most = a_day / longest, a_day / shortest
    if times is None or most is None or most <= 0:
        return None
    return Interval(0.0 if needed else round(times, 9), round(most, 9))
