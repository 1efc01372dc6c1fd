"""What the vignettes of a policy have shown of each criterion.

A criterion can be seen met, not met, not documented, and deciding. One that was never seen in one of these ways has
been read by its author and tried by nobody. It decides in a vignette when its outcome is one of those that the decision
rests on: a part that comes out as the whole does, from the whole down. Where a policy judges a questionnaire, each
criterion that is reported is such a whole, and nothing above it decides anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from cds_service.analysis.asked import AnyAsked, Asked, AskedResponse, decision_of
from cds_service.decision import Decision, DecisionOutcome
from cds_service.policy.criterion import Criterion, NoneOf, Outcome
from cds_service.policy.finding import MET, NOT_DOCUMENTED, NOT_MET, Finding
from cds_service.policy.judge import judge
from cds_service.policy.model import Policy
from cds_service.proposal import judge_answers


class Seen(Enum):
    """A way in which a vignette can show a criterion."""

    MET = "met"
    NOT_MET = "not met"
    NOT_DOCUMENTED = "not documented"
    DECIDING = "deciding"


SEEN_AS: dict[Outcome, Seen] = {MET: Seen.MET, NOT_MET: Seen.NOT_MET, NOT_DOCUMENTED: Seen.NOT_DOCUMENTED}


@dataclass(frozen=True, slots=True)
class Tried:
    """How often vignettes have seen one criterion of a policy.

    It tells the criterion, where it stands, and in how many vignettes it was seen in each way.
    """

    policy: Policy
    criterion: Criterion
    times: dict[Seen, int]

    @property
    def unseen(self) -> tuple[Seen, ...]:
        """The ways in which no vignette has shown it."""
        return tuple(seen for seen in Seen if not self.times.get(seen))

    @property
    def place(self) -> str:
        """``file:line`` of the criterion."""
        return f"{self.policy.file}:{self.criterion.line}"


def tried(policy: Policy, vignettes: Sequence[AnyAsked]) -> list[Tried]:
    """Count in which ways vignettes have shown each criterion.

    The criteria of the policy come in reading order.
    """
    times: dict[int, dict[Seen, int]] = {id(criterion): {} for criterion in policy.criteria()}
    for one in vignettes:
        if one.policy is not policy:
            continue
        for criterion, seen in set(_seen(policy, one)):
            held = times[id(criterion)]
            held[seen] = held.get(seen, 0) + 1
    return [Tried(policy, criterion, times[id(criterion)]) for criterion in policy.criteria()]


def deciding_in(policy: Policy, vignettes: Sequence[AnyAsked]) -> dict[int, list[AnyAsked]]:
    """Find the vignettes in which each criterion decides.

    They are the most likely to notice a change in it. Criteria are keyed by ``id()``.
    """
    found: dict[int, list[AnyAsked]] = {}
    for one in vignettes:
        for criterion, seen in set(_seen(policy, one)):
            if seen is Seen.DECIDING:
                found.setdefault(id(criterion), []).append(one)
    return found


def _seen(policy: Policy, one: AnyAsked) -> Iterator[tuple[Criterion, Seen]]:
    return _seen_of_response(policy, one) if isinstance(one, AskedResponse) else _seen_of_order(policy, one)


def _seen_of_response(policy: Policy, one: AskedResponse) -> Iterator[tuple[Criterion, Seen]]:
    for root in (policy.necessary_when, policy.not_necessary_when, policy.more_likely_when):
        for finding in _below(judge(root, one.facts, one.as_of)) if root else ():
            yield finding.criterion, SEEN_AS[finding.outcome]
    for judged in judge_answers(policy, one.facts, one.as_of):
        yield from _deciding(judged.finding)


def _seen_of_order(policy: Policy, one: Asked) -> Iterator[tuple[Criterion, Seen]]:
    decision = decision_of(policy, one)
    as_of = one.as_of
    roots = [rule.when for rule in policy.settled_first]
    roots += [tree.criterion for tree in (decision.necessary, decision.exclusions) if tree]
    said = [when for when in (*(a.when for a in policy.authorization), *(a.when for a in policy.advice)) if when]
    for root in (*roots, *said):
        for finding in _below(judge(root, one.facts, as_of)):
            yield finding.criterion, SEEN_AS[finding.outcome]
    for root in said:
        yield from _deciding(judge(root, one.facts, as_of))
    for finding in _settling(decision):
        yield from _deciding(finding)


def _below(finding: Finding) -> Iterator[Finding]:
    yield finding
    for part in finding.parts:
        yield from _below(part)


def _settling(decision: Decision) -> tuple[Finding, ...]:
    """Return the trees that the decision rests on."""
    if decision.settled_by:
        return decision.because
    necessary, exclusions = decision.necessary, decision.exclusions
    trees = tuple(tree for tree in (necessary, exclusions) if tree)
    match decision.outcome:
        case DecisionOutcome.NECESSARY:
            return trees
        case DecisionOutcome.NOT_NECESSARY:
            return tuple(tree for tree in trees if tree.outcome is (MET if tree is exclusions else NOT_MET))[-1:]
        case _:
            return tuple(tree for tree in trees if tree.outcome is NOT_DOCUMENTED)


def _deciding(finding: Finding) -> Iterator[tuple[Criterion, Seen]]:
    yield finding.criterion, Seen.DECIDING
    decisive = finding.outcome
    if isinstance(finding.criterion, NoneOf) and decisive is not NOT_DOCUMENTED:
        decisive = NOT_MET if decisive is MET else MET
    for part in finding.parts:
        if part.outcome is decisive:
            yield from _deciding(part)
