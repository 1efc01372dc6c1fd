"""Judges facts that no chart documents: every answer of the solver goes through here before anybody sees it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from cds_service.analysis.domain import checks_of, criteria_of
from cds_service.chart import Case, Chart
from cds_service.decision import Decision, judge_policy
from cds_service.fhir.value_sets import Terminology
from cds_service.order import read_order
from cds_service.policy.model import Fact, Policy

_NO_SETS = Terminology({})


def judged(policy: Policy, facts: Mapping[str, Fact], as_of: date) -> Decision:
    """What the service decides under a policy on facts; facts that are not given are silent."""
    order = read_order({"resourceType": "ServiceRequest", "id": "order"}, 0, as_of)
    case = Case(Chart((), _NO_SETS, "imagined"), order, (order,), as_of)
    return judge_policy(policy, None, order.reference, silence_beside(facts, [policy]), case)


def silence_beside(facts: Mapping[str, Fact], policies: Iterable[Policy]) -> dict[str, Fact]:
    """The facts, and a silent one for every other that policies name."""
    checks = checks_of(root for policy in policies for root in criteria_of(policy))
    names = dict.fromkeys([*(check.fact for check in checks), *(check.since for check in checks if check.since)])
    return {name: facts.get(name) or Fact(name) for name in {**names, **facts}}
