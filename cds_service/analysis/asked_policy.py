"""A policy that the solver is asked about, with its outcomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cds_service.analysis.replay import judged
from cds_service.analysis.solve import Answer, Charts, Example, NotDecided, Solver, solver_for
from cds_service.analysis.truths import Truth
from cds_service.content.content import Content
from cds_service.decision import DecisionOutcome
from cds_service.policy.criterion import Criterion
from cds_service.policy.evidence import Fact
from cds_service.policy.model import Policy


@dataclass(frozen=True, slots=True)
class SolverFinding:
    """What a question found about one criterion, or two.

    ``also`` is the second criterion, if any; ``example`` is a chart that shows the finding, if any.
    """

    question: str
    criterion: Criterion
    says: str
    example: Example | None = None
    also: Criterion | None = None


@dataclass
class AskedPolicy:
    """A policy that is being asked about.

    Its questions share the solver and what was found out so far.
    """

    policy: Policy
    content: Content
    solver: Solver = field(init=False)
    not_decided: list[str] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.solver = solver_for([self.policy], self.content)

    def possible(self, condition: Callable[[Charts], Truth]) -> Mapping[str, Fact] | None:
        """Return facts on which a condition holds; None if there are none.

        What cannot be told counts as possible, and is noted in ``not_decided``.
        """
        for charts in (self.solver.few, self.solver.enough):
            found = charts.find(condition(charts))
            if isinstance(found, NotDecided):
                self.not_decided.append(found.because)
                return {}
            if found is not None:
                return found
        return None

    def roots(self) -> list[Criterion]:
        """Return the roots of the criteria that decide.

        They are rules settled first, what makes an order necessary, and what excludes it.
        """
        policy = self.policy
        exclusions = [policy.not_necessary_when] if policy.not_necessary_when else []
        return [*(rule.when for rule in policy.settled_first), policy.necessary_when, *exclusions]


def possible_outcomes(asked: AskedPolicy) -> dict[DecisionOutcome, Answer]:
    """For each outcome, find a chart that has it.

    Or the proof that none does.
    """
    policy, as_of = asked.policy, asked.solver.as_of
    return {
        outcome: asked.solver.ask(
            lambda charts, outcome=outcome: charts.decided[0].outcomes[outcome],  # type: ignore[misc]
            lambda facts, outcome=outcome: judged(policy, facts, as_of).outcome is outcome,  # type: ignore[misc]
        )
        for outcome in DecisionOutcome
    }
