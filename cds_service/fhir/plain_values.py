"""Recognizes values of primitive types that are valid FHIR beyond doubt.

The bounds and the patterns of dates are those of ``fhir.resources``; the other patterns here allow no more than FHIR does.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from math import isfinite
from typing import Any, Final

from fhir_core.types import (
    Code,
    Date,
    DateTime,
    Decimal,
    Id,
    Instant,
    Integer,
    Markdown,
    PositiveInt,
    String,
    UnsignedInt,
    Uri,
)

_CODE: Final = re.compile(r"[!-~]+(?: [!-~]+)*")
_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,64}")
_URI: Final = re.compile(r"[!-~]+")
_VISIBLE: Final = re.compile(r"[!-~]")
_FRACTION: Final = re.compile(r"\.\d{7}|:60")
"""What Python's datetime cannot hold: finer fractions, leap seconds."""


class Element:
    """The test of one element.

    Here it holds for no value; what is made of it holds for values of one type.
    """

    def holds(self, value: Any) -> bool:
        """Tell whether a value is plain."""
        return False


class _Boolean(Element):
    def holds(self, value: Any) -> bool:
        return value is True or value is False


class _Matching(Element):
    """A string that matches a pattern as a whole."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern

    def holds(self, value: Any) -> bool:
        return isinstance(value, str) and self._pattern.fullmatch(value) is not None


class _Visible(Element):
    """A string with at least one visible character."""

    def holds(self, value: Any) -> bool:
        return isinstance(value, str) and _VISIBLE.search(value) is not None


class _Day(Element):
    """A date or dateTime that matches the library's pattern and exists.

    The day must be in the calendar.
    """

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern

    def holds(self, value: Any) -> bool:
        if not isinstance(value, str) or not value.isascii() or self._pattern.fullmatch(value) is None or _FRACTION.search(value):
            return False
        return len(value) < 10 or _is_in_calendar(value[:10])


def _is_in_calendar(day: str) -> bool:
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True


class _Number(Element):
    def holds(self, value: Any) -> bool:
        return type(value) in (int, float) and isfinite(value) and abs(value) < 1e15


class _Whole(Element):
    """A whole number between two bounds, both included."""

    def __init__(self, low: int, high: int) -> None:
        self._low, self._high = low, high

    def holds(self, value: Any) -> bool:
        return type(value) is int and self._low <= value <= self._high


def _whole(constraint: Integer) -> Element:
    return _Whole(constraint.min_length, constraint.max_length)


_PRIMITIVES: Final[dict[type, Callable[[Any], Element]]] = {
    Code: lambda _: _Matching(_CODE),
    Id: lambda _: _Matching(_ID),
    Uri: lambda _: _Matching(_URI),
    String: lambda _: _Visible(),
    Markdown: lambda _: _Visible(),
    Date: lambda one: _Day(one.pattern),
    DateTime: lambda one: _Day(one.pattern),
    Instant: lambda one: _Day(one.pattern),
    Decimal: lambda _: _Number(),
    Integer: _whole,
    UnsignedInt: _whole,
    PositiveInt: _whole,
}


def of_primitive(kind: Any, constraints: list[Any]) -> Element | None:
    """Return the test of the values of a primitive type.

    ``constraints`` are what the library's model adds to the type of Python. Returns None for a type that has no plain
    form here.
    """
    if kind is bool:
        return _Boolean()
    for constraint in constraints:
        for type_, made in _PRIMITIVES.items():
            if type(constraint) is type_:
                return made(constraint)
    return None
