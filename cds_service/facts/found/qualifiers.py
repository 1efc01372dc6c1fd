"""What qualifies a diagnosis: its body site, severity and stage.

Each is read by a value set that the evidence names. A code of that set may carry a value: *false* says that the site is
elsewhere, or that the diagnosis is not so severe or so far advanced.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any

from cds_service.facts.found.stages import is_advanced
from cds_service.fhir.elements import Resource, codings, items, text
from cds_service.fhir.value_sets import Carried, Terminology
from cds_service.policy.values import Value


class Stands(Enum):
    """What the qualifying elements make of a diagnosis."""

    AS_IT_IS = "as it is"
    SAYS_NOTHING = "says nothing"
    ELSEWHERE = "elsewhere"
    OPEN = "open"


class Qualified:
    """A diagnosis as its qualifiers leave it.

    ``stands`` tells how it stands, ``note`` why, in words for the trace, and ``value`` is the value that a qualifier
    carries.
    """

    __slots__ = ("note", "stands", "value")

    def __init__(self, stands: Stands, note: str = "", value: Value | None = None) -> None:
        self.stands = stands
        self.note = note
        self.value = value


UNQUALIFIED = Qualified(Stands.AS_IT_IS)


def qualified(body_site: str, severity: str, stage: str, condition: Resource, terminology: Terminology) -> Qualified:
    """Judge a diagnosis by its body site, its severity and its stage.

    Each is read only where a value set is named for it.
    """
    found = UNQUALIFIED
    if body_site:
        site = site_of(body_site, items(condition.get("bodySite")), terminology)
        if site.stands is not Stands.AS_IT_IS:
            return site
    if severity:
        found = _graded("severity", severity, items(condition.get("severity")), terminology)
        if found.stands is not Stands.AS_IT_IS:
            return found
    if stage:
        stages = [one.get("summary") for one in items(condition.get("stage")) if isinstance(one, dict)]
        found = _graded("stage", stage, stages, terminology)
    return found


def site_of(value_set: str, sites: list[Any], terminology: Terminology) -> Qualified:
    """Judge a diagnosis with a wide code by its body site.

    At the site it decides, elsewhere it says nothing, and without a site it is open.
    """
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
    """Judge a diagnosis by its severity or stage.

    Without one it says nothing of it, and one that is not read leaves it open.
    """
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
