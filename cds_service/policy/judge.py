"""What criteria mean: each is met, not met, or not documented, on the facts of one chart and one date of service.

Kleene's three-valued logic over the parts; one rule for every fact. ``tests/spec`` holds the table of all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import Enum
from functools import lru_cache
from typing import NamedTuple, assert_never

from cds_service.policy.model import AtLeast, Check, Criterion, Evidence, Fact, NoneOf, Outcome, Standing, Test, walk
from cds_service.policy.values import Code, Days, Interval, Value

MET, NOT_MET, NOT_DOCUMENTED = Outcome.MET, Outcome.NOT_MET, Outcome.NOT_DOCUMENTED


class Basis(Enum):
    """What the outcome of a check rests on."""

    DOCUMENTED = "documented"
    PRESUMED = "presumed"
    SILENT = "searched and nothing found"
    NOT_SEARCHED = "not searched"
    UNCERTAIN = "found, but nothing certain"
    STRADDLES = "the value leaves the test open"
    CONTRADICTORY = "same-day values disagree"
    LEFT_OPEN = "the document leaves it to a person when the test fails"


class Finding(NamedTuple):
    """What was found for one criterion: its outcome, its parts' findings, and for a check the evidence and its basis."""

    criterion: Criterion
    outcome: Outcome
    parts: tuple[Finding, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    basis: Basis | None = None
    unsearched: tuple[str, ...] = ()


def judge(criterion: Criterion, facts: Mapping[str, Fact], as_of: date) -> Finding:
    """Judges a criterion on the facts of a chart; look-backs count from ``as_of``, the date of service.

    Of an *all* that is reported as one, the first part is a gate: where it is documented as not met, the others are not looked at.
    """
    if isinstance(criterion, Check):
        return _check(criterion, facts, as_of)
    for name in _rests_on(criterion):
        fact = facts[name]
        if fact.evidence or fact.unsearched:
            return _counted(criterion, facts, as_of)
    return _silent_tree(criterion)


def _counted(criterion: AtLeast | NoneOf, facts: Mapping[str, Fact], as_of: date) -> Finding:
    """Judges a criterion by counting the outcomes of its parts."""
    match criterion:
        case AtLeast():
            if criterion.as_one and criterion.count == len(criterion.parts) > 1:
                first = judge(criterion.parts[0], facts, as_of)
                if first.outcome is NOT_MET and first.basis is Basis.DOCUMENTED:
                    return Finding(criterion, NOT_MET, (first,))
            parts = tuple([judge(part, facts, as_of) for part in criterion.parts])
            outcomes = [part.outcome for part in parts]
            met, open_ = outcomes.count(MET), outcomes.count(NOT_DOCUMENTED)
            outcome = MET if met >= criterion.count else NOT_MET if met + open_ < criterion.count else NOT_DOCUMENTED
            return Finding(criterion, outcome, parts)
        case NoneOf():
            parts = tuple([judge(part, facts, as_of) for part in criterion.parts])
            outcomes = [part.outcome for part in parts]
            outcome = NOT_MET if MET in outcomes else NOT_DOCUMENTED if NOT_DOCUMENTED in outcomes else MET
            return Finding(criterion, outcome, parts)
        case _:
            assert_never(criterion)


@lru_cache(maxsize=65_536)
def _rests_on(criterion: AtLeast | NoneOf) -> tuple[str, ...]:
    """The facts that the checks below a criterion test, each once."""
    return tuple(dict.fromkeys(below.fact for below in walk(criterion) if isinstance(below, Check)))


@lru_cache(maxsize=65_536)
def _silent_tree(criterion: AtLeast | NoneOf) -> Finding:
    """The finding of a criterion on a chart that was searched and says nothing of it: always the same, so made once.

    Most of a large policy is silent on most charts.
    """
    silence = {name: Fact(name) for name in _rests_on(criterion)}
    return _counted(criterion, silence, date.min)


@lru_cache(maxsize=65_536)
def _silent(check: Check, unsearched: tuple[str, ...]) -> Finding:
    """The finding of a check of which nothing was found at all."""
    presumption = check.presumption
    if presumption and (presumption.always or not unsearched):
        return Finding(check, presumption.treat_as, (), (), Basis.PRESUMED, unsearched)
    return Finding(check, NOT_DOCUMENTED, (), (), Basis.NOT_SEARCHED if unsearched else Basis.SILENT, unsearched)


def _check(check: Check, facts: Mapping[str, Fact], as_of: date) -> Finding:
    fact = facts[check.fact]
    if not fact.evidence:
        return _silent(check, fact.unsearched)
    since = _window(check, facts, as_of)
    usable: list[Evidence] = []
    uncertain: list[Evidence] = []
    discounted: list[Evidence] = []
    for evidence in fact.evidence:
        placed = _placed(evidence, check, since, as_of)
        match placed.standing:
            case Standing.USABLE:
                usable.append(placed)
            case Standing.UNCERTAIN:
                uncertain.append(placed)
            case Standing.DISCOUNTED:
                discounted.append(placed)
    if usable:
        latest = _latest(usable)
        answers = {_answer(check.test, evidence.value) for evidence in latest}
        outcome = next(iter(answers)) if len(answers) == 1 else NOT_DOCUMENTED
        settled = outcome is not NOT_DOCUMENTED
        basis = Basis.DOCUMENTED if settled else Basis.CONTRADICTORY if answers >= {MET, NOT_MET} else Basis.STRADDLES
        if basis is Basis.DOCUMENTED and not _surely_inside(check, since, latest):
            outcome, basis = NOT_DOCUMENTED, Basis.UNCERTAIN
        if outcome is NOT_MET and check.open_because:
            outcome, basis = NOT_DOCUMENTED, Basis.LEFT_OPEN
        return Finding(check, outcome, (), tuple(latest), basis, fact.unsearched)
    found = tuple(uncertain + discounted)
    presumption = check.presumption
    if presumption and (presumption.always or not (uncertain or fact.unsearched)):
        return Finding(check, presumption.treat_as, (), found, Basis.PRESUMED, fact.unsearched)
    basis = Basis.UNCERTAIN if uncertain else Basis.NOT_SEARCHED if fact.unsearched else Basis.SILENT
    return Finding(check, NOT_DOCUMENTED, (), found, basis, fact.unsearched)


def _window(check: Check, facts: Mapping[str, Fact], as_of: date) -> Days | None:
    """The first day that counts, as a span when it is not known exactly; None when everything before ``as_of`` counts."""
    if check.since is not None:
        days = [e.value for e in facts[check.since].evidence if e.standing is Standing.USABLE and isinstance(e.value, Days)]
        if days:
            return Days(min(day.first for day in days), max(day.last for day in days))
    return Days.on(check.within.start(as_of)) if check.within else None


def _day_of(evidence: Evidence, check: Check) -> Days | None:
    """The day that the look-back is about: the value itself where the fact is a day and its look-back the test."""
    return evidence.value if check.test.compare == "documented" and isinstance(evidence.value, Days) else evidence.when


def _placed(evidence: Evidence, check: Check, since: Days | None, as_of: date) -> Evidence:
    """Evidence with its standing as seen from the date of service and the criterion's look-back."""
    if evidence.standing is Standing.DISCOUNTED:
        return evidence
    when = _day_of(evidence, check)
    if when is None:
        return _with(evidence, Standing.UNCERTAIN, "it carries no date") if since else evidence
    if when.first > as_of:
        return _with(evidence, Standing.DISCOUNTED, f"it is dated after the date of service, {as_of}")
    if since is None:
        return evidence
    if when.last < since.first:
        span = f"the look-back of {check.within}" if check.since is None else "the time that counts"
        return _with(evidence, Standing.DISCOUNTED, f"{when.text()} is before {span}, which starts on {since.text()}")
    if when.first < since.first:
        return _with(evidence, Standing.UNCERTAIN, f"its date leaves open whether it is since {since.text()}")
    return evidence


def _surely_inside(check: Check, since: Days | None, latest: list[Evidence]) -> bool:
    """Whether the latest evidence certainly falls inside a look-back whose own start may be a span."""
    days = [_day_of(evidence, check) for evidence in latest]
    return since is None or since.first == since.last or all(day is not None and day.first >= since.last for day in days)


def _with(evidence: Evidence, standing: Standing, note: str) -> Evidence:
    said = "; ".join(part for part in (evidence.note, note) if part)
    return Evidence(evidence.value, evidence.when, evidence.resource, evidence.kind, standing, said, evidence.shown)


def _latest(usable: list[Evidence]) -> list[Evidence]:
    """The evidence of the latest day, with all that may be of the same day; the undated only when nothing is dated."""
    dated = [(evidence, evidence.when) for evidence in usable if evidence.when is not None]
    if not dated:
        return usable
    latest = max((when for _, when in dated), key=lambda when: (when.last, when.first))
    return [evidence for evidence, when in dated if when.last >= latest.first]


def _answer(test: Test, value: Value | None) -> Outcome:
    match test.compare, value, test.value:
        case "documented", Days(), _:
            return MET
        case "is", bool() | str(), wanted:
            return MET if value == wanted else NOT_MET
        case "in", Code(sets=sets), str(wanted):
            return MET if wanted in sets else NOT_MET
        case compare, Interval() as interval, Interval(low=bound):
            return _compare(compare, interval, bound)
        case _:
            return NOT_DOCUMENTED


def _compare(compare: str, value: Interval, bound: float) -> Outcome:
    """Met if every value of the interval passes, not met if none does, else open."""
    all_at_least = value.low >= bound
    all_above = value.low > bound or (value.low == bound and value.low_open)
    all_at_most = value.high <= bound
    all_below = value.high < bound or (value.high == bound and value.high_open)
    match compare:
        case "is_at_least":
            met, not_met = all_at_least, all_below
        case "is_above":
            met, not_met = all_above, all_at_most
        case "is_at_most":
            met, not_met = all_at_most, all_above
        case "is_below":
            met, not_met = all_below, all_at_least
        case "is":
            met, not_met = value.low == value.high == bound, all_above or all_below
        case _:
            return NOT_DOCUMENTED
    return MET if met else NOT_MET if not_met else NOT_DOCUMENTED
