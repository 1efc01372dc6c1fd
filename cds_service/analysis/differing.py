"""Asks the solver where two policies decide differently."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Literal

from cds_service.analysis.decided import asks, assumed, authorization, because, differ
from cds_service.analysis.replay import judged
from cds_service.analysis.solve import Answer, Charts, Proof, Solver, solver_for
from cds_service.analysis.truths import Truth, disj, neg, same
from cds_service.content.content import Content
from cds_service.decision import Decision, DecisionOutcome
from cds_service.policy.evidence import Fact
from cds_service.policy.model import Policy

Reading = Literal["outcome", "because", "asks", "assumed", "authorization"]
"""What two decisions are compared by.

Reasons, questions and assumptions are compared by what they name, not by its order.
"""
READINGS: tuple[Reading, ...] = ("outcome", "because", "asks", "assumed", "authorization")


def differs(
    one: Policy, other: Policy, content: Content, as_of: date | None = None, by: Iterable[Reading] = ("outcome",)
) -> Answer:
    """Find facts on which two policies decide differently.

    They may be versions, or a policy and its mutant. The answer can also be the proof that there are none. With several
    readings in ``by`` a chart with another outcome is preferred to one with other reasons or questions only.
    ``Example.decisions`` holds the decisions of both.
    """
    return differing(solver_for((one, other), content, as_of), by)


def differing(solver: Solver, by: Iterable[Reading] = ("outcome",)) -> Answer:
    """Do as :func:`differs`, for the first two policies of a solver."""
    wanted = [reading for reading in READINGS if reading in set(by)]
    answer: Answer = Proof(solver.as_of)
    for reading in wanted:
        answer = _differing_by(solver, reading)
        if not isinstance(answer, Proof):
            return answer
    return answer


def _differing_by(solver: Solver, reading: Reading) -> Answer:
    one, other = solver.policies[:2]

    def condition(charts: Charts) -> Truth:
        first, second = charts.decided[:2]
        if reading == "outcome":
            return disj(*(neg(same(first.outcomes[outcome], second.outcomes[outcome])) for outcome in DecisionOutcome))
        if reading == "authorization":
            return differ(authorization(first, charts.encoder), authorization(second, charts.encoder))
        read = {"because": because, "asks": asks, "assumed": assumed}[reading]
        return differ(read(first), read(second))

    def shows(facts: Mapping[str, Fact]) -> bool:
        return read_as(judged(one, facts, solver.as_of), reading) != read_as(judged(other, facts, solver.as_of), reading)

    return solver.ask(condition, shows)


def read_as(decision: Decision, reading: Reading) -> object:
    """Return a reading of a decision, comparable with another's."""
    match reading:
        case "outcome":
            return decision.outcome
        case "because":
            return set(decision.because_ids)
        case "asks":
            return set(decision.asks)
        case "assumed":
            return set(decision.assumed)
        case "authorization":
            return (
                decision.policy.authorization.index(decision.authorization) if decision.policy and decision.authorization else None
            )
