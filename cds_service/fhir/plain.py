"""Recognizes resources that are valid FHIR beyond doubt.

That takes microseconds, since the library's objects are not built. The shapes are read from the models of
``fhir.resources``, element by element, so FHIR is written down nowhere else. What is not plain is not wrong: an
extension, a leap second or a name in other letters only means that the library has to look.
"""

from __future__ import annotations

import typing
from collections.abc import Collection
from functools import lru_cache
from typing import Any

from fhir_core.types import FhirBase
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cds_service.fhir.plain_values import Element, of_primitive


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
    return of_primitive(kind, constraints)


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
