"""The contexts kept for orders that a form asks about.

From them the form can be made and its answers judged later.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from cds_service.case import Case
from cds_service.content.content import Content
from cds_service.content.payers import Member
from cds_service.decision import Decision, DecisionOutcome
from cds_service.hooks.answered.coverage_information import assertion_id
from cds_service.policy.model import Policy
from cds_service.questionnaires.form import open_form
from cds_service.questionnaires.remembered import remember
from cds_service.security.caller import Home


def context_rows(decided: Iterable[tuple[Case, Decision]], content: Content, now: datetime, home: Home) -> list[dict[str, Any]]:
    """Make one row for each order, policy and recognised Coverage.

    Where nothing is asked of an order, its row only ends an earlier one. ``home`` is where the ids hold; its client alone
    finds them again.
    """
    rows: list[dict[str, Any]] = []
    for case, decision in decided:
        policy = decision.policy
        if policy is None or not decision.members or case.order.is_inside or "/" not in decision.order:
            continue
        asked = decision.outcome is DecisionOutcome.NOT_DOCUMENTED and open_form(decision, content) is not None
        facts = remember(case, policy, decision, content) if asked else None
        rows += [_row(case, decision, policy, member, now, home, facts) for member in decision.members]
    return rows


def _row(
    case: Case, decision: Decision, policy: Policy, member: Member, now: datetime, home: Home, facts: list[dict[str, Any]] | None
) -> dict[str, Any]:
    return {
        "issuer": home.issuer,
        "id": assertion_id(home, decision.order, member.coverage, case.chart.patient, member.payer.id),
        "policy": policy.id,
        "version": policy.version.isoformat(),
        "kept_at": now,
        "order_reference": decision.order,
        "coverage": member.coverage,
        "patient": case.chart.patient,
        "payer": member.payer.id,
        "code": decision.coding.text if decision.coding else "",
        "date_of_service": case.as_of,
        "outcome": decision.outcome.value,
        "unsearched": sorted(case.unsearched),
        "facts": facts,
    }
