"""Records that name the patient otherwise than by the id of the call are the patient's; those of others are not."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.exchange import ADDRESS, condition, decisions, gestational_age, order, request

Json = dict[str, Any]
MRN = {"system": "https://hospital.example/mrn", "value": "77"}
PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "identifier": [MRN, {"system": "urn:ietf:rfc:3986", "value": "urn:uuid:0b4b8b6a-0000-4000-8000-000000000001"}],
    "link": [
        {"other": {"reference": "Patient/old"}, "type": "replaces"},
        {"other": {"reference": "Patient/twin"}, "type": "seealso"},
    ],
}
OWN: list[tuple[str, Json]] = [
    ("by its id", {"reference": "Patient/p1"}),
    ("by a version of its id", {"reference": "Patient/p1/_history/2"}),
    ("by an absolute address", {"reference": "https://ehr.example/fhir/Patient/p1"}),
    ("by its address in a Bundle", {"reference": "urn:uuid:0b4b8b6a-0000-4000-8000-00000000000f"}),
    ("by a uuid that is an identifier", {"reference": "urn:uuid:0b4b8b6a-0000-4000-8000-000000000001"}),
    ("by a business identifier", {"identifier": MRN}),
    ("by a record that it replaces", {"reference": "Patient/old"}),
]
OTHERS: list[tuple[str, Json]] = [
    ("another patient", {"reference": "Patient/p2"}),
    ("a patient that is linked and another", {"reference": "Patient/twin"}),
    ("a uuid of nobody", {"reference": "urn:uuid:0b4b8b6a-0000-4000-8000-00000000ffff"}),
    ("an identifier of another system", {"identifier": {"system": "https://other.example/mrn", "value": "77"}}),
    ("an identifier without a system", {"identifier": {"value": "77"}}),
]


def outcome(client: FlaskClient, subject: Json) -> Json:
    """The answer to an order on a chart whose triplets are somebody's."""
    made = request(order(), chart=(gestational_age(80, "2025-04-30"), condition("O30.101") | {"subject": subject}))
    entry = {"fullUrl": "urn:uuid:0b4b8b6a-0000-4000-8000-00000000000f", "resource": PATIENT}
    made["prefetch"]["patient"] = {"resourceType": "Bundle", "type": "searchset", "entry": [entry]}
    (decision,) = decisions(client.post(ADDRESS, json=made).get_json())
    return decision


@pytest.mark.parametrize("subject", [one[1] for one in OWN], ids=[one[0] for one in OWN])
def test_a_record_of_the_patient_counts_however_it_names_her(client: FlaskClient, subject: Json) -> None:
    """Triplets of the patient, by whichever name, settle the order."""
    assert outcome(client, subject)["because"] == ["higher-order-gestation"]


@pytest.mark.parametrize("subject", [one[1] for one in OTHERS], ids=[one[0] for one in OTHERS])
def test_a_record_of_somebody_else_does_not_count(client: FlaskClient, subject: Json) -> None:
    """Triplets of somebody else never settle the order."""
    assert outcome(client, subject)["outcome"] != "not-necessary"


def test_an_order_may_name_the_patient_by_an_identifier(client: FlaskClient) -> None:
    """An order whose subject is a business identifier of the patient is hers, and one of a stranger's is refused."""
    made = request(order() | {"subject": {"identifier": MRN}}, chart=(gestational_age(80, "2025-04-30"),))
    made["prefetch"]["patient"] = PATIENT
    assert client.post(ADDRESS, json=made).status_code == 200
    made["context"]["draftOrders"]["entry"][0]["resource"]["subject"] = {"identifier": MRN | {"value": "78"}}
    assert client.post(ADDRESS, json=made).status_code == 422
