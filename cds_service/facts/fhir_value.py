"""FHIR's ``value[x]`` read as a value of a fact, and written back.

Values are numbers with units and comparators, days, and codes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from cds_service.facts.number_text import compared, read_grade, read_number
from cds_service.facts.unit_names import UNITS_IN_NAMES
from cds_service.facts.units import is_unit
from cds_service.facts.wanted import Unreadable, Wanted, carried_value, fitting, in_unit
from cds_service.fhir.code_systems import UCUM, system_name
from cds_service.fhir.elements import codings, concept_words, days, text
from cds_service.fhir.stated_days import written_day
from cds_service.fhir.value_sets import Terminology
from cds_service.policy.values import Code, Days, Interval, Value

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
_YES_NO: Final = {"Y": True, "N": False, "373066001": True, "373067005": False, "LA33-6": True, "LA32-8": False}
"""Codes for yes and no.

They are of HL7's tables 0136 and 0532, of SNOMED CT and of LOINC.
"""
_FETUSES: Final = {
    **dict.fromkeys(("single", "singleton", "one", "one fetus", "1 fetus", "single fetus", "singleton pregnancy"), 1.0),
    **dict.fromkeys(("twin", "twins", "two", "two fetuses", "2 fetuses", "twin pregnancy", "twin gestation"), 2.0),
    **dict.fromkeys(("single gestation", "singleton gestation", "single pregnancy", "single iup", "single live iup"), 1.0),
    **dict.fromkeys(("singleton iup", "live singleton", "single live intrauterine pregnancy", "singleton fetus"), 1.0),
}
"""Words that number one fetus or two.

