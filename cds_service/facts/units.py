"""Units of measure: UCUM's, and the customary names for them.

UCUM is known as far as medicine needs it; the names are those that laboratories and clinics write. No library is loaded
and nothing is computed beyond two figures of exponent, so a unit costs microseconds whatever it says. Where a name
means several things (``K/uL``: thousands, or kelvin), the first that measures what is wanted is meant.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from cds_service.facts.unit_names import AS_A_WHOLE, ATOMS, CUSTOMARY, METRIC, OFFSETS, PREFIXES, Measure

LONGEST: Final = 40
"""Longest unit that is looked at, in characters.

What is longer is no unit.
"""
NUMBERS: Final = frozenset({"1", "2", "3", "4", "6", "8", "10", "12", "24", "48", "72", "100", "1000"})
"""Numbers that may stand in a unit (``mg/24h``).

Others may not: ``103/uL`` once was ``10^3/uL``.
"""
SYMBOLS: Final[dict[str, Measure]] = ATOMS | {
    f"{prefix}{symbol}": (size * times, dimensions)
    for prefix, times in PREFIXES.items()
    for symbol, (size, dimensions) in METRIC.items()
}
"""Every unit of UCUM that is known, as it is written."""
_SMALL: Final = {symbol.lower(): measure for symbol, measure in reversed(SYMBOLS.items())}

_ANNOTATION: Final = re.compile(r"\{[^{}]*\}")
_BODY_SURFACE: Final = re.compile(r"\{?\(?1[.,]73[ _*.]?(?:m(?:2|\^2|\*\*2|²)|sq\.? ?m|m)\)?\}?", re.IGNORECASE)
_ANNOTATED_ONE: Final = re.compile(r"(^|[./])\{[^{}]*\}")
_SQUARE: Final = re.compile(r"\b(?:sq|square)[. ]{0,2}(?:m|meters?)\b")
_CUBIC: Final = re.compile(r"\b(?:cu|cubic)[. ]{0,2}(?:mm|millimeters?)\b")
_RAISED: Final = re.compile(r"10(?=[⁰¹²³⁴-⁹])")
_POWER: Final = re.compile(r"(?:\bx|(?<!\w))\s?10\s?(?:\^|\*\*?|e|x|exp|\(|\s(?=\d))\s?([+-]?\d{1,2})\)?(?!\d)\s?")
_TIMES_THOUSAND: Final = re.compile(r"\bx\s?1,?000\b")
_TEN: Final = re.compile(r"10[*^]([+-]?\d{1,2})?", re.ASCII)
_FACTOR: Final = re.compile(r"(\d{1,4})?([A-Za-z%#\[\]'_]*)(?:\^?([+-]?[1-4]))?", re.ASCII)
_SLASH: Final = re.compile(r"\s?(?:/|\bper\b)\s?")
_SEPARATORS: Final = re.compile(r"([./])")
_COUNTED: Final = re.compile(r"(?<=\d) (?=[a-z])")
_TWO_NUMBERS: Final = re.compile(r"\d \d")
_WRITTEN_OTHERWISE: Final = str.maketrans(dict(zip("µμ\u00d7º˚⁰¹²³⁴⁵⁶⁷⁸⁹", "uux°°0123456789", strict=True)))
_ONE: Final[Measure] = (1.0, ())


class UnknownUnit(ValueError):
    """The unit is not known, or does not measure the same thing."""


class OutOfReach(UnknownUnit):
    """The number becomes infinite or vanishes in the other unit."""


def ucum(unit: str) -> str:
    """Return the UCUM code of a unit's customary name.

    The name must be that of the unit as a whole. Returns ``1`` for no unit and for an annotation, and anything else as
    it is.
    """
    bare = unit.strip()
    if not bare or _ANNOTATION.fullmatch(bare):
        return "1"
    return AS_A_WHOLE.get(_folded(bare).replace(" ", ""), bare)


def is_unit(unit: str) -> bool:
    """Tell whether a unit is known, by UCUM or customary name."""
    return len(unit) <= LONGEST and (bool(_readings(unit)) or ucum(unit) in OFFSETS)


def scale(unit: str, wanted: str) -> tuple[float, float]:
    """Return factor and offset from ``unit`` to ``wanted``.

    An annotation that names a measure (``{PacksPerDay}``, ``{Years}``) is that measure, and not a bare count.
    Raises UnknownUnit when there are none.
    """
    found = _scale(unit, wanted) if len(unit) <= LONGEST else None
    if found is None:
        raise UnknownUnit(f"'{unit[:LONGEST]}' is not a unit that converts to {wanted}")
    return found


@lru_cache(maxsize=4096)
def _scale(unit: str, wanted: str) -> tuple[float, float] | None:
    if _counts_another(unit, wanted):
        return None
    source, target = ucum(unit), ucum(wanted)
    named = _annotated(unit.strip())
    if source == target and not (named and named[1]):
        return 1.0, 0.0
    if source in OFFSETS and target in OFFSETS:
        (per, zero), (target_per, target_zero) = OFFSETS[source], OFFSETS[target]
        return per / target_per, (zero - target_zero) / target_per
    for target_size, dimensions in _readings(wanted)[:1]:
        for size, measured in (named,) if named and named[1] else _readings(unit):
            factor = size / target_size
            if measured == dimensions and factor > 0 and math.isfinite(factor):
                return factor, 0.0
    return None


def _counts_another(unit: str, wanted: str) -> bool:
    """Tell whether a unit counts cigarettes or packs.

    Their number is none of pack-years, nor of packs a day.
    """
    small = unit.strip().lower()
    return ("cig" in small and "cig" not in wanted.lower()) or small in {"{pack}", "{packs}"}


_DUST: Final = 1e-9
"""The part of a number that is dust where a shorter number is so near.

