"""Numbers of a laboratory that something newer puts in doubt.

A diagnosis or another measure decides nothing in their place. It stands beside an older number with what that would be
by now if it held, so that the number alone does not say no. Each rule gives the evidence of one fact.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Final

from cds_service.facts.computed.body_measures import CREATININE_SPEAKS, side_by_side
from cds_service.facts.evidence_days import first, last
from cds_service.facts.restated import doubtful, spoken
from cds_service.facts.rule import rule
from cds_service.policy.evidence import Evidence, Fact, Standing
from cds_service.policy.values import Interval

CLEARANCE: Final = Interval(0.0, 50.0, high_open=True)
"""Creatinine clearance, in mL/min, that the policy finds low."""
BILIRUBIN: Final = Interval(1.0, math.inf)
"""Total bilirubin, in mg/dL, that the policy finds high."""
ENZYME: Final = Interval(2.0, math.inf)
"""A liver enzyme, of its upper limit, that the policy finds high."""
ALBUMIN: Final = Interval(0.0, 3.5)
"""Albumin, in g/dL, that the policy finds low."""

Inputs = Mapping[str, Fact]


@rule("creatinine clearance", "measured", "reckoned", "estimated", "failing", joins="measured")
def creatinine_clearance(facts: Inputs, as_of: date) -> list[Evidence]:
    """Return the clearance, in doubt where the kidneys may fail since.

    It is as somebody measured it, else computed. An estimated filtration rate is another measure: only a low one puts it in
    doubt, or one that cannot be read. One that is computed and not low is so also beside a low rate of its own day.
    """
    low = [e for e in _numbers(facts["estimated"]) if not isinstance(e.value, Interval) or e.value.below(CLEARANCE.high)]
    reckoned = [_unless_low(e, low) for e in facts["reckoned"].evidence]
    return [
        *side_by_side(list(facts["measured"].evidence), reckoned, CLEARANCE.high, CREATININE_SPEAKS, as_of),
        *[doubtful(e, "the filtration rate is another measure, and is or may be low", CLEARANCE) for e in low],
        *_signs(facts["failing"], "the kidneys fail by a diagnosis", CLEARANCE),
    ]


@rule("total bilirubin", "measured", "direct", "jaundice")
def total_bilirubin(facts: Inputs, as_of: date) -> list[Evidence]:
    """Return the bilirubin, in doubt where it may have risen since.

    The direct is a part of it, and may be as much where it cannot be read.
    """
    high = [e for e in _numbers(facts["direct"]) if not isinstance(e.value, Interval) or e.value.low >= BILIRUBIN.low]
    return [
        *facts["measured"].evidence,
        *[doubtful(e, "as much of it is, or may be, direct", BILIRUBIN) for e in high],
        *_signs(facts["jaundice"], "there is jaundice by a diagnosis", BILIRUBIN),
    ]


@rule("liver enzyme", "measured", "raised")
def liver_enzyme(facts: Inputs, as_of: date) -> list[Evidence]:
    """Return an enzyme, in doubt where a diagnosis calls it raised."""
    return [*facts["measured"].evidence, *_signs(facts["raised"], "it is raised by a diagnosis", ENZYME)]


@rule("serum albumin", "measured", "low")
def serum_albumin(facts: Inputs, as_of: date) -> list[Evidence]:
    """Return the albumin, in doubt where a diagnosis calls it low."""
    return [*facts["measured"].evidence, *_signs(facts["low"], "it is low by a diagnosis", ALBUMIN)]


def _unless_low(reckoned: Evidence, low: list[Evidence]) -> Evidence:
    """Return a computed clearance, in doubt beside a low rate.

    The rate is of its day or later.
    """
    value = reckoned.value
    if not isinstance(value, Interval) or value.below(CLEARANCE.high) or not any(last(e) >= first(reckoned) for e in low):
        return reckoned
    return reckoned._replace(standing=Standing.UNCERTAIN, note="the filtration rate is another measure, and is or may be low")


def _numbers(fact: Fact) -> list[Evidence]:
    return [e for e in fact.evidence if e.standing is not Standing.DISCOUNTED]


def _signs(fact: Fact, note: str, value: Interval) -> list[Evidence]:
    """Return diagnoses of a day as what the number may be."""
    return [doubtful(e, note, value) for e in spoken(fact) if e.when is not None]
