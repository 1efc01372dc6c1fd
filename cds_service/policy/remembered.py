"""Readings of a policy's two trees, remembered by their pattern.

Most of a large policy is silent on most charts, and charts that speak of the same facts in the same sense are read
alike. So the checks are judged for every order, and all that follows from them is read once for a pattern.

A pattern names criteria and outcomes: no value, day, code or resource of anybody. What an order's own findings are is
put into the places that a reading leaves for them.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from functools import lru_cache
from typing import Final

from cds_service.policy.criterion import AtLeast, Criterion
from cds_service.policy.finding import MOST_CRITERIA, Finding, SilentPart
from cds_service.policy.judged_trees import JudgedTrees, Reading
from cds_service.policy.memory import Memory
from cds_service.policy.plan import Plan

MOST_PLANS: Final = 512
"""The most plans remembered, of all policies together.

A plan says which checks of a policy a set of facts spoken of concerns.
"""
MOST_READINGS: Final = 512
"""The most readings remembered, of all policies together.

There is one for each pattern of findings.
"""


class Remembered:
    """The trees of one policy, of which plans and readings are remembered."""

    __slots__ = ("_roots", "facts")

    def __init__(self, necessary: Criterion, exclusions: AtLeast | None) -> None:
        self._roots: Final = tuple([SilentPart(tree) for tree in (necessary, exclusions) if tree is not None])
        self.facts: Final = frozenset().union(*[root.facts for root in self._roots])

    def plan(self, spoken: Set[str]) -> Plan:
        """Return the checks to judge, given the facts spoken of."""
        key = (self, frozenset(spoken))
        return _plans.get(key) or _plans.keep(key, lambda: Plan(self._roots, key[1]))


_plans: Final[Memory[tuple[Remembered, frozenset[str]], Plan]] = Memory(MOST_PLANS)
_readings: Final[Memory[tuple[object, ...], Reading]] = Memory(MOST_READINGS)


def read_trees(plan: Plan, judged: Sequence[Finding]) -> JudgedTrees:
    """Return the trees of an order whose checks came to ``judged``.

    The checks are those that its plan names, in that order.
    """
    pattern: list[object] = [plan]
    for finding in judged:
        pattern += (finding.outcome, finding.basis)
    key = tuple(pattern)
    return JudgedTrees(_readings.get(key) or _readings.keep(key, lambda: Reading(plan, judged)), judged)


@lru_cache(maxsize=MOST_CRITERIA)
def remembered_of(necessary: Criterion, exclusions: AtLeast | None) -> Remembered:
    """Return the trees of the policy with these criteria and exclusions.

    Those of the policies held are made on load.
    """
    return Remembered(necessary, exclusions)
