"""The fewest facts that would settle most open orders, if documented.

The search is greedy, and the report says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

TARGETS: Final = (50, 80, 95)
"""Shares of the open orders, in percent."""
_MOST_SETS: Final = 400


class CoverStep(NamedTuple):
    """The facts to document next, and the open orders settled then.

    The orders are counted in all, those of earlier steps among them.
    """

    facts: tuple[str, ...]
    settled: int


def greedy_cover(asked: Mapping[frozenset[str], int]) -> list[CoverStep]:
    """Return facts in the order that settles most orders per fact.

    ``asked`` says how many open orders ask for each set of facts. An order counts as settled when all that it asks for
    is documented; fewer may do. Of very many different sets, those of the most orders are looked at one by one.
    """
    left = {facts: count for facts, count in asked.items() if facts}
    known: frozenset[str] = frozenset()
    settled = 0
    steps: list[CoverStep] = []
    while left:
        chosen = max(
            _looked_at(left), key=lambda facts: (_gain(facts | known, left) / len(facts - known), -len(facts), sorted(facts))
        )
        added = tuple(sorted(chosen - known))
        known |= chosen
        done = [facts for facts in left if facts <= known]
        settled += sum(left.pop(facts) for facts in done)
        steps.append(CoverStep(added, settled))
    return steps


def _looked_at(left: Mapping[frozenset[str], int]) -> list[frozenset[str]]:
    return sorted(left, key=lambda facts: (-left[facts], sorted(facts)))[:_MOST_SETS]


def _gain(known: frozenset[str], left: Mapping[frozenset[str], int]) -> int:
    return sum(count for facts, count in left.items() if facts <= known)
