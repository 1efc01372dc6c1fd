"""Tells telemetry what was decided: the outcomes of a call by policy, and the evidence that did not count."""

from __future__ import annotations

from collections.abc import Iterable

from cds_service import telemetry
from cds_service.chart import Case
from cds_service.decision import Decision, evidence_of
from cds_service.policy.model import Standing


def tell(decided: Iterable[tuple[Case, Decision]]) -> None:
    """Counts the decisions of a call and adds them to its log line: policies, outcomes and criteria, nothing of the chart."""
    decisions = [decision for _, decision in decided]
    outcomes = [
        {"policy": decision.policy_id, "outcome": decision.outcome.value, "because": list(decision.because_ids)}
        for decision in decisions
    ]
    unusable = [
        (decision.policy_id, evidence.standing.value)
        for decision in decisions
        for evidence in evidence_of(decision)
        if evidence.standing is not Standing.USABLE
    ]
    telemetry.decided(len({decision.order for decision in decisions}), outcomes, unusable)
