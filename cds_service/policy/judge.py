"""The meaning of criteria: met, not met, or not documented.

They are judged on the facts of one chart and one date of service, by Kleene's three-valued logic over the parts; one
rule for every fact. ``tests/spec`` holds the table of all of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from datetime import date

from cds_service.policy.comparing import answer
from cds_service.policy.counting import counted_times
from cds_service.policy.criterion import AtLeast, Check, Criterion, Test
from cds_service.policy.evidence import Evidence, Fact, Standing, is_unread
from cds_service.policy.finding import MET, NOT_DOCUMENTED, NOT_MET, Basis, Finding, Silence, silence_of, silent_check
from cds_service.policy.judged_trees import JudgedTrees
from cds_service.policy.known import Known
from cds_service.policy.look_back import PlacedEvidence, as_seen, day_of, first_that_counts, placed_evidence, surely_inside
from cds_service.policy.plan import Plan, closes
from cds_service.policy.remembered import read_trees, remembered_of
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


class Judge:
    """A judge of criteria on one chart and one date of service.

    What it reads of a fact for one criterion serves the next.
    """

    __slots__ = ("_as_of", "_facts", "_known", "_placed")

    def __init__(self, facts: Mapping[str, Fact], as_of: date) -> None:
        self._facts = facts
        self._as_of = as_of
        self._placed: dict[str, PlacedEvidence] = {}
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
                placed = self._placed[check.fact] = placed_evidence(fact, check, None, self._as_of)
        else:
            since = first_that_counts(check, self._facts, self._as_of)
            placed = placed_evidence(fact, check, since, self._as_of)
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
            reopened = _reopened(settled, placed.uncertain, self._as_of) if placed.uncertain else settled
            return _left_open(reopened, check) if check.open_because else reopened
        found = placed.uncertain + placed.discounted
        presumption = check.presumption
        if presumption and (presumption.always or not (placed.uncertain or fact.unsearched)):
            return Finding(check, presumption.treat_as, (), found, Basis.PRESUMED, fact.unsearched)
        basis = Basis.UNCERTAIN if placed.uncertain else Basis.NOT_SEARCHED if fact.unsearched else Basis.SILENT
        return Finding(check, NOT_DOCUMENTED, (), found, basis, fact.unsearched)

    def _counted(self, check: Check, times: Test, fact: Fact) -> Finding:
        """Judge a criterion that counts how often something happened."""
        since = first_that_counts(check, self._facts, self._as_of)
        usable: list[tuple[Evidence, Days | None]] = []
        uncertain: list[tuple[Evidence, Days | None]] = []
        for evidence in fact.evidence:
            placed = as_seen(evidence, check, since, self._as_of)
            if placed.standing is Standing.DISCOUNTED:
                continue
            sure = placed.standing is Standing.USABLE and (since is None or surely_inside(check, since, (placed,)))
            (usable if sure else uncertain).append((placed, day_of(placed, check)))
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
    elif since is not None and not surely_inside(check, since, latest):
        outcome, basis = NOT_DOCUMENTED, Basis.UNCERTAIN
    return Finding(check, outcome, (), latest, basis, unsearched)


def _left_open(finding: Finding, check: Check) -> Finding:
    """Leave a test that failed to a person, as the document does."""
    if finding.outcome is not NOT_MET:
        return finding
    return Finding(check, NOT_DOCUMENTED, (), finding.evidence, Basis.LEFT_OPEN, finding.unsearched)


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
