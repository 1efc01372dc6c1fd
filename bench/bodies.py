"""Request bodies for the benchmarks: a vignette's own request, filled with unrelated chart resources to the size asked for.

The named bodies are answered differently, so that what is measured is a range: a card costs more than none, and an assertion on the
order more than a card. ``tests/benches/test_bench_bodies.py`` holds each to what its name says.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from bench.judge import chart_resources
from cds_service.content.content import Content, shipped_content
from cds_service.vignettes.as_request import request_of
from cds_service.vignettes.read import PATIENT, Vignette, read_vignettes

GROWTH_FACTORS = "bcbsm/colony-stimulating-factors/2024-04-11"
"""The largest policy held."""
CFDNA = "carelon/prenatal-cfdna-screening/2025-04-01"


@dataclass(frozen=True, slots=True)
class Body:
    """What a body is made of: a vignette of a policy version (``id/version``), and the payer of its Coverage, if it has one."""

    policy: str
    vignette: str
    payer: str = ""


BODIES = {
    "necessary": Body(GROWTH_FACTORS, "High-risk regimen, another product failed"),
    "small-policy": Body(CFDNA, "Ten weeks and nothing else"),
    "not-documented": Body(GROWTH_FACTORS, "Risk that spans two levels"),
    "recognised-payer": Body(GROWTH_FACTORS, "Risk that spans two levels", payer="bcbsm"),
}
"""The first two are answered without a card, the third with one; the fourth is the third by a member whose payer is recognised,
so that its order is also updated with coverage-information."""
USUAL = "necessary"
WHOLE = "recognised-payer"
"""The body whose answer has everything: what a client sees that is set up in full."""
KEY_OF = {"Observation": "observations", "Condition": "conditions", "Procedure": "procedures"}


def vignettes_folder() -> Path:
    """Where the vignettes lie: in the installed package, else in the tree."""
    inside = shipped_content() / "vignettes"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "tests" / "vignettes"


def vignette_of(body: Body, content: Content) -> Vignette:
    """The vignette that a body is made of."""
    path = vignettes_folder() / f"{body.policy}.yaml"
    return next(v for v in read_vignettes(path, path.name, content) if v.name == body.vignette)


def body_of(size: int, content: Content, name: str = USUAL) -> bytes:
    """A body of about ``size`` bytes. What fills it says nothing of the facts of any policy."""
    body = BODIES[name]
    request: dict[str, Any] = orjson.loads(orjson.dumps(request_of(vignette_of(body, content), content)))
    if body.payer:
        _add(request, "coverage", _coverage(body.payer))
    for resource in chart_resources(5000)[5:]:
        if len(orjson.dumps(request)) >= size:
            break
        _add(request, KEY_OF[resource["resourceType"]], resource | {"subject": {"reference": f"Patient/{PATIENT}"}})
    return orjson.dumps(request)


def _add(request: dict[str, Any], key: str, resource: dict[str, Any]) -> None:
    bundle = request["prefetch"][key]
    bundle["entry"].append({"resource": resource})
    bundle["total"] += 1


def _coverage(payer: str) -> dict[str, Any]:
    return {
        "resourceType": "Coverage",
        "id": "coverage-1",
        "status": "active",
        "beneficiary": {"reference": f"Patient/{PATIENT}"},
        "payor": [{"identifier": {"system": "urn:cds-service:payer", "value": payer}}],
    }
