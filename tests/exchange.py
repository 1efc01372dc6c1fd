"""Small order-sign requests for tests: an order, a chart, and the decision that comes back."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

from cds_service.fhir.resource_types import KEYS
from cds_service.hooks.discovery import SERVICE_ID
from cds_service.hooks.received.messages import EXTENSION

CPT = "http://www.ama-assn.org/go/cpt"
LOINC = "http://loinc.org"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
ADDRESS = f"/cds-services/{SERVICE_ID}"
PATIENT = {"reference": "Patient/p1"}
Json = dict[str, Any]


def order(code: str = "81420", id_: str = "o1", on: str = "2025-05-01", **more: Any) -> Json:
    """A draft ServiceRequest for a CPT code."""
    return {
        "resourceType": "ServiceRequest",
        "id": id_,
        "status": "draft",
        "intent": "order",
        "subject": PATIENT,
        "authoredOn": on,
        "code": {"coding": [{"system": CPT, "code": code}]},
    } | more


def prescription(medicine: Json | None, id_: str = "m1", on: str = "2025-05-01", **more: Any) -> Json:
    """A draft MedicationRequest of a concept, or of a medicine that ``more`` names otherwise."""
    ordered = {"id": id_, "status": "draft", "intent": "order", "subject": PATIENT, "authoredOn": on}
    concept = {"medicationCodeableConcept": medicine} if medicine else {}
    return {"resourceType": "MedicationRequest"} | ordered | concept | more


def observation(id_: str, code: str, on: str, **more: Any) -> Json:
    """A final Observation with a LOINC code."""
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "subject": PATIENT,
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "effectiveDateTime": on,
    } | more


def gestational_age(days: int, on: str) -> Json:
    """An Observation of gestational age in days, dated by no stated method."""
    quantity = {"value": days, "unit": "d", "system": "http://unitsofmeasure.org", "code": "d"}
    return observation(f"ga-{on}", "18185-9", on, valueQuantity=quantity)


def fetuses(number: int, on: str) -> Json:
    """An Observation of the number of fetuses."""
    return observation(f"fetuses-{on}", "11878-6", on, valueInteger=number)


def condition(code: str, on: str = "2025-04-20", verified: str = "confirmed", id_: str = "") -> Json:
    """An active Condition with an ICD-10-CM code."""
    return {
        "resourceType": "Condition",
        "id": id_ or f"c-{code.replace('.', '')}",
        "subject": PATIENT,
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "verificationStatus": {"coding": [{"code": verified}]},
        "recordedDate": on,
        "code": {"coding": [{"system": ICD10CM, "code": code}]},
    }


def request(*orders: Json, chart: tuple[Json, ...] = (), patient: str = "p1") -> Json:
    """An order-sign request in which every prefetch key was searched and ``chart`` was found."""
    prefetch: Json = {}
    for key, kind in KEYS.items():
        found = [resource for resource in chart if resource["resourceType"] == kind]
        prefetch[key] = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": one} for one in found]}
    prefetch["patient"] = {"resourceType": "Patient", "id": patient}
    return {
        "hook": "order-sign",
        "hookInstance": "d5a80646-7ef5-4edf-ade9-72407ca28c76",
        "context": {
            "userId": "Practitioner/u1",
            "patientId": patient,
            "draftOrders": {"resourceType": "Bundle", "entry": [{"resource": one} for one in orders]},
        },
        "prefetch": prefetch,
    }


def sign(client: FlaskClient, *orders: Json, chart: tuple[Json, ...] = ()) -> Json:
    """The whole answer to a request, which must be 200."""
    response = client.post(ADDRESS, json=request(*orders, chart=chart))
    assert response.status_code == 200, response.get_data(as_text=True)
    answered: Json = response.get_json()
    return answered


def decisions(answered: Json) -> list[Json]:
    """The machine-readable decisions of an answer."""
    found: list[Json] = answered["extension"][EXTENSION]
    return found
