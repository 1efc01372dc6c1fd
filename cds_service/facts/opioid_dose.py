"""Daily morphine equivalents of systemic opioids, before and now, from prescriptions and one table of conversion factors.

Both doses come from the same table, so that a change of table never looks like a change of dose.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from dateutil.relativedelta import relativedelta

from cds_service.facts.tables import MorphineFactors
from cds_service.policy.model import Evidence, Fact, Standing
from cds_service.policy.values import Days, Interval

DRUGS: Final = (
    "codeine",
    "fentanyl_transdermal",
    "hydrocodone",
    "hydromorphone",
    "methadone",
    "morphine",
    "oxycodone",
    "oxymorphone",
    "tapentadol",
    "tramadol",
)
TAKES: Final[frozenset[str]] = frozenset({*DRUGS, "without_factor"})
LOOK_BACK: Final = relativedelta(months=12)
"""How far back the dose before is looked for (our reading: the document names no span)."""

Inputs = Mapping[str, Fact]


@dataclass(frozen=True, slots=True)
class _Course:
    """One prescription: its equivalents a day, its first day, and the days between which it ended (None while it has not)."""

    dose: Interval
    start: date
    ends: Days | None
    stopped: bool
    shown: str
    resource: str

    def on(self, day: date) -> Interval:
        if day < self.start or (self.ends and day >= self.ends.last):
            return Interval.exactly(0)
        surely = self.ends is None or day < self.ends.first
        return Interval(self.dose.low if surely else 0, self.dose.high)


def highest(facts: Inputs, as_of: date, table: MorphineFactors) -> list[Evidence]:
    """The highest daily dose documented in the 12 months before the order, before the latest change; mg of morphine a day."""
    courses, doubts = _courses(facts, as_of, table)
    changed = _latest_change(courses, as_of)
    if doubts or changed is None:
        return doubts
    since = as_of - LOOK_BACK
    days = sorted({max(course.start, since) for course in courses if max(course.start, since) < changed})
    totals = [(_total(courses, day), day) for day in days]
    known = [(total, day) for total, day in totals if total.high > 0]
    if not known:
        return []
    most, day = max(known, key=lambda pair: (pair[0].high, pair[1]))
    value = Interval(max(total.low for total, _ in known), most.high)
    return [_stated(value, day, courses, table)]


def current(facts: Inputs, as_of: date, table: MorphineFactors) -> list[Evidence]:
    """The latest daily dose on the date of service, mg of morphine a day; prescriptions that merely ran out say nothing."""
    courses, doubts = _courses(facts, as_of, table)
    changed = _latest_change(courses, as_of)
    if doubts or changed is None:
        return doubts
    running = [course for course in courses if course.on(as_of).high > 0]
    if not running and not any(course.stopped for course in courses):
        return []
    return [_stated(_total(courses, as_of), changed, courses, table)]


def _courses(facts: Inputs, as_of: date, table: MorphineFactors) -> tuple[list[_Course], list[Evidence]]:
    """The prescriptions of all drugs; and what makes the sum doubtful: an unreadable dose, a drug without a factor."""
    courses: list[_Course] = []
    doubts = [_doubtful(e, "the drug has no factor in the table") for e in facts["without_factor"].evidence if e.value is True]
    for drug in DRUGS:
        evidence = facts[drug].evidence
        if not evidence:
            continue
        since = as_of - LOOK_BACK
        doubts += [
            _doubtful(e, e.note or "its dose is not certain")
            for e in evidence
            if e.standing is Standing.UNCERTAIN and (e.when is None or e.when.last >= since)
        ]
        factor = table.factors.get(drug)
        own = _of_one_drug([e for e in evidence if e.standing is Standing.USABLE], factor or 0.0, as_of)
        if own and factor is None:
            doubts.append(Evidence(None, None, own[0].resource, standing=Standing.UNCERTAIN, note=f"{drug} has no factor"))
        courses += own
    return courses, doubts


def _of_one_drug(evidence: list[Evidence], factor: float, as_of: date) -> list[_Course]:
    """Prescriptions of one drug. Of two that run at once and began on different days, the later may have replaced the earlier."""
    found: list[_Course] = []
    ends = {e.resource: e for e in evidence if isinstance(e.value, Interval) and e.value.high == 0 and e.when and e.resource}
    starts = [e for e in evidence if isinstance(e.value, Interval) and e.value.high > 0 and e.when and e.when.first <= as_of]
    last = max((e.when.first for e in starts if e.when), default=None)
    for e in starts:
        if not isinstance(e.value, Interval) or e.when is None:
            continue
        dose, end = Interval(e.value.low * factor, e.value.high * factor), ends.get(e.resource)
        span = end.when if end else None
        if span is not None:
            span = Days(max(span.first, e.when.first + timedelta(1)), max(span.last, e.when.first + timedelta(1)))
        elif last is not None and last > e.when.first:
            span = Days(min(o.when.first for o in starts if o.when and o.when.first > e.when.first), date.max)
        found.append(_Course(dose, e.when.first, span, bool(end and end.note == "stopped"), e.shown, e.resource))
    return found


def _latest_change(courses: Iterable[_Course], as_of: date) -> date | None:
    """The day of the latest prescription, or of the last end after it."""
    days = [course.start for course in courses]
    days += [min(course.ends.last, as_of) for course in courses if course.ends and course.ends.last < date.max]
    return max((day for day in days if day <= as_of), default=None)


def _total(courses: Iterable[_Course], day: date) -> Interval:
    doses = [course.on(day) for course in courses]
    return Interval(round(sum(d.low for d in doses), 6), round(sum(d.high for d in doses), 6))


def _stated(value: Interval, day: date, courses: list[_Course], table: MorphineFactors) -> Evidence:
    running = [course for course in courses if course.on(day).high > 0]
    named = ", ".join(dict.fromkeys(course.resource for course in running if course.resource))
    note = f"by {table.source}, {table.checked}" + (f"; from {named}" if named else "")
    return Evidence(value, Days.on(day), running[0].resource if running else "", note=note)


def _doubtful(evidence: Evidence, note: str) -> Evidence:
    return Evidence(None, evidence.when, evidence.resource, evidence.kind, Standing.UNCERTAIN, note, evidence.shown)


def reduction(facts: Inputs, as_of: date) -> list[Evidence]:
    """By how many percent the daily dose fell, from two documented doses; a rise is no fall (0 %)."""
    doubts = [e for name in ("before", "now") for e in facts[name].evidence if e.standing is Standing.UNCERTAIN]
    before, now = (_latest(facts[name].evidence) for name in ("before", "now"))
    if before is None or now is None:
        return doubts
    earlier, later = before.value, now.value
    if not isinstance(earlier, Interval) or not isinstance(later, Interval) or earlier.high <= 0:
        return doubts
    low = 1 - later.high / earlier.low if earlier.low > 0 else 0.0
    value = Interval(round(100 * max(low, 0.0), 6), round(100 * max(1 - later.low / earlier.high, 0.0), 6))
    shown = f"from {earlier.text('mg/d')} to {later.text('mg/d')} of morphine equivalents"
    note = now.note or before.note
    return [Evidence(value, now.when, now.resource or before.resource, now.kind, Standing.USABLE, note, shown)]


def _latest(evidence: Iterable[Evidence]) -> Evidence | None:
    usable = [e for e in evidence if e.standing is Standing.USABLE]
    return max(usable, key=lambda e: e.when.last if e.when else date.min, default=None)
