"""How a decision's cost grows with what is held and what is sent: ``python -m bench.scale``.

Policies held should cost nothing (one look-up by code); evidence and orders should cost in proportion. Figures are medians; the
ratios of one run say it. The policies held besides the shipped ones are synthetic, each with a value set of its own.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import date
from functools import partial
from types import MappingProxyType
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.judge import AS_OF, chart_resources, median_us, order_resource
from cds_service.case import Case
from cds_service.chart import Chart
from cds_service.content.content import Content, read_content, shipped_content
from cds_service.content.library import Library
from cds_service.fhir.codes import key_of
from cds_service.fhir.value_sets import Terminology, ValueSet
from cds_service.judgement import decide
from cds_service.order import Order, read_order

CPT = "http://www.ama-assn.org/go/cpt"


def with_policies(content: Content, number: int) -> Content:
    """The content with synthetic policies added until it holds ``number``, each for a hundred codes of its own."""
    sets = dict(content.terminology.sets)
    policies = list(content.policies)
    model = content.policies[0]
    for n in range(number - len({policy.id for policy in policies})):
        id_ = f"synthetic-{n}"
        codes = {key_of(CPT, f"S{n}X{m}"): None for m in range(100)}
        empty: MappingProxyType[Any, Any] = MappingProxyType({})
        sets[id_] = ValueSet(id_, id_, "1", id_, MappingProxyType(codes), empty, frozenset(), frozenset(), empty)
        policies.append(replace(model, id=f"payer-{n}/{id_}", payer=f"payer-{n}", order_sets=(id_,), effective_until=None))
    terminology = Terminology(sets, (), content.terminology.medicines)
    return replace(content, terminology=terminology, policies=tuple(policies), library=Library(policies, terminology))


def orders(number: int, on: date) -> tuple[Order, ...]:
    """Draft orders for the screen, each with an id of its own."""
    return tuple(read_order(order_resource() | {"id": f"o{n}"}, n, on) for n in range(number))


def decide_all(content: Content, resources: int, drafts: int) -> None:
    """Builds the chart and decides every order, as one request does."""
    signing = orders(drafts, AS_OF)
    chart = Chart(chart_resources(resources), content.terminology, "p")
    for order in signing:
        decide(Case(chart, order, signing, AS_OF), content)


def main() -> None:
    """Prints three tables: policies held, evidence resources, orders."""
    arguments = argparse.ArgumentParser(description="How a decision's cost grows.")
    arguments.add_argument("--runs", type=int, default=300)
    runs = arguments.parse_args().runs
    content = read_content(shipped_content())
    sized = {number: with_policies(content, number) for number in (5, 500, 5000)}
    order = orders(1, AS_OF)[0]

    def decide_one(held: Content, chart: Chart) -> object:
        return decide(Case(chart, order, (order,), AS_OF), held)

    charts = {number: Chart(chart_resources(50), held.terminology, "p") for number, held in sized.items()}
    selecting = {n: median_us(partial(held.library.select, order.codings, AS_OF), runs * 10) for n, held in sized.items()}
    deciding = {n: median_us(partial(decide_one, held, charts[n]), runs) for n, held in sized.items()}
    _print("policies held (µs)", {"select by code": selecting, "decide one order, 50 resources": deciding})
    sizes = (10, 100, 1000, 10_000)
    _print(
        "evidence resources (µs, whole decision of one order)",
        {"decide": {n: median_us(partial(decide_all, content, n, 1), max(5, runs // n)) for n in sizes}},
    )
    _print(
        "orders in one signing (µs, 50 resources)",
        {"decide": {n: median_us(partial(decide_all, content, 50, n), max(5, runs // n)) for n in (1, 10, 100)}},
    )


def _print(title: str, rows: dict[str, dict[int, float]]) -> None:
    table = Table(title=title)
    table.add_column("")
    columns = list(next(iter(rows.values())))
    for number in columns:
        table.add_column(f"{number}", justify="right")
    for name, figures in rows.items():
        first = figures[columns[0]]
        table.add_row(name, *(f"{figures[n]:.1f} ({figures[n] / first:.2f}x)" for n in columns))
    Console().print(table)


if __name__ == "__main__":
    main()
