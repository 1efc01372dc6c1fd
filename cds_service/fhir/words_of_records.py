"""What records say in words, where no known code says it.

The words are the text and the displays of a record's code. A record speaks while it is in force: not withdrawn, not
refuted, not over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from cds_service.fhir.codes import is_known
from cds_service.fhir.elements import Resource, codings, concept_words, days, first_days, items, own_reference, status_code
from cds_service.fhir.stated_days import stated_day
from cds_service.fhir.value_sets import Terminology
from cds_service.fhir.vocabulary import LONGEST, Vocabulary
from cds_service.policy.values import Days

_OF_NO_FORCE: Final = ("entered-in-error", "cancelled", "not-done", "revoked", "not-taken")  # a tuple: a status may be a list
OVER: Final = frozenset({"inactive", "remission", "resolved"})
"""Clinical statuses of what is not so now."""


def in_force(resource: Resource, history: bool = False, remission: bool = False) -> bool:
    """Tell whether a record counts for what it says.

    It does not when it is withdrawn, refuted, over, or an order *not* to do something. What is over counts with
    ``history``, what is in remission also with ``remission``.
    """
    if resource.get("status") in _OF_NO_FORCE or resource.get("doNotPerform") is True:
        return False
    if "verificationStatus" in resource and status_code(resource["verificationStatus"]) in ("refuted", "entered-in-error"):
        return False
    if history or "clinicalStatus" not in resource:
        return True
    course = status_code(resource["clinicalStatus"])
    return course not in OVER or (remission and course == "remission")


PROCEDURE_STATES: Final = {"preparation": "active", "in-progress": "active", "on-hold": "on-hold", "completed": "completed"}
"""The state of an order that each procedure's status stands for."""
SERVICE_ORDERS: Final = frozenset({"ServiceRequest", "DeviceRequest"})
"""The resource types of orders of services and devices."""
_ORDER_STATES: Final = frozenset({"draft", "active", "on-hold", "completed"})


def _in_another_state(kind: str, resource: Resource, states: frozenset[str]) -> bool:
    """Tell whether an order or procedure is in none of these states.

    False where its state is not known.
    """
    status = resource.get("status")
    if kind == "Procedure":
        return status in PROCEDURE_STATES and PROCEDURE_STATES[status] not in states
    return kind in SERVICE_ORDERS and status in _ORDER_STATES and status not in states


_DAYS: Final = (
    "recordedDate",
    "onsetDateTime",
    "onsetPeriod",
    "effectiveDateTime",
    "effectivePeriod",
    "effectiveInstant",
    "performedDateTime",
    "performedPeriod",
    "occurrenceDateTime",
    "occurrencePeriod",
    "period",
    "authoredOn",
    "issued",
    "date",
)


def spoken_on(resource: Resource) -> Days | None:
    """Return the day that a record of any type speaks of.

    Returns None where none of its elements tells.
    """
    return first_days(resource, *_DAYS)


def happened_on(resource: Resource, words: str) -> Days | None:
    """Return the day of an event that a record reports.

    It is the day that the words, the onset or the end give, where that lies before the record's own day.
    """
    found, onset = spoken_on(resource), resource.get("onsetString")
    began = first_days(resource, "onsetDateTime", "onsetPeriod", "abatementDateTime")
    for when in (began, stated_day(onset[:LONGEST]) if isinstance(onset, str) else None, stated_day(words[:LONGEST])):
        if when is not None and (found is None or when.last < found.first):
            found = when
    return found


def ended_on(resource: Resource, remission: bool = False) -> Days | None:
    """Return when a diagnosis ended, or None if it has not.

    It is the abatement, else the day of which the record speaks. With ``remission``, a diagnosis in remission is not
    over: it is still being treated.
    """
    course = status_code(resource["clinicalStatus"]) if "clinicalStatus" in resource else ""
    if course not in OVER or (remission and course == "remission"):
        return None
    return days(resource.get("abatementDateTime")) or spoken_on(resource)


def says_something(holder: Mapping[str, Any]) -> bool:
    """Tell whether an Observation or a component has a value.

    Then its own name says what was asked, not what is so.
    """
    return any(name.startswith("value") for name in holder) or "dataAbsentReason" in holder or "component" in holder


