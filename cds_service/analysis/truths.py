"""And, or, not and counting over truths.

A truth may be known already or depend on the chart; what is known is simplified away.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import z3

Truth = Any
"""A z3 boolean, or a Python one.

It is a Python one where the answer does not depend on the chart.
"""


def conj(*truths: Truth) -> Truth:
    """Combine truths by *and*, simplifying what is known."""
    unknown = [one for one in truths if one is not True]
    if any(one is False for one in unknown):
        return False
    return True if not unknown else unknown[0] if len(unknown) == 1 else z3.And(unknown)


def disj(*truths: Truth) -> Truth:
    """Combine truths by *or*, simplifying what is known."""
    unknown = [one for one in truths if one is not False]
    if any(one is True for one in unknown):
        return True
    return False if not unknown else unknown[0] if len(unknown) == 1 else z3.Or(unknown)


def neg(truth: Truth) -> Truth:
    """Negate a truth, simplifying what is known."""
    return not truth if isinstance(truth, bool) else z3.Not(truth)


def same(one: Truth, other: Truth) -> Truth:
    """Tell whether two truths agree."""
    if isinstance(one, bool):
        one, other = other, one
    if isinstance(other, bool):
        return one if other else neg(one)
    return one == other


def at_least(count: int, truths: Iterable[Truth]) -> Truth:
    """Tell whether at least ``count`` of the truths hold."""
    held = list(truths)
    count -= sum(one is True for one in held)
    unknown = [one for one in held if not isinstance(one, bool)]
    if count <= 0:
        return True
    if count > len(unknown):
        return False
    if count == 1:
        return disj(*unknown)
    return conj(*unknown) if count == len(unknown) else z3.AtLeast(*unknown, count)
