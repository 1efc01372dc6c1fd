"""Positive results, as hints at what no diagnosis says."""

from __future__ import annotations

import re
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
_NEGATIVE: Final = frozenset(
    {"NEG", "ND", "NR", "negative", "neg", "not detected", "none detected", "target not detected", "tnd", "undetected"}
    | {"undetectable", "non reactive", "nonreactive", "non-reactive", "absent", "no", "none", "not present"}
)
"""Interpretations and values that say that a test is negative."""
_NOUGHT: Final = re.compile(r"0+(?:[.,]0+)?(?:\s+[^\d\s<>]+){0,3}", re.ASCII)
"""Nought as text, with its unit where it has one: ``0 copies/mL``."""


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
    called = {*interpreted, *(" ".join(words[:LONGEST].lower().split()) for words in said)}
    if not _POSITIVE.isdisjoint(called):
        return True
    with suppress(Unreadable):
        return value_of(sought, hit, wanted, seen) is True
    return sought.unless_negative and _NEGATIVE.isdisjoint(called) and _says_more_than_nought(hit)


def _says_more_than_nought(hit: Hit) -> bool:
    """Tell whether a result has a value that is not nought."""
    quantity = hit.holder.get("valueQuantity")
    measured = quantity.get("value") if isinstance(quantity, dict) else None
    values = (measured, hit.holder.get("valueInteger"), hit.holder.get("valueDecimal"), hit.holder.get("valueString"))
    if any(isinstance(value, str) and _NOUGHT.fullmatch(value[:LONGEST].strip()) for value in values):
        return False
    told = [value for value in values if isinstance(value, int | float)]
    if told:
        return any(number > 0 for number in told)
    return any(name.startswith("value") for name in hit.holder)
