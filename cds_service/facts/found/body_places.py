"""Which part of the body a measurement is of.

A record may say it by its body site, the words of its code, a component or another measurement of the same moment that
tells the location, or a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from cds_service.fhir.codes_of_records import Hit
from cds_service.fhir.elements import Resource, codings, concept_words, items, text
from cds_service.sitting import DatedChart

_LONGEST: Final = 300
"""How much of a text is read, in characters."""
_LOCATION_CODES: Final = frozenset({"38204-4"})
"""LOINC's code of where pain is."""
_LOCATION: Final = re.compile(r"\b(?:pain|score)\b.*\b(?:location|site|where)\b|\b(?:location|site)\b.*\bpain\b", re.IGNORECASE)
"""What names a measurement that tells where pain is."""
_PLACES: Final = {
    place: re.compile(rf"\b(?:{words})\b", re.IGNORECASE)
    for place, words in {
        "back": r"back|backache|lumbar|lumbo\w*|lumbago|sacr\w+|spin(?:e|al)|coccy\w+|tailbone|buttocks?",
        "neck": r"neck|cervical|nuchal",
        "head": r"head(?:aches?)?|migraines?|fac(?:e|ial)|jaws?|tooth|teeth|dental|throat|scalp",
        "chest": r"chest|thora\w+|ribs?|breasts?|sternum|sternal",
        "abdomen": r"abdom\w+|stomach|belly|epigastr\w+|flanks?|groins?|pelvi[sc]|perine\w+|rect(?:um|al)|bladder",
        "arm": r"arms?|forearms?|hands?|wrists?|fingers?|thumbs?|elbows?|upper (?:limbs?|extremit\w+)",
        "shoulder": r"shoulders?",
        "leg": r"legs?|thighs?|cal(?:f|ves)|shins?|foot|feet|ankles?|toes?|heels?|lower (?:limbs?|extremit\w+)|sciatic\w*",
        "knee": r"knees?",
        "hip": r"hips?",
        "wound": r"incision\w*|surgical site|operative site|wounds?|iv site|injection site|insertion site|port site",
    }.items()
}
"""The words that name each part of the body."""


def places_in(words: str) -> frozenset[str]:
    """Return the parts of the body that words name."""
    return frozenset({place for place, named in _PLACES.items() if named.search(words[:_LONGEST])})


def stated_site(hit: Hit, seen: DatedChart) -> str:
    """Return the words for the part of the body that is measured.

    The words of its code and its notes count where they name a part. Empty where nothing says it.
    """
    measured = hit.resource
    said = [*_words(measured.get("bodySite")), *_located(measured)]
    named = [*concept_words(hit.holder.get("code")), *concept_words(measured.get("code"))]
    named += [text(one.get("text")) for one in items(measured.get("note")) if isinstance(one, dict)]
    said += [words for words in named if places_in(words)]
    if not said:
        beside = seen.once("measured locations", partial(_by_moment, seen))
        said = beside.get(_moment(measured), [])
    return "; ".join(dict.fromkeys([words[:_LONGEST] for words in said]))


def _words(concept: Any) -> list[str]:
    """Return the words of a concept or, without any, its codes."""
    return concept_words(concept) or [coding.text for coding in codings(concept)]


def _located(measured: Mapping[str, Any]) -> Iterator[str]:
    """Yield the locations that components of a measurement tell."""
    for component in items(measured.get("component")):
        if isinstance(component, dict) and _tells_location(component):
            yield from _value(component)


def _by_moment(seen: DatedChart) -> Mapping[str, list[str]]:
    """Return the locations of pain by the moment of their measurement.

    They are measurements of their own, beside the scores.
    """
    found: dict[str, list[str]] = {}
    for one in seen.chart.of("Observation"):
        if "T" in (moment := _moment(one)) and one.get("status") != "entered-in-error" and _tells_location(one):
            found.setdefault(moment, []).extend(_value(one))
    return found


def _moment(measured: Mapping[str, Any]) -> str:
    """Return when a measurement was taken, as it is written."""
    return text(measured.get("effectiveDateTime")) or text(measured.get("effectiveInstant"))


def _tells_location(holder: Resource) -> bool:
    concept = holder.get("code")
    if any(coding.code in _LOCATION_CODES for coding in codings(concept)):
        return True
    return any(_LOCATION.search(words[:_LONGEST]) for words in concept_words(concept))


def _value(holder: Mapping[str, Any]) -> list[str]:
    said = text(holder.get("valueString"))
    return [said] if said else _words(holder.get("valueCodeableConcept"))
