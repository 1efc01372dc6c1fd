"""Facts as people write them.

They do so in vignettes, in the playground, and in the tables of the language.

A piece of evidence is a value, perhaps ``on`` a day: ``10 wk 2 d on 2026-05-01``, ``below 500 /uL`` (or ``<500``),
``CPT 81420``, ``yes``. Words before it say what it is worth: ``provisional yes``, ``cancelled 12``, ``undated yes``,
``answered no``; ``unreadable`` has no value.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Final, Literal

from cds_service.facts.definition import Definition
from cds_service.facts.entry import FactEntry
from cds_service.facts.units import OutOfReach, UnknownUnit, convert
from cds_service.fhir.codes import written
from cds_service.fhir.elements import days
from cds_service.fhir.value_sets import Terminology
from cds_service.policy.evidence import Evidence, Standing
from cds_service.policy.values import Code, Days, Interval, Value

_DATED: Final = re.compile(r"(?P<value>.*?)(?:(?:\s+|^)on\s+(?P<date>\S+))?\s*")
_PART: Final = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*([^\d\s-]\S*)?")
_NUMBER: Final = re.compile(f"(?:{_PART.pattern})+")
_DAY: Final = re.compile(r"\d{4}(?:-\d\d){0,2}", re.ASCII)
_MARKS: Final = {
    "provisional": (Standing.UNCERTAIN, "the diagnosis is provisional"),
    "cancelled": (Standing.DISCOUNTED, "it was cancelled"),
}
"""Words before a value that change what it is worth."""
_BEFORE: Final = frozenset({"provisional", "cancelled", "answered", "undated"})
_BOUNDS: Final = {
    "below ": (False, True),
    "above ": (True, True),
    "<=": (False, False),
    ">=": (True, False),
    "<": (False, True),
    ">": (True, True),
}
"""How a bound is written, longest first.

Each tells whether it is the lower bound, and whether the bound itself is excluded.
"""
_UNREADABLE: Final = "unreadable"


def read_evidence(text: str, definition: Definition, default: Days, terminology: Terminology) -> Evidence:
    """Read one piece of evidence as a vignette writes it.

    Without ``on`` it is dated ``default``. Raises ValueError in words for the author.
    """
    return read_piece(text, default, lambda words: read_value(words, definition, terminology))


def read_piece(text: str, default: Days, value_of: Callable[[str], Value]) -> Evidence:
    """Read one piece of evidence, its value by ``value_of``.

    Raises ValueError in words for the author.
    """
    rest, standing, note, undated = text.strip(), Standing.USABLE, "", False
    kind: Literal["recorded", "answered"] = "recorded"
    while (first := rest.partition(" ")[0]) in _BEFORE:
        rest = rest.removeprefix(first).strip()
        standing, note = _MARKS.get(first, (standing, note))
        kind = "answered" if first == "answered" else kind
        undated = undated or first == "undated"
    found = _DATED.fullmatch(rest)
    if not found or not found["value"]:
        raise ValueError(f"'{text}' is not a value, or a value 'on' a date")
    when: Days | None = default
    if found["date"]:
        when = _day(found["date"])
        if when is None:
            raise ValueError(f"'{found['date']}' in '{text}' is not a day, as 2026-05-01 or 2026-05")
    when = None if undated else when
    if found["value"] == _UNREADABLE:
        return Evidence(None, when, "", kind, Standing.UNCERTAIN, "it cannot be read")
    value = value_of(found["value"])
    return Evidence(value, when, "", kind, standing, note, _code_shown(value))


def read_value(text: str, definition: Definition, terminology: Terminology) -> Value:
    """Read a value of a fact from its words.

    Raises ValueError saying what the fact's type wants.
    """
    if definition.entry.type == "code":
        coding = written(text)
        return Code(coding.text, frozenset(terminology.holding(coding.system, coding.code)))
    return read_plain_value(text, definition.name, definition.entry)


def read_plain_value(text: str, name: str, entry: FactEntry) -> Value:
    """Read a value that is no code.

    Raises ValueError saying what the fact's type wants.
    """
    match entry.type:
        case "boolean":
            if text not in ("yes", "no"):
                raise ValueError(f"'{name}' is yes or no, and '{text}' is not a value of it")
            return text == "yes"
        case "choice":
            if text not in entry.choices:
                raise ValueError(f"'{name}' is one of {', '.join(entry.choices)}, and '{text}' is not a choice of it")
            return text
        case "date":
            day = _day(text)
            if day is None:
                raise ValueError(f"'{name}' is a day, and '{text}' is not a day, as 2026-05-01 or 2026-05")
            return day
        case _:
            try:
                return read_interval(text, entry.unit)
            except (UnknownUnit, OutOfReach) as error:
                raise ValueError(f"'{name}' is a number in {entry.unit}, and '{text}' is not a value of it: {error}") from None


def read_interval(text: str, unit: str) -> Interval:
    """Read a number or an interval.

    Examples are ``12``, ``8 weeks 6 days``, ``<500``, ``2 or more``, ``above 5 to below 9``. Raises ValueError for
    anything else.
    """
    low, to, high = text.partition(" to ")
    if to:
        low_open, high_open = low.startswith("above "), high.startswith("below ")
        first, last = low.removeprefix("above "), high.removeprefix("below ")
        return Interval(_number(first, unit), _number(last, unit), low_open, high_open)
    for word, (lower, excluded) in _BOUNDS.items():
        if text.startswith(word):
            number = _number(text.removeprefix(word), unit)
            return Interval(number, math.inf, low_open=excluded) if lower else Interval(-math.inf, number, high_open=excluded)
    if text.endswith(" or more"):
        return Interval(_number(text.removesuffix(" or more"), unit), math.inf)
    if text.endswith(" or less"):
        return Interval(-math.inf, _number(text.removesuffix(" or less"), unit))
    return Interval.exactly(_number(text, unit))


def _day(text: str) -> Days | None:
    """Return a day, month or year written in full, or None."""
    return days(text) if _DAY.fullmatch(text) else None


def _number(text: str, unit: str) -> float:
    """Return the sum of a duration's parts in the fact's unit.

    An example is ``8 wk 3 d``.
    """
    if not _NUMBER.fullmatch(text):
        said = "12, below 500 (or <500), 2 or more, 56 to 62, 8 wk 3 d"
        raise ValueError(f"'{text}' is not a number with its unit; numbers are written as {said}")
    return sum(convert(float(number), part or unit, unit) for number, part in _PART.findall(text))


def _code_shown(value: Value) -> str:
    return value.shown if isinstance(value, Code) else ""


def given_facts(
    chart: Mapping[str, list[str]], definitions: Mapping[str, Definition], default: Days, terminology: Terminology
) -> dict[str, list[Evidence]]:
    """Read all facts of a vignette's chart.

    Raises ValueError that says of each that cannot be read why.
    """
    found: dict[str, list[Evidence]] = {}
    wrong: list[str] = []
    for name, texts in chart.items():
        if name not in definitions:
            close = get_close_matches(name, definitions, 1)
            wrong.append(f"there is no fact '{name}' in facts/{f'; is {close[0]!r} meant?' if close else ''}")
            continue
        try:
            found[name] = [read_evidence(text, definitions[name], default, terminology) for text in texts]
        except ValueError as error:
            wrong.append(f"{name}: {error}")
    if wrong:
        raise ValueError("; ".join(wrong))
    return found
