"""Records that may document a fact.

Their code cannot be read, or they say it only in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cds_service.case import Case
from cds_service.facts.definition import Definition
from cds_service.facts.found.services import ordered_on
from cds_service.fhir.untold import untold
from cds_service.fhir.words_of_records import SERVICE_ORDERS, Heard, Unplaced
from cds_service.policy.evidence import ONLY_WORDS, UNPLACED, UNTOLD, Evidence, Standing
from cds_service.policy.values import Days, Value


def not_placed(
    definition: Definition, unplaced: Mapping[tuple[str, str], Iterable[Unplaced]], case: Case, silent: bool
) -> list[Evidence]:
    """Return what could document a fact if its code could be read.

    A record that does not say what it is ends a silence, and takes nothing from what other records say.
    """
    found: dict[Unplaced, Evidence] = {}
    for kind_and_set, (life, hints) in definition.unplaced.items():
        for one in unplaced.get(kind_and_set, ()):
            treated = one.in_remission and definition.in_remission
            over = one.ended is not None and not treated and not definition.past.asks(one.ended, case.as_of)
            placed = kind_and_set[1] != untold(kind_and_set[0])
            if one in found or over or (life and one.when and life.is_past(one.when, case.as_of)):
                continue
            if not placed and not silent:
                continue
            note = UNPLACED if placed else UNTOLD
            if hints:
                note = f"{note}; the code would only hint at it"
            when = _read_on(one.when, one.resource, definition, case)
            value = definition.spoken_value if placed else None
            found[one] = Evidence(value, when, one.resource, standing=Standing.UNCERTAIN, note=note)
    return list(found.values())


def only_said(definition: Definition, heard: Iterable[Heard], case: Case) -> list[Evidence]:
    """Return what documents a fact only in words.

    Its code is one that no value set of the fact holds, or it has none. What was measured under a known name carries
    the value that it would have: it decides nothing, and asks only where that value would change something. Of what is
    only hinted at, a "no" is no hint. Where only orders that are signed before count, those after it say nothing.
    """
    found: list[Evidence] = []
    value: Value | None
    later = case.signed_after if definition.of_earlier_orders else ()
    for one in heard:
        if one.resource in later:
            continue
        if one.ended is not None and definition.is_past(one.ended, one.part, case.as_of):
            continue
        if one.holder is None:
            value, lasts = definition.spoken_value, definition.said_for[one.part]
        else:
            value, lasts = definition.would_read(one.holder, case.seen), definition.shelf_life()
            if value is False and definition.only_hinted:
                continue
        when = _read_on(one.when, one.resource, definition, case)
        evidence = Evidence(value, when, one.resource, "recorded", Standing.UNCERTAIN, ONLY_WORDS, one.text)
        found.append(lasts.seen(evidence, case.as_of) if lasts and one.when else evidence)
    return found


def _read_on(when: Days | None, resource: str, definition: Definition, case: Case) -> Days | None:
    """Return the day that a record speaks of.

    For an order for a day to come, where plans are meant, it is the day of the order, else the day it is read.
    """
    planned = definition.means_plans and when is not None and when.first > case.as_of
    if not planned or resource.partition("/")[0] not in SERVICE_ORDERS:
        return when
    return ordered_on(case.chart.get(resource) or {}, case.as_of)
