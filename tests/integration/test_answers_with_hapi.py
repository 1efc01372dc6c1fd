"""Answers that the EHR holds: HAPI keeps the completed QuestionnaireResponse, and order-sign reads it from there."""

from __future__ import annotations

import pytest
import requests

from cds_service.fhir.coverage_information import URL
from cds_service.hooks.received.messages import EXTENSION
from cds_service.policy.values import Interval, Value
from tests.cli.test_command_line import LONGEST
from tests.conftest import held_content
from tests.dtr import talks
from tests.exchange import Json, order
from tests.integration.conftest import insured
from tests.integration.ehr import FHIR, TOKEN, Door, Ehr
from tests.integration.test_conversation_with_hapi import address as address  # noqa: PLC0414 - a fixture
from tests.integration.test_conversation_with_hapi import discovered
from tests.integration.test_conversation_with_hapi import log as log  # noqa: PLC0414 - a fixture
from tests.integration.test_conversation_with_hapi import store as store  # noqa: PLC0414 - a fixture

PATIENT = "answers-p1"
ANSWERS: dict[str, Value] = {
    "pain_origin": "malignant",
    "noninvasive_pain_control_failed": True,
    "life_expectancy": Interval.exactly(6),
    "spine_imaging_clear": True,
    "trial_pain_reduction": Interval.exactly(60),
    "trial_side_effects_minimal": True,
    "body_supports_pump": True,
    "opioid_drug": True,
}


def signed(address: str, entrance: Door, draft: Json, *given: str) -> Json:
    """The answer of order-sign to a call that prefetches these keys alone; the rest is read behind the door."""
    ehr = Ehr(entrance.url)
    entry = {"fullUrl": f"{entrance.url}/ServiceRequest/{draft['id']}", "resource": draft}
    made = {
        "hook": "order-sign",
        "hookInstance": "d5a80646-7ef5-4edf-ade9-72407ca28c76",
        "fhirServer": entrance.url,
        "fhirAuthorization": {
            "access_token": TOKEN,
            "token_type": "Bearer",
            "expires_in": 300,
            "scope": "patient/*.read",
            "subject": "cds",
            "patient": PATIENT,
        },
        "context": {"userId": "Practitioner/u1", "patientId": PATIENT, "draftOrders": {"resourceType": "Bundle", "entry": [entry]}},
        "prefetch": {key: ehr.prefetch(template, PATIENT) for key, template in discovered(address).items() if key in given},
    }
    answered = requests.post(f"{address}", json=made, timeout=LONGEST)
    assert answered.ok, answered.text
    found: Json = answered.json()
    return found


def wrong(ehr: Ehr, resource: Json) -> list[str]:
    """What HAPI's validator finds wrong, but for the guide's profiles, which it does not have."""
    return [said for said in ehr.errors(resource) if "profile" not in said.lower()]


@pytest.mark.verifies("answers-read", "dtr-launch", "found-5")
def test_answers_kept_by_the_ehr_decide_the_next_signing(address: str, entrance: Door) -> None:
    """Not documented; the form by its context; the completed response goes into HAPI, whose validator finds nothing wrong with it, and
    the same order is necessary, whether the responses are prefetched or read with the token.
    """
    ehr = Ehr(entrance.url)
    draft = order("62362", "answers-o1", on="2025-07-01", subject={"reference": f"Patient/{PATIENT}"})
    ehr.load([{"resourceType": "Patient", "id": PATIENT}, *insured("answers", PATIENT, "lhcc"), draft])
    first = signed(address, entrance, draft, "patient", "coverage")
    assert first["extension"][EXTENSION][0]["outcome"] == "not-documented"
    (extension,) = [one for one in first["systemActions"][0]["resource"]["extension"] if one["url"] == URL]
    said = talks.parts(extension)
    coverage = ehr.call("GET", "Coverage/answers-coverage")
    parameters = [{"name": "coverage", "resource": coverage}, {"name": "context", "valueString": said["coverage-assertion-id"][0]}]
    base = address.rsplit("/cds-services", 1)[0]
    answered = requests.post(
        f"{base}/fhir/Questionnaire/$questionnaire-package",
        json={"resourceType": "Parameters", "parameter": parameters},
        headers={"Content-Type": FHIR},
        timeout=LONGEST,
    )
    assert answered.ok, answered.text
    ((form, handed),) = talks.bundles(answered.json())
    assert wrong(ehr, form) == []
    response = talks.filled(handed, form, ANSWERS, held_content(), "2025-07-02T01:30:00Z") | {"id": "answers-q1"}
    assert wrong(ehr, response) == []
    ehr.put(response)
    for given in (("patient", "coverage", "questionnaireResponses"), ("patient", "coverage")):
        assert signed(address, entrance, draft, *given)["extension"][EXTENSION][0]["outcome"] == "necessary"
