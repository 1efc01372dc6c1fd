"""Other forms of the references to the patient and between records."""

from __future__ import annotations

from collections.abc import Callable

from bench.recoding.places import Json, World, dicts, everything
from bench.recoding.rewrite import Rewrite

BASE = "https://ehr.example.org/fhir/R4"
UUID = "4f6c1f6e-0d0e-4f0b-9f5e-1c2d3e4f5a6b"


def _references(change: Callable[[str], str | None]) -> Callable[[Json, World], bool]:
    def apply(request: Json, world: World) -> bool:
        changed = False
        for resource in everything(request):
            for one in dicts(resource):
                written = one.get("reference")
                if isinstance(written, str) and written[:1] != "#" and (new := change(written)) is not None:
                    one["reference"] = new
                    changed = True
        return changed

    return apply


def _to_patient(request: Json, instead: Json) -> bool:
    own = f"Patient/{request['context']['patientId']}"
    changed = False
    for resource in everything(request):
        for name in ("subject", "patient", "beneficiary"):
            if isinstance(resource.get(name), dict) and resource[name].get("reference") == own:
                resource[name] = dict(instead)
                changed = True
    return changed


def _patient(request: Json) -> Json | None:
    held = request["prefetch"].get("patient")
    return held if isinstance(held, dict) and held.get("resourceType") == "Patient" else None


def _logical(request: Json, world: World) -> bool:
    patient = _patient(request)
    if patient is None:
        return False
    identifier = {"system": "urn:oid:1.2.3.4", "value": "MRN-7"}
    patient["identifier"] = [identifier]
    return _to_patient(request, {"type": "Patient", "identifier": identifier})


def _uuid(request: Json, world: World) -> bool:
    patient = _patient(request)
    if patient is None:
        return False
    patient["identifier"] = [{"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{UUID}"}]
    return _to_patient(request, {"reference": f"urn:uuid:{UUID}"})


def _merged(request: Json, world: World) -> bool:
    patient = _patient(request)
    if patient is None:
        return False
    patient["link"] = [{"other": {"reference": "Patient/older"}, "type": "replaces"}]
    return _to_patient(request, {"reference": "Patient/older"})


def _displayed(request: Json, world: World) -> bool:
    return _to_patient(
        request, {"reference": f"Patient/{request['context']['patientId']}", "display": "Doe, Jane", "type": "Patient"}
    )


PEOPLE = (
    Rewrite(
        "absolute references", _references(lambda written: f"{BASE}/{written}" if "/" in written and ":" not in written else None)
    ),
    Rewrite("versioned references", _references(lambda written: f"{written}/_history/2" if written.count("/") == 1 else None)),
    Rewrite("absolute versioned references", _references(lambda w: f"{BASE}/{w}/_history/2" if w.count("/") == 1 else None)),
    Rewrite("the patient by logical identifier", _logical),
    Rewrite("the patient by urn:uuid", _uuid),
    Rewrite("the patient by an older record", _merged),
    Rewrite("the patient with a display", _displayed),
)
