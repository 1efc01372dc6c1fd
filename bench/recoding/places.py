"""The places of an order-sign request: its drafts, the resources of its chart, their codings, quantities and references."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from cds_service.content.content import Content

Json = dict[str, Any]


@dataclass(frozen=True)
class World:
    """What a rewrite may look at: the content, and chance that is the same for the same pair."""

    content: Content
    random: Random


def again(value: Any) -> Any:
    """A copy of a JSON value."""
    return json.loads(json.dumps(value))


def drafts(request: Json) -> list[Json]:
    """The draft orders."""
    return [entry["resource"] for entry in request["context"]["draftOrders"]["entry"]]


def chart(request: Json) -> list[Json]:
    """The resources of the chart, as they were prefetched."""
    found: list[Json] = []
    for value in request["prefetch"].values():
        if isinstance(value, dict) and value.get("resourceType") == "Bundle":
            found += [entry["resource"] for entry in value.get("entry", ())]
        elif isinstance(value, dict):
            found.append(value)
    return found


def everything(request: Json) -> list[Json]:
    """Drafts and chart."""
    return [*drafts(request), *chart(request)]


def dicts(node: Any) -> Iterator[Json]:
    """Every object in a JSON value, the outer ones first."""
    if isinstance(node, dict):
        yield node
        for value in list(node.values()):
            yield from dicts(value)
    elif isinstance(node, list):
        for value in node:
            yield from dicts(value)


def concepts(node: Any) -> Iterator[Json]:
    """Every CodeableConcept with codings."""
    return (one for one in dicts(node) if isinstance(one.get("coding"), list))


def codings(node: Any) -> Iterator[Json]:
    """Every Coding with a system and a code."""
    for concept in concepts(node):
        for coding in concept["coding"]:
            if isinstance(coding, dict) and isinstance(coding.get("system"), str) and isinstance(coding.get("code"), str):
                yield coding
    for one in dicts(node):
        held = one.get("valueCoding")
        if isinstance(held, dict) and isinstance(held.get("system"), str) and isinstance(held.get("code"), str):
            yield held


def quantities(node: Any) -> Iterator[Json]:
    """Every Quantity: an object with a value and a unit or code."""
    return (one for one in dicts(node) if isinstance(one.get("value"), int | float) and ("unit" in one or "code" in one))


def bundle(resources: list[Json]) -> Json:
    """A searchset of resources."""
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(resources),
        "entry": [{"resource": one} for one in resources],
    }
