"""Facts of a pregnancy that are computed: its dating, its beginning, whether there is one, and what changed in it.

Each rule takes named facts and the date of service, and gives the evidence of one fact.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from itertools import pairwise
from typing import Final

from cds_service.policy.model import Evidence, Fact, Standing
from cds_service.policy.values import Days, Interval, Value

LONGEST: Final = 308
"""44 weeks in days: no pregnancy is longer, so a dating that would make it so is stale."""
TERM: Final = 280
"""Days from the last menstrual period to the due date (Naegele's rule)."""
ONE_PREGNANCY: Final = 28
"""Datings whose beginnings lie further apart than these days are of two pregnancies (redating seldom exceeds three weeks)."""
MANY: Final = 8
"""How many anomalies a diagnosis that does not say which may stand for."""
NINE_WEEKS: Final = 63
"""Days: a pregnancy of this age began no later; and no statement from before it speaks of one that has reached it since."""
FIRST_TOLD: Final = 28
"""Days from the last menstrual period until a pregnancy can first be told."""

Inputs = Mapping[str, Fact]


def gestational_age(facts: Inputs, as_of: date) -> list[Evidence]:
    """Gestational age on the date of service, in days, from the best route that is documented.

    Routes: ``scan`` (with answers to the question itself) beats ``due_date`` beats ``last_period`` beats ``week_code``.
    Among scans the earliest of the pregnancy wins; among the others the latest. A dating that a delivery or a loss has
    ended since is of an earlier pregnancy and is discounted; so is one that would make the pregnancy
    longer than 44 weeks, or begin after the date of service, is discounted.
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
    ended = [e.when.first for e in facts["ended"].evidence if e.standing is Standing.USABLE and e.when and e.value is True]
    routes = [[_unless_ended(e, [day for day in ended if day <= as_of], as_of) for e in route] for route in routes]
    chosen: list[Evidence] = []
    unused: list[Evidence] = []
    for rank, route in enumerate(routes):
        usable = [evidence for evidence in route if evidence.standing is Standing.USABLE]
        unused += [evidence for evidence in route if evidence.standing is not Standing.USABLE]
        if usable and not chosen:
            chosen = _earliest_of_this_pregnancy(usable) if rank == 0 else _latest(usable)
    return chosen + unused


def _unless_ended(evidence: Evidence, ended: list[date], as_of: date) -> Evidence:
    """A dating stated before the end of the pregnancy that it dates speaks of that one, not of this."""
    if evidence.standing is not Standing.USABLE or not isinstance(evidence.value, Interval) or evidence.when is None:
        return evidence
    began = date.fromordinal(as_of.toordinal() - int(evidence.value.high))
    if any(began < end and evidence.when.last <= end for end in ended):
        return _but(evidence, Standing.DISCOUNTED, "the pregnancy that it dates has ended since")
    return evidence


def _carried_forward(evidence: Evidence, as_of: date) -> Iterable[Evidence]:
    """An age stated on a day, with the days since then added."""
    if evidence.standing is not Standing.USABLE or not isinstance(evidence.value, Interval) or evidence.when is None:
        yield evidence
        return
    if evidence.when.first > as_of:
        yield _but(evidence, Standing.DISCOUNTED, f"it is dated after the date of service, {as_of}")
        return
    shortest, longest = (as_of - min(evidence.when.last, as_of)).days, (as_of - evidence.when.first).days
    age = evidence.value
    # a bound that is itself excluded ("< 63 d") leaves whole days up to the one before it
    high = age.high - 1 if age.high_open and age.high == int(age.high) else age.high
    yield _plausible(evidence, age.low + shortest, high + longest)


def _since(evidence: Evidence, as_of: date, term: int) -> Iterable[Evidence]:
    """The age that a beginning (or, ``term`` days after it, a due date) makes on the date of service."""
    if evidence.standing is not Standing.USABLE or not isinstance(evidence.value, Days):
        yield evidence
        return
    if evidence.when is not None and evidence.when.first > as_of:
        yield _but(evidence, Standing.DISCOUNTED, f"it is dated after the date of service, {as_of}")
        return
    day = evidence.value
    yield _plausible(evidence, term + (as_of - day.last).days, term + (as_of - day.first).days)


def _plausible(evidence: Evidence, low: float, high: float) -> Evidence:
    if low > LONGEST:
        return _but(evidence, Standing.DISCOUNTED, f"stale: the pregnancy would be {int(low // 7)} weeks, longer than 44")
    if high < 0:
        return _but(evidence, Standing.DISCOUNTED, "the pregnancy would begin after the date of service")
    # whole days: a decimal number of weeks is never rounded up
    least, most = max(low, 0), min(high, LONGEST)
    return _but(evidence, Standing.USABLE, "", Interval(float(int(least + 1e-6)), float(int(most + 1e-6))))


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


def pregnancy_look_back(facts: Inputs, as_of: date) -> list[Evidence]:
    """The first day that counts as this pregnancy: the date of service less its age; 280 days back when the age is unknown,
    but not before the last delivery or loss that is on record."""
    ages = [e for e in facts["age"].evidence if e.standing is Standing.USABLE and isinstance(e.value, Interval)]
    if ages:
        return [_but(e, Standing.USABLE, "", _beginning(e, as_of)) for e in ages]
    start = date.fromordinal(as_of.toordinal() - TERM)
    ended = [e.when.first for e in facts["ended"].evidence if e.standing is Standing.USABLE and e.when and e.value is True]
    latest = max((day for day in ended if start < day <= as_of), default=None)
    note = "gestational age unknown: " + ("since the last pregnancy ended" if latest else "280 days back")
    return [Evidence(Days.on(latest or start), Days.on(as_of), kind="assumed", note=note)]


def pregnancy_start(facts: Inputs, as_of: date) -> list[Evidence]:
    """As :func:`pregnancy_look_back`; but when the age is unknown, it may have begun on any day since then up to nine weeks ago.

    A pregnancy that is not known to be below nine weeks began at least nine weeks ago: what is more recent is surely of it.
    """
    found = pregnancy_look_back(facts, as_of)
    start = found[0].value
    if found[0].kind != "assumed" or not isinstance(start, Days):
        return found
    surely = date.fromordinal(as_of.toordinal() - NINE_WEEKS)
    return [_but(found[0], Standing.USABLE, found[0].note, Days(start.first, max(start.first, surely)))]


def loss_look_back(facts: Inputs, as_of: date) -> list[Evidence]:
    """The first day on which a loss can be of this pregnancy: four weeks after it began, when a pregnancy can first be told.

    A loss before that is of an earlier one, whose bleeding was perhaps taken for the last period. Where the age is unknown,
    as in :func:`pregnancy_start`, without regard to a loss on record: that loss is what the criterion asks about.
    """
    without_losses = {"age": facts["age"], "ended": facts["delivery"]}
    return [
        _but(e, Standing.USABLE, e.note, e.value.plus(FIRST_TOLD) if e.kind != "assumed" else e.value)
        for e in pregnancy_start(without_losses, as_of)
        if isinstance(e.value, Days)
    ]


def _beginning(evidence: Evidence, as_of: date) -> Days:
    age = evidence.value
    if not isinstance(age, Interval):
        raise TypeError("a gestational age is an interval")
    return Days(date.fromordinal(as_of.toordinal() - int(age.high)), date.fromordinal(as_of.toordinal() - int(age.low)))


def pregnant(facts: Inputs, as_of: date) -> list[Evidence]:
    """Whether there is a pregnancy: what says so outright, and any dating of it. A statement against it speaks for nine weeks."""
    recent = date.fromordinal(as_of.toordinal() - NINE_WEEKS)
    stated = [
        _but(e, Standing.DISCOUNTED, "it says nothing of a pregnancy that began since")
        if e.value is False and e.when and e.when.last < recent
        else e
        for e in facts["recorded"].evidence
    ]
    dated = [
        Evidence(True, e.when, e.resource, e.kind, shown=e.shown)
        for e in facts["age"].evidence
        if e.standing is Standing.USABLE and e.when
    ]
    return stated + dated


def co_twin_demise(facts: Inputs, as_of: date) -> list[Evidence]:
    """Death of one fetus of several: as recorded; a number of fetuses that fell, or was reduced, leaves it open."""
    start = min((e.value.first for e in facts["start"].evidence if isinstance(e.value, Days)), default=date.min)
    recorded = list(facts["recorded"].evidence)
    if any(e.standing is Standing.USABLE and e.value is True for e in recorded):
        return recorded
    reduced = [_but(e, Standing.UNCERTAIN, "a reduction is recorded", True) for e in facts["reduction"].evidence if e.value is True]
    counts = sorted(
        (
            (e.when.last, e.value.low, e.value.high, e)
            for e in facts["fetuses"].evidence
            if e.standing is Standing.USABLE and isinstance(e.value, Interval) and e.when and start <= e.when.last <= as_of
        ),
        key=lambda count: count[:3],
    )
    fallen = [
        _but(later[3], Standing.UNCERTAIN, f"the number of fetuses fell from {earlier[1]:g} on {earlier[0]}", True)
        for earlier, later in pairwise(counts)
        if later[2] < earlier[1] and later[0] > earlier[0]
    ]
    return recorded + reduced + fallen


def earlier_screen(facts: Inputs, as_of: date) -> list[Evidence]:
    """Whether a screen was done or ordered before in this pregnancy. A result counts; a test without one leaves it open.

    An order or procedure up to the day of a test without result is that test: the result speaks for it.
    """
    results = list(facts["results"].evidence)
    done = [_but(e, Standing.USABLE, "", True) for e in results if e.standing is Standing.USABLE and e.value == "reported"]
    empty = [e for e in results if e.standing is Standing.USABLE and e.value == "no result"]
    uncertain = [e for e in results if e.standing is not Standing.USABLE]
    last_empty = max((e.when.last for e in empty if e.when and e.when.first <= as_of), default=date.min)
    ordered = [e for e in facts["orders"].evidence if e.when is None or e.when.last > last_empty]
    note = "the test was done and gave no result; a technical repeat may need review"
    return done + ordered + uncertain + [_but(e, Standing.UNCERTAIN, note, True) for e in empty]


def concurrent_serum_screen(facts: Inputs, as_of: date) -> list[Evidence]:
    """A serum screen for aneuploidy ordered at the same time: a panel, or two different single markers ordered together."""
    panels = list(facts["panels"].evidence)
    by_day: dict[Days | None, list[Evidence]] = {}
    for e in facts["markers"].evidence:
        if e.standing is Standing.USABLE:
            by_day.setdefault(e.when, []).append(e)
    together = [
        _but(day[0], Standing.USABLE, f"{len({e.value for e in day})} different markers ordered together", True)
        for day in by_day.values()
        if len({e.value for e in day}) >= 2
    ]
    return panels + together


def anomaly_count(facts: Inputs, as_of: date) -> list[Evidence]:
    """How many distinct anomalies one fetus of this pregnancy has: sites are counted, what is unspecified widens the number.

    Two codes of one site, sites of different fetuses, and provisional diagnoses leave it open whether there is more than one.
    """
    start = min((e.value.first for e in facts["start"].evidence if isinstance(e.value, Days)), default=date.min)
    here = [e for e in facts["sites"].evidence if e.when is None or e.when.last >= start]
    vague = [e for e in facts["unspecified"].evidence if e.value is not None and (e.when is None or e.when.last >= start)]
    sites = [e for e in here if e.standing is Standing.USABLE]
    doubtful = {str(e.value) for e in here if e.standing is Standing.UNCERTAIN} - {str(e.value) for e in sites}
    if not (sites or doubtful or vague):
        return [_but(e, Standing.UNCERTAIN, e.note, None) for e in here if e.standing is Standing.UNCERTAIN]
    by_fetus: dict[str, set[str]] = {}
    for e in sites:
        by_fetus.setdefault(_fetus(e), set()).add(str(e.value))
    shared = by_fetus.pop("", set())
    least = max((len(named | shared) for named in by_fetus.values()), default=len(shared))
    most = max(len({_anomaly(e) for e in sites}), len({str(e.value) for e in sites})) + len(doubtful) + MANY * bool(vague)
    found = [*sites, *(e for e in here if e.standing is Standing.UNCERTAIN), *vague]
    latest = max(found, key=lambda e: e.when.last if e.when else date.min)
    named = ", ".join(sorted({e.shown for e in found if e.shown}))
    return [Evidence(Interval(float(least), float(max(least, most))), latest.when, latest.resource, latest.kind, shown=named)]


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


def _but(evidence: Evidence, standing: Standing, note: str, value: Value | None = None) -> Evidence:
    """The same evidence with another standing and, if given, the value that a rule makes of it."""
    kept = evidence.value if value is None else value
    return Evidence(kept, evidence.when, evidence.resource, evidence.kind, standing, note or evidence.note, evidence.shown)
