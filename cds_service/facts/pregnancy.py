"""Facts of a pregnancy that are computed: its dating, its beginning, whether there is one, and what changed in it.

Each rule takes named facts and the date of service, and gives the evidence of one fact.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from itertools import pairwise

from cds_service.policy.model import Evidence, Fact, Standing
from cds_service.policy.values import Days, Interval, Value

LONGEST = 308
"""44 weeks in days: no pregnancy is longer, so a dating that would make it so is stale."""
TERM = 280
"""Days from the last menstrual period to the due date (Naegele's rule)."""
ONE_PREGNANCY = 28
"""Datings whose beginnings lie further apart than these days are of two pregnancies (redating seldom exceeds three weeks)."""
SINCE_LOSS = 63
"""Days after a loss within which no new pregnancy can have reached nine weeks."""

Inputs = Mapping[str, Fact]


def gestational_age(facts: Inputs, as_of: date) -> list[Evidence]:
    """Gestational age on the date of service, in days, from the best route that is documented.

    Routes: ``scan`` (with answers to the question itself) beats ``due_date`` beats ``last_period`` beats ``week_code``.
    Among scans the earliest of the pregnancy wins; among the others the latest. A route that would make the pregnancy
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
    chosen: list[Evidence] = []
    unused: list[Evidence] = []
    for rank, route in enumerate(routes):
        usable = [evidence for evidence in route if evidence.standing is Standing.USABLE]
        unused += [evidence for evidence in route if evidence.standing is not Standing.USABLE]
        if usable and not chosen:
            chosen = _earliest_of_this_pregnancy(usable) if rank == 0 else _latest(usable)
    return chosen + unused


def _carried_forward(evidence: Evidence, as_of: date) -> Iterable[Evidence]:
    """An age stated on a day, with the days since then added."""
    if evidence.standing is not Standing.USABLE or not isinstance(evidence.value, Interval) or evidence.when is None:
        yield evidence
        return
    if evidence.when.first > as_of:
        yield _but(evidence, Standing.DISCOUNTED, f"it is dated after the date of service, {as_of}")
        return
    shortest, longest = (as_of - min(evidence.when.last, as_of)).days, (as_of - evidence.when.first).days
    yield _plausible(evidence, evidence.value.low + shortest, evidence.value.high + longest)


def _since(evidence: Evidence, as_of: date, term: int) -> Iterable[Evidence]:
    """The age that a beginning (or, ``term`` days after it, a due date) makes on the date of service."""
    if evidence.standing is not Standing.USABLE or not isinstance(evidence.value, Days):
        yield evidence
        return
    day = evidence.value
    yield _plausible(evidence, term + (as_of - day.last).days, term + (as_of - day.first).days)


def _plausible(evidence: Evidence, low: float, high: float) -> Evidence:
    if low > LONGEST:
        return _but(evidence, Standing.DISCOUNTED, f"stale: the pregnancy would be {int(low // 7)} weeks, longer than 44")
    if high < 0:
        return _but(evidence, Standing.DISCOUNTED, "the pregnancy would begin after the date of service")
    # whole days: a decimal number of weeks is never rounded up
    return _but(evidence, Standing.USABLE, "", Interval(float(int(max(low, 0) + 1e-6)), float(int(min(high, LONGEST) + 1e-6))))


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


def pregnancy_start(facts: Inputs, as_of: date) -> list[Evidence]:
    """The first day that counts as this pregnancy: the date of service less its age; 280 days back when the age is unknown,
    but not before a delivery that is on record."""
    ages = [e for e in facts["age"].evidence if e.standing is Standing.USABLE and isinstance(e.value, Interval)]
    if ages:
        return [_but(e, Standing.USABLE, "", _beginning(e, as_of)) for e in ages]
    start = Days.on(date.fromordinal(as_of.toordinal() - TERM))
    delivered = [e.when for e in facts["delivery"].evidence if e.standing is Standing.USABLE and e.when and e.value is True]
    latest = max((when.first for when in delivered if when.first <= as_of), default=start.first)
    note = "gestational age unknown: 280 days back" if latest <= start.first else "gestational age unknown: since the last delivery"
    return [Evidence(Days.on(max(latest, start.first)), Days.on(as_of), kind="assumed", note=note)]


def pregnancy_start_after_loss(facts: Inputs, as_of: date) -> list[Evidence]:
    """As :func:`pregnancy_start`; but when the age is unknown, a loss more than nine weeks ago may be of an earlier pregnancy."""
    found = pregnancy_start(facts, as_of)
    if not found or found[0].kind != "assumed" or not isinstance(found[0].value, Days):
        return found
    surely = date.fromordinal(as_of.toordinal() - SINCE_LOSS)
    first = found[0].value.first
    return [_but(found[0], Standing.USABLE, found[0].note, Days(first, max(first, surely)))]


def _beginning(evidence: Evidence, as_of: date) -> Days:
    age = evidence.value
    if not isinstance(age, Interval):
        raise TypeError("a gestational age is an interval")
    return Days(date.fromordinal(as_of.toordinal() - int(age.high)), date.fromordinal(as_of.toordinal() - int(age.low)))


def pregnant(facts: Inputs, as_of: date) -> list[Evidence]:
    """Whether there is a pregnancy: what says so outright, and any dating of it. A statement against it speaks for nine weeks."""
    recent = date.fromordinal(as_of.toordinal() - SINCE_LOSS)
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
    counts = (
        sorted(
            (e.when.last, e.value.low, e.value.high, e)
            for e in facts["fetuses"].evidence
            if e.standing is Standing.USABLE and isinstance(e.value, Interval) and e.when and start <= e.when.last <= as_of
        )
        if len(facts["fetuses"].evidence) > 1
        else []
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
    """How many distinct anomalies of one fetus are recorded: sites are counted, what is unspecified widens the number."""
    sites = [e for e in facts["sites"].evidence if e.standing is Standing.USABLE]
    vague = [
        e for e in facts["unspecified"].evidence if e.standing in (Standing.USABLE, Standing.UNCERTAIN) and e.value is not None
    ]
    doubtful = [e for e in facts["sites"].evidence if e.standing is Standing.UNCERTAIN]
    if not sites:
        return [_but(e, Standing.UNCERTAIN, e.note or "site and number are not stated", Interval(1, 9)) for e in vague + doubtful]
    by_fetus: dict[str, set[str]] = {}
    for e in sites:
        by_fetus.setdefault(_fetus(e), set()).add(str(e.value))
    shared = by_fetus.pop("", set())
    least = max((len(named | shared) for named in by_fetus.values()), default=len(shared))
    codes = {e.shown.split()[-1].upper()[:6] for e in sites}
    most = max(len(codes), len({str(e.value) for e in sites})) + len(vague) + len(doubtful)
    latest = max(sites, key=lambda e: e.when.last if e.when else date.min)
    named = ", ".join(sorted({e.shown for e in sites}))
    return [Evidence(Interval(float(least), float(max(least, most))), latest.when, latest.resource, latest.kind, shown=named)]


def _fetus(evidence: Evidence) -> str:
    """The seventh character of an ICD-10-CM code, which names the fetus; empty when it names none."""
    code = evidence.shown.split(",")[0].split()[-1].replace(".", "")
    return code[6] if len(code) == 7 and code[6] in "12345" else ""


def _but(evidence: Evidence, standing: Standing, note: str, value: Value | None = None) -> Evidence:
    """The same evidence with another standing and, if given, the value that a rule makes of it."""
    kept = evidence.value if value is None else value
    return Evidence(kept, evidence.when, evidence.resource, evidence.kind, standing, note or evidence.note, evidence.shown)
