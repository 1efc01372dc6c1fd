"""Reads FHIR's ``value[x]`` as a value of a fact, and writes it back: numbers with units and comparators, days, codes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from cds_service.facts.wanted import Unreadable, Wanted, carried_value, fitting, in_unit
from cds_service.fhir.codes import UCUM
from cds_service.fhir.elements import codings, days, text
from cds_service.fhir.value_sets import Terminology
from cds_service.policy.values import Code, Days, Interval, Value

_YES_NO: Final = {"Y": True, "N": False, "373066001": True, "373067005": False, "LA33-6": True, "LA32-8": False}
"""Answers of HL7's tables 0136 and 0532, of SNOMED CT's yes and no, and of LOINC's."""


def read_value(holder: Mapping[str, Any], wanted: Wanted, terminology: Terminology, coded: str = "") -> Value:
    """The value of an Observation, a component or an answer, in the fact's unit.

    ``coded`` is the value set whose codes carry the meaning of coded values. Raises Unreadable with the reason.
    """
    for name, value in holder.items():
        if not name.startswith("value") or name.startswith("valueSet"):
            continue
        match name, value:
            case "valueQuantity", dict():
                return read_quantity(value, wanted)
            case "valueRange", dict():
                return _range(value, wanted)
            case "valueCodeableConcept", dict():
                return _concept(value, wanted, terminology, coded)
            case "valueCoding", dict():
                return _concept({"coding": [value]}, wanted, terminology, coded)
            case "valueBoolean", bool():
                return fitting(value, wanted)
            case (("valueInteger" | "valueDecimal"), int() | float()) if not isinstance(value, bool):
                return read_quantity({"value": value}, wanted)
            case (("valueDate" | "valueDateTime"), str()):
                return _day(value, wanted)
            case "valueString", str() if wanted.type == "choice":
                return fitting(value.strip(), wanted)
            case "valueString", _:
                raise Unreadable("its value is free text, which is not read")
    raise Unreadable("it has no value that can be read")


def read_quantity(quantity: Mapping[str, Any], wanted: Wanted) -> Interval:
    """A Quantity with its comparator, in the fact's unit. Raises Unreadable."""
    value = quantity.get("value")
    if wanted.type != "quantity":
        raise Unreadable("a number was found where none is meant")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unreadable("its value is not a number")
    number = _number(value)
    code, unit = text(quantity.get("code")), text(quantity.get("unit"))
    if code and quantity.get("system") not in (UCUM, None) and not unit:
        raise Unreadable("its unit is coded in a system other than UCUM")
    measured = code if code and quantity.get("system") in (UCUM, None) else unit
    if not measured and not _counts(wanted):
        raise Unreadable("it has no unit")
    match quantity.get("comparator"):
        case None:
            interval = number
        case "<":
            interval = Interval(-math.inf, number.high, high_open=True)
        case "<=":
            interval = Interval(-math.inf, number.high)
        case ">":
            interval = Interval(number.low, math.inf, low_open=True)
        case ">=":
            interval = Interval(number.low, math.inf)
        case _:
            raise Unreadable("its comparator is none of <, <=, >=, >")
    return in_unit(interval, measured or wanted.unit, wanted)


def _counts(wanted: Wanted) -> bool:
    """Whether the fact is a bare number or a percentage, for which no unit is needed."""
    return wanted.unit in ("1", "%") or wanted.unit.startswith("{")


def _number(value: float) -> Interval:
    number = float(value)
    if not math.isfinite(number):
        raise Unreadable("its value is not a number")
    return Interval.exactly(number)


def _range(value: Mapping[str, Any], wanted: Wanted) -> Interval:
    low, high = value.get("low"), value.get("high")
    bounds = [read_quantity(bound, wanted) if isinstance(bound, dict) else None for bound in (low, high)]
    lowest = bounds[0].low if bounds[0] else -math.inf
    highest = bounds[1].high if bounds[1] else math.inf
    if bounds == [None, None] or lowest > highest:
        raise Unreadable("its range has no bounds that make sense")
    return Interval(lowest, highest)


def _concept(concept: Mapping[str, Any], wanted: Wanted, terminology: Terminology, coded: str) -> Value:
    found = list(codings(concept))
    for coding in found:
        held = terminology.holding(coding.system, coding.code)
        if coded in held:
            return carried_value(held[coded], wanted)
    if wanted.type == "code" and found:
        sets = frozenset(id_ for coding in found for id_ in terminology.holding(coding.system, coding.code))
        return Code(found[0].text, sets)
    for coding in found:
        if wanted.type == "boolean" and coding.code in _YES_NO:
            return _YES_NO[coding.code]
        if wanted.type == "choice" and coding.code in wanted.choices:
            return coding.code
    raise Unreadable("its coded value is not one that this fact knows")


def _day(value: str, wanted: Wanted) -> Days:
    day = days(value)
    if wanted.type != "date" or day is None:
        raise Unreadable("its value is not a day" if day is None else "a day was found where none is meant")
    return day


def write_value(value: Value, wanted: Wanted) -> dict[str, Any]:
    """The ``value[x]`` that reads back as this value; codes are the caller's."""
    match value:
        case bool():
            return {"valueBoolean": value}
        case Interval():
            return _written(value, wanted.unit)
        case Days():
            return {"valueDateTime": partial_date(value)}
        case Code():
            raise Unreadable("a code is written by its own kind of evidence")
        case str():
            return {"valueString": value}


def _written(value: Interval, unit: str) -> dict[str, Any]:
    def quantity(number: float) -> dict[str, Any]:
        return {"value": int(number) if number == int(number) else number, "system": UCUM, "code": unit, "unit": unit}

    if value.low == value.high:
        return {"valueQuantity": quantity(value.low)}
    if math.isinf(value.high):
        return {"valueQuantity": quantity(value.low) | {"comparator": ">" if value.low_open else ">="}}
    if math.isinf(value.low):
        return {"valueQuantity": quantity(value.high) | {"comparator": "<" if value.high_open else "<="}}
    return {"valueRange": {"low": quantity(value.low), "high": quantity(value.high)}}


def partial_date(day: Days) -> str:
    """A span of days as the FHIR date that leaves just those open."""
    if day.first == day.last:
        return day.first.isoformat()
    return day.first.isoformat()[:7] if day.first.month == day.last.month else str(day.first.year)
