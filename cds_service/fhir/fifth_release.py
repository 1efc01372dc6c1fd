"""Records in the shape of FHIR R5, read as R4 writes them.

The service speaks R4. Some clients send what they hold in R5 all the same: a medicine, a reason or a service as a
CodeableReference, days and types under other names. Left as they are, such records would say nothing.
"""

from __future__ import annotations

from typing import Any, Final

from cds_service.fhir.elements import Resource, items, status_code, text

SHAPES: Final[dict[str, tuple[str, type]]] = {
    "Device": ("type", list),
    "Encounter": ("class", list),
    "AllergyIntolerance": ("type", dict),
}
"""Elements that R5 shapes otherwise, by type, with R5's shape."""
_ADHERENCE: Final = {"taking": "active", "not-taking": "not-taken", "stopped": "stopped", "on-hold": "on-hold"}
_RENAMED: Final = {
    "Procedure": {"occurrenceDateTime": "performedDateTime", "occurrencePeriod": "performedPeriod"},
    "MedicationAdministration": {"occurenceDateTime": "effectiveDateTime", "occurencePeriod": "effectivePeriod"},
    "Encounter": {"actualPeriod": "period"},
}
"""Elements under other names; ``occurence`` is R5's own spelling."""
_SERVICES: Final = {"ServiceRequest": ("code", ""), "DeviceRequest": ("codeCodeableConcept", "codeReference")}
"""What R4 calls the code of a request: where it is coded, and where it refers."""
_ELSEWHERE: Final = (
    ("medication", "medicationCodeableConcept"),
    ("medication", "medicationReference"),
    ("reason", "reasonCode"),
    ("reason", "reasonReference"),
    ("code", "codeCodeableConcept"),
    ("code", "codeReference"),
    *[pair for names in _RENAMED.values() for pair in names.items()],
)
"""Elements of R5 that stand no longer where they stood once they are read, with those in their stead."""


def as_fourth_release(kind: str, resource: Resource) -> Resource:
    """Return a record as R4 writes it.

    It is the record itself where nothing in it is shaped as in R5.
    """
    changed: dict[str, Any] = {}
    _coded_or_referred(resource, "medication", "medicationCodeableConcept", "medicationReference", changed)
    if kind == "MedicationStatement" and resource.get("status") == "recorded":
        adherence = resource.get("adherence")
        code = status_code(adherence.get("code")) if isinstance(adherence, dict) else ""
        changed["status"] = _ADHERENCE.get(code, "unknown")
        if isinstance(adherence, dict) and isinstance(adherence.get("reason"), dict) and not resource.get("statusReason"):
            changed["statusReason"] = [adherence["reason"]]
    if kind in _SERVICES:
        _coded_or_referred(resource, "code", *_SERVICES[kind], changed)
    for name, older in _RENAMED.get(kind, {}).items():
        if name in resource and not resource.get(older):
            changed[older] = resource[name]
    if kind in ("Device", "Encounter"):
        _the_first_alone("type" if kind == "Device" else "class", resource, changed)
    if kind == "Device" and "deviceName" not in resource:
        named = [text(one.get("value")) for one in items(resource.get("name")) if isinstance(one, dict)]
        said = [name for name in (text(resource.get("displayName")), *named) if name]
        if said:
            changed["deviceName"] = [{"name": name, "type": "other"} for name in said]
    if kind == "AllergyIntolerance" and isinstance(resource.get("type"), dict):
        changed["type"] = status_code(resource["type"])
    if "reason" in resource:
        _reasons(kind, resource, changed)
    if not changed:
        return resource
    gone = {name for name, older in _ELSEWHERE if older in changed and name != older}
    return {name: value for name, value in resource.items() if name not in gone} | changed


def _coded_or_referred(resource: Resource, name: str, coded: str, referred: str, changed: dict[str, Any]) -> None:
    """Take a CodeableReference apart."""
    stated = resource.get(name)
    if not isinstance(stated, dict):
        return
    if stated.get("concept"):
        changed[coded] = stated["concept"]
    elif referred and stated.get("reference"):
        named = stated["reference"]
        changed[referred] = named if isinstance(named, dict) else stated


def _the_first_alone(name: str, resource: Resource, changed: dict[str, Any]) -> None:
    """Make one concept of a list of them.

    The codings of all are kept; but a class of R4 is one coding.
    """
    listed = resource.get(name)
    if not isinstance(listed, list):
        return
    concepts = [one for one in listed if isinstance(one, dict)]
    coded = [coding for one in concepts for coding in items(one.get("coding"))]
    if name == "class":
        changed[name] = coded[0] if coded else {}
        return
    words = next((text(one.get("text")) for one in concepts if text(one.get("text"))), "")
    changed[name] = {"coding": coded, "text": words} if words else {"coding": coded}


def _reasons(kind: str, resource: Resource, changed: dict[str, Any]) -> None:
    """Sort reasons into those that are coded and those referred to."""
    said = [one for one in items(resource.get("reason")) if isinstance(one, dict)]
    if kind == "Encounter":
        said = [value for one in said for value in items(one.get("value")) if isinstance(value, dict)]
    coded = [one["concept"] for one in said if isinstance(one.get("concept"), dict)]
    referred = [one["reference"] for one in said if isinstance(one.get("reference"), dict)]
    if coded and not resource.get("reasonCode"):
        changed["reasonCode"] = coded
    if referred and not resource.get("reasonReference"):
        changed["reasonReference"] = referred