def value_words(kind: str, holder: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the words of an Observation's value, as concepts."""
    if kind != "Observation":
        return ()
    said = holder.get("valueString")
    return (holder.get("valueCodeableConcept"), {"text": said} if isinstance(said, str) else None)


_LONGEST_ANSWER: Final = 40
"""How long a value may be that answers what was measured, in characters."""
_AFFIRMED: Final = frozenset({"yes", "y", "true", "present", "positive", "confirmed"})
"""Values that say yes to what was measured."""


def answered_words(holder: Mapping[str, Any], vocabulary: Vocabulary) -> tuple[Any, ...]:
    """Return what an Observation's name and value say together.

    They count where only both together speak of a fact: ``Fetal cardiac activity: absent``. A name that is answered with
    yes speaks by itself.
    """
    concept = holder.get("code")
    values = [words for one in value_words("Observation", holder) for words in concept_words(one) if len(words) <= _LONGEST_ANSWER]
    if holder.get("valueBoolean") is True:
        values.append("yes")
    if not values or not isinstance(concept, dict):
        return ()
    heard = vocabulary.heard
    if any(words.strip().lower() in _AFFIRMED for words in values):
        return (concept,)
    found = {
        both: None
        for name in concept_words(concept)
        for value in values
        if heard[both := f"{name}: {value}"] and set(heard[both]).isdisjoint((*heard[f"{name}: ?"], *heard[value]))
    }
    return tuple([{"coding": concept.get("coding"), "text": both} for both in found])


def hear_names(
    names: Vocabulary, observations: Iterable[Resource], terminology: Terminology, found: dict[str, list[Heard]]
) -> None:
    """Add the facts that Observations with a value name.

    Only those count that have no code of a known system.
    """
    for observation in observations:
        parts = items(observation["component"]) if "component" in observation else ()
        for holder in (observation, *parts):
            if (
                holder.__class__ is not dict
                or "code" not in holder
                or is_silent(holder["code"], names)
                or not says_something(holder)
            ):
                continue
            concept = holder["code"]
            if any(is_known(system, code) for system, code in codings(concept)):
                continue
            said: dict[str, list[Heard]] = {}
            listen(names, "Observation", observation, (concept,), terminology, said)
            for fact, heard in said.items():
                if names.said[fact].absent or "dataAbsentReason" not in holder:
                    found.setdefault(fact, []).extend([one._replace(holder=holder) for one in heard])


def is_silent(concept: Any, vocabulary: Vocabulary) -> bool:
    """Tell whether the words of a concept speak of no fact.

    The words are its text and its displays. Returns False where that cannot be told at once.
    """
    if concept.__class__ is not dict:
        return True
    heard = vocabulary.heard
    if "text" in concept and (concept["text"].__class__ is not str or heard[concept["text"]]):
        return False
    if "coding" not in concept:
        return True
    listed = concept["coding"]
    if listed.__class__ is not list:
        return not listed
    for coding in listed:
        if coding.__class__ is not dict:
            return False
        if "display" in coding and (coding["display"].__class__ is not str or heard[coding["display"]]):
            return False
    return True


class Unplaced(NamedTuple):
    """A record whose code is of no known system.

    It tells where it stands, its day, and when it ended if it says that it is over; one in remission may be treated on.
    """

    resource: str
    when: Days | None
    ended: Days | None = None
    in_remission: bool = False


class Heard(NamedTuple):
    """A record whose words speak of a fact.

    It tells where it stands, its day, and the words. ``ended`` is the day it ended, if it says that it is over.
    ``holder`` is the Observation, or its component, whose words only name what was measured. ``part`` tells which of
    the fact's words were heard.
    """

    resource: str
    when: Days | None
    text: str
    ended: Days | None = None
    holder: Mapping[str, Any] | None = None
    part: int = 0


def listen(
    vocabulary: Vocabulary,
    kind: str,
    resource: Resource,
    concepts: Iterable[Any],
    terminology: Terminology,
    found: dict[str, list[Heard]],
) -> None:
    """Add the facts that a record's words mention, not its codes."""
    heard = vocabulary.heard
    for concept in concepts:
        if not isinstance(concept, dict):
            continue
        said: dict[str, str] = {}
        written = concept.get("text")
        if isinstance(written, str):
            for fact in heard[written]:
                said.setdefault(fact, written)
        coded = concept.get("coding")
        for coding in coded if isinstance(coded, list) else (coded,):
            if isinstance(coding, dict) and isinstance(display := coding.get("display"), str):
                for fact in heard[display]:
                    said.setdefault(fact, display)
        for fact, words in said.items():
            spoken = vocabulary.said[fact]
            if kind not in spoken.kinds or not in_force(resource, spoken.history or spoken.closed, spoken.remission):
                continue
            if spoken.states and _in_another_state(kind, resource, spoken.states):
                continue
            sets = [terminology.held[coding.system, coding.code] for coding in codings(concept)]
            if all(spoken.read_by.isdisjoint(one) for one in sets):
                when = happened_on(resource, words) if spoken.event else spoken_on(resource)
                one = Heard(own_reference(resource), when, words[:80], ended_on(resource, spoken.remission), None, spoken.part)
                found.setdefault(spoken.fact or fact, []).append(one)
