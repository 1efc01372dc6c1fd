"""Orders of devices that name theirs by a reference.

FHIR lets a DeviceRequest refer to the Device instead of telling its code. What the Device is of is then what is ordered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cds_service.fhir.elements import Resource, contained, items, reference, text


def with_its_device(request: Resource, devices: Mapping[str, Resource]) -> Resource:
    """Return a device order with the code of its Device.

    The Device is one of ``devices``, by ``Type/id``, or contained in the order. Of one that is not here, the words beside
    the reference are kept. An order with a code of its own is returned as it is.
    """
    named = request.get("codeReference")
    if request.get("codeCodeableConcept") or not isinstance(named, dict):
        return request
    device = contained(request).get(text(named.get("reference"))) or devices.get(reference(named)) or {}
    of_type = device.get("type")
    called = [text(one.get("name")) for one in items(device.get("deviceName")) if isinstance(one, dict)]
    concept: dict[str, Any] = dict(of_type) if isinstance(of_type, dict) else {}
    words = next((said for said in (text(named.get("display")), *called, text(concept.get("text"))) if said), "")
    if words:
        concept["text"] = words
    return {**request, "codeCodeableConcept": concept} if concept else request
