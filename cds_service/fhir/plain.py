"""Plain resources: those that are FHIR beyond doubt, told in microseconds and without building the library's objects.

The shapes are read from the models of ``fhir.resources``, element by element, so FHIR is written down nowhere else. What is not
plain is not wrong: an extension, a leap second or a name in other letters only means that the library has to look.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from math import isfinite
from typing import Any

from fhir_core.types import Code, Date, DateTime, Decimal, FhirBase, Id, Instant, Integer, PositiveInt, String, UnsignedInt, Uri
from pydantic import BaseModel
from pydantic.fields import FieldInfo

Told = Callable[[Any], bool]
"""Tells whether a value is plain."""
_CODE = re.compile(r"[!-~]+(?: [!-~]+)*")
_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
_URI = re.compile(r"[!-~]+")
_VISIBLE = re.compile(r"[!-~]")
_FRACTION = re.compile(r"\.\d{7}|:60")
"""What a datetime of Python cannot hold."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The plain elements of a type, those that it must have, and the choices (``value[x]``) of which it may have one.

    ``required_choices`` are those among them of which it must have one.
    """

    elements: Mapping[str, Told]
    required: frozenset[str] = frozenset()
    choices: tuple[frozenset[str], ...] = ()
    required_choices: tuple[frozenset[str], ...] = field(default=())

    def holds(self, value: Mapping[str, Any], read: Collection[str] | None = None) -> bool:
        """Whether every element is plain; of those that are not in ``read``, only that they do no harm to the others."""
        names = value.keys()
        if not self.required <= names:
            return False
        elements = self.elements
        for name, given in value.items():
            if read is not None and name not in read and not (name.startswith("value") and "value" in read):
                if given is None or name == "contained":
                    return False
                continue
            told = elements.get(name)
            if told is None or not told(given):
                return False
        for choice in self.choices:
            if len(choice.intersection(names)) > 1:
                return False
        return not any(choice.isdisjoint(names) for choice in self.required_choices)


def is_plain(resource: Mapping[str, Any], model: type[BaseModel], read: Collection[str] | None = None) -> bool:
    """Whether a resource is surely valid by a model of ``fhir.resources``; with ``read``, in those elements."""
    return _shape(model).holds(resource, read)


@lru_cache(maxsize=512)
def _shape(model: type[BaseModel]) -> Shape:
    elements: dict[str, Told] = {}
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
        told = _told(info)
        if told is not None:
            elements[written] = told
    kind = model.__dict__.get("__resource_type__")
    if hasattr(model, "has_resource_base") and model.has_resource_base():
        elements["resourceType"] = lambda value: bool(value == kind)
    required_choices = tuple(frozenset(choices[choice]) for choice in needed)
    return Shape(elements, frozenset(required), tuple(frozenset(names) for names in choices.values()), required_choices)


def _told(info: FieldInfo) -> Told | None:
    """The test of one element; None for a type that has no plain form here."""
    kind: Any = info.annotation
    listed = False
    while typing.get_origin(kind) is not None and typing.get_origin(kind) is not typing.Annotated:
        listed = listed or typing.get_origin(kind) is list
        kind = next((one for one in typing.get_args(kind) if one is not type(None)), None)
    told = _of_type(kind, [*info.metadata, *typing.get_args(kind)[1:]])
    if told is None or not listed:
        return told
    one = told
    return lambda value: isinstance(value, list) and False not in [one(item) for item in value]


def _of_type(kind: Any, constraints: list[Any]) -> Told | None:
    if isinstance(kind, type) and issubclass(kind, FhirBase):
        return _object(kind)
    if kind is bool:
        return lambda value: value is True or value is False
    for constraint in constraints:
        for type_, told in _PRIMITIVES.items():
            if type(constraint) is type_:
                return told(constraint)
    return None


def _object(kind: type[FhirBase]) -> Told | None:
    """A complex type. Its model is read when the first value of it comes: most never do."""
    if kind.__name__ in ("ResourceType", "ElementType"):
        return None
    shapes: list[Shape] = []

    def told(value: Any) -> bool:
        if not isinstance(value, dict):
            return False
        if not shapes:
            shapes.append(_shape(kind.get_model_klass()))
        return shapes[0].holds(value)

    return told


def _matches(pattern: re.Pattern[str]) -> Told:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_visible(value: Any) -> bool:
    return isinstance(value, str) and _VISIBLE.search(value) is not None


def _is_day(pattern: re.Pattern[str]) -> Told:
    """A date or dateTime of the library's own pattern whose day is in the calendar."""

    def told(value: Any) -> bool:
        if not isinstance(value, str) or not value.isascii() or pattern.fullmatch(value) is None or _FRACTION.search(value):
            return False
        return len(value) < 10 or _is_in_calendar(value[:10])

    return told


def _is_in_calendar(day: str) -> bool:
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and isfinite(value) and abs(value) < 1e15


def _is_integer(constraint: Integer) -> Told:
    low, high = constraint.min_length, constraint.max_length
    return lambda value: type(value) is int and low <= value <= high


_PRIMITIVES: dict[type, Callable[[Any], Told]] = {
    Code: lambda _: _matches(_CODE),
    Id: lambda _: _matches(_ID),
    Uri: lambda _: _matches(_URI),
    String: lambda _: _is_visible,
    Date: lambda one: _is_day(one.pattern),
    DateTime: lambda one: _is_day(one.pattern),
    Instant: lambda one: _is_day(one.pattern),
    Decimal: lambda _: _is_number,
    Integer: _is_integer,
    UnsignedInt: _is_integer,
    PositiveInt: _is_integer,
}
