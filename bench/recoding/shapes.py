"""Other shapes of the same JSON: lone objects for lists, nulls and empty lists, numbers as decimals, siblings of primitives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from bench.recoding.places import Json, World, chart, codings, concepts, dicts, drafts
from bench.recoding.rewrite import Rewrite
from cds_service.fhir.resource_types import TYPES

Resources = Callable[[Json], list[Json]]
EXTENSION = {"url": "http://ehr.example/fhir/StructureDefinition/where-kept", "valueString": "A3"}
"""An extension of the client's own that says nothing."""


def _lone(where: Resources, chance: float = 1.0, only: str = "") -> Callable[[Json, World], bool]:
    """Lists of one object as the object, as clients write them whose JSON is made from XML; ``chance`` of each."""

    def apply(request: Json, world: World) -> bool:
        changed = False
        for resource in where(request):
            for one in list(dicts(resource)):
                for name, value in one.items():
                    alone = isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict)
                    if alone and (not only or name == only) and world.random.random() < chance:
                        one[name] = value[0]
                        changed = True
        return changed

    return apply


def _clients_elements(resource: Json) -> Iterator[str]:
    """The elements of a record that are read and that it does not have."""
    kind = TYPES.get(resource["resourceType"])
    for name in sorted(kind.sound | kind.looked_at) if kind else ():
        if name not in resource and name != "value":
            yield name


def _left(value: Any, where: Resources) -> Callable[[Json, World], bool]:
    """Every element that a record does not have, as a client leaves it whose writer knows all of them."""

    def apply(request: Json, world: World) -> bool:
        changed = False
        for resource in where(request):
            for name in [*_clients_elements(resource), "note", "partOf", "performer"]:
                if name not in resource:
                    resource[name] = value
                    changed = True
        return changed

    return apply


def _nulls_inside(request: Json, world: World) -> bool:
    changed = False
    for resource in chart(request):
        for coding in codings(resource):
            for name in ("display", "version", "userSelected"):
                coding.setdefault(name, None)
            changed = True
        for concept in concepts(resource):
            concept.setdefault("text", None)
            concept["coding"].append(None)
    return changed


def _decimals(request: Json, world: World) -> bool:
    """Every whole number as a decimal: 3 as 3.0 or 3E0, as writers do that hold all numbers as floats."""
    changed = False
    for resource in chart(request):
        for one in dicts(resource):
            for name, value in one.items():
                if type(value) is int:
                    one[name] = float(value)
                    changed = True
    return changed


def _whole(request: Json, world: World) -> bool:
    changed = False
    for resource in chart(request):
        for one in dicts(resource):
            for name, value in one.items():
                if type(value) is float and value == int(value):
                    one[name] = int(value)
                    changed = True
    return changed


def _siblings(where: Resources) -> Callable[[Json, World], bool]:
    """Each primitive of a record with a sibling that holds its id and an extension of the client's own."""

    def apply(request: Json, world: World) -> bool:
        for resource in where(request):
            for name, value in list(resource.items()):
                if isinstance(value, str | int | float | bool) and name != "resourceType":
                    resource[f"_{name}"] = {"id": f"e-{name}", "extension": [dict(EXTENSION)]}
        return True

    return apply


def _extended(request: Json, world: World) -> bool:
    """Ids and extensions on records, concepts and codings, as clients with rules of their own have them."""
    for resource in chart(request):
        resource["extension"] = [*resource.get("extension", ()), dict(EXTENSION)]
        for concept in concepts(resource):
            concept["extension"] = [*concept.get("extension", ()), dict(EXTENSION)]
            concept["id"] = "c1"
    return True


def _selected(number: int) -> Callable[[Json, World], bool]:
    """Codings with a version and who picked them; beside them one of the client's own that a person picked."""

    def apply(request: Json, world: World) -> bool:
        changed = False
        for resource in chart(request):
            for concept in concepts(resource):
                known = list(codings({"one": concept}))
                for coding in known:
                    coding |= {"version": "2025-03", "userSelected": number == 1, "id": "picked"}
                    changed = True
                if number == 0 and known:
                    own = {"system": "urn:oid:1.2.3.4.5", "code": "77", "display": "", "userSelected": True}
                    concept["coding"] = [own, *concept["coding"]]
        return changed

    return apply


def _nameless(request: Json, world: World) -> bool:
    """Records that do not name whose they are, since the search did."""
    changed = False
    for resource in chart(request):
        for name in ("subject", "patient"):
            if resource["resourceType"] not in ("Patient", "Coverage") and resource.pop(name, None) is not None:
                changed = True
    return changed


def _surrounded(request: Json, world: World) -> bool:
    """What stands beside the elements that are read in real records: performers, notes' authors, contained people."""
    person = {"resourceType": "Practitioner", "id": "who", "name": [{"family": "Roe"}]}
    for resource in chart(request):
        resource["contained"] = [*resource.get("contained", ()), dict(person)]
        resource["language"] = "en-US"
        if resource["resourceType"] == "Patient":
            resource |= {
                "active": True,
                "name": [{"use": "official", "family": "Doe", "given": ["Jane", "Q"]}],
                "telecom": [{"system": "phone", "value": "555-0100"}],
                "contact": [{"relationship": [{"coding": [{"code": "N"}]}], "gender": "male"}],
                "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "en"}]}}],
            }
    return True


SHAPES = (
    Rewrite("lists of one as the object, in the chart", _lone(chart)),
    Rewrite("lists of one as the object, in the orders", _lone(drafts)),
    Rewrite("some lists of one as the object, in the chart", _lone(chart, 0.5)),
    Rewrite("some lists of one as the object, in the orders", _lone(drafts, 0.5)),
    Rewrite("codings as the object, in the chart", _lone(chart, only="coding")),
    Rewrite("codings as the object, in the orders", _lone(drafts, only="coding")),
    Rewrite("nulls for what is not there, in the chart", _left(None, chart)),
    Rewrite("nulls for what is not there, in the orders", _left(None, drafts)),
    Rewrite("empty lists for what is not there, in the chart", _left([], chart)),
    Rewrite("empty lists for what is not there, in the orders", _left([], drafts)),
    Rewrite("nulls inside concepts", _nulls_inside),
    Rewrite("whole numbers as decimals", _decimals),
    Rewrite("decimals as whole numbers", _whole),
    Rewrite("siblings of primitives, in the chart", _siblings(chart)),
    Rewrite("siblings of primitives, in the orders", _siblings(drafts)),
    Rewrite("extensions of the client's own", _extended),
    Rewrite("codings with versions, another picked", _selected(0)),
    Rewrite("codings with versions, picked", _selected(1)),
    Rewrite("records that do not say whose they are", _nameless),
    Rewrite("records with their surroundings", _surrounded),
)
