"""Times extract, judge and explain apart, for one policy on charts of a given size: ``python -m bench.judge``.

The chart documents the policy's facts and is filled with resources that are not about them. Times are medians of many runs in
one process; the ratio of two figures of one run is steadier than either.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table

from cds_service.case import Case
from cds_service.chart import Chart
from cds_service.content.content import Content, read_content, shipped_content
from cds_service.facts.extract import Facts
from cds_service.judgement import decide
from cds_service.order import read_order
from cds_service.policy import asking, explain, presumed
from cds_service.policy.judge import judge
from cds_service.policy.model import Policy
from cds_service.said.as_data import as_data

AS_OF = date(2026, 5, 1)


def chart_resources(size: int) -> list[dict[str, Any]]:
    """A pregnant patient's chart of ``size`` resources: dating, number of fetuses, diagnoses, and unrelated laboratory values."""
    about = {"subject": {"reference": "Patient/p"}}
    loinc = "http://loinc.org"
    resources: list[dict[str, Any]] = [
        _observation("ga", "11884-4", {"value": 10, "system": "http://unitsofmeasure.org", "code": "wk"}, AS_OF),
        _observation("fetuses", "11878-6", {"value": 1, "unit": "{fetuses}"}, AS_OF - timedelta(3)),
        _condition("c1", "Z34.01"),
        _condition("c2", "Z3A.09"),
        _condition("c3", "E66.9"),
    ]
    number = 0
    while len(resources) < size:
        number += 1
        day = (AS_OF - timedelta(number)).isoformat()
        match number % 4:
            case 0:
                resources.append(_condition(f"x{number}", f"M{10 + number % 80}.9"))
            case 1:
                code = {"coding": [{"system": "http://snomed.info/sct", "code": f"{4000000 + number}"}]}
                procedure = {"resourceType": "Procedure", "id": f"x{number}", "status": "completed", "code": code}
                resources.append(procedure | {"performedDateTime": day} | about)
            case _:
                resources.append(_observation(f"x{number}", f"{1000 + number}-0", {"value": number, "unit": "mg/dL"}, AS_OF))
    assert all("code" in resource for resource in resources), loinc
    return resources[:size]


def _observation(id_: str, code: str, quantity: dict[str, Any], on: date) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "subject": {"reference": "Patient/p"},
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "effectiveDateTime": on.isoformat(),
        "valueQuantity": quantity,
    }


def _condition(id_: str, code: str) -> dict[str, Any]:
    return {
        "resourceType": "Condition",
        "id": id_,
        "subject": {"reference": "Patient/p"},
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "verificationStatus": {"coding": [{"code": "confirmed"}]},
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": code}]},
        "recordedDate": (AS_OF - timedelta(10)).isoformat(),
    }


def order_resource() -> dict[str, Any]:
    """A draft order for the screen."""
    return {
        "resourceType": "ServiceRequest",
        "id": "order-1",
        "status": "draft",
        "intent": "order",
        "subject": {"reference": "Patient/p"},
        "authoredOn": AS_OF.isoformat(),
        "code": {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "81420"}]},
    }


def median_us(work: Callable[[], object], runs: int) -> float:
    """The median time of one call in microseconds, after a warm-up."""
    for _ in range(max(10, runs // 10)):
        work()
    times = []
    for _ in range(runs):
        begun = time.perf_counter_ns()
        work()
        times.append(time.perf_counter_ns() - begun)
    return statistics.median(times) / 1000


def extracted(case: Case, content: Content, policy: Policy) -> Facts:
    """All facts that a policy tests, where an order reads those alone that its criteria come to."""
    facts = Facts(case, content.catalogue)
    for name in policy.facts:
        facts[name]
    return facts


def measure(content: Content, policy: Policy, size: int, runs: int) -> dict[str, float]:
    """Median microseconds of each step on a chart of ``size`` resources."""
    resources = chart_resources(size)
    order = read_order(order_resource(), 0, AS_OF)

    def case() -> Case:
        return Case(Chart(resources, content.terminology, "p"), order, (order,), AS_OF)

    one = case()
    facts = extracted(one, content, policy)
    trees = [tree for tree in (policy.necessary_when, policy.not_necessary_when) if tree]
    findings = [judge(tree, facts, AS_OF) for tree in trees]
    decision = decide(one, content)[0]
    return {
        "chart (index)": median_us(case, runs),
        "extract": median_us(lambda: extracted(case(), content, policy), runs) - median_us(case, runs),
        "judge": median_us(lambda: [judge(tree, facts, AS_OF) for tree in trees], runs),
        "explain": median_us(lambda: [(explain.reasons(f), asking.asks(f), presumed.assumed(f)) for f in findings], runs),
        "decision as data": median_us(lambda: as_data(decision, content), runs),
        "decide (all of it, with validation)": median_us(lambda: decide(case(), content), runs),
    }


def main() -> None:
    """Prints the table."""
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    arguments.add_argument("--policy", default="carelon/prenatal-cfdna-screening")
    arguments.add_argument("--sizes", type=int, nargs="+", default=[10, 50, 500])
    arguments.add_argument("--runs", type=int, default=2000)
    given = arguments.parse_args()
    content = read_content(shipped_content())
    policy = content.library.version(given.policy)
    if policy is None:
        raise SystemExit(f"no policy {given.policy} is held")
    checks = sum(1 for _ in policy.criteria())
    table = Table(title=f"{policy.id} {policy.version}: {checks} criteria; median µs of {given.runs} runs")
    table.add_column("step")
    measured = {size: measure(content, policy, size, given.runs) for size in given.sizes}
    for size in given.sizes:
        table.add_column(f"{size} resources", justify="right")
    for step in next(iter(measured.values())):
        table.add_row(step, *(f"{measured[size][step]:.0f}" for size in given.sizes))
    Console().print(table)


if __name__ == "__main__":
    main()
