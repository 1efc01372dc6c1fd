"""What the catalogue wants of a fact's value.

Here a value that was found is brought to it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from cds_service.facts.units import OutOfReach, UnknownUnit, convert
from cds_service.fhir.value_sets import Carried
from cds_service.policy.values import Interval, Value


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the catalogue wants of a fact's value.

    That is its type, its unit and plausible range, or its choices; and the question of a form. ``of_order`` tells
    whether that asks about the order itself.
    """

    name: str
    type: str
    unit: str
    low: float
    high: float
    choices: tuple[str, ...]
    question: str = ""
    of_order: bool = False


SAYS_NOT_WHICH: Final = "the code does not say which"
"""Note on a code that is held but carries no value.

It leaves the fact open.
"""


class Need(NamedTuple):
    """A search that a kind of evidence needs.

    It is for a resource type, narrowed to the codes of value sets where that pays. ``beside`` marks what other searches
    mostly hold as well: it is asked for and read, and a silence does not rest on it.
    """

    resource: str
    value_sets: tuple[str, ...] = ()
    beside: bool = False


class Unreadable(ValueError):
    """Something found has no usable value.

    The message says why, in words for the trace.
    """


def carried_value(carried: Carried | None, wanted: Wanted, otherwise: Value | None = None) -> Value:
    """Return the value that a code stands for, in the fact's unit.

    Returns ``otherwise`` when the code carries none. Raises Unreadable.
    """
    if carried is None:
        if otherwise is None:
            raise Unreadable(SAYS_NOT_WHICH)
        return otherwise
    if isinstance(carried.value, Interval):
        return in_unit(carried.value, carried.unit, wanted)
    return fitting(carried.value, wanted)


def quoted(unit: str) -> str:
    """Quote a unit in a note, if it looks like one.

    It must be short and made of the characters of units; else it is left out.
    """
    return f", '{unit}'," if re.fullmatch(r"[A-Za-z0-9%/*^_{}\[\]]{1,20}", unit) else ""


_SCORE: Final = "{score}"
_OUT_OF: Final = re.compile(r"\s*(?:points?|pts?|score)?\s*(?:/|out of|of)\s*(\d{1,3})\s*", re.IGNORECASE | re.ASCII)
"""The unit of a score that names the highest: ``/30``. It is that of a scale as long as the fact's, and of no other."""


def in_unit(interval: Interval, unit: str, wanted: Wanted) -> Interval:
    """Convert a number to the unit of the fact.

    Raises Unreadable where it does not convert, or lies outside the plausible range.
    """
    if wanted.type != "quantity":
        raise Unreadable("a number was found where none is meant")
    if wanted.unit == _SCORE and (whole := _OUT_OF.fullmatch(unit)) and float(whole[1]) == wanted.high:
        unit = _SCORE
    try:
        low, high = (bound if math.isinf(bound) else convert(bound, unit, wanted.unit) for bound in (interval.low, interval.high))
    except OutOfReach:
        raise Unreadable("it is not a plausible value") from None
    except UnknownUnit:
        raise Unreadable(f"its unit{quoted(unit)} does not convert to {wanted.unit}") from None
    if low > wanted.high or high < wanted.low:
        raise Unreadable("it is not a plausible value")
    return Interval(low, high, interval.low_open, interval.high_open)


def fitting(value: Value, wanted: Wanted) -> Value:
    """Return a value that has the type of the fact.

    Raises Unreadable where it has another.
    """
    match wanted.type, value:
        case ("boolean", bool()) | ("quantity", Interval()):
            return value
        case "choice", str() if value in wanted.choices:
            return value
        case "choice", str():
            raise Unreadable(f"it is none of {', '.join(wanted.choices)}")
        case _:
            raise Unreadable(f"its value is not a {wanted.type}")
