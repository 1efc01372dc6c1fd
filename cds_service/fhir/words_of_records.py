"""The words of a record: what its code's text and displays say, where no code that is read says it.

A record speaks while it is in force: not withdrawn, not refuted, not over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from cds_service.fhir.elements import Resource, codings, first_days, own_reference, status_code
from cds_service.fhir.value_sets import Terminology
from cds_service.fhir.vocabulary import Vocabulary
from cds_service.policy.values import Days

_OF_NO_FORCE: Final = frozenset({"entered-in-error", "cancelled", "not-done", "revoked", "not-taken"})
OVER: Final = frozenset({"inactive", "remission", "resolved"})
"""Clinical statuses of what is not so now."""


def in_force(resource: Resource, history: bool = False) -> bool:
    """Whether a record speaks: not withdrawn, refuted, an order *not* to do something, or over (unless ``history`` counts)."""
    if resource.get("status") in _OF_NO_FORCE or resource.get("doNotPerform") is True:
        return False
    if "verificationStatus" in resource and status_code(resource["verificationStatus"]) in ("refuted", "entered-in-error"):
        return False
    return history or "clinicalStatus" not in resource or status_code(resource["clinicalStatus"]) not in OVER


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


def says_something(holder: Mapping[str, Any]) -> bool:
    """Whether an Observation or a component has a value: then its own name says what is asked, not what is so."""
    return any(name.startswith("value") for name in holder) or "dataAbsentReason" in holder or "component" in holder


def value_words(kind: str, holder: Mapping[str, Any]) -> tuple[Any, ...]:
    """The words of an Observation's value, as a concept."""
    if kind != "Observation":
        return ()
    said = holder.get("valueString")
    return (holder.get("valueCodeableConcept"), {"text": said} if isinstance(said, str) else None)


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


class Heard(NamedTuple):
    """A record whose words speak of a fact: where it stands, its day, and the words."""

    resource: str
    when: Days | None
    text: str


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
            if kind not in spoken.kinds or not in_force(resource, spoken.history):
                continue
            sets = [terminology.held[coding.system, coding.code] for coding in codings(concept)]
            if all(spoken.read_by.isdisjoint(one) for one in sets):
                found.setdefault(fact, []).append(Heard(own_reference(resource), spoken_on(resource), words[:80]))
