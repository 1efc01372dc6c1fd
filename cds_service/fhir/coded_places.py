"""The elements in which a resource says what it is of.

Some are read for their codes, some for their words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cds_service.fhir.elements import Resource, concept_words, items
from cds_service.fhir.resource_types import PLAINLY_CODED, TYPES
from cds_service.fhir.vocabulary import Vocabulary
from cds_service.fhir.words_of_records import is_silent, says_something


def worded_places(kind: str, resource: Resource, vocabulary: Vocabulary) -> Iterable[tuple[Mapping[str, Any], Any]]:
    """Return the elements of a resource whose words may mention a fact.

    Each comes as the object that holds it and the concept. Most resources say nothing in words; they are sorted out
    here, without a call for each text.
    """
    if kind == "AllergyIntolerance" and "reaction" in resource:
        reactions = [one.get("substance") for one in items(resource["reaction"]) if isinstance(one, dict)]
        return [(resource, concept) for concept in (resource.get("code"), *reactions) if not is_silent(concept, vocabulary)]
    if kind == "Encounter":
        called = [{"text": words} for one in items(resource.get("type")) for words in concept_words(one)]  # its codes are not read
        said = [*items(resource.get("reasonCode")), *called]
        return [(resource, concept) for concept in said if not is_silent(concept, vocabulary)]
    if kind in PLAINLY_CODED:
        if "code" not in resource or is_silent(resource["code"], vocabulary):
            return ()
        return ((resource, resource["code"]),)
    if kind == "Observation":
        if "valueQuantity" in resource and "component" not in resource:
            return ()
        held = [resource, *[one for one in items(resource.get("component")) if isinstance(one, dict)]]
        return [(one, None if says_something(one) else one.get("code")) for one in held]
    if kind == "Device":
        return [(resource, concept) for concept in _named_device(resource)]
    return coded_places(kind, resource)


def _named_device(resource: Resource) -> list[Any]:
    """Return the concepts that name a device.

    They are its type, and its type with each of its names as the text: a type may say no more than that it is a device.
    """
    of_type = resource.get("type")
    coded = of_type.get("coding") if isinstance(of_type, dict) else None
    named = [one.get("name") for one in items(resource.get("deviceName")) if isinstance(one, dict)]
    return [of_type, *[{"coding": coded, "text": name} for name in named if isinstance(name, str)]]


def coded_places(kind: str, resource: Resource) -> Iterable[tuple[Mapping[str, Any], Any]]:
    """Yield the coded elements that say what a resource is of.

    Each comes as the object that holds it and the concept. For types that say more than ``code``.
    """
    known = TYPES.get(kind)
    for path in known.coded if known is not None else ():
        outer, _, inner = path.partition(".")
        for held in items(resource.get(outer)):
            if not inner:
                yield resource, held
            elif isinstance(held, dict):
                yield held, held.get(inner)
