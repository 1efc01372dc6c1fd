"""A rewrite: another way to write a chart that means the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.recoding.places import Json, World


@dataclass(frozen=True)
class Rewrite:
    """``apply`` changes a copy of a request and says whether there was anything to change.

    Where it ``may_ask``, a rule allows the question to be asked instead of decided. ``tells`` names criteria that count what it
    adds (hours, where the chart had days): those may be decided anew.
    """

    name: str
    apply: Callable[[Json, World], bool]
    may_ask: bool = False
    tells: frozenset[str] = frozenset()
