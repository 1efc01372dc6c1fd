"""What telemetry is told of decisions.

That is the outcomes of a call by policy, how much is asked, and the evidence that did not count.
"""

from __future__ import annotations

from collections.abc import Iterable

from cds_service.case import Case
from cds_service.decision import Decision, evidence_of
from cds_service.hooks import account
from cds_service.policy.evidence import Standing


def tell(decided: Iterable[tuple[Case, Decision]], revision: str) -> None:
    """Count a call's decisions and add them to its log line.

    The line names policies, outcomes and criteria, and nothing of the chart. ``revision`` is the content's. Outside of
    a request (``cds-service check``) nothing is told.
    """
    call = account.current()
    if call is None:
        return
    call.revision = revision
    orders = set()
    for _, decision in decided:
        orders.add(decision.order)
        because = list(decision.because_ids)
        call.outcomes.append({"policy": decision.policy_id, "outcome": decision.outcome.value, "because": because})
        if decision.asks:
            call.asked.append((decision.policy_id, len(decision.asks)))
        call.unusable += [
            (decision.policy_id, evidence.standing.value)
            for evidence in evidence_of(decision)
            if evidence.standing is not Standing.USABLE
        ]
    call.orders = len(orders)
