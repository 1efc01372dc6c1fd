"""Which datings are of one pregnancy.

This module tells which pregnancies an end has closed, which datings cannot be of the latest one, and which contradict each
other within it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from cds_service.facts.computed.gestation import ONE_PREGNANCY, but
from cds_service.policy.evidence import Evidence, Fact, Standing
from cds_service.policy.values import Interval


def ends(ended: Fact, as_of: date) -> list[date]:
    """Return the days on which a pregnancy is recorded to have ended.

    Only days up to the date of service are returned.
    """
    found = [e.when.first for e in ended.evidence if e.standing is Standing.USABLE and e.when and e.value is True]
    return [day for day in found if day <= as_of]


def unless_ended(evidence: Evidence, ended: list[date], as_of: date) -> Evidence:
    """Discount a dating of a pregnancy that has ended since.

    It was stated before the end of the pregnancy that it dates, and so speaks of that one, not of this.
    """
    if evidence.standing is not Standing.USABLE or not isinstance(evidence.value, Interval) or evidence.when is None:
        return evidence
    began = date.fromordinal(as_of.toordinal() - int(evidence.value.high))
    if any(began < end and evidence.when.last <= end for end in ended):
        return but(evidence, Standing.DISCOUNTED, "the pregnancy that it dates has ended since")
    return evidence


def of_the_latest_pregnancy(routes: list[list[Evidence]], as_of: date) -> list[list[Evidence]]:
    """Discount datings that cannot be of the pregnancy recorded last.

    Returns the routes with these datings discounted. A week code is easily carried over from an earlier visit: where it
    alone is last and contradicts a dating made within the time that it leaves, nobody can tell which of the two is
    wrong, and neither decides.
    """
    dated = [(rank, e) for rank, route in enumerate(routes) for e in route if _dates(e)]
    last = max((e.when.last for _, e in dated if e.when), default=date.min)
    latest = [(rank, e) for rank, e in dated if e.when and e.when.last == last]
    if len(latest) == len(dated):
        return routes
    codes_alone = all(rank == len(routes) - 1 for rank, _ in latest)
    latest = [(0, e) for e in _different(e for _, e in latest)]
    kept: list[list[Evidence]] = []
    contradicted = False
    for rank, route in enumerate(routes):
        here: list[Evidence] = []
        for e in route:
            if not _dates(e) or e.when is None or e.when.last == last or not all(_apart(e, other, as_of) for _, other in latest):
                here.append(e)
            elif codes_alone and rank < len(routes) - 1 and not all(_before(e, other, as_of) for _, other in latest):
                contradicted = True
                here.append(but(e, Standing.UNCERTAIN, "a week code that was recorded later contradicts it"))
            elif not codes_alone and all(_younger(e, other) and not _before(e, other, as_of) for _, other in latest):
                here.append(e)
            else:
                note = "it is of an earlier pregnancy than the dating that was recorded last"
                here.append(but(e, Standing.DISCOUNTED, note))
        kept.append(here)
    if contradicted:
        note = "it contradicts an earlier dating of the same time"
        kept[-1] = [but(e, Standing.UNCERTAIN, note) if e.standing is Standing.USABLE else e for e in kept[-1]]
    return kept


def rivals(routes: list[list[Evidence]], as_of: date) -> list[Interval]:
    """Return the ages that contradict each other.

    They are one recorded last, and younger ones recorded before it that lie too far apart. What is recorded last cannot
    be of a later pregnancy when it says that the pregnancy began earlier: a last period that is asked for again at each
    visit, beside the due date of a scan. A week code that is last is weighed by itself.
    """
    dated = [(rank, e) for rank, route in enumerate(routes) for e in route if _dates(e)]
    last = max((e.when.last for _, e in dated if e.when), default=date.min)
    latest = _different(e for _, e in dated if e.when and e.when.last == last)
    if all(rank == len(routes) - 1 for rank, e in dated if e.when and e.when.last == last):
        return []
    found: dict[Interval, None] = {}
    for _, e in dated:
        if (
            e.when is None
            or e.when.last == last
            or not all(_younger(e, other) and not _before(e, other, as_of) for other in latest)
        ):
            continue
        found.update({other.value: None for other in [e, *latest] if isinstance(other.value, Interval)})
    return list(found)


def _different(datings: Iterable[Evidence]) -> list[Evidence]:
    """Return one dating of each age.

    Charts repeat the same one at every visit.
    """
    return list({dating.value: dating for dating in datings}.values())


def _younger(evidence: Evidence, other: Evidence) -> bool:
    """Tell whether a dating makes the pregnancy younger than another does.

    It must do so by more than one pregnancy is ever redated.
    """
    one, two = evidence.value, other.value
    return isinstance(one, Interval) and isinstance(two, Interval) and two.low - one.high > ONE_PREGNANCY


def spanning(evidence: Evidence, ages: list[Interval]) -> Evidence:
    """Widen an age to span also these ages."""
    own = evidence.value
    if not isinstance(own, Interval):
        return evidence
    span = Interval(min(own.low, *(age.low for age in ages)), max(own.high, *(age.high for age in ages)))
    return but(evidence, Standing.USABLE, "the datings on file contradict each other", span)


def _dates(evidence: Evidence) -> bool:
    return evidence.standing is Standing.USABLE and isinstance(evidence.value, Interval) and evidence.when is not None


def _apart(earlier: Evidence, later: Evidence, as_of: date) -> bool:
    """Tell whether two datings cannot be of one pregnancy.

    Both are ages on the date of service.
    """
    one, other = earlier.value, later.value
    if not isinstance(one, Interval) or not isinstance(other, Interval):
        return False
    return max(one.low - other.high, other.low - one.high) > ONE_PREGNANCY or _before(earlier, later, as_of)


def _before(earlier: Evidence, later: Evidence, as_of: date) -> bool:
    """Tell whether a dating was stated before another's pregnancy began.

    It must be so for the earliest day on which that pregnancy can have begun.
    """
    age = later.value
    return isinstance(age, Interval) and earlier.when is not None and earlier.when.last.toordinal() < as_of.toordinal() - age.high


def outranked(chosen: list[Evidence], better: list[list[Evidence]], rank: int, as_of: date) -> bool:
    """Tell whether a better dating than the chosen one cannot be read.

    It goes before the chosen one and may be of the same pregnancy.
    """
    oldest = max((e.value.high for e in chosen if isinstance(e.value, Interval)), default=0)
    began = date.fromordinal(as_of.toordinal() - int(oldest))
    first = min((e.when.first for e in chosen if e.when), default=as_of)
    for route in better:
        for e in route:
            if e.standing is not Standing.UNCERTAIN:
                continue
            if e.when is None or (began <= e.when.last and e.when.first <= (first if rank == 0 else as_of)):
                return True
    return False
