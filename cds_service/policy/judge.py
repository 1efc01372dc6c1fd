"""What criteria mean: each is met, not met, or not documented, on the facts of one chart and one date of service.

Kleene's three-valued logic over the parts; one rule for every fact. ``tests/spec`` holds the table of all of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from datetime import date
from typing import Final

from cds_service.policy.finding import (
    MET,
    NOT_DOCUMENTED,
    NOT_MET,
    Basis,
    Finding,
    Silence,
    counted,
    silence_of,
    silent_check,
)
from cds_service.policy.model import Check, Criterion, Evidence, Fact, Outcome, Standing, Test
from cds_service.policy.values import Code, Days, Interval, Value


class ChartFacts(dict[str, Fact]):
    """Facts that are read when they are asked for, and can tell beforehand which of them a chart may speak of."""

    def among(self, names: Set[str]) -> Iterable[str]:
        """Those of the names of which the chart may say something, or was not searched for it. Of all others it is silent."""
        return names


def judge(criterion: Criterion, facts: Mapping[str, Fact], as_of: date) -> Finding:
    """Judges a criterion on the facts of a chart; look-backs count from ``as_of``, the date of service.

    Of an *all* that is reported as one, the first part is a gate: where it is documented as not met, the others are not looked at.
    """
    return Judge(facts, as_of).of(criterion)


class _Placed:
    """The evidence of a fact as one window sees it: the latest that is usable, and what does not decide."""

    __slots__ = ("discounted", "latest", "uncertain")

    def __init__(
        self, latest: tuple[Evidence, ...], uncertain: tuple[Evidence, ...] = (), discounted: tuple[Evidence, ...] = ()
    ) -> None:
        self.latest: Final = latest
        self.uncertain: Final = uncertain
        self.discounted: Final = discounted


class Judge:
    """Judges criteria on the facts of one chart and one date of service; what it reads of a fact for one serves the next."""

    __slots__ = ("_as_of", "_facts", "_placed")

    def __init__(self, facts: Mapping[str, Fact], as_of: date) -> None:
        self._facts = facts
        self._as_of = as_of
        self._placed: dict[str, _Placed] = {}

    def of(self, criterion: Criterion) -> Finding:
        """The finding of a criterion."""
        if isinstance(criterion, Check):
            return self._check(criterion)
        silence, facts = silence_of(criterion), self._facts
        names = facts.among(silence.facts) if isinstance(facts, ChartFacts) else silence.facts
        spoken: set[str] = set()
        for name in names:
            fact = facts[name]
            if fact.evidence or fact.unsearched:
                spoken.add(name)
        return self._below(silence, spoken) if spoken else silence.finding

    def _below(self, silence: Silence, spoken: set[str]) -> Finding:
        """The finding of a criterion below which some facts are ``spoken`` of; parts that rest on none of them are decided."""
        criterion, parts = silence.criterion, silence.parts
        findings: list[Finding] = []
        for part in parts:
            if spoken.isdisjoint(part.facts):
                found = part.finding
            elif part.check is not None:
                found = self._check(part.check)
            else:
                found = self._below(part.below, spoken)
            findings.append(found)
            if silence.gate and len(findings) == 1 and found.outcome is NOT_MET and found.basis is Basis.DOCUMENTED:
                return Finding(criterion, NOT_MET, (found,))
        return counted(criterion, tuple(findings))

    def _check(self, check: Check) -> Finding:
        """The finding of a criterion that tests one fact."""
        fact = self._facts[check.fact]
        if not fact.evidence:
            return silent_check(check, fact.unsearched)
        since = None
        if check.since is None and check.within is None and check.test.compare != "documented":
            placed = self._placed.get(check.fact)
            if placed is None:
                placed = self._placed[check.fact] = _in_window(fact, check, None, self._as_of)
        else:
            since = _window(check, self._facts, self._as_of)
            placed = _in_window(fact, check, since, self._as_of)
        if placed.latest:
            settled = _settled(check, placed.latest, since, fact.unsearched)
            return _reopened(settled, placed.uncertain) if placed.uncertain else settled
        found = placed.uncertain + placed.discounted
        presumption = check.presumption
        if presumption and (presumption.always or not (placed.uncertain or fact.unsearched)):
            return Finding(check, presumption.treat_as, (), found, Basis.PRESUMED, fact.unsearched)
        basis = Basis.UNCERTAIN if placed.uncertain else Basis.NOT_SEARCHED if fact.unsearched else Basis.SILENT
        return Finding(check, NOT_DOCUMENTED, (), found, basis, fact.unsearched)


def _settled(check: Check, latest: tuple[Evidence, ...], since: Days | None, unsearched: tuple[str, ...]) -> Finding:
    """The finding on the latest usable evidence, which may still straddle the test or disagree."""
    outcome, basis = _answer(check.test, latest[0].value), Basis.DOCUMENTED
    if len(latest) > 1 and len(answers := {_answer(check.test, evidence.value) for evidence in latest}) > 1:
        outcome, basis = NOT_DOCUMENTED, Basis.CONTRADICTORY if answers >= {MET, NOT_MET} else Basis.STRADDLES
    elif outcome is NOT_DOCUMENTED:
        basis = Basis.STRADDLES
    elif since is not None and not _surely_inside(check, since, latest):
        outcome, basis = NOT_DOCUMENTED, Basis.UNCERTAIN
    if outcome is NOT_MET and check.open_because:
        outcome, basis = NOT_DOCUMENTED, Basis.LEFT_OPEN
    return Finding(check, outcome, (), latest, basis, unsearched)


def _reopened(finding: Finding, uncertain: tuple[Evidence, ...]) -> Finding:
    """The finding, or an open one where something uncertain that is newer than all that decides could change it."""
    check, outcome = finding.criterion, finding.outcome
    if outcome is NOT_DOCUMENTED or not isinstance(check, Check):
        return finding
    last = max([e.when.last for e in finding.evidence if e.when is not None], default=None)
    if last is None:
        return finding
    newer = [e for e in uncertain if e.when is not None and e.when.first > last and _answer(check.test, e.value) is not outcome]
    if not newer:
        return finding
    return Finding(check, NOT_DOCUMENTED, (), (*newer, *finding.evidence), Basis.UNCERTAIN, finding.unsearched)


def _in_window(fact: Fact, check: Check, since: Days | None, as_of: date) -> _Placed:
    """The evidence of a fact by its standing in a check's look-back."""
    usable: list[Evidence] = []
    uncertain: list[Evidence] = []
    discounted: list[Evidence] = []
    for evidence in fact.evidence:
        placed = _as_seen(evidence, check, since, as_of)
        if placed.standing is Standing.USABLE:
            usable.append(placed)
        elif placed.standing is Standing.UNCERTAIN:
            uncertain.append(placed)
        else:
            discounted.append(placed)
    return _Placed(_latest(usable), tuple(uncertain), tuple(discounted))


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


