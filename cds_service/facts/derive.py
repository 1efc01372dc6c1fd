"""The rules by which facts are computed from other facts, by the name that the catalogue uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from cds_service.facts import pregnancy
from cds_service.policy.model import Evidence, Fact


@dataclass(frozen=True, slots=True)
class Rule:
    """A derivation: the function, and the names under which it takes its facts."""

    compute: Callable[[Mapping[str, Fact], date], list[Evidence]]
    takes: frozenset[str]


RULES: dict[str, Rule] = {
    "gestational age": Rule(
        pregnancy.gestational_age,
        frozenset({"scan", "due_date", "age_by_due_date", "last_period", "age_by_last_period", "week_code"}),
    ),
    "pregnancy start": Rule(pregnancy.pregnancy_start, frozenset({"age", "delivery"})),
    "pregnancy start after a loss": Rule(pregnancy.pregnancy_start_after_loss, frozenset({"age", "delivery"})),
    "pregnant": Rule(pregnancy.pregnant, frozenset({"recorded", "age"})),
    "co-twin demise": Rule(pregnancy.co_twin_demise, frozenset({"recorded", "reduction", "fetuses", "start"})),
    "earlier screen": Rule(pregnancy.earlier_screen, frozenset({"orders", "results"})),
    "concurrent serum screen": Rule(pregnancy.concurrent_serum_screen, frozenset({"panels", "markers"})),
    "anomaly count": Rule(pregnancy.anomaly_count, frozenset({"sites", "unspecified"})),
}
