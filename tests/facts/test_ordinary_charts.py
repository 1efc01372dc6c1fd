"""Ordinary records beside those that decide change nothing: no question is asked of a list that holds vitamins and hay fever."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient

from cds_service.content.content import Content
from cds_service.facts.imagined_chart import CannotImagine
from cds_service.fhir.resource_types import KEYS
from cds_service.hooks.received.messages import EXTENSION
from cds_service.vignettes.as_request import request_of
from cds_service.vignettes.read import PATIENT, Vignette
from tests.conftest import TOP, held_vignettes
from tests.exchange import ADDRESS, CPT, ICD10CM, LOINC

Json = dict[str, Any]
SUBJECT = {"reference": f"Patient/{PATIENT}"}
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
VIGNETTES = TOP / "tests" / "vignettes"
EVERY = 12
"""Of so many vignettes one is tried, by its place; which they are changes with the vignettes."""
PROBLEMS = [
    ("J30.9", "Allergic rhinitis, unspecified"),
    ("H52.13", "Myopia, bilateral"),
    ("L70.0", "Acne vulgaris"),
    ("E55.9", "Vitamin D deficiency, unspecified"),
    ("Z79.899", "Other long term (current) drug therapy"),
    ("Z87.891", "Personal history of nicotine dependence"),
    ("Z80.3", "Family history of malignant neoplasm of breast"),
    ("Z82.0", "Family history of epilepsy and other diseases of the nervous system"),
    ("Z13.89", "Encounter for screening for other disorder"),
    ("Z23", "Encounter for immunization"),
]
SAYS_SOMETHING = {"cms/lung-cancer-screening-ldct": ("Z87.891",)}
"""Codes that are ordinary elsewhere, and of which a policy asks."""
MEDICINES = [
    ("314076", "lisinopril 10 MG Oral Tablet"),
    ("617311", "atorvastatin 40 MG Oral Tablet"),
    ("861007", "metformin hydrochloride 500 MG Oral Tablet"),
    ("198051", "omeprazole 20 MG Delayed Release Oral Capsule"),
    ("197361", "amlodipine 5 MG Oral Tablet"),
]
IN_WORDS = ["Prenatal vitamin tablet", "Multivitamin", "Fish oil 1000 mg capsule", "Tylenol 500 mg", "Zyrtec 10 mg", "Test strips"]
RESULTS = [("718-7", "Hemoglobin", 13.2, "g/dL"), ("2345-7", "Glucose", 99, "mg/dL"), ("8867-4", "Heart rate", 72, "/min")]


def concept(system: str, code: str, display: str) -> Json:
    """A coded concept with its words, as EHRs send it."""
    return {"coding": [{"system": system, "code": code, "display": display}], "text": display}


def ordinary(day: str) -> Iterator[Json]:
    """Records that most charts hold, of one day."""
    active, confirmed = {"coding": [{"code": "active"}]}, {"coding": [{"code": "confirmed"}]}
    for code, words in PROBLEMS:
        stands = {"clinicalStatus": active, "verificationStatus": confirmed, "recordedDate": day}
        yield {"resourceType": "Condition", "code": concept(ICD10CM, code, words), **stands}
    for code, words in MEDICINES:
        medicine = {"medicationCodeableConcept": concept(RXNORM, code, words), "authoredOn": day}
        yield {"resourceType": "MedicationRequest", "status": "active", "intent": "order", **medicine}
    for words in IN_WORDS:
        medicine = {"medicationCodeableConcept": {"text": words}, "effectiveDateTime": day}
        yield {"resourceType": "MedicationStatement", "status": "active", **medicine}
    for code, words, value, unit in RESULTS:
        result = {"effectiveDateTime": day, "valueQuantity": {"value": value, "unit": unit}}
        yield {"resourceType": "Observation", "status": "final", "code": concept(LOINC, code, words), **result}
    done = {"status": "completed", "performedDateTime": day}
    yield {"resourceType": "Procedure", "code": concept(CPT, "45378", "screening of the colon"), **done}


def decided(client: FlaskClient, made: Json, own: str) -> list[tuple[str, list[str]]]:
    """The outcomes of an order, and what is asked."""
    answered = client.post(ADDRESS, data=orjson.dumps(made)).get_json()
    return [(one["outcome"], one["asks"]) for one in answered["extension"][EXTENSION] if one["order"] == own]


def tried() -> list[Vignette]:
    """The vignettes of all policies of orders, one in so many."""
    held = [one for file in sorted(VIGNETTES.glob("*/*/*.yaml")) for one in held_vignettes(file)]
    return [one for place, one in enumerate(held) if place % EVERY == 0 and not one.own_lists]


@pytest.mark.parametrize("vignette", tried(), ids=lambda one: f"{one.policy.id}: {one.name}")
def test_ordinary_records_change_nothing(client: FlaskClient, content: Content, vignette: Vignette) -> None:
    """With hay fever, vitamins and a normal haemoglobin beside it, an order comes out as it did, and nothing more is asked."""
    try:
        made = request_of(vignette, content)
    except CannotImagine as error:
        pytest.skip(f"a vignette that no chart says: {error}")
    own = f"{vignette.order.resource}/order-1"
    before = decided(client, made, own)
    for number, record in enumerate(ordinary(vignette.as_of.isoformat())):
        if any(code in str(record) for code in SAYS_SOMETHING.get(vignette.policy.id, ())):
            continue
        key = next(key for key, kind in KEYS.items() if kind == record["resourceType"])
        if (bundle := made["prefetch"].get(key)) is not None:
            bundle["entry"].append({"resource": {"id": f"ordinary-{number}", "subject": SUBJECT, **record}})
            bundle["total"] += 1
    assert decided(client, made, own) == before
