"""Daily morphine equivalents of systemic opioids, before and now.

They are computed from prescriptions and one table of conversion factors. Both doses come from the same table, so that a
change of table never looks like a change of dose. Weaning is prior to a trial: where a trial is ordered, "now" is the
date of service; where a pump is, it is the day before its trial began.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from dateutil.relativedelta import relativedelta

from cds_service.facts.computed.pain_trial import TRIAL, latest_trial
from cds_service.facts.restated import doubtful, usable
from cds_service.facts.rule import rule
from cds_service.facts.tables import MorphineFactors
from cds_service.policy.evidence import Evidence, Fact, Standing
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
TAKES: Final[frozenset[str]] = frozenset({*DRUGS, "without_factor", "prescribed", "kind"}) | TRIAL
LOOK_BACK: Final = relativedelta(months=12)
"""How far back the dose before is looked for.

It is our reading: the document names no span.
"""

Inputs = Mapping[str, Fact]


@dataclass(frozen=True, slots=True)
class _Course:
    """One prescription.

    ``dose`` is in equivalents a day, ``start`` its first day, and ``ends`` the days between which it ended; None while
    it has not.
    """

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


@rule("highest morphine equivalents", *TAKES, table=MorphineFactors)
def highest(facts: Inputs, as_of: date, table: MorphineFactors) -> list[Evidence]:
    """Compute the highest daily dose, in mg of morphine a day.

    It is of the doses documented in the 12 months before the order, and before the latest change.
    """
    until = _until(facts, as_of)
    courses, doubts = _courses(facts, as_of, until, table)
    changed = _latest_change(courses, until)
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


@rule("current morphine equivalents", *TAKES, table=MorphineFactors)
def current(facts: Inputs, as_of: date, table: MorphineFactors) -> list[Evidence]:
    """Compute the latest daily dose before the trial.

    It is in mg of morphine a day. Prescriptions that merely ran out say nothing.
    """
    until = _until(facts, as_of)
    courses, doubts = _courses(facts, as_of, until, table)
    changed = _latest_change(courses, until)
    if doubts or changed is None or until is None:
        return doubts
    running = [course for course in courses if course.on(until).high > 0]
    if not running and not any(course.stopped for course in courses):
        return []
    return [_stated(_total(courses, until), changed, courses, table)]


def _until(facts: Inputs, as_of: date) -> date | None:
    """Return the day whose dose counts as reached.

    It is the date of service; for a pump it is the day before its trial, None where no trial is known.
    """
    if not any(e.value == "permanent" for e in usable(facts["kind"])):
        return as_of
    trial = latest_trial(facts, as_of)
    return trial.start - timedelta(1) if trial else None


def _courses(facts: Inputs, as_of: date, until: date | None, table: MorphineFactors) -> tuple[list[_Course], list[Evidence]]:
    """Return the prescriptions of all drugs, and what makes their sum doubtful.

    The sum is doubtful for an unreadable dose, a drug without a factor, no known trial before which to look, or
    prescriptions that were not searched.
    """
    since, last = as_of - LOOK_BACK, until or as_of
    courses: list[_Course] = []
    doubts = [
        doubtful(e, "the drug has no factor in the table, or is not known")
        for e in facts["without_factor"].evidence
        if e.value is not False and e.standing is not Standing.DISCOUNTED and (e.when is None or e.when.first <= last)
    ]
    doubts += [
        doubtful(e, "which opioid it is, and how much, is not read")
        for e in facts["prescribed"].evidence
        if e.standing is Standing.UNCERTAIN and e.resource.startswith("Medication")
        if e.when is None or (e.when.last >= since and e.when.first <= last)
    ]
    for drug in DRUGS:
        evidence = facts[drug].evidence
        if not evidence:
            continue
        doubts += [
            doubtful(e, "its dose is not certain" if not e.note else "")
            for e in evidence
            if e.standing is Standing.UNCERTAIN and (e.when is None or (e.when.last >= since and e.when.first <= last))
        ]
        factor = table.factors.get(drug)
        own = _of_one_drug([e for e in evidence if e.standing is Standing.USABLE], factor or 0.0, last)
        if own and factor is None:
            doubts.append(Evidence(None, None, own[0].resource, standing=Standing.UNCERTAIN, note=f"{drug} has no factor"))
        if until is None or any(kind.startswith("Medication") for kind in facts[drug].unsearched):
            note = "no trial is on record before which to look" if until is None else "prescriptions were not all searched"
            doubts += [doubtful(e, note) for e in evidence if e.standing is Standing.USABLE]
        courses += own
    return courses, doubts


def _of_one_drug(evidence: list[Evidence], factor: float, as_of: date) -> list[_Course]:
    """Return the prescriptions of one drug.

    Of two that run at once and began on different days, the later may have replaced the earlier.
    """
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


def _latest_change(courses: Iterable[_Course], until: date | None) -> date | None:
    """Return the day of the latest prescription, or of a later end.

    Where prescriptions ended after it, it is the day of the last end. Returns None where no day is known.
    """
    if until is None:
        return None
    days = [course.start for course in courses]
    ended = [course.ends for course in courses if course.ends and course.ends.last < date.max and course.ends.first <= until]
    days += [min(ends.last, until) for ends in ended]
    return max((day for day in days if day <= until), default=None)


def _total(courses: Iterable[_Course], day: date) -> Interval:
    doses = [course.on(day) for course in courses]
    return Interval(round(sum(d.low for d in doses), 6), round(sum(d.high for d in doses), 6))


def _stated(value: Interval, day: date, courses: list[_Course], table: MorphineFactors) -> Evidence:
    running = [course for course in courses if course.on(day).high > 0]
    named = ", ".join(dict.fromkeys(course.resource for course in running if course.resource))
    note = f"by {table.source}, {table.checked}" + (f"; from {named}" if named else "")
    return Evidence(value, Days.on(day), running[0].resource if running else "", note=note)
