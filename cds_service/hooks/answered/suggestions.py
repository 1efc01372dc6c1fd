"""Suggestions of cards to whoever writes the orders.

They suggest another order in this one's place, or to remove it.
"""

from __future__ import annotations

from textwrap import shorten
from typing import Any
from uuid import UUID, uuid5

import orjson

from cds_service.case import Case
from cds_service.decision import Decision
from cds_service.fhir.codes import written
from cds_service.policy.model import Alternative, Policy


def suggestion(case: Case, decision: Decision, policy: Policy, card: UUID) -> dict[str, Any]:
    """Suggest the order that the policy names instead, or removing this one.

    ``card`` is the UUID of the card.
    """
    order = case.order
    ids = set(decision.because_ids)
    alternative = next((a for a in policy.alternatives if ids & set(a.instead_of)), None)
    removal = {"type": "delete", "description": "Remove the order.", "resourceId": order.reference}
    replacement = _replacement(order.resource, alternative) if alternative else None
    if alternative is None or replacement is None:
        return {"label": "Remove this order", "uuid": str(uuid5(card, "remove")), "actions": [removal]}
    return {
        "label": shorten(f"Order {alternative.label} instead", 80, placeholder="…"),
        "uuid": str(uuid5(card, "replace")),
        "actions": [removal, replacement],
    }


def _replacement(resource: dict[str, Any], alternative: Alternative) -> dict[str, Any] | None:
    """Return an action that creates the order with the alternative's code.

    The code replaces the order's own. Returns None for an order nested deeper than JSON is written.
    """
    coding = written(f"{alternative.system} {alternative.code}")
    element = "code" if resource["resourceType"] == "ServiceRequest" else "codeCodeableConcept"
    if resource["resourceType"] == "MedicationRequest":
        element = "medicationCodeableConcept"
    kept = {key: value for key, value in resource.items() if key not in ("id", "meta", "orderDetail", "identifier")}
    concept = {"coding": [{"system": coding.system, "code": coding.code}], "text": alternative.label}
    action: dict[str, Any] = {"type": "create", "description": f"Order {alternative.label}."}
    action["resource"] = kept | {element: concept, "status": "draft"}
    try:
        orjson.dumps(action)
    except orjson.JSONEncodeError:
        return None
    return action
