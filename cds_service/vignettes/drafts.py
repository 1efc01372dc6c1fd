"""The orders of a vignette, as an EHR would write them."""

from __future__ import annotations

from typing import Any

from cds_service.fhir.codes import Coding, written
from cds_service.fhir.elements import Resource
from cds_service.fhir.resource_types import CODE_ELEMENTS
from cds_service.vignettes.grammar import OrderEntry
from cds_service.vignettes.read import PATIENT, Vignette


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
