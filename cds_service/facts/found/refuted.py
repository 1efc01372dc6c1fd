"""Diagnoses beside one that was refuted.

Refuting one says nothing of the others, and of the same one that it is no longer sure.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Final

from cds_service.case import UNCONFIRMED
from cds_service.fhir.codes import Coding, key_of
from cds_service.fhir.elements import codings, concept_words, first_days, status_code
from cds_service.policy.evidence import Evidence, Standing
from cds_service.sitting import DatedChart

REFUTED: Final = "refuted"
REFUTED_LATER: Final = "the same diagnosis was refuted later"
_SUSPECTED: Final = frozenset(f"the diagnosis is {status}" for status in UNCONFIRMED)
"""The notes on diagnoses that nobody has confirmed."""
_WORD: Final = re.compile(r"[^\W\d_]{4,}")
"""Words that may name a diagnosis: those of four letters and more."""


def one_code_does_not_refute_another(found: list[tuple[Coding, Evidence]], as_of: date) -> list[Evidence]:
    """Weigh diagnoses where any of several makes a yes-or-no fact true.

    Refuting one diagnosis says nothing of the others: among records of one code the latest counts, with the first that
    it only repeats, and what remains says *no* only where no code says *yes*. What was only suspected and refuted later
    says nothing.
    """
    usable: dict[Any, list[Evidence]] = {}
    others: list[Evidence] = []
    denied = _denied(found, as_of)
    for coding, evidence in found:
        if evidence.standing is not Standing.USABLE or (evidence.when and evidence.when.first > as_of):
            if not (evidence.note in _SUSPECTED and _is_older(evidence, denied.get(key_of(*coding)))):
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


def _denied(found: list[tuple[Coding, Evidence]], as_of: date) -> dict[Any, date]:
    """Return the first day on which each code was last refuted."""
    last: dict[Any, date] = {}
    for coding, e in found:
        refuted = e.note == REFUTED or (e.standing is Standing.USABLE and e.value is False)
        if refuted and e.when is not None and e.when.first <= as_of:
            last[key_of(*coding)] = max(e.when.first, last.get(key_of(*coding), e.when.first))
    return last


def _is_older(evidence: Evidence, day: date | None) -> bool:
    return day is not None and evidence.when is not None and evidence.when.last < day


def unless_refuted_later(found: list[tuple[Coding, Evidence]], seen: DatedChart) -> list[Evidence]:
    """Weigh diagnoses that were refuted later.

    Where refuting one is no evidence by itself (of a fact that is not yes or no, or that may be so by another), it takes
    back what was recorded before by the same codes. It leaves open what was recorded on its day, or shares only one of
    its codes; so does one whose code cannot be read, and whose words may name the diagnosis.
    """
    if not found:
        return []
    refuted: list[tuple[set[Any], date, date]] = []
    unread = _refuted_unread(seen)
    for coding, evidence in found:
        if evidence.note == REFUTED and evidence.when is not None:
            refuted.append((_keys(coding, evidence, seen), evidence.when.first, evidence.when.last))
    if not refuted and not unread:
        return [evidence for _, evidence in found]
    return [_weighed(coding, evidence, refuted, unread, seen) for coding, evidence in found]


def _weighed(
    coding: Coding,
    evidence: Evidence,
    refuted: list[tuple[set[Any], date, date]],
    unread: list[tuple[list[str], date]],
    seen: DatedChart,
) -> Evidence:
    if evidence.standing is not Standing.USABLE:
        return evidence
    keys = _keys(coding, evidence, seen)
    if any(keys <= codes and _is_older(evidence, first) for codes, first, _ in refuted):
        return evidence._replace(standing=Standing.DISCOUNTED, note=REFUTED_LATER)
    doubted = any(not keys.isdisjoint(codes) and _before(evidence, last) for codes, _, last in refuted)
    if doubted or any(_before(evidence, day) and _may_name(words, evidence, seen) for words, day in unread):
        return evidence._replace(standing=Standing.UNCERTAIN, note=REFUTED_LATER)
    return evidence


def _refuted_unread(seen: DatedChart) -> list[tuple[list[str], date]]:
    """Return the words of refuted diagnoses whose codes cannot be read.

    Each comes with its last day, the day it is read where it names none.
    """
    found = []
    for record in seen.chart.withdrawn_unread:
        if record["resourceType"] == "Condition" and status_code(record["verificationStatus"]) == REFUTED:
            on = first_days(record, "recordedDate", "onsetDateTime", "onsetPeriod")
            found.append((concept_words(record.get("code")), on.last if on else seen.as_of))
    return found


def _may_name(words: list[str], evidence: Evidence, seen: DatedChart) -> bool:
    """Tell whether words may name the diagnosis that is evidence.

    They do not where it has words too, and the two share none.
    """
    record = seen.chart.get(evidence.resource) if evidence.resource.startswith("Condition/") else None
    own = {word for said in concept_words(record.get("code") if record else None) for word in _WORD.findall(said.lower())}
    return not own or not words or any(word in own for said in words for word in _WORD.findall(said.lower()))


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
