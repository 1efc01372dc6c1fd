"""The meaning of criteria: met, not met, or not documented.

They are judged on the facts of one chart and one date of service, by Kleene's three-valued logic over the parts; one
rule for every fact. ``tests/spec`` holds the table of all of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from datetime import date
from typing import Final

from cds_service.policy.comparing import answer
from cds_service.policy.counting import counted_times
from cds_service.policy.evidence import UNPLACED, Evidence, Fact, Standing, is_unread
from cds_service.policy.finding import (
    MET,
    NOT_DOCUMENTED,
    NOT_MET,
    Basis,
    Finding,
    Silence,
    silence_of,
    silent_check,
)
from cds_service.policy.known import Known
from cds_service.policy.model import AtLeast, Check, Criterion, Test
from cds_service.policy.remembered import JudgedTrees, Plan, closes, read_trees, remembered_of
from cds_service.policy.values import Days


class ChartFacts(dict[str, Fact]):
    """Facts that are read when they are asked for.

    They can tell beforehand which of them a chart may speak of.
    """

    known: Known | None = None
    """What earlier orders of the call found for the same facts."""

    def among(self, names: Set[str]) -> Iterable[str]:
        """Return the names of which the chart may say something.

        Names for which the chart was not searched are among them. Of all others the chart is silent.
        """
        return names


def judge(criterion: Criterion, facts: Mapping[str, Fact], as_of: date) -> Finding:
    """Judge a criterion on the facts of a chart.

    Look-backs count from ``as_of``, the date of service. Of an *all* that is reported as one, the first part is a gate:
    where it is documented as not met, the others are not looked at.
    """
    return Judge(facts, as_of).of(criterion)


class _Placed:
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


class Judge:
    """A judge of criteria on one chart and one date of service.

    What it reads of a fact for one criterion serves the next.
    """

    __slots__ = ("_as_of", "_facts", "_known", "_placed")

    def __init__(self, facts: Mapping[str, Fact], as_of: date) -> None:
        self._facts = facts
        self._as_of = as_of
        self._placed: dict[str, _Placed] = {}
        self._known = facts.known if isinstance(facts, ChartFacts) else None

    def of(self, criterion: Criterion) -> Finding:
        """Return the finding of a criterion."""
        if isinstance(criterion, Check):
            return self._check(criterion)
        silence = silence_of(criterion)
        spoken = self._spoken(silence.facts)
        return self._below(silence, spoken) if spoken else silence.finding

    def trees(self, necessary: Criterion, exclusions: AtLeast | None) -> JudgedTrees:
        """Judge the criteria and the exclusions of a policy.

        Returns their findings with what is read of them.
        """
        remembered = remembered_of(necessary, exclusions)
        plan = remembered.plan(self._spoken(remembered.facts))
        return read_trees(plan, self._followed(plan))

    def _spoken(self, names: Set[str]) -> set[str]:
        """Return the facts of which something is said or was not searched.

        A fact is among them too where only a part of what could hold it was searched.
        """
        facts = self._facts
        among = facts.among(names) if isinstance(facts, ChartFacts) else names
        return {name for name in among if (fact := facts[name]).evidence or fact.unsearched}

    def _followed(self, plan: Plan) -> list[Finding]:
        """Return the findings of the checks of a plan.

        What is behind a gate that is not met is not looked at, as in ``_below``.
        """
        found: list[Finding] = []
        steps, at, end = plan.steps, 0, len(plan.steps)
        while at < end:
            step = steps[at]
            finding = self._check(step.check)
            found.append(finding)
            at = step.after if step.after and closes(finding) else at + 1
        return found

    def _below(self, silence: Silence, spoken: set[str]) -> Finding:
        """Judge a criterion with parts, some of whose facts are ``spoken`` of.

        Parts that rest on none of these facts are decided already, by silence.
        """
        findings: list[Finding] = []
        met = left_open = 0
        for part in silence.parts:
            if spoken.isdisjoint(part.facts):
                found = part.finding
            elif part.check is not None:
                found = self._check(part.check)
            else:
                found = self._below(part.below, spoken)
            outcome = found.outcome
            if outcome is MET:
                met += 1
            elif outcome is NOT_DOCUMENTED:
                left_open += 1
            elif silence.gate and not findings and found.basis is Basis.DOCUMENTED:
                return Finding(silence.criterion, NOT_MET, (found,))
            findings.append(found)
        return Finding(silence.criterion, silence.criterion.come_to(met, left_open), tuple(findings))

    def _check(self, check: Check) -> Finding:
        """Judge a criterion that tests one fact."""
        fact, known = self._facts[check.fact], self._known
        if not fact.evidence:
            return silent_check(check, fact.unsearched)
        if known is None:
            return self._tested(check, fact)
        return self._once(check, fact, known)

    def _once(self, check: Check, fact: Fact, known: Known) -> Finding:
        """Judge a criterion on a fact, once for all orders.

        The finding is made for the first of the orders that have the fact in common.
        """
        begins = self._facts[check.since] if check.since is not None else None
        found = known.judged(check, fact, begins)
        if found is None:
            found = self._tested(check, fact)
            known.keep_judged(check, fact, begins, found)
        return found

    def _tested(self, check: Check, fact: Fact) -> Finding:
        """Judge a criterion on a fact that something is said of."""
        since, test = None, check.test
        if check.times is not None:
            return self._counted(check, check.times, fact)
        if check.since is None and check.within is None and test.compare != "documented" and test.ago is None and not check.first:
            if check.fact in self._placed:
                placed = self._placed[check.fact]
            else:
                placed = self._placed[check.fact] = _in_window(fact, check, None, self._as_of)
        else:
            since = _window(check, self._facts, self._as_of)
            placed = _in_window(fact, check, since, self._as_of)
        latest, alone = placed.latest, placed.alone
        if alone is not None and since is None and not check.open_because:  # as most are
            value = alone.value
            if test.compare == "is" and (value is True or value is False):  # as in ``answer``, without a call
                outcome = MET if value == test.value else NOT_MET
            else:
                outcome = answer(test, value, self._as_of)
            basis = Basis.STRADDLES if outcome is NOT_DOCUMENTED else Basis.DOCUMENTED
            return Finding(check, outcome, (), latest, basis, fact.unsearched)
        if latest:
            settled = _settled(check, latest, since, fact.unsearched, self._as_of)
            return _reopened(settled, placed.uncertain, self._as_of) if placed.uncertain else settled
        found = placed.uncertain + placed.discounted
        presumption = check.presumption
        if presumption and (presumption.always or not (placed.uncertain or fact.unsearched)):
            return Finding(check, presumption.treat_as, (), found, Basis.PRESUMED, fact.unsearched)
        basis = Basis.UNCERTAIN if placed.uncertain else Basis.NOT_SEARCHED if fact.unsearched else Basis.SILENT
        return Finding(check, NOT_DOCUMENTED, (), found, basis, fact.unsearched)

    def _counted(self, check: Check, times: Test, fact: Fact) -> Finding:
        """Judge a criterion that counts how often something happened."""
        since = _window(check, self._facts, self._as_of)
        usable: list[tuple[Evidence, Days | None]] = []
        uncertain: list[tuple[Evidence, Days | None]] = []
        for evidence in fact.evidence:
            placed = _as_seen(evidence, check, since, self._as_of)
            if placed.standing is Standing.DISCOUNTED:
                continue
            sure = placed.standing is Standing.USABLE and (since is None or _surely_inside(check, since, (placed,)))
            (usable if sure else uncertain).append((placed, _day_of(placed, check)))
        return counted_times(check, times, usable, uncertain, fact.unsearched, self._as_of)


def _settled(check: Check, latest: tuple[Evidence, ...], since: Days | None, unsearched: tuple[str, ...], as_of: date) -> Finding:
    """Judge a check on the latest usable evidence.

    That evidence may still straddle the test or disagree.
    """
    outcome, basis = answer(check.test, latest[0].value, as_of), Basis.DOCUMENTED
    if len(latest) > 1 and len(answers := {answer(check.test, evidence.value, as_of) for evidence in latest}) > 1:
        outcome, basis = NOT_DOCUMENTED, Basis.CONTRADICTORY if answers >= {MET, NOT_MET} else Basis.STRADDLES
    elif outcome is NOT_DOCUMENTED:
        basis = Basis.STRADDLES
    elif since is not None and not _surely_inside(check, since, latest):
        outcome, basis = NOT_DOCUMENTED, Basis.UNCERTAIN
    if outcome is NOT_MET and check.open_because:
        outcome, basis = NOT_DOCUMENTED, Basis.LEFT_OPEN
    return Finding(check, outcome, (), latest, basis, unsearched)


def _reopened(finding: Finding, uncertain: tuple[Evidence, ...], as_of: date) -> Finding:
    """Open a finding again where newer, uncertain evidence could change it.

    The evidence must be newer than all that decides; where the first evidence decides, it is what is older that could
    change it. Returns the finding as it is where none could.
    """
    check, outcome = finding.criterion, finding.outcome
    if outcome is NOT_DOCUMENTED or not isinstance(check, Check):
        return finding
    days = [e.when for e in finding.evidence if e.when is not None]
    if not days:
        return finding
    if check.first:
        begin = min([day.first for day in days])
        beyond = [e for e in uncertain if _reopens_before(e, begin)]
    else:
        end = max([day.last for day in days])
        beyond = [e for e in uncertain if _reopens_at(e, end)]
    newer = [e for e in beyond if answer(check.test, e.value, as_of) is not outcome]
    if not newer:
        return finding
    return Finding(check, NOT_DOCUMENTED, (), (*newer, *finding.evidence), Basis.UNCERTAIN, finding.unsearched)


def _reopens_at(evidence: Evidence, last: date) -> bool:
    """Tell whether uncertain evidence reopens what the latest evidence decides.

    It does where it is newer than the last that decides, or of the same day and unread. What is provisional on the day
    of what is certain says nothing beside it; a record that nobody could read may be the surer one.
    """
    when = evidence.when
    return when is not None and (when.first > last or (when.first == last and is_unread(evidence)))


def _reopens_before(evidence: Evidence, first: date) -> bool:
    """Tell whether uncertain evidence reopens what the first evidence decides.

    It does where it is older than the first that decides, or of the same day and unread.
    """
    when = evidence.when
    return when is not None and (when.last < first or (when.last == first and is_unread(evidence)))


def _in_window(fact: Fact, check: Check, since: Days | None, as_of: date) -> _Placed:
    """Sort the evidence of a fact by its standing in a look-back."""
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
    return _Placed(_first(usable) if check.first else _latest(usable), tuple(uncertain), tuple(discounted))


def _window(check: Check, facts: Mapping[str, Fact], as_of: date) -> Days | None:
    """Return the first day that counts for a check.

    It is a span when it is not known exactly; None when everything before ``as_of`` counts.
    """
    if check.since is not None:
        days = [e.value for e in facts[check.since].evidence if e.standing is Standing.USABLE and isinstance(e.value, Days)]
        if days:
            return Days(min(day.first for day in days), max(day.last for day in days))
    return Days.on(check.within.start(as_of)) if check.within else None


def _day_of(evidence: Evidence, check: Check) -> Days | None:
    """Return the day that the look-back is about.

    That is the value itself where the fact is a day and its place in time is the test; else the day of the evidence.
    """
    return evidence.value if isinstance(evidence.value, Days) and check.test.of_day else evidence.when


def _as_seen(evidence: Evidence, check: Check, since: Days | None, as_of: date) -> Evidence:
    """Return evidence with its standing for this check.

    It is seen from the date of service and by the look-back of the criterion.
    """
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


def _surely_inside(check: Check, since: Days, latest: tuple[Evidence, ...]) -> bool:
    """Tell whether the latest evidence surely falls inside a look-back.

    The look-back's own start may be a span of days.
    """
    days = [_day_of(evidence, check) for evidence in latest]
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
