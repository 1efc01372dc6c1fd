"""Records in the shape of FHIR R5, as some clients send what they hold."""

from __future__ import annotations

from collections.abc import Callable

from bench.recoding.places import Json, World, chart, drafts
from bench.recoding.rewrite import Rewrite

Resources = Callable[[Json], list[Json]]


def _medicines(where: Resources) -> Callable[[Json, World], bool]:
    def apply(request: Json, world: World) -> bool:
        changed = False
        for resource in where(request):
            for name, part in (("medicationCodeableConcept", "concept"), ("medicationReference", "reference")):
                if name in resource:
                    resource["medication"] = {part: resource.pop(name)}
                    changed = True
        return changed

    return apply


def _reasons(where: Resources) -> Callable[[Json, World], bool]:
    def apply(request: Json, world: World) -> bool:
        changed = False
        for resource in where(request):
            found = [{"concept": one} for one in resource.pop("reasonCode", ())]
            found += [{"reference": one} for one in resource.pop("reasonReference", ())]
            if found:
                resource["reason"] = [{"value": found}] if resource["resourceType"] == "Encounter" else found
                changed = True
        return changed

    return apply


def _services(where: Resources) -> Callable[[Json, World], bool]:
    def apply(request: Json, world: World) -> bool:
        changed = False
        for resource in where(request):
            name = {"ServiceRequest": "code", "DeviceRequest": "codeCodeableConcept"}.get(resource["resourceType"], "")
            if name in resource:
                resource["code"] = {"concept": resource.pop(name)}
                changed = True
        return changed

    return apply


def _renamed(request: Json, world: World) -> bool:
    changed = False
    names = {
        "Procedure": {"performedDateTime": "occurrenceDateTime", "performedPeriod": "occurrencePeriod"},
        "MedicationAdministration": {"effectiveDateTime": "occurenceDateTime", "effectivePeriod": "occurencePeriod"},
        "Encounter": {"period": "actualPeriod"},
    }
    for resource in chart(request):
        for older, newer in names.get(resource["resourceType"], {}).items():
            if older in resource:
                resource[newer] = resource.pop(older)
                changed = True
    return changed


def _adherence(request: Json, world: World) -> bool:
    changed = False
    taking = {"active": "taking", "stopped": "stopped", "not-taken": "not-taking", "on-hold": "on-hold"}
    for resource in chart(request):
        if resource["resourceType"] == "MedicationStatement" and resource.get("status") in taking:
            adherence: Json = {"code": {"coding": [{"code": taking[resource["status"]]}]}}
            if len(resource.get("statusReason", ())) == 1:
                adherence["reason"] = resource.pop("statusReason")[0]
            resource |= {"status": "recorded", "adherence": adherence}
            changed = True
    return _medicines(chart)(request, world) and changed


def _typed(request: Json, world: World) -> bool:
    """Types as lists or concepts, and names under other names."""
    changed = False
    for resource in chart(request):
        kind = resource["resourceType"]
        if kind == "Device" and "type" in resource:
            resource["type"] = [resource["type"]]
            if "deviceName" in resource:
                resource["name"] = [{"value": one["name"], "type": "user-friendly-name"} for one in resource.pop("deviceName")]
            changed = True
        elif kind == "Encounter" and isinstance(resource.get("class"), dict):
            resource["class"] = [{"coding": [resource["class"]]}]
            changed = True
        elif kind == "AllergyIntolerance" and isinstance(resource.get("type"), str):
            resource["type"] = {"coding": [{"code": resource["type"]}]}
            changed = True
    return changed


RELEASES = (
    Rewrite("medicines as R5 writes them", _medicines(chart)),
    Rewrite("medicines as R5 writes them, in the orders", _medicines(drafts)),
    Rewrite("reasons as R5 writes them", _reasons(chart)),
    Rewrite("reasons as R5 writes them, in the orders", _reasons(drafts)),
    Rewrite("services as R5 writes them", _services(chart)),
    Rewrite("services as R5 writes them, in the orders", _services(drafts)),
    Rewrite("days under the names of R5", _renamed),
    Rewrite("statements as R5 writes them", _adherence),
    Rewrite("types as R5 writes them", _typed),
)
