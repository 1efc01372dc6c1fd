"""Makes the request of a vignette, as an EHR would send it."""

from __future__ import annotations

from typing import Any

from cds_service.content.content import Content
from cds_service.facts.imagine import imagine
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.fhir.elements import Resource
from cds_service.fhir.resource_types import KEYS
from cds_service.hooks.received import order_sign
from cds_service.vignettes.drafts import drafts_of
from cds_service.vignettes.read import PATIENT, Vignette


def request_of(vignette: Vignette, content: Content) -> dict[str, Any]:
    """Make the order-sign request that an EHR would send.

    It holds the drafts, and every prefetch key that was searched. Raises CannotImagine when a fact cannot be said in
    FHIR.
    """
    order, *_ = [resource for resource in drafts_of(vignette) if resource["id"] == "order-1"]
    chart = ImaginedChart(content.terminology, PATIENT, vignette.as_of, order)
    for name, evidence in vignette.given.items():
        for one in evidence:
            imagine(name, one, content.catalogue, chart, vignette.via.get(name, ""))
    drafted = drafts_of(vignette)
    own = len(vignette.signed_before)
    before, after = drafted[:own], drafted[own + 1 :]
    drafts = [*before, *chart.signed_before, order, *chart.signed_after, *after]
    chart.resources += vignette.fhir
    return {
        "hook": order_sign.HOOK.name,
        "hookInstance": "00000000-0000-4000-8000-000000000001",
        "context": {
            "userId": "Practitioner/imagined",
            "patientId": PATIENT,
            "draftOrders": {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in drafts]},
        },
        "prefetch": {key: _supplied(kind, chart.resources) for key, kind in KEYS.items() if kind not in vignette.not_searched},
    }


def _supplied(kind: str, resources: list[Resource]) -> dict[str, Any] | None:
    found = [resource for resource in resources if resource["resourceType"] == kind]
    if kind == "Patient":
        return {"resourceType": "Patient", "id": PATIENT} | {name: v for one in found for name, v in one.items()}
    if kind == "Encounter":
        return found[0] if found else None
    return {"resourceType": "Bundle", "type": "searchset", "total": len(found), "entry": [{"resource": r} for r in found]}