def _as_seen(evidence: Evidence, check: Check, since: Days | None, as_of: date) -> Evidence:
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
        standing = Standing.UNCERTAIN if reopens(check) and _says_otherwise(evidence, check) else Standing.DISCOUNTED
        return _with(evidence, standing, f"{when.text()} is before {span}, which starts on {since.text()}")
    if when.first < since.first:
        return _with(evidence, Standing.UNCERTAIN, f"its date leaves open whether it is since {since.text()}")
    return evidence


def reopens(check: Check) -> bool:
    """Whether evidence that is older than a check's look-back is asked about, where it says otherwise than the presumption would.

    A number that the document does not give must not make a silence of what the chart says, and so deny alone.
    """
    presumption = check.presumption
    return check.our_window and check.since is None and presumption is not None and not presumption.always


def _says_otherwise(evidence: Evidence, check: Check) -> bool:
    """Whether usable evidence answers a check otherwise than its presumption."""
    presumption = check.presumption
    if presumption is None or evidence.standing is not Standing.USABLE:
        return False
    return _answer(check.test, evidence.value) not in (NOT_DOCUMENTED, presumption.treat_as)


def _surely_inside(check: Check, since: Days, latest: tuple[Evidence, ...]) -> bool:
    """Whether the latest evidence certainly falls inside a look-back whose own start may be a span."""
    days = [_day_of(evidence, check) for evidence in latest]
    return since.first == since.last or all(day is not None and day.first >= since.last for day in days)


def _with(evidence: Evidence, standing: Standing, note: str) -> Evidence:
    said = "; ".join(part for part in (evidence.note, note) if part)
    return Evidence(evidence.value, evidence.when, evidence.resource, evidence.kind, standing, said, evidence.shown)


def _latest(usable: list[Evidence]) -> tuple[Evidence, ...]:
    """The evidence of the latest day, with all that may be of the same day; the undated only when nothing is dated."""
    if len(usable) < 2:
        return tuple(usable)
    dated = [(evidence, evidence.when) for evidence in usable if evidence.when is not None]
    if not dated:
        return tuple(usable)
    latest = max((when for _, when in dated), key=lambda when: (when.last, when.first))
    return tuple([evidence for evidence, when in dated if when.last >= latest.first])


_SAID: Final = (bool, str)


def _answer(test: Test, value: Value | None) -> Outcome:
    """What a value says to a test; open where it is not of the kind that the test asks for."""
    wanted = test.value
    match test.compare:
        case "is" if isinstance(value, _SAID):
            return MET if value == wanted else NOT_MET
        case "in" if isinstance(value, Code) and isinstance(wanted, str):
            return MET if wanted in value.sets else NOT_MET
        case "documented" if isinstance(value, Days):
            return MET
        case compare if isinstance(value, Interval) and isinstance(wanted, Interval):
            return _compare(compare, value, wanted.low)
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
