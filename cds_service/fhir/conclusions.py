"""What results and reports conclude, in codes and in words.

A report of a scan may say what it found as a coded conclusion, and a finding as the coded value of an Observation,
where nobody has made a diagnosis of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from cds_service.fhir.elements import Resource, codings, concept_words, first_days, items, own_reference, text
from cds_service.fhir.resource_types import TYPES
from cds_service.fhir.vocabulary import LONGEST
from cds_service.policy.values import Days

_DAYS: Final = ("effectiveDateTime", "effectivePeriod", "effectiveInstant", "issued")
_OF_OTHERS: Final = re.compile(r"\b(?:history|hx|family|familial|prior|previous|past|earlier|reason|indication)\b", re.IGNORECASE)
"""Words of a question whose answer is no finding of now."""
_HISTORIES: Final = frozenset({"11348-0", "10157-6", "8670-2", "8671-0", "10155-0", "29762-2"})
"""LOINC codes of histories: what they answer is no finding of now."""
_LONGEST_CONCLUSION: Final = 8000
"""How much of what a report concludes is read, in characters."""
_SENTENCE: Final = re.compile(r"(?<=[.;])\s+|\n")


def concludes(kind: str, resource: Resource) -> bool:
    """Tell whether a result or report may come to anything in codes.

    Most results are numbers.
    """
    if kind == "DiagnosticReport":
        return "conclusionCode" in resource
    return "valueCodeableConcept" in resource or "component" in resource


def conclusions(kind: str, resource: Resource) -> Iterator[tuple[Any, Days | None, str]]:
    """Yield the concepts that a result or report comes to.

    Each comes with its day and its resource. Withdrawn ones come to nothing, nor does an answer about the past or the family.
    """
    if kind == "DiagnosticReport":
        concepts = items(resource.get("conclusionCode"))
        asked: list[Any] = []
    else:
        holders = [resource, *[one for one in items(resource.get("component")) if isinstance(one, dict)]]
        found = [(one["valueCodeableConcept"], one.get("code")) for one in holders if "valueCodeableConcept" in one]
        concepts, asked = [value for value, _ in found], [code for _, code in found]
    if not concepts or resource.get("status") not in TYPES[kind].evidence:
        return
    when, said = first_days(resource, *_DAYS), own_reference(resource)
    for number, concept in enumerate(concepts):
        if not asked or not _is_history(asked[number]):
            yield concept, when, said


def _is_history(asked: Any) -> bool:
    if not isinstance(asked, dict):
        return False
    displays = [text(coding.get("display")) for coding in items(asked.get("coding")) if isinstance(coding, dict)]
    return any(coding.code.strip() in _HISTORIES for coding in codings(asked)) or any(
        _OF_OTHERS.search(words) for words in (text(asked.get("text")), *displays)
    )


def concluded_words(report: Resource) -> list[dict[str, str]]:
    """Return the words that a report concludes with.

    They come as concepts without a code. What the codes mean is read apart from what they are called.
    """
    words = [said for concept in items(report.get("conclusionCode")) for said in concept_words(concept)]
    conclusion = report.get("conclusion")
    sentences = _sentences(conclusion[:_LONGEST_CONCLUSION]) if isinstance(conclusion, str) else []
    return [{"text": said} for said in (*sentences, *words)]


def _sentences(conclusion: str) -> list[str]:
    """Split a conclusion into its sentences, each once.

    Each is short enough to be read whole; one that is longer is read in parts.
    """
    found: dict[str, None] = {}
    for sentence in _SENTENCE.split(conclusion):
        rest = sentence.strip()
        while len(rest) > LONGEST:
            cut = rest.rfind(" ", 0, LONGEST) + 1 or LONGEST
            found[rest[:cut].strip()] = None
            rest = rest[cut:]
        if rest:
            found[rest] = None
    return list(found)
