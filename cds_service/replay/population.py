"""A population made from vignettes, as a Bulk Data export.

None of the patients is real.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import IO, Any, Final

import orjson

from cds_service.content.content import Content
from cds_service.facts.imagined_chart import CannotImagine
from cds_service.fhir.elements import Resource, own_reference
from cds_service.fhir.resource_types import ASKED_FOR, CODE_ELEMENTS
from cds_service.vignettes.as_request import request_of
from cds_service.vignettes.read import PATIENT, Vignette, read_vignettes, resource_earlier

SIGNER: Final = "Practitioner/signer"
"""The Practitioner who signed the orders of a vignette.

So an order of the same day in the vignette's chart counts as not signed with them.
"""
_YEAR: Final = 365


def vignettes_under(folder: Path, content: Content) -> list[Vignette]:
    """Return the vignettes of a folder that a population can hold.

    In them everything was searched, and the value sets are those of the content. Raises ContentError.
    """
    read = [one for path in sorted(folder.rglob("*.yaml")) for one in read_vignettes(path, path.name, content)]
    return [one for one in read if not one.not_searched and not one.own_lists]


def as_patient(vignette: Vignette, content: Content, id_: str, earlier: int = 0) -> list[Resource]:
    """Return a vignette's chart and orders as one patient's resources.

    The patient is ``id_``, and every day is ``earlier`` by so many days. Ids and references are the patient's own; the
    orders are active, as signed orders are. Raises CannotImagine.
    """
    request = request_of(vignette, content)
    orders = [entry["resource"] for entry in request["context"]["draftOrders"]["entry"]]
    chart = [one for value in request["prefetch"].values() for one in _held(value)]
    said: Resource = {"requester": {"reference": SIGNER}, "authoredOn": vignette.as_of.isoformat()}
    for one in chart:
        if one["resourceType"] == "Encounter":
            said["encounter"] = {"reference": own_reference(one)}
    signed = [said | one | ({"status": "active"} if one.get("status") == "draft" else {}) for one in orders]
    resources: list[Resource] = [*signed, *chart]
    names = {own_reference(one): f"{one['resourceType']}/{id_}-{one['id']}" for one in resources if one.get("id")}
    names[f"Patient/{PATIENT}"] = f"Patient/{id_}"
    renamed = [_renamed(one, names) for one in resources]
    made = [
        one | ({"id": names[own_reference(old)].partition("/")[2]} if old.get("id") else {})
        for one, old in zip(renamed, resources, strict=True)
    ]
    return [resource_earlier(one, earlier) for one in made] if earlier else made


def _held(value: Any) -> list[Resource]:
    if not isinstance(value, dict):
        return []
    return [entry["resource"] for entry in value.get("entry", ())] if value.get("resourceType") == "Bundle" else [value]


def _renamed(value: Any, names: dict[str, str]) -> Any:
    match value:
        case dict():
            return {
                name: names.get(one, one) if name == "reference" and isinstance(one, str) else _renamed(one, names)
                for name, one in value.items()
            }
        case list():
            return [_renamed(one, names) for one in value]
        case _:
            return value


def population(
    vignettes: Sequence[Vignette], content: Content, patients: int, drawn: random.Random, until: date
) -> Iterator[Resource]:
    """Yield the resources of so many imaginary patients.

    Each patient follows a ``drawn`` vignette, with orders in the year before ``until``. Vignettes of versions that are
    not in force in that year are left out, and must not be all. Each chart also holds records that no policy asks
    about.
    """
    usable = list(vignettes)
    for number in range(1, patients + 1):
        while True:
            vignette = drawn.choice(usable)
            earlier = _moved(vignette, drawn, until)
            if earlier is None:
                usable.remove(vignette)
                continue
            try:
                resources = as_patient(vignette, content, f"p{number}", earlier)
            except CannotImagine:
                usable.remove(vignette)
                continue
            break
        yield from resources
        yield from unrelated(f"p{number}", vignette.as_of - timedelta(earlier), drawn, drawn.randrange(10, 60))


def _moved(vignette: Vignette, drawn: random.Random, until: date) -> int | None:
    """Return by how many days to move a vignette into the year.

    None where its policy's version is not in force in that year.
    """
    first = max(until - timedelta(_YEAR), vignette.policy.effective_from)
    last = min(until, vignette.policy.effective_until or until)
    return (vignette.as_of - (first + timedelta(drawn.randrange((last - first).days + 1)))).days if first <= last else None


def unrelated(patient: str, on: date, drawn: random.Random, count: int) -> Iterator[Resource]:
    """Yield records that no policy asks about.

    They are laboratory values, visits, immunizations and diagnoses from the years before a day.
    """
    about = {"subject": {"reference": f"Patient/{patient}"}}
    for number in range(1, count + 1):
        day = (on - timedelta(drawn.randrange(1, 1500))).isoformat()
        own: Resource = {"id": f"{patient}-u{number}"} | about
        code = {"coding": [{"system": "http://loinc.org", "code": f"{90000 + drawn.randrange(9000)}-0"}]}
        match drawn.randrange(6):
            case 0:
                icd = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": f"S{drawn.randrange(10, 99)}.0"}]}
                yield {"resourceType": "Condition"} | own | {"code": icd, "recordedDate": day}
            case 1:
                yield {"resourceType": "Encounter"} | own | {"status": "finished", "period": {"start": day, "end": day}}
            case 2:
                shot: Resource = {"resourceType": "Immunization", "id": own["id"], "status": "completed"}
                yield shot | {"patient": about["subject"], "occurrenceDateTime": day}
            case _:
                value = {
                    "value": drawn.randrange(1, 900) / 10,
                    "unit": "mg/dL",
                    "system": "http://unitsofmeasure.org",
                    "code": "mg/dL",
                }
                observation: Resource = {"resourceType": "Observation"} | own | {"status": "final", "code": code}
                yield observation | {"effectiveDateTime": day, "issued": f"{day}T10:00:00Z", "valueQuantity": value}


def of_every_type() -> Iterator[Resource]:
    """Yield one patient with a record of every type searched for.

    So the source holds each of the types that charts are searched for.
    """
    yield {"resourceType": "Patient", "id": "every-type"}
    for kind in sorted(ASKED_FOR - {"Patient"}):
        about = {name: {"reference": "Patient/every-type"} for name in ("subject", "patient", "beneficiary")}
        held = about if kind != "Coverage" else {"beneficiary": about["beneficiary"]}
        status = {"status": "entered-in-error"} if kind in CODE_ELEMENTS else {}
        yield {"resourceType": kind, "id": f"every-{kind.lower()}", "recordedDate": "1990-01-01"} | held | status


def write_export(resources: Iterable[Resource], folder: Path) -> int:
    """Write resources as a Bulk Data export, one file a type.

    Returns how many were written. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, IO[bytes]] = {}
    count = 0
    try:
        for resource in resources:
            kind = resource["resourceType"]
            if kind not in files:
                files[kind] = (folder / f"{kind}.ndjson").open("wb")
            files[kind].write(orjson.dumps(resource, option=orjson.OPT_APPEND_NEWLINE))
            count += 1
    finally:
        for file in files.values():
            file.close()
    return count
