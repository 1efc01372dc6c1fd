"""Orders that one core decides in a second, without HTTP: ``python -m bench.throughput``.

The cases are the vignettes of all active policies, in the prefetch an EHR would send for them: small charts, which document what
their policy asks about. Everything is made once as plain JSON; what is timed is the chart's index and ``decide`` with its
validation, for one case after another in one process. Orders are read beforehand. Seconds are the process' own CPU time, so that
what else the machine does counts little; the figure is the median of several passes.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from rich import box
from rich.console import Console
from rich.table import Table

from bench.bodies import vignettes_folder
from cds_service.case import Case
from cds_service.chart import Chart
from cds_service.content.content import Content, read_content, shipped_content
from cds_service.decision import Decision
from cds_service.judgement import decide
from cds_service.order import Order, read_order
from cds_service.vignettes.as_request import request_of
from cds_service.vignettes.read import PATIENT, Vignette, read_vignettes
from cds_service.vignettes.run import with_own_lists


@dataclass(frozen=True, slots=True)
class Replayed:
    """One vignette's order and chart, ready to be decided again and again."""

    vignette: Vignette
    content: Content
    resources: tuple[dict[str, Any], ...]
    order: Order
    signing: tuple[Order, ...]

    def decide(self) -> list[Decision]:
        """Indexes the chart and decides the order."""
        vignette = self.vignette
        chart = Chart(self.resources, self.content.terminology, PATIENT, vignette.not_searched)
        return decide(Case(chart, self.order, self.signing, vignette.as_of), self.content)

    def as_expected(self) -> bool:
        """Whether the vignette's own policy is decided as the vignette expects."""
        decided = {decision.outcome for decision in self.decide() if decision.policy_id in (self.vignette.policy.id, "")}
        return decided == {self.vignette.outcome}


def replayed(vignette: Vignette, content: Content) -> Replayed:
    """A vignette as what an EHR would send of it."""
    request = orjson.loads(orjson.dumps(request_of(vignette, content)))
    drafts = [entry["resource"] for entry in request["context"]["draftOrders"]["entry"]]
    signing = tuple(read_order(draft, place, vignette.as_of) for place, draft in enumerate(drafts))
    order = next(one for one in signing if one.reference.endswith("/order-1"))
    return Replayed(vignette, with_own_lists(content, vignette), tuple(_resources(request["prefetch"])), order, signing)


def _resources(prefetch: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for held in prefetch.values():
        if held and held["resourceType"] == "Bundle":
            yield from (entry["resource"] for entry in held["entry"])
        elif held:
            yield held


def cases(content: Content) -> dict[str, list[Replayed]]:
    """The vignettes of every active policy that judges an order, by the policy's id and version.

    Raises RuntimeError for vignettes that are not decided as they expect.
    """
    found: dict[str, list[Replayed]] = {}
    for policy in content.policies:
        path = vignettes_folder() / policy.id / f"{policy.version}.yaml"
        if policy.status != "active" or not path.is_file():
            continue
        made = [replayed(vignette, content) for vignette in read_vignettes(path, path.name, content)]
        if wrong := [one.vignette.name for one in made if not one.as_expected()]:
            raise RuntimeError(f"{path.name}: not decided as expected: {', '.join(wrong)}")
        if made:
            found[f"{policy.id}, {policy.version}"] = made
    return found


def per_second(made: Sequence[Replayed], passes: int, clock: Callable[[], float] = time.process_time) -> float:
    """Orders a second: the median of several passes over all cases, after one that warms up."""
    rates = []
    for _ in range(passes + 1):
        begun = clock()
        for one in made:
            one.decide()
        rates.append(len(made) / max(clock() - begun, 1e-9))
    return statistics.median(rates[1:])


def main() -> None:
    """Prints orders a second by policy, and over all cases."""
    arguments = argparse.ArgumentParser(description="Orders that one core decides in a second.")
    arguments.add_argument("--passes", type=int, default=5)
    passes = arguments.parse_args().passes
    found = cases(read_content(shipped_content()))
    rows = found | {"all": [one for made in found.values() for one in made]}
    table = Table(
        title=f"index the chart and decide, one core; median of {passes} passes",
        show_edge=False,
        box=box.SIMPLE_HEAD,
        title_justify="left",
    )
    table.add_column("vignettes of", overflow="fold")
    for column in ("orders", "resources", "µs", "per s"):
        table.add_column(column, justify="right")
    for name, made in rows.items():
        rate = per_second(made, passes)
        resources = statistics.median(len(one.resources) for one in made)
        figures = (str(len(made)), f"{resources:.0f}", f"{1e6 / rate:.0f}", f"{rate:,.0f}")
        table.add_row(name.replace(", ", "\n"), *figures, end_section=name == [*rows][-2])
    Console().print(table)


if __name__ == "__main__":
    main()
