"""Request bodies for the benchmarks: a vignette's own request, filled with unrelated chart resources to the size asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from bench.judge import chart_resources
from cds_service.content import Content, shipped_content
from cds_service.vignettes.read import read_vignettes
from cds_service.vignettes.run import PATIENT, request_of

VIGNETTES = {
    "bcbsm/colony-stimulating-factors/2024-04-11": "High-risk regimen, another product failed",
    "carelon/prenatal-cfdna-screening/2025-04-01": "Ten weeks and nothing else",
}
"""One vignette of the largest policy and one of the smallest chart, each answered with a decision."""
KEY_OF = {"Observation": "observations", "Condition": "conditions", "Procedure": "procedures"}


def vignette_request(name: str, content: Content) -> dict[str, Any]:
    """The order-sign request of the vignette that stands for a policy version."""
    inside = shipped_content() / "vignettes"
    folder = inside if inside.is_dir() else Path("tests/vignettes")
    path = folder / f"{name}.yaml"
    found = next(v for v in read_vignettes(path, path.name, content) if v.name == VIGNETTES[name])
    return request_of(found, content)


def body_of(size: int, content: Content, name: str = "bcbsm/colony-stimulating-factors/2024-04-11") -> bytes:
    """A body of about ``size`` bytes. What fills it says nothing of the facts of any policy."""
    request: dict[str, Any] = orjson.loads(orjson.dumps(vignette_request(name, content)))
    for resource in chart_resources(5000)[5:]:
        if len(orjson.dumps(request)) >= size:
            break
        kept = resource | {"subject": {"reference": f"Patient/{PATIENT}"}}
        bundle = request["prefetch"][KEY_OF[resource["resourceType"]]]
        bundle["entry"].append({"resource": kept})
        bundle["total"] += 1
    return orjson.dumps(request)
