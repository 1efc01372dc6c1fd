"""Facts as people write them in vignettes: ``10 wk 2 d on 2026-05-01``, ``below 500 /uL``, ``provisional yes``, ``CPT 81420``."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Literal, cast

from cds_service.facts.definition import Definition
from cds_service.facts.units import convert
from cds_service.fhir.codes import written
from cds_service.fhir.elements import days
from cds_service.fhir.value_sets import Terminology
from cds_service.policy.model import Evidence, Standing
from cds_service.policy.values import Code, Days, Interval, Value

_DATED = re.compile(r"(?P<value>.*?)(?:\s+on\s+(?P<date>\d{4}(?:-\d\d(?:-\d\d)?)?))?\s*")
_PART = re.compile(r"(-?\d+(?:\.\d+)?)\s*([^\d\s]\S*)?")
Kind = Literal["recorded", "answered"]


def read_evidence(text: str, definition: Definition, default: Days, terminology: Terminology) -> Evidence:
    """One piece of evidence as a vignette writes it; without ``on`` it is dated ``default``.

    ``provisional`` before the value makes it uncertain, ``answered`` says it comes from a questionnaire.
    Raises ValueError in words for the author.
    """
    rest, standing, kind = text.strip(), Standing.USABLE, "recorded"
    for word in ("provisional ", "answered "):
        if rest.startswith(word):
            rest = rest.removeprefix(word).strip()
            standing = Standing.UNCERTAIN if word == "provisional " else standing
            kind = "answered" if word == "answered " else kind
    found = _DATED.fullmatch(rest)
    if not found:
        raise ValueError(f"'{text}' is not a value, or a value 'on' a date")
    when = days(found["date"]) if found["date"] else default
    value = read_value(found["value"], definition, terminology)
    note = "the diagnosis is provisional" if standing is Standing.UNCERTAIN else ""
    return Evidence(value, when, "", cast("Kind", kind), standing, note, _code_shown(value))


def read_value(text: str, definition: Definition, terminology: Terminology) -> Value:
    """A value of a fact from its words. Raises ValueError saying what the fact's type wants."""
    entry = definition.entry
    match entry.type:
        case "boolean":
            if text not in ("yes", "no"):
                raise ValueError(f"'{definition.name}' is yes or no, not '{text}'")
            return text == "yes"
        case "choice":
            if text not in entry.choices:
                raise ValueError(f"'{definition.name}' is one of {', '.join(entry.choices)}, not '{text}'")
            return text
        case "date":
            day = days(text)
            if day is None:
                raise ValueError(f"'{definition.name}' is a day, not '{text}'")
            return day
        case "code":
            coding = written(text)
            return Code(coding.text, frozenset(terminology.holding(coding.system, coding.code)))
        case _:
            return _interval(text, entry.unit)


def _interval(text: str, unit: str) -> Interval:
    if text.startswith("below "):
        return Interval(-math.inf, _number(text.removeprefix("below "), unit), high_open=True)
    if text.startswith("above "):
        return Interval(_number(text.removeprefix("above "), unit), math.inf, low_open=True)
    if text.endswith(" or more"):
        return Interval(_number(text.removesuffix(" or more"), unit), math.inf)
    low, to, high = text.partition(" to ")
    return Interval(_number(low, unit), _number(high, unit)) if to else Interval.exactly(_number(text, unit))


def _number(text: str, unit: str) -> float:
    """The sum of the parts of ``8 wk 3 d`` in the fact's unit."""
    parts = _PART.findall(text)
    if not parts or "".join(f"{number}{part}" for number, part in parts) != re.sub(r"\s+", "", text):
        raise ValueError(f"'{text}' is not a number with its unit")
    return sum(convert(float(number), part or unit, unit) for number, part in parts)


def _code_shown(value: Value) -> str:
    return value.shown if isinstance(value, Code) else ""


def given_facts(
    chart: Mapping[str, list[str]], definitions: Mapping[str, Definition], default: Days, terminology: Terminology
) -> dict[str, list[Evidence]]:
    """All facts of a vignette's chart. Raises ValueError for the first that cannot be read, naming it."""
    found: dict[str, list[Evidence]] = {}
    for name, texts in chart.items():
        if name not in definitions:
            raise ValueError(f"there is no fact '{name}' in facts/")
        try:
            found[name] = [read_evidence(text, definitions[name], default, terminology) for text in texts]
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    return found
