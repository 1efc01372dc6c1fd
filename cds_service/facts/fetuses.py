"""Facts of the fetuses of a pregnancy that are computed: how many there are, whether one of several has died, and their anomalies.

Each rule takes named facts and the date of service, and gives the evidence of one fact.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from typing import Final

from cds_service.facts.pregnancy_dating import TERM, but
from cds_service.policy.model import Evidence, Fact, Standing
from cds_service.policy.values import Days, Interval

MANY: Final = 8
"""How many anomalies a diagnosis that does not say which may stand for."""

Inputs = Mapping[str, Fact]


def number_of_fetuses(facts: Inputs, as_of: date) -> list[Evidence]:
    """How many fetuses there are, as recorded. A record that only says "several" takes nothing from a number of that pregnancy."""
    recorded = list(facts["recorded"].evidence)
    counted = [e for e in recorded if _counts(e) and not _only_several(e)]
    note = "the number is recorded elsewhere"
    return [but(e, Standing.DISCOUNTED, note) if _only_several(e) and _is_told(e, counted) else e for e in recorded]


def _counts(evidence: Evidence) -> bool:
    return evidence.standing is Standing.USABLE and isinstance(evidence.value, Interval) and evidence.when is not None


def _only_several(evidence: Evidence) -> bool:
    return (
        _counts(evidence) and isinstance(evidence.value, Interval) and evidence.value.low == 2 and math.isinf(evidence.value.high)
    )


def _is_told(several: Evidence, counted: list[Evidence]) -> bool:
    """Whether the latest number that was counted within the time of one pregnancy is one of several."""
    day = several.when
    if day is None:
        return False
    near = [e for e in counted if e.when and abs(e.when.last.toordinal() - day.last.toordinal()) <= TERM]
    latest = max((e.when.last for e in near if e.when), default=None)
    return bool(near) and all(isinstance(e.value, Interval) and e.value.low >= 2 for e in near if e.when and e.when.last == latest)


def co_twin_demise(facts: Inputs, as_of: date) -> list[Evidence]:
    """Death of one fetus of several: as recorded; a number of fetuses that fell, or was reduced, leaves it open."""
    start = _earliest(facts["start"])
    recorded = list(facts["recorded"].evidence)
    if any(e.standing is Standing.USABLE and e.value is True for e in recorded):
        return recorded
    reduced = [but(e, Standing.UNCERTAIN, "a reduction is recorded", True) for e in facts["reduction"].evidence if e.value is True]
    counts = sorted(
        (
            (e.when.last, e.value.low, e.value.high, e)
            for e in facts["fetuses"].evidence
            if e.standing is Standing.USABLE and isinstance(e.value, Interval) and e.when and start <= e.when.last <= as_of
        ),
        key=lambda count: count[:3],
    )
    fallen = [
        but(later[3], Standing.UNCERTAIN, f"the number of fetuses fell from {earlier[1]:g} on {earlier[0]}", True)
        for earlier, later in pairwise(counts)
        if later[2] < earlier[1] and later[0] > earlier[0]
    ]
    return recorded + reduced + fallen


def anomaly_count(facts: Inputs, as_of: date) -> list[Evidence]:
    """How many distinct anomalies one fetus of this pregnancy has: sites are counted, what is unspecified widens the number.

    Two codes of one site, sites of different fetuses, provisional diagnoses, and those that may be of an earlier pregnancy leave
    it open whether there is more than one.
    """
    start, surely = _earliest(facts["start"]), _surely(facts["start"])
    here = [e for e in facts["sites"].evidence if e.when is None or e.when.last >= start]
    vague = [e for e in facts["unspecified"].evidence if e.value is not None and (e.when is None or e.when.last >= start)]
    sites = [e for e in here if e.standing is Standing.USABLE and (e.when is None or e.when.first >= surely)]
    open_ = [e for e in here if e.standing is Standing.UNCERTAIN or (e.standing is Standing.USABLE and e not in sites)]
    doubtful = {str(e.value) for e in open_ if e.value is not None} - {str(e.value) for e in sites}
    if not (sites or doubtful or vague):
        return [but(e, Standing.UNCERTAIN, e.note, None) for e in open_]
    by_fetus: dict[str, set[str]] = {}
    for e in sites:
        by_fetus.setdefault(_fetus(e), set()).add(str(e.value))
    shared = by_fetus.pop("", set())
    least = max((len(named | shared) for named in by_fetus.values()), default=len(shared))
    most = max(len({_anomaly(e) for e in sites}), len({str(e.value) for e in sites})) + len(doubtful) + MANY * bool(vague)
    found = [*sites, *open_, *vague]
    latest = max(found, key=lambda e: e.when.last if e.when else date.min)
    named = ", ".join(sorted({e.shown for e in found if e.shown}))
    return [Evidence(Interval(float(least), float(max(least, most))), latest.when, latest.resource, latest.kind, shown=named)]


def _earliest(start: Fact) -> date:
    return min((e.value.first for e in start.evidence if isinstance(e.value, Days)), default=date.min)


def _surely(start: Fact) -> date:
    """The day from which on something is of this pregnancy for certain."""
    return max((e.value.last for e in start.evidence if isinstance(e.value, Days)), default=date.min)


def _code_of(evidence: Evidence) -> str:
    """The ICD-10-CM code that evidence shows, without its dot; empty when it shows none."""
    words = evidence.shown.split(",")[0].split()
    return words[-1].replace(".", "").upper() if words else ""


def _anomaly(evidence: Evidence) -> str:
    """The anomaly that a code names, whichever fetus it is of: its first five characters, or the site where it has no code."""
    return _code_of(evidence)[:5] or str(evidence.value)


def _fetus(evidence: Evidence) -> str:
    """The seventh character of an ICD-10-CM code, which names the fetus; empty when it names none."""
    code = _code_of(evidence)
    return code[6] if len(code) == 7 and code[6] in "12345" else ""
