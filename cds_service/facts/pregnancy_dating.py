"""The dating of a pregnancy: its age on the date of service, from all that states it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from cds_service.policy.model import Evidence, Fact, Standing
from cds_service.policy.values import Days, Interval, Value

LONGEST: Final = 308
"""44 weeks in days: no pregnancy is longer, so a dating that would make it so is stale."""
TERM: Final = 280
"""Days from the last menstrual period to the due date (Naegele's rule)."""
ONE_PREGNANCY: Final = 28
"""Datings whose beginnings lie further apart than these days are of two pregnancies (redating seldom exceeds three weeks)."""
NINE_WEEKS: Final = 63
"""Days: a pregnancy of this age began no later; and no statement from before it speaks of one that has reached it since."""
CONCEPTION: Final = 14
"""Days from the last menstrual period until a pregnancy begins: a smaller age is the days beside a number of weeks."""

Inputs = Mapping[str, Fact]


def gestational_age(facts: Inputs, as_of: date) -> list[Evidence]:
    """Gestational age on the date of service, in days, from the best route that is documented.

    Routes: ``scan`` (with answers to the question itself) beats ``due_date`` beats ``last_period`` beats ``week_code``.
    Among scans the earliest of the pregnancy wins; among the others the latest. Discounted is a dating that a delivery or a loss
    has ended since, one that cannot be of one pregnancy with a dating recorded later, and one that would make the pregnancy
    longer than 44 weeks or begin after the date of service. A dating decides nothing beside a better one that cannot be read.
    Datings that contradict each other within one pregnancy leave every age between them.
    """
    routes = [
        [aged for evidence in facts["scan"].evidence for aged in _carried_forward(evidence, as_of)],
        [
            *(aged for evidence in facts["due_date"].evidence for aged in _since(evidence, as_of, TERM)),
            *(aged for evidence in facts["age_by_due_date"].evidence for aged in _carried_forward(evidence, as_of)),
        ],
        [
            *(aged for evidence in facts["last_period"].evidence for aged in _since(evidence, as_of, 0)),
            *(aged for evidence in facts["age_by_last_period"].evidence for aged in _carried_forward(evidence, as_of)),
        ],
        [aged for evidence in facts["week_code"].evidence for aged in _carried_forward(evidence, as_of)],
    ]
    ended = ends(facts["ended"], as_of)
    routes = [[_unless_ended(e, ended, as_of) for e in route] for route in routes]
    rivals = _rivals(routes, as_of)
    routes = _of_the_latest_pregnancy(routes, as_of)
    chosen: list[Evidence] = []
    unused: list[Evidence] = []
    for rank, route in enumerate(routes):
        usable = [evidence for evidence in route if evidence.standing is Standing.USABLE]
        unused += [evidence for evidence in route if evidence.standing is not Standing.USABLE]
        if usable and not chosen:
            chosen = _earliest_of_this_pregnancy(usable) if rank == 0 else _latest(usable)
            if rivals:
                chosen = [_spanning(evidence, rivals) for evidence in chosen]
            if _outranked(chosen, routes[: max(rank, 1)], rank, as_of):
                note = "a dating that goes before it cannot be read"
                chosen = [but(evidence, Standing.UNCERTAIN, note) for evidence in chosen]
    if any(evidence.standing is Standing.USABLE for evidence in chosen):
        note = "a dating that goes before it is on file"
        unused = [but(e, Standing.DISCOUNTED, note) if e.standing is Standing.UNCERTAIN else e for e in unused]
    return chosen + unused


def ends(ended: Fact, as_of: date) -> list[date]:
    """The days, up to the date of service, on which a pregnancy is on record to have ended."""
    found = [e.when.first for e in ended.evidence if e.standing is Standing.USABLE and e.when and e.value is True]
    return [day for day in found if day <= as_of]


def _unless_ended(evidence: Evidence, ended: list[date], as_of: date) -> Evidence:
    """A dating stated before the end of the pregnancy that it dates speaks of that one, not of this."""
    if evidence.standing is not Standing.USABLE or not isinstance(evidence.value, Interval) or evidence.when is None:
        return evidence
    began = date.fromordinal(as_of.toordinal() - int(evidence.value.high))
    if any(began < end and evidence.when.last <= end for end in ended):
        return but(evidence, Standing.DISCOUNTED, "the pregnancy that it dates has ended since")
    return evidence


def _of_the_latest_pregnancy(routes: list[list[Evidence]], as_of: date) -> list[list[Evidence]]:
    """The routes without the datings that cannot be of one pregnancy with those recorded last.

    A week code is easily carried over from an earlier visit: where it alone is last and contradicts a dating made within the time
    that it leaves, nobody can tell which of the two is wrong, and neither decides.
    """
    dated = [(rank, e) for rank, route in enumerate(routes) for e in route if _dates(e)]
    last = max((e.when.last for _, e in dated if e.when), default=date.min)
    latest = [(rank, e) for rank, e in dated if e.when and e.when.last == last]
    if len(latest) == len(dated):
        return routes
    codes_alone = all(rank == len(routes) - 1 for rank, _ in latest)
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


def _rivals(routes: list[list[Evidence]], as_of: date) -> list[Interval]:
    """The ages that contradict each other: one recorded last, and younger ones recorded before it that lie too far apart.

    What is recorded last cannot be of a later pregnancy when it says that the pregnancy began earlier: a last period that is asked
    for again at each visit, beside the due date of a scan. A week code that is last is weighed by itself.
    """
    dated = [(rank, e) for rank, route in enumerate(routes) for e in route if _dates(e)]
    last = max((e.when.last for _, e in dated if e.when), default=date.min)
    latest = [e for _, e in dated if e.when and e.when.last == last]
    if all(rank == len(routes) - 1 for rank, e in dated if e.when and e.when.last == last):
        return []
    found: list[Interval] = []
    for _, e in dated:
        if (
            e.when is None
            or e.when.last == last
            or not all(_younger(e, other) and not _before(e, other, as_of) for other in latest)
        ):
            continue
        found += [other.value for other in [e, *latest] if isinstance(other.value, Interval)]
    return found


def _younger(evidence: Evidence, other: Evidence) -> bool:
    """Whether a dating makes the pregnancy younger than another does, by more than one pregnancy is ever redated."""
    one, two = evidence.value, other.value
    return isinstance(one, Interval) and isinstance(two, Interval) and two.low - one.high > ONE_PREGNANCY


def _spanning(evidence: Evidence, ages: list[Interval]) -> Evidence:
    own = evidence.value
    if not isinstance(own, Interval):
        return evidence
    span = Interval(min(own.low, *(age.low for age in ages)), max(own.high, *(age.high for age in ages)))
    return but(evidence, Standing.USABLE, "the datings on file contradict each other", span)


def _dates(evidence: Evidence) -> bool:
    return evidence.standing is Standing.USABLE and isinstance(evidence.value, Interval) and evidence.when is not None


def _apart(earlier: Evidence, later: Evidence, as_of: date) -> bool:
    """Whether two datings, as ages on the date of service, cannot be of one pregnancy."""
    one, other = earlier.value, later.value
    if not isinstance(one, Interval) or not isinstance(other, Interval):
        return False
    return max(one.low - other.high, other.low - one.high) > ONE_PREGNANCY or _before(earlier, later, as_of)


def _before(earlier: Evidence, later: Evidence, as_of: date) -> bool:
    """Whether a dating was stated before the pregnancy of another can have begun."""
    age = later.value
    return isinstance(age, Interval) and earlier.when is not None and earlier.when.last.toordinal() < as_of.toordinal() - age.high


def _outranked(chosen: list[Evidence], better: list[list[Evidence]], rank: int, as_of: date) -> bool:
    """Whether a dating that goes before the chosen one is there, may be of the same pregnancy, and cannot be read."""
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


def _carried_forward(evidence: Evidence, as_of: date) -> Iterable[Evidence]:
    """An age stated on a day, with the days since then added."""
    if evidence.standing is not Standing.USABLE or not isinstance(evidence.value, Interval):
        yield evidence
        return
    if evidence.when is None:
        yield but(evidence, Standing.UNCERTAIN, "it carries no date")
        return
    if evidence.when.first > as_of:
        yield but(evidence, Standing.DISCOUNTED, f"it is dated after the date of service, {as_of}")
        return
    shortest, longest = (as_of - min(evidence.when.last, as_of)).days, (as_of - evidence.when.first).days
    age = evidence.value
    if age.low == age.high < CONCEPTION and evidence.kind != "answered":
        yield but(evidence, Standing.DISCOUNTED, "an age of less than two weeks is none")
        return
    # a bound that is itself excluded ("< 63 d") leaves whole days up to the one before it
    high = age.high - 1 if age.high_open and age.high == int(age.high) else age.high
    yield _plausible(evidence, age.low + shortest, high + longest)


def _since(evidence: Evidence, as_of: date, term: int) -> Iterable[Evidence]:
    """The age that a beginning (or, ``term`` days after it, a due date) makes on the date of service."""
    if evidence.standing is not Standing.USABLE or not isinstance(evidence.value, Days):
        yield evidence
        return
    if evidence.when is not None and evidence.when.first > as_of:
        yield but(evidence, Standing.DISCOUNTED, f"it is dated after the date of service, {as_of}")
        return
    day = evidence.value
    yield _plausible(evidence, term + (as_of - day.last).days, term + (as_of - day.first).days)


def _plausible(evidence: Evidence, low: float, high: float) -> Evidence:
    if low > LONGEST:
        return but(evidence, Standing.DISCOUNTED, f"stale: the pregnancy would be {int(low // 7)} weeks, longer than 44")
    if high < 0:
        return but(evidence, Standing.DISCOUNTED, "the pregnancy would begin after the date of service")
    # whole days: a decimal number of weeks is never rounded up
    least, most = max(low, 0), min(high, LONGEST)
    return but(evidence, Standing.USABLE, "", Interval(float(int(least + 1e-6)), float(int(most + 1e-6))))


def _earliest_of_this_pregnancy(scans: list[Evidence]) -> list[Evidence]:
    """The scans of the earliest day of the pregnancy that the latest scan belongs to."""
    latest = max(scans, key=lambda e: e.when.last if e.when else date.min)
    here = latest.value
    if not isinstance(here, Interval):
        return [latest]
    same = [e for e in scans if isinstance(e.value, Interval) and abs(e.value.low - here.low) <= ONE_PREGNANCY]
    first = min(e.when.first for e in same if e.when)
    return [e for e in same if e.when and e.when.first == first]


def _latest(usable: list[Evidence]) -> list[Evidence]:
    last = max(e.when.last if e.when else date.min for e in usable)
    return [e for e in usable if (e.when.last if e.when else date.min) == last]


def but(evidence: Evidence, standing: Standing, note: str, value: Value | None = None) -> Evidence:
    """The same evidence with another standing and, if given, the value that a rule makes of it."""
    kept = evidence.value if value is None else value
    return Evidence(
        kept, evidence.when, evidence.resource, evidence.kind, standing, note or evidence.note, evidence.shown, evidence.instant
    )
