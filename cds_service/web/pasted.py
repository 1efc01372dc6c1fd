"""What a person pastes, made into the call of a hook.

A whole request stays as it is; a single order or a Bundle is wrapped in one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from cds_service.fhir.resource_types import KEYS
from cds_service.hooks.received.order_sign import HOOK

ORDERS: Final = frozenset(
    {"ServiceRequest", "MedicationRequest", "DeviceRequest", "NutritionOrder", "VisionPrescription", "CommunicationRequest"}
)
"""The types of resources that are orders."""
_PATIENT: Final = "pasted"


@dataclass(frozen=True, slots=True)
class Pasted:
    """The body that is answered, made of a pasted text.

    ``said`` is a sentence on what was done to the text; empty where nothing was.
    """

    body: bytes
    said: str = ""


def as_call(body: bytes) -> Pasted:
    """Return the call that a pasted text stands for.

    A text that is no JSON, or already a call, stays as it is.
    """
    try:
        raw = orjson.loads(body)
    except orjson.JSONDecodeError:
        return Pasted(body)
    if not isinstance(raw, dict) or "hook" in raw:
        return Pasted(body)
    kind = raw.get("resourceType")
    if kind in ORDERS:
        return Pasted(
            _call([_draft(raw)], []),
            f"The {kind} was wrapped in an order-sign call. No chart came with it, so nothing was searched.",
        )
    if kind == "Bundle":
        return _of_bundle(raw, body)
    return Pasted(body)


def _of_bundle(bundle: Mapping[str, Any], body: bytes) -> Pasted:
    entries = bundle.get("entry")
    held = [entry.get("resource") for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    resources = [one for one in held if isinstance(one, dict)]
    orders = [one for one in resources if one.get("resourceType") in ORDERS]
    drafts = [one for one in orders if one.get("status") == "draft"] or orders
    if not drafts:
        return Pasted(body)
    chart = [one for one in resources if not any(one is draft for draft in drafts)]
    kinds = sorted({str(one.get("resourceType")) for one in chart} & set(KEYS.values()))
    orders_said = "The order" if len(drafts) == 1 else f"{len(drafts)} orders"
    searched = f"Its {', '.join(kinds)} are taken for the chart; other types" if kinds else "No chart came with it, so all types"
    return Pasted(
        _call([_draft(one) for one in drafts], chart),
        f"{orders_said} of the Bundle {'was' if len(drafts) == 1 else 'were'} wrapped in an order-sign call. "
        f"{searched} count as not searched.",
    )


def _draft(order: Mapping[str, Any]) -> dict[str, Any]:
    return (
        {"id": "pasted-order", "intent": "order", "subject": {"reference": f"Patient/{_PATIENT}"}}
        | dict(order)
        | {"status": "draft"}
    )


def _call(orders: list[dict[str, Any]], chart: list[dict[str, Any]]) -> bytes:
    subject = orders[0].get("subject")
    named = str(subject.get("reference", "")) if isinstance(subject, dict) else ""
    patient = named.rpartition("/")[2] or _PATIENT
    prefetch: dict[str, Any] = {}
    for key, kind in KEYS.items():
        found = [one for one in chart if one.get("resourceType") == kind]
        if kind in ("Patient", "Encounter"):
            prefetch[key] = found[0] if found else None
        elif found:
            entry = [{"resource": one} for one in found]
            prefetch[key] = {"resourceType": "Bundle", "type": "searchset", "total": len(found), "entry": entry}
    drafts = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in orders]}
    context = {"userId": "Practitioner/pasted", "patientId": patient, "draftOrders": drafts}
    call = {"hook": HOOK.name, "hookInstance": "00000000-0000-4000-8000-000000000002", "context": context, "prefetch": prefetch}
    return orjson.dumps(call)