More are left to a code or a number: words decide nothing against an order.
"""


def read_value(holder: Mapping[str, Any], wanted: Wanted, terminology: Terminology, coded: str = "") -> Value:
    """Read the value of an Observation, component or answer.

    It is returned in the fact's unit. ``coded`` is the value set whose codes carry the meaning of coded values. Raises
    Unreadable with the reason.
    """
    for name, value in holder.items():
        if not name.startswith("value") or name.startswith("valueSet"):
            continue
        match name, value:
            case "valueQuantity", dict():
                return read_quantity(value, wanted, holder)
            case "valueRange", dict():
                return _range(value, wanted, holder)
            case "valueCodeableConcept", dict():
                return _concept(value, wanted, terminology, coded)
            case "valueCoding", dict():
                return _concept({"coding": [value]}, wanted, terminology, coded)
            case "valueBoolean", bool():
                return fitting(value, wanted)
            case (("valueInteger" | "valueDecimal"), int() | float()) if not isinstance(value, bool):
                return read_quantity({"value": value}, wanted, holder)
            case (("valueDate" | "valueDateTime"), str()):
                return _day(value, wanted)
            case "valueString", str():
                graded = _grade([value], wanted) if coded else None
                return _read_string(value, wanted, holder) if graded is None else graded
    raise Unreadable("it has no value that can be read")


def read_quantity(quantity: Mapping[str, Any], wanted: Wanted, holder: Mapping[str, Any] = NOTHING) -> Interval:
    """Read a Quantity with its comparator, in the fact's unit.

    The code of its ``holder`` may name the unit. Raises Unreadable.
    """
    value = quantity.get("value")
    if wanted.type != "quantity":
        raise Unreadable("a number was found where none is meant")
    if isinstance(value, str):
        read = read_number(value)
        if read is None or (read.unit and (quantity.get("code") or quantity.get("unit"))):
            raise Unreadable("its value is not a number")
        number, written = read
    elif isinstance(value, bool) or not isinstance(value, int | float):
        raise Unreadable("its value is not a number")
    else:
        number, written = _number(value), ""
    comparator = quantity.get("comparator")
    if comparator is not None:
        if comparator not in ("<", "<=", ">", ">="):
            raise Unreadable("its comparator is none of <, <=, >=, >")
        if number.low != number.high:
            raise Unreadable("it has two comparators")
        number = compared(number, comparator)
    return _measured(number, written or _unit(quantity) or _named_unit(holder), wanted)


def _measured(number: Interval, unit: str, wanted: Wanted) -> Interval:
    """Return a number in the fact's unit.

    Raises Unreadable. A bare number below one is no percentage for sure: many write 95 % as 0.95.
    """
    if not unit and not _counts(wanted):
        raise Unreadable("it has no unit")
    if not unit and wanted.unit == "%" and (0 < number.low < 1 or 0 < number.high < 1):
        raise Unreadable("it has no unit, and may be a share of one")
    return in_unit(number, unit or wanted.unit, wanted)


def _unit(quantity: Mapping[str, Any]) -> str:
    """Return the unit of a Quantity.

    It is its code in UCUM, else its words. Raises Unreadable for a code of another system alone.
    """
    code, unit = text(quantity.get("code")), text(quantity.get("unit"))
    if not code or not _is_ucum(quantity.get("system")):
        if code and not unit:
            raise Unreadable("its unit is coded in a system other than UCUM")
        return unit
    return unit if unit and not is_unit(code) else code


def _is_ucum(system: Any) -> bool:
    if system is None or system == UCUM:
        return True
    folded = system.lower() if isinstance(system, str) else "-"
    return not folded or "unitsofmeasure.org" in folded or folded.endswith("2.16.840.1.113883.6.8") or folded == "ucum"


def _read_string(said: str, wanted: Wanted, holder: Mapping[str, Any]) -> Value:
    """Read a string that is nothing but a value.

    It may be a number, a day, or one of the choices. Raises Unreadable.
    """
    if wanted.type == "choice":
        return fitting(said.strip(), wanted)
    if wanted.type == "date" and (day := days(said.strip()) or written_day(said)) is not None:
        return day
    if wanted.type == "quantity":
        read = read_number(said)
        if read is None and wanted.unit == "{fetuses}" and (few := _FETUSES.get(" ".join(said[:40].lower().split()))):
            return Interval.exactly(few)
        if read is None:
            raise Unreadable("its value is free text, which is not read")
        try:
            return _measured(read.number, read.unit or _named_unit(holder), wanted)
        except Unreadable as error:
            if read.unit:
                raise Unreadable("its value is free text, which is not read") from error
            raise
    raise Unreadable("its value is free text, which is not read")


def _named_unit(holder: Mapping[str, Any]) -> str:
    """Return the unit that the name of a LOINC code states.

    Empty where it states none.
    """
    found = (
        UNITS_IN_NAMES.get(coding.code.strip()) for coding in codings(holder.get("code")) if system_name(coding.system) == "LOINC"
    )
    return next((unit for unit in found if unit), "")


def _counts(wanted: Wanted) -> bool:
    """Tell whether the fact needs no unit.

    It needs none where it is a bare number or a percentage.
    """
    return wanted.unit in ("1", "%") or wanted.unit.startswith("{")


def _number(value: float) -> Interval:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise Unreadable("its value is not a number")
    return Interval.exactly(number)


def _range(value: Mapping[str, Any], wanted: Wanted, holder: Mapping[str, Any]) -> Interval:
    low, high = value.get("low"), value.get("high")
    bounds = [read_quantity(bound, wanted, holder) if isinstance(bound, dict) else None for bound in (low, high)]
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
    said = text(concept.get("text"))
    graded = _grade(concept_words(concept), wanted) if coded else None
    if graded is not None:
        return graded
    if said and wanted.type == "quantity" and (not found or wanted.unit == "{fetuses}"):
        return _read_string(said, wanted, NOTHING)
    raise Unreadable("its coded value is not one that this fact knows")


def _grade(said: Iterable[str], wanted: Wanted) -> Value | None:
    """Return the grade of a scale that words give with its label.

    They are the words of one value, which must agree; None where they give no grade, or the fact is no scale.
    """
    if wanted.type != "quantity" or wanted.unit != "1":
        return None
    grades = {grade for words in said if words and (grade := read_grade(words)) is not None}
    return in_unit(Interval.exactly(grades.pop()), wanted.unit, wanted) if len(grades) == 1 else None


def _day(value: str, wanted: Wanted) -> Days:
    day = days(value)
    if wanted.type != "date" or day is None:
        raise Unreadable("its value is not a day" if day is None else "a day was found where none is meant")
    return day


def write_value(value: Value, wanted: Wanted) -> dict[str, Any]:
    """Write the ``value[x]`` that reads back as this value.

    Raises Unreadable for a code, which its own kind of evidence writes.
    """
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
    """Write a span of days as a FHIR date of that precision."""
    if day.first == day.last:
        return day.first.isoformat()
    return day.first.isoformat()[:7] if day.first.month == day.last.month else str(day.first.year)
