"""The rules by which facts are computed from other facts.

Each is declared beside its function, by a decorator.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar

from pydantic import BaseModel

from cds_service.policy.evidence import Evidence, Fact

Compute = TypeVar("Compute", bound=Callable[..., list[Evidence]])


@dataclass(frozen=True, slots=True)
class Derivation:
    """A rule that computes a fact from others.

    It has the function, the names under which it takes its facts, and the grammar of its table if it has one. A rule
    with a table takes it, read, as its third argument. An answer to the computed fact's own question stands beside what
    is computed; with ``joins`` it counts as evidence of that input instead, and the rule weighs it. A rule that
    concludes from what is not there weighs the records that do not say what they are (``weighs_untold``); no other is
    handed them.
    """

    compute: Callable[..., list[Evidence]]
    takes: frozenset[str]
    table: type[BaseModel] | None = None
    joins: str = ""
    weighs_untold: bool = False

    def __call__(self, facts: Mapping[str, Fact], as_of: date, table: BaseModel | None) -> list[Evidence]:
        """Return the evidence of the derived fact."""
        return self.compute(facts, as_of, table) if self.table else self.compute(facts, as_of)


DECLARED: Final[dict[str, Derivation]] = {}
"""The rules of the modules that were imported so far.

All of them are in ``cds_service.facts.computed.all_rules``.
"""


def rule(
    name: str, *takes: str, table: type[BaseModel] | None = None, joins: str = "", weighs_untold: bool = False
) -> Callable[[Compute], Compute]:
    """Declare the function below as a rule of this name.

    ``takes`` are the names under which it takes its facts. Raises TypeError for what cannot be a rule.
    """
    if name in DECLARED:
        raise TypeError(f"the rule '{name}' is declared twice")
    if not takes:
        raise TypeError(f"the rule '{name}' takes no fact")
    if joins and joins not in takes:
        raise TypeError(f"an answer cannot join '{joins}': the rule '{name}' does not take it")

    def declare(compute: Compute) -> Compute:
        DECLARED[name] = Derivation(compute, frozenset(takes), table, joins, weighs_untold)
        return compute

    return declare
