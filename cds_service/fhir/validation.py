"""Validation with fhir.resources (R4B models).

Validated are orders, and the few resources that a decision rests on. A fault matters only in an element that decisions
read; whatever else a client got wrong is only logged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import import_module
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ValidationError

from cds_service.fhir.elements import Resource, days, without_nothing
from cds_service.fhir.plain import is_plain
from cds_service.fhir.resource_types import READ, TYPES


class Fault(NamedTuple):
    """What is wrong with a resource, without the value it held.

    ``element`` is a path within the resource; ``said`` tells the fault. ``known`` is False for an element that FHIR
    does not know: its name is the client's own, and may be anything.
    """

    element: str
    said: str
    known: bool = True

    @property
    def top(self) -> str:
        """The resource's own element in which the fault lies."""
        return self.element.split(".")[0].split("[")[0]


def faults(resource: Resource) -> list[Fault]:
    """Find every fault of a resource by FHIR R4.

    Finds none for a type that is not validated.
    """
    model = model_of(resource)
    return [] if model is None or is_plain(resource, model) else library_faults(resource, model)


def library_faults(resource: Resource, model: type[BaseModel]) -> list[Fault]:
    """Find every fault that ``fhir.resources`` finds, even if it is plain."""
    try:
        model.model_validate(resource)
    except ValidationError as error:
        return [*map(_fault, error.errors(include_input=False, include_url=False)), *_numbers_for_days(resource)]
    except Exception:  # the models raise many kinds on hostile nesting; to a client they all mean one thing
        return [Fault("", "it cannot be read as FHIR")]
    return _numbers_for_days(resource)


def _numbers_for_days(resource: Resource) -> list[Fault]:
    """Find elements that hold a number where a day belongs.

    The library would take the number for a count of seconds, and nobody here reads it.
    """
    read = READ.get(str(resource.get("resourceType")), frozenset())
    held = {name: value for name, value in resource.items() if name in read}
    return [Fault(path, _SAID["string_type"]) for path, value in _numbers(held, "", 0) if _DAY.fullmatch(path)]


def _numbers(value: Any, path: str, depth: int) -> Iterator[tuple[str, Any]]:
    """Yield the numbers in elements of a resource, each with its path."""
    if isinstance(value, dict) and depth < _DEEPEST_DAY:
        for name, held in value.items():
            yield from _numbers(held, f"{path}.{name}" if path else name, depth + 1)
    elif isinstance(value, list) and depth < _DEEPEST_DAY:
        for at, held in enumerate(value):
            yield from _numbers(held, f"{path}[{at}]", depth + 1)
    elif isinstance(value, int | float):
        yield path, value


_SAID: Final = {
    "missing": "it is required and missing",
    "list_type": "a list is meant",
    "string_type": "a string is meant",
    "extra_forbidden": "FHIR has no such member here",
    "model_type": "an object is meant",
}


def _fault(fault: Mapping[str, Any]) -> Fault:
    """Describe a fault in our own words.

    What pydantic says may hold what the client wrote, and so may the name of an unknown member.
    """
    location = fault["loc"]
    said = _SAID.get(fault["type"], "it is not what FHIR allows")
    if fault["type"] != "extra_forbidden":
        return Fault(_path(location), said)
    return Fault(_path(location[:-1]), said) if len(location) > 1 else Fault(_path(location), said, known=False)


def decisive(resource: Resource, found: list[Fault]) -> list[Fault]:
    """Return the faults in elements that decisions read.

    Left out are faults that are read correctly all the same: a lone object where FHIR has a list (a list of one); null,
    an empty string, list or object (nothing); a time without zone, or with a zone that FHIR writes otherwise (the day
    counts); blanks around a code, a label for its system, and a number in a string (those who read them cope).
    """
    read = READ.get(str(resource.get("resourceType")), frozenset())
    model = model_of(resource) if found else None
    if model is not None and (kept := without_nothing(resource)) != resource:
        resource = kept
        found = [fault for fault in library_faults(kept, model) if fault.top in kept or not fault.element or fault in found]
    return [
        fault
        for fault in found
        if (not fault.element or fault.top in read or (fault.top.startswith("value") and "value" in read))
        and not (fault.said == _SAID["list_type"] and isinstance(_at(resource, fault.element), dict))
        and not (is_of_day(fault) and _says_day(_at(resource, fault.element)))
        and not (_READ_AS_WRITTEN.search(fault.element) and isinstance(_at(resource, fault.element), str))
    ]


_DAY: Final = re.compile(
    r"(?:.*\.)?(?:\w*(?:DateTime|Date|Instant)|authoredOn|authored|issued|created|date|start|end|event\[\d+\])"
)
_READ_AS_WRITTEN: Final = re.compile(r"(?:oding(?:\[\d+\])?\.(?:system|code)|(?:Quantity|low|high)\.(?:value|unit|code|system))$")
"""Elements where any string is read as it stands.

Whoever reads it finds a code, a system or a number, or none.
"""
_LONGEST_TIME: Final = 40
_DEEPEST_DAY: Final = 8
_ODD_TIME: Final = re.compile(
    r"\s*\d{4}-\d\d-\d\d(?:[Tt ]\d\d(?::\d\d(?::\d\d(?:\.\d{1,9})?)?)?\s?(?:[Zz]|[+-]\d\d(?::?\d\d)?)?)?\s*", re.ASCII
)
"""A day with a time that FHIR writes otherwise.

It may lack the zone, have ``+0000``, or a blank.
"""
_STEP: Final = re.compile(r"\w+")


def is_of_day(fault: Fault) -> bool:
    """Tell whether a fault is in an element that holds a time.

    That is a day or a moment.
    """
    return fault.known and _DAY.fullmatch(fault.element) is not None


def _says_day(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST_TIME and bool(_ODD_TIME.fullmatch(value)) and days(value) is not None


def _at(resource: Resource, path: str) -> Any:
    """Return what stands at the path of a fault."""
    place: Any = resource
    for step in _STEP.findall(path):
        if isinstance(place, dict):
            place = place.get(step)
        elif isinstance(place, list) and step.isdecimal() and int(step) < len(place):
            place = place[int(step)]
        else:
            return None
    return place


def unusable_reason(resource: Resource) -> str | None:
    """Say in words why a resource cannot be evidence.

    The words are for the trace; None when it can be.
    """
    model = model_of(resource)
    if model is None or is_plain(resource, model, READ[resource["resourceType"]]):
        return None
    kind = TYPES[resource["resourceType"]]
    found = [
        fault
        for fault in decisive(resource, library_faults(resource, model))
        if fault.element != kind.subject or fault.said != _SAID["missing"]  # whose it is, the search has said
    ]
    if not found:
        return None
    return f"it is not valid FHIR: {found[0].element}: {found[0].said}" if found[0].element else found[0].said


def _path(location: tuple[int | str, ...]) -> str:
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else str(step)
    return path


def model_of(resource: Resource) -> type[BaseModel] | None:
    """Return the model of a resource.

    Returns None for a type that is not validated.
    """
    kind = resource.get("resourceType")
    return _model(kind) if isinstance(kind, str) and kind in READ else None


@lru_cache(maxsize=64)
def _model(kind: str) -> type[BaseModel]:
    found: Any = getattr(import_module(f"fhir.resources.R4B.{kind.lower()}"), kind)
    model: type[BaseModel] = found
    return model
