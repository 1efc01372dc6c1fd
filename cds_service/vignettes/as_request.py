"""Makes the request of a vignette, as an EHR would send it."""

from __future__ import annotations

from typing import Any

from cds_service.content.content import Content
from cds_service.facts.imagine import imagine
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.fhir.codes import Coding, written
from cds_service.fhir.elements import Resource
from cds_service.fhir.resource_types import CODE_ELEMENTS, KEYS
from cds_service.hooks.received import order_sign
from cds_service.vignettes.grammar import OrderEntry
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


def drafts_of(vignette: Vignette) -> list[Resource]:
    """Return the orders that are signed together, as FHIR.

    They are those signed before the vignette's own order, that one, and those signed after it.
    """
    before = [_draft(OrderEntry(code=coding.text), f"before-{n}", vignette) for n, coding in enumerate(vignette.signed_before, 1)]
    after = [_draft(OrderEntry(code=coding.text), f"after-{n}", vignette) for n, coding in enumerate(vignette.signed_after, 1)]
    return [*before, _draft(vignette.order, "order-1", vignette), *after, *vignette.also_signed]


def _draft(order: OrderEntry, id_: str, vignette: Vignette) -> Resource:
    concept: dict[str, Any] = {"coding": [_coding(written(code)) for code in (order.code, *order.also)]}
    if order.text:
        concept["text"] = order.text
    draft: Resource = {
        "resourceType": order.resource,
        "id": id_,
        "status": order.status,
        "intent": "order",
        "subject": {"reference": f"Patient/{PATIENT}"},
        "authoredOn": vignette.as_of.isoformat(),
        CODE_ELEMENTS[order.resource][0]: concept,
    }
    if order.detail:
        draft["orderDetail"] = [{"text": words} for words in order.detail]
    if order.reason:
        draft["reasonCode"] = [{"coding": [_coding(written(code))]} for code in order.reason]
    if order.priority:
        draft["priority"] = order.priority
    if order.do_not_perform:
        draft["doNotPerform"] = True
    return draft | order.fhir


def _coding(coding: Coding) -> dict[str, str]:
    return {"system": coding.system, "code": coding.code}
