"""Evidence as the look-back of a criterion sees it.

Each piece stands before, inside or across the day from which evidence counts, and is usable, uncertain or discounted by
that. Of what is usable the latest decides, or the first where the criterion says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from cds_service.policy.comparing import answer
from cds_service.policy.criterion import Check
from cds_service.policy.evidence import UNPLACED, Evidence, Fact, Standing
from cds_service.policy.finding import MET, NOT_DOCUMENTED
from cds_service.policy.values import Days


class PlacedEvidence:
    """The evidence of a fact as one look-back sees it.

    It holds the latest that is usable, and what does not decide. ``alone`` is the one piece that decides, where nothing
    else is usable or uncertain, as is mostly so.
    """

    __slots__ = ("alone", "discounted", "latest", "uncertain")

    def __init__(
        self, latest: tuple[Evidence, ...], uncertain: tuple[Evidence, ...] = (), discounted: tuple[Evidence, ...] = ()
    ) -> None:
        self.latest: Final = latest
        self.uncertain: Final = uncertain
        self.discounted: Final = discounted
        self.alone: Final = latest[0] if len(latest) == 1 and not uncertain else None


def placed_evidence(fact: Fact, check: Check, since: Days | None, as_of: date) -> PlacedEvidence:
    """Sort the evidence of a fact by its standing in a look-back."""
    usable: list[Evidence] = []
    uncertain: list[Evidence] = []
    discounted: list[Evidence] = []
    for evidence in fact.evidence:
        placed = as_seen(evidence, check, since, as_of)
        if placed.standing is Standing.USABLE:
            usable.append(placed)
        elif placed.standing is Standing.UNCERTAIN:
            uncertain.append(placed)
        else:
            discounted.append(placed)
    return PlacedEvidence(_first(usable) if check.first else _latest(usable), tuple(uncertain), tuple(discounted))


def first_that_counts(check: Check, facts: Mapping[str, Fact], as_of: date) -> Days | None:
    """Return the first day that counts for a check.

    It is a span when it is not known exactly; None when everything before ``as_of`` counts.
    """
    if check.since is not None:
        days = [e.value for e in facts[check.since].evidence if e.standing is Standing.USABLE and isinstance(e.value, Days)]
        if days:
            return Days(min(day.first for day in days), max(day.last for day in days))
    return Days.on(check.within.start(as_of)) if check.within else None


def day_of(evidence: Evidence, check: Check) -> Days | None:
    """Return the day that the look-back is about.

    That is the value itself where the fact is a day and its place in time is the test; else the day of the evidence.
    """
    return evidence.value if isinstance(evidence.value, Days) and check.test.of_day else evidence.when


def as_seen(evidence: Evidence, check: Check, since: Days | None, as_of: date) -> Evidence:
    """Return evidence with its standing for this check.

    It is seen from the date of service and by the look-back of the criterion.
    """
    if evidence.standing is Standing.DISCOUNTED:
        return evidence
    when = day_of(evidence, check)
    if when is None:
        return _with(evidence, Standing.UNCERTAIN, "it carries no date") if since else evidence
    if when.first > as_of:
        return _with(evidence, Standing.DISCOUNTED, f"it is dated after the date of service, {as_of}")
    if since is None:
        return evidence
    if when.last < since.first:
        span = f"the look-back of {check.within}" if check.since is None else "the time that counts"
        standing = Standing.UNCERTAIN if reopens(check) and _says_otherwise(evidence, check, as_of) else Standing.DISCOUNTED
        return _with(evidence, standing, f"{when.text()} is before {span}, which starts on {since.text()}")
    if when.first < since.first:
        return _with(evidence, Standing.UNCERTAIN, f"its date leaves open whether it is since {since.text()}")
    return evidence


def reopens(check: Check) -> bool:
    """Tell whether evidence older than a check's look-back is asked about.

    It is where it says otherwise than the presumption would. A number that the document does not give must not make a
    silence of what the chart says, and so deny alone.
    """
    presumption = check.presumption
    return check.our_window and check.since is None and presumption is not None and not presumption.always


def _says_otherwise(evidence: Evidence, check: Check, as_of: date) -> bool:
    """Tell whether evidence answers a check otherwise than its presumption.

    Evidence answers where it is usable, or would be if its system were known.
    """
    presumption = check.presumption
    if presumption is None or (evidence.standing is not Standing.USABLE and evidence.note != UNPLACED):
        return False
    said = answer(check.test, evidence.value, as_of)
    return said is MET if check.times is not None else said not in (NOT_DOCUMENTED, presumption.treat_as)


def surely_inside(check: Check, since: Days, latest: tuple[Evidence, ...]) -> bool:
    """Tell whether the latest evidence surely falls inside a look-back.

    The look-back's own start may be a span of days.
    """
    days = [day_of(evidence, check) for evidence in latest]
    return since.first == since.last or all(day is not None and day.first >= since.last for day in days)


def _with(evidence: Evidence, standing: Standing, note: str) -> Evidence:
    said = "; ".join(part for part in (evidence.note, note) if part)
    return Evidence(evidence.value, evidence.when, evidence.resource, evidence.kind, standing, said, evidence.shown)


def _latest(usable: list[Evidence]) -> tuple[Evidence, ...]:
    """Return the evidence of the latest day.

    All that may be of the same day comes with it; what is undated comes only when nothing is dated.
    """
    if len(usable) < 2:
        return tuple(usable)
    dated = [(evidence, evidence.when) for evidence in usable if evidence.when is not None]
    if not dated:
        return tuple(usable)
    latest = max((when for _, when in dated), key=lambda when: (when.last, when.first))
    return tuple([evidence for evidence, when in dated if when.last >= latest.first])


def _first(usable: list[Evidence]) -> tuple[Evidence, ...]:
    """Return the evidence of the earliest day.

    It does for the earliest day what ``_latest`` does for the latest.
    """
    dated = [(evidence, evidence.when) for evidence in usable if evidence.when is not None]
    if not dated:
        return tuple(usable)
    first = min((when for _, when in dated), key=lambda when: (when.first, when.last))
    return tuple([evidence for evidence, when in dated if when.first <= first.last])
