"""What measurements and scores of screening only hint at.

They are a fever, a raised marker of inflammation, many drinks a day, a high total of a screening for alcohol or drugs,
and a low total of a test of memory. None of them is a diagnosis: each opens the question, and decides nothing. The
bounds are the customary ones of each instrument, or higher where it finds many who are well; they are ours, no payer's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from cds_service.facts.restated import doubtful, latest_day, spoken
from cds_service.facts.rule import rule
from cds_service.policy.evidence import Evidence, Fact, Standing
from cds_service.policy.values import Interval

FEVER: Final = 38.0
"""Degrees Celsius from which a temperature hints at an infection."""
RAISED: Final[Mapping[str, float]] = {"crp": 10, "sedimentation": 30, "procalcitonin": 0.5}
"""Values above which a marker of inflammation is raised: mg/L, mm/h, ng/mL."""
MARKED: Final[Mapping[str, float]] = {"crp": 20, "sedimentation": 40}
"""Values above which a painful joint may be septic: mg/L, mm/h."""
HIGH: Final[Mapping[str, float]] = {"audit": 8, "audit_c": 5, "dast": 3, "drinks": 4}
"""Totals from which a screening for alcohol or drugs is positive, and drinks a day."""
LOW: Final[Mapping[str, float]] = {"moca": 22, "mmse": 23, "mini_cog": 2, "slums": 20}
"""Totals up to which a test of memory hints at a dementia."""

Inputs = Mapping[str, Fact]


@rule("fever lately", "temperature")
def fever(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute whether a fever was measured lately, as a hint.

    A later normal temperature does not end it: fever comes and goes.
    """
    told = [e for e in _numbers(facts["temperature"]) if _least(e) >= FEVER]
    return [doubtful(e, "a fever was measured", True) for e in told]


@rule("infection drained", "drained")
def drained(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute, as a hint, whether an infection was drained lately."""
    return [doubtful(e, "an infection was drained, and no diagnosis says that it healed", True) for e in spoken(facts["drained"])]


@rule("raised inflammation", *RAISED)
def inflammation(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute, as a hint, whether a marker of inflammation is raised.

    The last value of each counts, and one that cannot be read.
    """
    found = [
        doubtful(e, f"the last value of a marker of inflammation is above {bound:g}", True)
        for bound, e in _last_totals(facts, RAISED)
        if _least(e) > bound
    ]
    return [*found, *_unread(facts, RAISED, "a marker of inflammation is there that cannot be read")]


@rule("marked inflammation", *MARKED)
def marked(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute, as a hint, whether inflammation is as of a septic joint."""
    return [
        doubtful(e, f"the last value of a marker of inflammation is above {bound:g}", True)
        for bound, e in _last_totals(facts, MARKED)
        if _least(e) > bound
    ]


@rule("high screening scores", *HIGH)
def high_screens(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute, as a hint, whether a screening's last total is high.

    One that is there and cannot be read is such a hint too.
    """
    found = [
        doubtful(e, f"the last total of a screening is {bound:g} or more", True)
        for bound, e in _last_totals(facts, HIGH)
        if _least(e) >= bound
    ]
    return [*found, *_unread(facts, HIGH, "a screening is there whose total cannot be read")]


@rule("low memory scores", *LOW)
def low_memory(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute, as a hint, whether a memory test's last total is low.

    One that is there and cannot be read is such a hint too.
    """
    found = [
        doubtful(e, f"the last total of a test of memory is {bound:g} or less", True)
        for bound, e in _last_totals(facts, LOW)
        if isinstance(e.value, Interval) and e.value.high <= bound
    ]
    return [*found, *_unread(facts, LOW, "a test of memory is there whose total cannot be read")]


def _last_totals(facts: Inputs, bounds: Mapping[str, float]) -> list[tuple[float, Evidence]]:
    """Return each test's totals of its last day, with its bound."""
    return [(bound, e) for name, bound in bounds.items() for e in latest_day(_numbers(facts[name]))]


def _unread(facts: Inputs, names: Iterable[str], note: str) -> list[Evidence]:
    """Return what is there of tests without a number, as hints.

    A number of the same record, or of the same day or later, tells what it comes to.
    """
    numbers = {name: _numbers(facts[name]) for name in names}
    read = {e.resource for held in numbers.values() for e in held}
    found: list[Evidence] = []
    for name, held in numbers.items():
        last = max((e.when.last for e in held if e.when is not None), default=date.min)
        for e in facts[name].evidence:
            later = e.when is None or e.when.last > last
            if e.standing is Standing.UNCERTAIN and not isinstance(e.value, Interval) and e.resource not in read and later:
                found.append(doubtful(e, note, True))
    return found


def _numbers(fact: Fact) -> list[Evidence]:
    return [e for e in fact.evidence if e.standing is not Standing.DISCOUNTED and isinstance(e.value, Interval)]


def _least(evidence: Evidence) -> float:
    return evidence.value.low if isinstance(evidence.value, Interval) else 0.0
