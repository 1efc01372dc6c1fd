"""The words of a record: what its code's text and displays say, where no code that is read says it.

A record speaks while it is in force: not withdrawn, not refuted, not over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from cds_service.fhir.codes import is_known
from cds_service.fhir.elements import Resource, codings, days, first_days, own_reference, status_code
from cds_service.fhir.value_sets import Terminology
from cds_service.fhir.vocabulary import Vocabulary
from cds_service.policy.values import Days

_OF_NO_FORCE: Final = frozenset({"entered-in-error", "cancelled", "not-done", "revoked", "not-taken"})
OVER: Final = frozenset({"inactive", "remission", "resolved"})
"""Clinical statuses of what is not so now."""


def in_force(resource: Resource, history: bool = False, remission: bool = False) -> bool:
    """Whether a record speaks: not withdrawn, refuted, an order *not* to do something, or over.

    What is over speaks where ``history`` counts, what is in remission also where ``remission`` does.
    """
    if resource.get("status") in _OF_NO_FORCE or resource.get("doNotPerform") is True:
        return False
    if "verificationStatus" in resource and status_code(resource["verificationStatus"]) in ("refuted", "entered-in-error"):
        return False
    if history or "clinicalStatus" not in resource:
        return True
    course = status_code(resource["clinicalStatus"])
    return course not in OVER or (remission and course == "remission")


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
    """The day of which a record of any type speaks, as far as its own elements tell."""
    return first_days(resource, *_DAYS)


def ended_on(resource: Resource) -> Days | None:
    """When a diagnosis ended that says it is over: its abatement, else the day of which it speaks; None for what is not over."""
    if "clinicalStatus" not in resource or status_code(resource["clinicalStatus"]) not in OVER:
        return None
    return days(resource.get("abatementDateTime")) or spoken_on(resource)


def says_something(holder: Mapping[str, Any]) -> bool:
    """Whether an Observation or a component has a value: then its own name says what is asked, not what is so."""
    return any(name.startswith("value") for name in holder) or "dataAbsentReason" in holder or "component" in holder


def value_words(kind: str, holder: Mapping[str, Any]) -> tuple[Any, ...]:
    """The words of an Observation's value, as a concept."""
    if kind != "Observation":
        return ()
    said = holder.get("valueString")
    return (holder.get("valueCodeableConcept"), {"text": said} if isinstance(said, str) else None)


def hear_names(
    names: Vocabulary, observations: Iterable[Resource], terminology: Terminology, found: dict[str, list[Heard]]
) -> None:
    """Adds the facts that Observations with a value name, where none of their codes is of a known system."""
    for observation in observations:
        parts = observation.get("component")
        for holder in (observation, *(parts if parts.__class__ is list else ())):
            if (
                holder.__class__ is not dict
                or "code" not in holder
                or is_silent(holder["code"], names)
                or not says_something(holder)
            ):
                continue
            concept = holder["code"]
            if "dataAbsentReason" in holder or any(is_known(system, code) for system, code in codings(concept)):
                continue
            said: dict[str, list[Heard]] = {}
            listen(names, "Observation", observation, (concept,), terminology, said)
            for fact, heard in said.items():
                found.setdefault(fact, []).extend(one._replace(measured=True) for one in heard)


def is_silent(concept: Any, vocabulary: Vocabulary) -> bool:
    """Whether neither the text nor a display of a concept speaks of any fact; False where that cannot be told at once."""
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
    """A record whose code is of no known system: where it stands, its day, and when it ended if it says that it is over."""

    resource: str
    when: Days | None
    ended: Days | None = None


class Heard(NamedTuple):
    """A record whose words speak of a fact: where it stands, its day, and the words. ``ended`` is when, if it says that it is over;
    ``measured`` tells that the words only name what was measured.
    """

    resource: str
    when: Days | None
    text: str
    ended: Days | None = None
    measured: bool = False


def listen(
    vocabulary: Vocabulary,
    kind: str,
    resource: Resource,
    concepts: Iterable[Any],
    terminology: Terminology,
    found: dict[str, list[Heard]],
) -> None:
    """Adds the facts of which a record's own words speak and its codes do not."""
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
            if kind not in spoken.kinds or not in_force(resource, spoken.history, spoken.remission):
                continue
            sets = [terminology.held[coding.system, coding.code] for coding in codings(concept)]
            if all(spoken.read_by.isdisjoint(one) for one in sets):
                said_by = own_reference(resource)
                found.setdefault(fact, []).append(Heard(said_by, spoken_on(resource), words[:80], ended_on(resource)))