A number that was converted before, and rounded, is the same number again.
"""


def convert(number: float, unit: str, wanted: str) -> float:
    """Convert a number from ``unit`` to ``wanted``.

    The result is rounded, so that it is free of binary dust, and of what the sender rounded away: 55 mm[Hg] sent as
    7.332731308 kPa are 55. Raises UnknownUnit; OutOfReach for a number that becomes infinite or vanishes.
    """
    factor, offset = scale(unit, wanted)
    if (factor, offset) == (1.0, 0.0):
        return number
    found = number * factor + offset
    if not math.isfinite(found):
        raise OutOfReach(f"the number is too great to be told in {wanted}")
    found = shorter if abs(found - (shorter := round(found, 6))) <= _DUST * abs(found) else round(found, 9)
    if found == 0 and number != 0 and offset == 0:
        raise OutOfReach(f"the number is too small to be told in {wanted}")
    return found


@lru_cache(maxsize=4096)
def _readings(unit: str) -> tuple[Measure, ...]:
    """Return what a unit may mean, the strictest reading first.

    It is read as UCUM, as a whole customary name, and as parts with customary names.
    """
    bare = _BODY_SURFACE.sub("[bsa]", unit.strip())
    whole = ucum(bare)
    strict = [_product(_without_annotations(written), SYMBOLS) for written in dict.fromkeys((bare, whole))]
    return tuple([found for found in (*strict, _product(_customary(bare), _NAMES), _annotated(bare)) if found is not None])


def _annotated(unit: str) -> Measure | None:
    """Return what an annotation alone names (``{weeks}``).

    Some interfaces write a unit so.
    """
    if not _ANNOTATION.fullmatch(unit) or len(unit) == 2:
        return None
    whole = AS_A_WHOLE.get(_folded(unit[1:-1]).replace(" ", ""))
    return _product(_without_annotations(whole), SYMBOLS) if whole else _product(_customary(unit[1:-1]), _NAMES)


def _without_annotations(unit: str) -> str:
    return _ANNOTATION.sub("", _ANNOTATED_ONE.sub(r"\g<1>1", unit))


def _folded(unit: str) -> str:
    return " ".join(unit.translate(_WRITTEN_OTHERWISE).lower().split())


def _customary(unit: str) -> str:
    """Write a unit in lower case with its parts separated.

    Its powers of ten stand as UCUM writes them, its parts between dots and slashes.
    """
    folded = _folded(_RAISED.sub("10^", _without_annotations(unit))).replace("**", "^")
    folded = _SLASH.sub("/", _CUBIC.sub("mm3", _SQUARE.sub("m2", folded)))
    folded = _TIMES_THOUSAND.sub("1000", _POWER.sub(r".10*\1.", folded)).replace("(", "").replace(")", "")
    if _TWO_NUMBERS.search(folded):
        return ""
    return _COUNTED.sub("", folded).replace(" ", ".").rstrip(".")


def _product(unit: str, known: Mapping[str, Measure]) -> Measure | None:
    """Return the measure of a product of factors.

    ``known`` are the symbols that are known; None where a factor is not among them.
    """
    size, divides = 1.0, False
    powers: dict[str, int] = {}
    parts = _SEPARATORS.split(unit)
    if parts[-1] == "" and (len(parts) > 1 or unit.strip() == ""):
        return None
    for part in parts:
        if part == "":
            continue
        if part in "./":
            divides = part == "/"
            continue
        factor = _factor(part, known, divides)
        if factor is None:
            return None
        size = size / factor[0] if divides else size * factor[0]
        for name, power in factor[1]:
            powers[name] = powers.get(name, 0) + (-power if divides else power)
    if not math.isfinite(size) or size <= 0:
        return None
    return size, tuple(sorted((name, power) for name, power in powers.items() if power))


def _factor(part: str, known: Mapping[str, Measure], divides: bool) -> Measure | None:
    """Return the measure of one factor.

    It is a power of ten, a symbol with its exponent, or a number. Nothing is divided by a bare number.
    """
    ten = _TEN.fullmatch(part)
    if ten:
        return 10.0 ** int(ten.group(1) or 1), ()
    found = _FACTOR.fullmatch(part)
    if not found:
        return None
    number, symbol, exponent = found.groups()
    if number and (number not in NUMBERS or (exponent and not symbol)):
        return None
    if not symbol:
        return (float(number), ()) if number and (number == "1" or not divides) else None
    measure = known.get(symbol)
    if measure is None:
        return None
    power = int(exponent or 1)
    size = measure[0] ** power * (float(number) if number else 1.0)
    return size, tuple((name, each * power) for name, each in measure[1])


def _named() -> dict[str, Measure]:
    """Return every name in lower case with its measure.

    They are UCUM's symbols and the customary names, which take precedence.
    """
    found = dict(_SMALL)
    for name, code in CUSTOMARY.items():
        measure = _product(code, SYMBOLS)
        if measure is None:
            raise ValueError(f"'{name}' is the name of '{code}', which is no unit")
        found[name] = measure
    return found


_NAMES: Final = _named()
"""Names of units in lower case, with their measures."""
