"""What qualifies a diagnosis: its body site, its severity, its stage, each read by a value set that the evidence names.

A code of that set may carry a value: *false* says that the site is elsewhere, or that the diagnosis is not so severe or so far.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import TYPE_CHECKING, Any

from cds_service.facts.found.stages import is_advanced
from cds_service.fhir.elements import Resource, codings, items, text
from cds_service.fhir.value_sets import Carried, Terminology
from cds_service.policy.values import Value

if TYPE_CHECKING:
    from cds_service.facts.kinds.condition import ConditionEvidence


class Stands(Enum):
    """What the elements that qualify a diagnosis make of it."""

    AS_IT_IS = "as it is"
    SAYS_NOTHING = "says nothing"
    ELSEWHERE = "elsewhere"
    OPEN = "open"


class Qualified:
    """A diagnosis with what qualifies it: how it stands, why, in words for the trace, and the value that a qualifier carries."""

    __slots__ = ("note", "stands", "value")

    def __init__(self, stands: Stands, note: str = "", value: Value | None = None) -> None:
        self.stands = stands
        self.note = note
        self.value = value


UNQUALIFIED = Qualified(Stands.AS_IT_IS)


def qualified(kind: ConditionEvidence, condition: Resource, terminology: Terminology) -> Qualified:
    """What the body site, the severity and the stage of a diagnosis make of it, as far as its evidence asks for them."""
    found = UNQUALIFIED
    if kind.body_site:
        site = site_of(kind.body_site, items(condition.get("bodySite")), terminology)
        if site.stands is not Stands.AS_IT_IS:
            return site
    if kind.severity:
        found = _graded("severity", kind.severity, items(condition.get("severity")), terminology)
        if found.stands is not Stands.AS_IT_IS:
            return found
    if kind.stage:
        stages = [stage.get("summary") for stage in items(condition.get("stage")) if isinstance(stage, dict)]
        found = _graded("stage", kind.stage, stages, terminology)
    return found


def site_of(value_set: str, sites: list[Any], terminology: Terminology) -> Qualified:
    """A diagnosis of a wide code: at the site it decides, elsewhere it says nothing, and without a site it is open."""
    stated = [site for site in sites if _says_something(site)]
    if not stated:
        return Qualified(Stands.OPEN, "its code is wider than the site meant, and no body site is stated")
    elsewhere = 0
    for site in stated:
        for _, carried in _held(value_set, site, terminology):
            if carried is None or carried.value is not False:
                return UNQUALIFIED
            elsewhere += 1
            break
    if elsewhere == len(stated):
        return Qualified(Stands.ELSEWHERE, "its body site is elsewhere")
    return Qualified(Stands.OPEN, "its body site is none that is read here")


def _graded(name: str, value_set: str, grades: list[Any], terminology: Terminology) -> Qualified:
    """A diagnosis by its severity or stage: without one it says nothing of it, and one that is not read leaves it open."""
    stated = [grade for grade in grades if _says_something(grade)]
    if not stated:
        return Qualified(Stands.SAYS_NOTHING)
    for grade in stated:
        for _, carried in _held(value_set, grade, terminology):
            return Qualified(Stands.AS_IT_IS, "", carried.value if carried else None)
    if name == "stage":
        said = {answer for grade in stated if (answer := is_advanced(grade)) is not None}
        if len(said) == 1:
            return Qualified(Stands.AS_IT_IS, "", said.pop())
    return Qualified(Stands.OPEN, f"its {name} is none that is read here")


def _held(value_set: str, concept: Any, terminology: Terminology) -> Iterator[tuple[str, Carried | None]]:
    for coding in codings(concept):
        held = terminology.holding(coding.system, coding.code)
        if value_set in held:
            yield coding.code, held[value_set]


def _says_something(concept: Any) -> bool:
    return isinstance(concept, dict) and (bool(items(concept.get("coding"))) or bool(text(concept.get("text"))))
