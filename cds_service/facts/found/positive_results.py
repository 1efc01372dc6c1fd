"""Positive results, as hints at what no diagnosis says."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from cds_service.facts.found.dated import day_made
from cds_service.facts.found.measurements import DAYS, DONE, SoughtMeasurement, value_of
from cds_service.facts.wanted import Unreadable, Wanted
from cds_service.fhir.codes_of_records import Hit
from cds_service.fhir.elements import codings, concept_words, items, own_reference, text
from cds_service.policy.evidence import Evidence, Standing
from cds_service.sitting import DatedChart

LONGEST: Final = 80
"""How much of a value in words is read, in characters."""
_POSITIVE: Final = frozenset({"POS", "DET", "positive", "pos", "detected", "present", "presumptive positive", "reactive", "yes"})
"""Interpretations and values that say that a test is positive."""


def positives(sought: SoughtMeasurement, seen: DatedChart, wanted: Wanted) -> Iterable[Evidence]:
    """Find the Observations that are positive, as hints.

    Their value, coded or in words, or their interpretation says so.
    """
    found: list[Evidence] = []
    for hit in seen.chart.coded("Observation", sought.codes):
        when = day_made(hit.resource, seen.as_of, *DAYS)
        if text(hit.resource.get("status")) in DONE and when is not None and _is_positive(sought, hit, wanted, seen):
            said = own_reference(hit.resource)
            found.append(
                Evidence(True, when, said, standing=Standing.UNCERTAIN, note="the result only hints at it", shown=hit.coding.text)
            )
    return found


def _is_positive(sought: SoughtMeasurement, hit: Hit, wanted: Wanted, seen: DatedChart) -> bool:
    interpreted = [coding.code for one in items(hit.holder.get("interpretation")) for coding in codings(one)]
    said = [text(hit.holder.get("valueString")), *concept_words(hit.holder.get("valueCodeableConcept"))]
    if not _POSITIVE.isdisjoint([*interpreted, *(" ".join(words[:LONGEST].lower().split()) for words in said)]):
        return True
    with suppress(Unreadable):
        return value_of(sought, hit, wanted, seen) is True
    return False
