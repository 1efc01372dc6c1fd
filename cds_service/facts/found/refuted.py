"""Diagnoses beside one that was refuted.

Refuting one says nothing of the others, and of the same one that it is no longer sure.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from cds_service.fhir.codes import Coding, key_of
from cds_service.fhir.elements import codings
from cds_service.policy.evidence import Evidence, Standing
from cds_service.sitting import DatedChart

REFUTED: Final = "refuted"
REFUTED_LATER: Final = "the same diagnosis was refuted later"


def one_code_does_not_refute_another(found: list[tuple[Coding, Evidence]], as_of: date) -> list[Evidence]:
    """Weigh diagnoses where any of several makes a yes-or-no fact true.

    Refuting one diagnosis says nothing of the others: among records of one code the latest counts, with the first that
    it only repeats, and what remains says *no* only where no code says *yes*.
    """
    usable: dict[Any, list[Evidence]] = {}
    others: list[Evidence] = []
    for coding, evidence in found:
        if evidence.standing is not Standing.USABLE or (evidence.when and evidence.when.first > as_of):
            others.append(evidence)
        else:
            usable.setdefault(key_of(*coding), []).append(evidence)
    kept: list[Evidence] = []
    for records in usable.values():
        kept += records if len(records) == 1 else _latest_and_first(records)
    if len({evidence.value for evidence in kept}) > 1 and len(usable) > 1:
        yes = [evidence for evidence in kept if evidence.value is True]
        return yes + others
    return kept + others


def unless_refuted_later(found: list[tuple[Coding, Evidence]], seen: DatedChart) -> list[Evidence]:
    """Leave diagnoses open that were refuted later.

    That is on the same day or after it, by any code of the two. They are of a fact that is not yes or no, where a refuted
    diagnosis gives no value.
    """
    refuted: dict[Any, date] = {}
    for coding, evidence in found:
        if evidence.note == REFUTED and evidence.when is not None:
            for key in _keys(coding, evidence, seen):
                refuted[key] = max(evidence.when.last, refuted.get(key, evidence.when.last))
    if not refuted:
        return [evidence for _, evidence in found]
    return [
        evidence._replace(standing=Standing.UNCERTAIN, note=REFUTED_LATER)
        if evidence.standing is Standing.USABLE
        and any(_before(evidence, refuted.get(key)) for key in _keys(coding, evidence, seen))
        else evidence
        for coding, evidence in found
    ]


def _keys(coding: Coding, evidence: Evidence, seen: DatedChart) -> set[Any]:
    record = seen.chart.get(evidence.resource) if evidence.resource.startswith("Condition/") else None
    return {key_of(*one) for one in (coding, *codings(record.get("code") if record else None))}


def _before(evidence: Evidence, day: date | None) -> bool:
    return day is not None and evidence.when is not None and evidence.when.first <= day


def _latest_and_first(records: list[Evidence]) -> list[Evidence]:
    """Return the latest records of one code, and the first they repeat.

    A reason of the order or a later visit repeats a diagnosis; since when it is on record, only the first tells.
    """
    latest = max((record.when.last for record in records if record.when), default=None)
    if latest is None:
        return records
    kept = [record for record in records if record.when and record.when.last == latest]
    if len(kept) == len(records) or len({record.value for record in records}) > 1:
        return kept
    first = min((record for record in records if record.when), key=_last_day)
    return kept if first in kept else [first, *kept]


def _last_day(record: Evidence) -> date:
    return record.when.last if record.when else date.max
