"""The report as data: what ``report.json`` holds and the page shows.

A figure that is hidden is null in both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, Final

from cds_service.content.content import Content
from cds_service.replay.report.appendix import appendix
from cds_service.replay.report.cover import TARGETS, CoverStep, greedy_cover
from cds_service.replay.report.figures import DIMENSIONS, OUTCOMES, Figures
from cds_service.replay.report.prices import Prices
from cds_service.replay.report.small_cells import SMALLEST, Key, hidden
from cds_service.replay.terms import Terms

Data = dict[str, Any]
_RULES: Final = {
    "unknown-code-system": "The system of the order's code is not known.",
    "named-in-words": "Only the words of the order say what is ordered, and no code.",
    "no-version-held": "No version of the policy that is held covers the day.",
}
_MOST_CODES: Final = 4


class View:
    """Builder of the report's data from figures; ``exact`` hides none."""

    def __init__(self, figures: Figures, content: Content, terms: Terms, prices: Prices, exact: bool) -> None:
        self._figures, self._content, self._terms, self._prices = figures, content, terms, prices
        self._hidden = frozenset() if exact else hidden(figures.cells, figures.sums)
        self._exact = exact

    def data(self, said: Data) -> Data:
        """Return all of the report's data.

        ``said`` is what ``run.json`` says.
        """
        policies = [key[1] for key in self._figures.of("policy") if key[2] == "all" and key[1] != "all"]
        first, last = self._figures.days
        totals = self._row(("policy", "all"))
        data: Data = {
            "run": self._run(said),
            "days": {"from": str(first or ""), "to": str(last or "")},
            "smallest": None if self._exact else SMALLEST,
            "totals": totals,
            "settled": self._settled(totals),
            "policies": [self._policy(id_) for id_ in policies],
            "missing": self._missing(),
            "ledger": self._ledger(),
            "comparison": self._comparison() if self._terms.compare else None,
            "prices": self._priced(policies) if self._prices.file else None,
        }
        return data | {"appendix": appendix(data, self._content)}

    def _run(self, said: Data) -> Data:
        """Return what ``run.json`` says, as far as the report shows it.

        It leaves out the source's files and the key, and every count of few people.
        """
        counts: dict[str, int | None] = dict(said["counts"])
        small = [name for name in ("patients", "orders", "decided", "orders_left", "rows") if 0 < (counts[name] or 0) < SMALLEST]
        if not self._exact and (small or ("left", "order", "all") in self._hidden):
            counts |= dict.fromkeys([*small, "orders_left", "decided"])
        return {name: value for name, value in said.items() if name not in ("key", "source")} | {"counts": counts}

    def _ledger(self) -> list[Data]:
        keys = [key for key in self._figures.of("left") if key[2] != "all"]
        rows = [{"what": key[1], "reason": key[2], "count": self._shown(key)} for key in keys]
        return sorted(rows, key=lambda row: (row["what"], row["count"] is None, -(row["count"] or 0), row["reason"]))

    def _shown(self, key: Key) -> int | None:
        """Return a count; None where it is hidden."""
        if key in self._hidden:
            return None
        cell = self._figures.cells.get(key)
        return cell.orders if cell else 0

    def _row(self, key: Key) -> Data:
        return {outcome: self._shown((*key, outcome)) for outcome in (*OUTCOMES, "all")}

    def _settled(self, totals: Data) -> float | None:
        """Return the share of decisions that needed no question, in percent."""
        whole, open_ = totals["all"], totals["not-documented"]
        return None if whole is None or open_ is None or not whole else round(100 * (whole - open_) / whole, 1)

    def _policy(self, id_: str) -> Data:
        policy = self._content.library.version(id_)
        by: Data = {}
        for name in DIMENSIONS:
            values = sorted({key[2] for key in self._figures.of(name) if key[1] == id_})
            by[name] = [{"value": value or "not said", **self._row((name, id_, value))} for value in values]
        return {
            "id": id_,
            "title": policy.title if policy else id_,
            "outcomes": self._row(("policy", id_)),
            "by": by,
            "criteria": self._listed("criterion", id_),
            "presumptions": self._listed("presumption", id_),
        }

    def _listed(self, kind: str, policy: str) -> list[Data]:
        found = [key for key in self._figures.of(kind) if key[1] == policy]
        rows = [{"id": key[2], "says": self._says(policy, key[2]), "orders": self._shown(key)} for key in found]
        return sorted(rows, key=lambda row: (row["orders"] is None, -(row["orders"] or 0), row["id"]))

    def _says(self, policy: str, criterion: str) -> str:
        versions = sorted(self._content.library.versions.get(policy, ()), key=lambda one: one.version, reverse=True)
        says = (one.says for version in versions for one in version.criteria() if one.id == criterion and one.says)
        return next(says, _RULES.get(criterion, ""))

    def _missing(self) -> Data:
        open_ = self._shown(("policy", "all", "not-documented"))
        facts = [{"fact": key[1], "orders": self._shown(key), **self._fact(key[1])} for key in self._figures.of("fact")]
        facts.sort(key=lambda row: (row["orders"] is None, -(row["orders"] or 0), row["fact"]))
        return {"open": open_, "facts": facts, "cover": self._cover(open_)}

    def _fact(self, name: str) -> Data:
        if name not in self._content.catalogue:
            return {"ask": "", "evidence": []}
        return {"ask": self._content.catalogue[name].entry.ask, "evidence": list(self._evidence(name))}

    def _evidence(self, fact: str) -> Iterator[Data]:
        """Yield what would document a fact: resources with the codes that count."""
        sets = self._content.terminology.sets
        for need in self._content.catalogue.needs((fact,)):
            if need.beside:
                continue
            held = [sets[id_] for id_ in need.value_sets if id_ in sets]
            codes = [code for one in held for listed in one.systems.values() for code in listed]
            titles = [one.title for one in held]
            yield {
                "resource": need.resource,
                "of": titles[:3],
                "codes": codes[:_MOST_CODES],
                "more": max(0, len(codes) - _MOST_CODES),
            }

    def _cover(self, open_: int | None) -> list[Data]:
        """Return the facts that a greedy search finds for each target.

        Empty where the open orders are hidden.
        """
        if not open_:
            return []
        steps = list(self._told(greedy_cover({facts: cell.orders for facts, cell in self._figures.asked.items()})))
        found: list[Data] = []
        for target in TARGETS:
            needed: list[str] = []
            for step in steps:
                needed += step.facts
                if 100 * step.settled >= target * open_:
                    found.append({"target": target, "facts": needed, "settles": round(100 * step.settled / open_)})
                    break
        return found

    def _told(self, steps: Iterable[CoverStep]) -> Iterator[CoverStep]:
        """Yield the steps, small ones joined with the next.

        A step is small where it settles few orders more.
        """
        facts: tuple[str, ...] = ()
        before = 0
        for step in steps:
            facts += step.facts
            if self._exact or step.settled - before >= SMALLEST:
                yield CoverStep(facts, step.settled)
                facts, before = (), step.settled

    def _comparison(self) -> Data:
        changes: list[Data] = []
        for key in self._figures.of("change"):
            _, policy, was, then, by = key
            count = self._shown(key)
            examples = list(self._figures.examples.get(key, ())) if count is not None else []
            changes.append(
                {"policy": policy, "was": was, "then": then, "criterion": by, "says": self._says(policy, by), "orders": count}
                | {"examples": examples}
            )
        changes.sort(key=lambda row: (row["orders"] is None, -(row["orders"] or 0), row["policy"], row["criterion"]))
        return {"with": self._terms.compare.rpartition("/")[2], "changed": self._shown(("changed",)), "changes": changes}

    def _priced(self, policies: list[str]) -> Data:
        amounts = self._prices.amounts
        rows: list[Data] = []
        for policy in policies:
            for outcome in OUTCOMES:
                held = {key: orders for key, orders in self._figures.amounts.items() if key[0] == policy and key[2] == outcome}
                if not held:
                    continue
                shown = self._shown(("policy", policy, outcome))
                priced = sum(orders for key, orders in held.items() if key[1] in amounts)
                total = sum((amounts[key[1]] * orders for key, orders in held.items() if key[1] in amounts), Decimal(0))
                whole = shown is not None and not any(
                    (("code", policy, key[1], outcome) in self._hidden) for key in held if key[1] in amounts
                )
                rows.append(
                    {"policy": policy, "outcome": outcome, "orders": shown}
                    | {"priced": priced if whole else None, "amount": str(total.quantize(Decimal("0.01"))) if whole else None}
                )
        return {"file": self._prices.file, "codes": len(amounts), "rows": rows}
