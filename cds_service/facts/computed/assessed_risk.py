"""What somebody assessed of the risk of febrile neutropenia.

It is of the regimen of its day. Where other medicines were given then, nobody can tell whether it speaks of the present
regimen.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from datetime import date, timedelta
from typing import Final

from cds_service.facts.evidence_days import first, last
from cds_service.policy.evidence import Evidence, Fact, Standing
from cds_service.policy.values import Interval

BETWEEN: Final = 43
"""Days apart from which two medicines are not of one regimen.

They are twice the longest usual cycle, and one day.
"""
ASSESSED: Final = 365
"""Days after which an assessment of risk is of an earlier regimen."""
_OTHERS: Final = "other medicines were given then: it may be of an earlier regimen"


def assessed_risk(percent: Fact, level: Fact, as_of: date, medicines: Iterable[Evidence], present: Set[str]) -> list[Evidence]:
    """Return what was assessed of the risk, as evidence.

    ``medicines`` are all those of chemotherapy on record, ``present`` the names of those of now. What was assessed
    under others is open.
    """
    found = [_category(e, as_of) for e in percent.evidence] + [_fresh(e, as_of) for e in level.evidence]
    dated = [e for e in medicines if e.standing is not Standing.DISCOUNTED and e.when is not None]
    return [
        e._replace(standing=Standing.UNCERTAIN, note=_OTHERS, value=None)
        if e.standing is Standing.USABLE and _under_others(e, dated, present)
        else e
        for e in found
    ]


def _under_others(assessed: Evidence, medicines: list[Evidence], present: Set[str]) -> bool:
    """Tell whether a risk was assessed under other medicines.

    They are on record about its day, and none of those of now is until long after it.
    """
    if assessed.when is None or not present:
        return False
    about = timedelta(BETWEEN)
    before = [e for e in medicines if first(e) <= last(assessed) + about]
    if any(str(e.value) in present for e in before):
        return False
    return any(last(e) >= first(assessed) - about for e in before)


def _category(evidence: Evidence, as_of: date) -> Evidence:
    """Turn a probability into a level of risk.

    One that spans a threshold leaves the level open.
    """
    fresh, value = _fresh(evidence, as_of), evidence.value
    if not isinstance(value, Interval):
        return fresh._replace(value=None)
    if value.low >= 20:
        return fresh._replace(value="high", shown=f"{value.low:g} %")
    if value.low >= 10 and (value.high < 20 or (value.high == 20 and value.high_open)):
        return fresh._replace(value="intermediate", shown=f"{value.low:g} %")
    if value.high < 10 or (value.high == 10 and value.high_open):
        return fresh._replace(value="low", shown=f"{value.high:g} %")
    note = f"{value.low:g} to {value.high:g} % spans two levels of risk"
    return fresh._replace(value=None, standing=Standing.UNCERTAIN, note=note)


def _fresh(evidence: Evidence, as_of: date) -> Evidence:
    if evidence.when and evidence.when.last < as_of - timedelta(ASSESSED):
        return evidence._replace(standing=Standing.DISCOUNTED, note="more than a year old: of an earlier regimen")
    return evidence
