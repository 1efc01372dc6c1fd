"""Facts of the fetuses of a pregnancy that are computed.

They are how many there are, whether one of several has died, and their anomalies. Each rule takes named facts and the
date of service, and gives the evidence of one fact.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from typing import Final

from cds_service.facts.computed.gestation import TERM, but
from cds_service.facts.computed.unread_datings import only_named
from cds_service.facts.found.diagnoses import CONCLUDED
from cds_service.facts.rule import rule
from cds_service.policy.evidence import ONLY_WORDS, Evidence, Fact, Standing
from cds_service.policy.values import Days, Interval

MANY: Final = 8
"""How many anomalies an unspecific diagnosis may stand for."""

ONE: Final = Interval.exactly(1.0)
REDUCED: Final = "the pregnancy was reduced since"
SEVERAL: Final = Interval(2.0, math.inf)
"""The number of fetuses where words only say that there are several."""

Inputs = Mapping[str, Fact]


MOST_COVERED: Final = 2
"""The number of fetuses above which a later reduction may have changed what it decides."""


@rule("number of fetuses", "recorded", "reduction")
def number_of_fetuses(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute how many fetuses there are, as recorded.

    A record that only says "several" takes nothing from a number of that pregnancy. A number decides nothing beside
    another of its day that cannot be read, unless that one says the same. That there is one fetus, under a code that is
    not known, is no more than a silent chart says. That there are one or two counts also as the conclusion of a report.
    What was counted before the pregnancy was reduced is open: how many are left, it does not say.
    """
    recorded = [but(e, Standing.USABLE, e.note) if _few_concluded(e) else e for e in facts["recorded"].evidence]
    reduced = [e for e in facts["reduction"].evidence if e.standing is not Standing.DISCOUNTED and e.value is not False]
    if reduced:
        recorded = [but(e, Standing.UNCERTAIN, REDUCED) if _counts(e) and _is_reduced(e, reduced) else e for e in recorded]
    if all(only_named(e) and e.value == ONE for e in recorded):
        return [but(e, Standing.DISCOUNTED, f"{e.note}; it says no more than a silent chart") for e in recorded]
    counted = [e for e in recorded if _counts(e) and not _only_several(e)]
    told, open_ = "the number is recorded elsewhere", "another number of that day cannot be read"
    unread = [e for e in recorded if e.standing is Standing.UNCERTAIN and e.resource.startswith("Observation/")]
    return [
        but(e, Standing.DISCOUNTED, told)
        if _only_several(e) and _is_told(e, counted)
        else but(e, Standing.UNCERTAIN, open_)
        if _counts(e) and any(other.when == e.when and other.value != e.value for other in unread)
        else e
        for e in recorded
    ]


def _is_reduced(count: Evidence, reduced: list[Evidence]) -> bool:
    """Tell whether more than two were counted before the reduction."""
    if count.when is None or not isinstance(count.value, Interval) or count.value.high <= MOST_COVERED:
        return False
    counted = count.when.first.toordinal()
    return any(e.when is None or counted <= e.when.last.toordinal() <= counted + TERM for e in reduced)


def _few_concluded(evidence: Evidence) -> bool:
    """Tell whether a report or result comes to one or two fetuses."""
    return evidence.note == CONCLUDED and isinstance(evidence.value, Interval) and evidence.value.high <= 2


def _counts(evidence: Evidence) -> bool:
    return evidence.standing is Standing.USABLE and isinstance(evidence.value, Interval) and evidence.when is not None


def _only_several(evidence: Evidence) -> bool:
    return (
        _counts(evidence) and isinstance(evidence.value, Interval) and evidence.value.low == 2 and math.isinf(evidence.value.high)
    )


def _is_told(several: Evidence, counted: list[Evidence]) -> bool:
    """Tell whether a number says already that there are several.

    It is the latest that was counted within the time of one pregnancy.
    """
    day = several.when
    if day is None:
        return False
    near = [e for e in counted if e.when and abs(e.when.last.toordinal() - day.last.toordinal()) <= TERM]
    latest = max((e.when.last for e in near if e.when), default=None)
    return bool(near) and all(isinstance(e.value, Interval) and e.value.low >= 2 for e in near if e.when and e.when.last == latest)


