"""What measurements and scores of screening only hint at.

They are a fever, a high total of a screening for alcohol or drugs, and a low total of a test of memory. None of them is
a diagnosis: each opens the question, and decides nothing. The bounds are the customary ones of each instrument, or
higher where it finds many who are well; they are ours, no payer's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from cds_service.facts.restated import doubtful, latest_day
from cds_service.facts.rule import rule
from cds_service.policy.evidence import Evidence, Fact, Standing
from cds_service.policy.values import Interval

FEVER: Final = 38.0
"""Degrees Celsius from which a temperature hints at an infection."""
HIGH: Final[Mapping[str, float]] = {"audit": 8, "audit_c": 5, "dast": 3}
"""Totals from which a screening for alcohol or drugs is positive."""
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


@rule("high screening scores", *HIGH)
def high_screens(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute, as a hint, whether a screening's last total is high."""
    return [
        doubtful(e, f"the last total of a screening is {bound:g} or more", True)
        for bound, e in _last_totals(facts, HIGH)
        if _least(e) >= bound
    ]


@rule("low memory scores", *LOW)
def low_memory(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute, as a hint, whether a memory test's last total is low."""
    return [
        doubtful(e, f"the last total of a test of memory is {bound:g} or less", True)
        for bound, e in _last_totals(facts, LOW)
        if isinstance(e.value, Interval) and e.value.high <= bound
    ]


def _last_totals(facts: Inputs, bounds: Mapping[str, float]) -> list[tuple[float, Evidence]]:
    """Return each test's totals of its last day, with its bound."""
    return [(bound, e) for name, bound in bounds.items() for e in latest_day(_numbers(facts[name]))]


def _numbers(fact: Fact) -> list[Evidence]:
    return [e for e in fact.evidence if e.standing is not Standing.DISCOUNTED and isinstance(e.value, Interval)]


def _least(evidence: Evidence) -> float:
    return evidence.value.low if isinstance(evidence.value, Interval) else 0.0
