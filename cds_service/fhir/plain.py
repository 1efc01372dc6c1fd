"""Recognizes resources that are valid FHIR beyond doubt.

That takes microseconds, since the library's objects are not built. The shapes are read from the models of
``fhir.resources``, element by element, so FHIR is written down nowhere else. What is not plain is not wrong: an
extension, a leap second or a name in other letters only means that the library has to look.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Collection
from datetime import date
from functools import lru_cache
from math import isfinite
from typing import Any, Final

from fhir_core.types import (
    Code,
    Date,
    DateTime,
    Decimal,
    FhirBase,
    Id,
    Instant,
    Integer,
    Markdown,
    PositiveInt,
    String,
    UnsignedInt,
    Uri,
)
from pydantic import BaseModel
from pydantic.fields import FieldInfo

_CODE: Final = re.compile(r"[!-~]+(?: [!-~]+)*")
_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,64}")
_URI: Final = re.compile(r"[!-~]+")
_VISIBLE: Final = re.compile(r"[!-~]")
_FRACTION: Final = re.compile(r"\.\d{7}|:60")
"""What Python's datetime cannot hold: finer fractions, leap seconds."""


class Element:
    """The test of one element.

    Here it holds for no value; the classes below hold for values of one type.
    """

    def holds(self, value: Any) -> bool:
        """Tell whether a value is plain."""
        return False


class Shape:
    """The plain elements of a type.

    ``required`` are those that it must have. ``choices`` are groups (``value[x]``) of which it may have one element
    each, and ``required_choices`` the groups of which it must have one.
    """

    def __init__(
        self,
        elements: dict[str, Element],
        required: frozenset[str],
        choices: tuple[frozenset[str], ...],
        required_choices: tuple[frozenset[str], ...],
    ) -> None:
        self.elements = elements
        self.required = required
        self.choices = choices
        self.required_choices = required_choices

    def holds(self, value: dict[str, Any], read: Collection[str] | None = None) -> bool:
        """Tell whether every element is plain.

        With ``read``, other elements need only do no harm to those named there.
        """
        names = value.keys()
        if not self.required <= names:
            return False
        elements = self.elements
        for name, given in value.items():
            if read is not None and name not in read and not (name.startswith("value") and "value" in read):
                if given is None or name == "contained":
                    return False
                continue
            if name not in elements or not elements[name].holds(given):
                return False
        for choice in self.choices:
            if len(choice.intersection(names)) > 1:
                return False
        return not self.required_choices or True not in [choice.isdisjoint(names) for choice in self.required_choices]


def is_plain(resource: dict[str, Any], model: type[BaseModel], read: Collection[str] | None = None) -> bool:
    """Tell whether a resource is surely valid by a model.

    The model is one of ``fhir.resources``. With ``read``, only those elements must be.
    """
    return _shape(model).holds(resource, read)


@lru_cache(maxsize=512)
def _shape(model: type[BaseModel]) -> Shape:
    elements: dict[str, Element] = {}
    required: set[str] = set()
    choices: dict[str, set[str]] = {}
    needed: set[str] = set()
    for name, info in model.model_fields.items():
        known = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
        if name.endswith("__ext") or not known.get("element_property"):
            continue
        written = info.alias or name
        if info.is_required() or known.get("element_required"):
            required.add(written)
        choice = known.get("one_of_many")
        if isinstance(choice, str):
            choices.setdefault(choice, set()).add(written)
            if known.get("one_of_many_required"):
                needed.add(choice)
        element = _element(info)
        if element is not None:
            elements[written] = element
    kind = model.__dict__.get("__resource_type__")
    if hasattr(model, "has_resource_base") and model.has_resource_base():
        elements["resourceType"] = _Being(kind)
    required_choices = tuple(frozenset(choices[choice]) for choice in needed)
    return Shape(elements, frozenset(required), tuple(frozenset(names) for names in choices.values()), required_choices)


def _element(info: FieldInfo) -> Element | None:
    """Return the test of one element.

    Returns None for a type that has no plain form here.
    """
    kind: Any = info.annotation
    listed = False
    while typing.get_origin(kind) is not None and typing.get_origin(kind) is not typing.Annotated:
        listed = listed or typing.get_origin(kind) is list
        kind = next((one for one in typing.get_args(kind) if one is not type(None)), None)
    element = _of_type(kind, [*info.metadata, *typing.get_args(kind)[1:]])
    return _Each(element) if listed and element is not None else element


def _of_type(kind: Any, constraints: list[Any]) -> Element | None:
    if isinstance(kind, type) and issubclass(kind, FhirBase):
        return None if kind.__name__ in ("ResourceType", "ElementType") else _Object(kind)
    if kind is bool:
        return _Boolean()
    for constraint in constraints:
        for type_, made in _PRIMITIVES.items():
            if type(constraint) is type_:
                return made(constraint)
    return None


class _Each(Element):
    """A list in which every item is plain."""

    def __init__(self, one: Element) -> None:
        self._one = one

    def holds(self, value: Any) -> bool:
        return isinstance(value, list) and False not in [self._one.holds(item) for item in value]


class _Object(Element):
    """A complex type.

    Its model is read only when the first value of the type comes: for most, none ever does.
    """

    def __init__(self, kind: type[FhirBase]) -> None:
        self._kind = kind
        self._shape: Shape | None = None

    def holds(self, value: Any) -> bool:
        if not isinstance(value, dict):
            return False
        if self._shape is None:
            self._shape = _shape(self._kind.get_model_klass())
        return self._shape.holds(value)


class _Being(Element):
    """Exactly one value."""

    def __init__(self, only: Any) -> None:
        self._only = only

    def holds(self, value: Any) -> bool:
        return bool(value == self._only)


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
