"""Judges facts that no chart documents.

Every answer of the solver is judged here before anybody sees it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from cds_service.case import Case
from cds_service.chart import Chart
from cds_service.decision import Decision
from cds_service.fhir.value_sets import Terminology
from cds_service.judgement import judge_policy
from cds_service.order import read_order
from cds_service.policy.evidence import Fact
from cds_service.policy.model import Policy


class SilentElse(dict[str, Fact]):
    """Facts by name; one that is not given is silent."""

    def __missing__(self, name: str) -> Fact:
        return Fact(name)


def judged(policy: Policy, facts: Mapping[str, Fact], as_of: date) -> Decision:
    """Decide facts under a policy as the service would.

    Facts that are not given are silent.
    """
    return judge_policy(policy, None, "ServiceRequest/order", SilentElse(facts), _case(as_of))


@lru_cache(maxsize=64)
def _case(as_of: date) -> Case:
    """Return a case that says nothing but its date of service."""
    order = read_order({"resourceType": "ServiceRequest", "id": "order"}, 0, as_of)
    return Case(Chart((), Terminology({}), "imagined"), order, (order,), as_of)