@rule("co-twin demise", "recorded", "reduction", "fetuses", "twins", "start")
def co_twin_demise(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute whether one fetus of several has died.

    It is as recorded; a number of fetuses that fell, or was reduced, leaves it open. So does an earlier record of the
    number whose code is not known, if it says more, or does not say how many.
    """
    start = _earliest(facts["start"])
    recorded = list(facts["recorded"].evidence)
    if any(e.standing is Standing.USABLE and e.value is True for e in recorded):
        return recorded
    reduced = [but(e, Standing.UNCERTAIN, "a reduction is recorded", True) for e in facts["reduction"].evidence if e.value is True]
    counts = sorted(
        (
            (e.when.last, value.low, value.high, e)
            for e in [*facts["fetuses"].evidence, *(e for e in facts["twins"].evidence if ONLY_WORDS in e.note)]
            if (value := _how_many(e)) is not None and e.when and start <= e.when.last <= as_of
        ),
        key=lambda count: count[:3],
    )
    fallen = [
        but(later[3], Standing.UNCERTAIN, f"the number of fetuses fell from {earlier[1]:g} on {earlier[0]}", True)
        for earlier, later in pairwise(counts)
        if later[2] < earlier[1] and later[0] > earlier[0]
    ]
    return recorded + reduced + fallen


def _how_many(evidence: Evidence) -> Interval | None:
    """Return the number of fetuses that a record gives.

    For a record that is known only by its words, it is the most that it may mean. Returns None for any other that does
    not decide.
    """
    value = evidence.value
    if isinstance(value, Interval):
        return value if evidence.standing is Standing.USABLE or ONLY_WORDS in evidence.note else None
    return SEVERAL if evidence.standing is Standing.UNCERTAIN and value is None and ONLY_WORDS in evidence.note else None


@rule("anomaly count", "sites", "unspecified", "start")
def anomaly_count(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute how many distinct anomalies one fetus of this pregnancy has.

    Sites are counted; what is unspecified widens the number. Two codes of one site, sites of different fetuses,
    diagnoses that are provisional or cannot be read, and those that may be of an earlier pregnancy leave it open whether
    there is more than one.
    """
    start, surely = _earliest(facts["start"]), _surely(facts["start"])
    here = [e for e in facts["sites"].evidence if e.when is None or e.when.last >= start]
    vague = [e for e in facts["unspecified"].evidence if e.value is not None and (e.when is None or e.when.last >= start)]
    sites = [e for e in here if e.standing is Standing.USABLE and (e.when is None or e.when.first >= surely)]
    open_ = [e for e in here if e.standing is Standing.UNCERTAIN or (e.standing is Standing.USABLE and e not in sites)]
    doubtful = {str(e.value) for e in open_ if e.value is not None} - {str(e.value) for e in sites}
    unread = {e.resource for e in open_ if e.value is None} - {e.resource for e in (*sites, *vague) if e.resource}
    if not (sites or doubtful or vague):
        return [but(e, Standing.UNCERTAIN, e.note, None) for e in open_]
    by_fetus: dict[str, set[str]] = {}
    for e in sites:
        by_fetus.setdefault(_fetus(e), set()).add(str(e.value))
    shared = by_fetus.pop("", set())
    least = max((len(named | shared) for named in by_fetus.values()), default=len(shared))
    most = (
        max(len({_anomaly(e) for e in sites}), len({str(e.value) for e in sites}))
        + len(doubtful)
        + len(unread)
        + MANY * bool(vague)
    )
    found = [*sites, *open_, *vague]
    latest = max(found, key=lambda e: e.when.last if e.when else date.min)
    named = ", ".join(sorted({e.shown for e in found if e.shown}))
    return [Evidence(Interval(float(least), float(max(least, most))), latest.when, latest.resource, latest.kind, shown=named)]


def _earliest(start: Fact) -> date:
    return min((e.value.first for e in start.evidence if isinstance(e.value, Days)), default=date.min)


def _surely(start: Fact) -> date:
    """Return the day from which on something is surely of this pregnancy."""
    return max((e.value.last for e in start.evidence if isinstance(e.value, Days)), default=date.min)


def _code_of(evidence: Evidence) -> str:
    """Return the ICD-10-CM code that evidence shows, without its dot.

    Returns an empty text where it shows none.
    """
    words = evidence.shown.split(",")[0].split()
    return words[-1].replace(".", "").upper() if words else ""


def _anomaly(evidence: Evidence) -> str:
    """Return the anomaly that a code names, of whichever fetus.

    It is the first five characters of the code, or the site where there is no code.
    """
    return _code_of(evidence)[:5] or str(evidence.value)


def _fetus(evidence: Evidence) -> str:
    """Return the character of an ICD-10-CM code that names the fetus.

    It is the seventh. Returns an empty text where the code names none.
    """
    code = _code_of(evidence)
    return code[6] if len(code) == 7 and code[6] in "12345" else ""
