"""Under which circumstances a measurement was taken, as its components state them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cds_service.facts.fhir_value import read_value
from cds_service.facts.wanted import Unreadable, Wanted
from cds_service.fhir.codes import is_read
from cds_service.fhir.elements import Resource, codings, items
from cds_service.fhir.value_sets import Terminology
from cds_service.policy.values import Interval


@dataclass(frozen=True, slots=True)
class Circumstance:
    """A number that a component states.

    Its code is in ``codes``, and it lies from ``low`` to ``high``.
    """

    codes: str
    unit: str
    low: float
    high: float


def taken_under(circumstances: tuple[Circumstance, ...], observation: Resource, terminology: Terminology) -> bool:
    """Tell whether a measurement was taken under one of these circumstances.

    A component must state one of them, and none may state another number of any of them, or one that cannot be read. Nor
    may one be in words, or have no standard code: it could tell of another circumstance.
    """
    stated = list(_stated(circumstances, observation, terminology))
    return bool(stated) and all(stated)


def _stated(circumstances: tuple[Circumstance, ...], observation: Resource, terminology: Terminology) -> Iterator[bool]:
    for component in items(observation.get("component")):
        if not isinstance(component, dict):
            continue
        held = {id_ for coding in codings(component.get("code")) for id_ in terminology.holding(coding.system, coding.code)}
        sought = [one for one in circumstances if one.codes in held]
        for one in sought:
            yield _is_so(one, component, terminology)
        if not sought and _is_unread(component):
            yield False


def _is_unread(component: Mapping[str, Any]) -> bool:
    """Tell whether nobody knows what a component tells.

    A number with a standard code tells of something else.
    """
    return "valueQuantity" not in component or not any(
        is_read(coding.system, coding.code) for coding in codings(component.get("code"))
    )


def _is_so(one: Circumstance, component: Mapping[str, Any], terminology: Terminology) -> bool:
    try:
        value = read_value(component, Wanted("", "quantity", one.unit, -math.inf, math.inf, ()), terminology)
    except Unreadable:
        return False
    return isinstance(value, Interval) and one.low <= value.low and value.high <= one.high
