"""Requests that cannot be used: the status, the element at fault, and never a traceback."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import held_app
from tests.exchange import ADDRESS, order, request

Json = dict[str, Any]


def without(path: str) -> Json:
    """A good request with one member taken away."""
    made = request(order())
    *parents, last = path.split(".")
    node = made
    for parent in parents:
        node = node[parent]
    del node[last]
    return made


def having(path: str, value: object) -> Json:
    """A good request with one member replaced."""
    made = request(order())
    *parents, last = path.split(".")
    node = made
    for parent in parents:
        node = node[parent]
    node[last] = value
    return made


CASES = [
    ("the hook is missing", without("hook"), 400, "hook"),
    ("the hook is another", having("hook", "patient-view"), 400, "hook"),
    ("the hook instance is missing", without("hookInstance"), 400, "hookInstance"),
    ("the context is missing", without("context"), 400, "context"),
    ("the patient is missing", without("context.patientId"), 400, "context.patientId"),
    ("the patient is blank", having("context.patientId", "  "), 400, "context.patientId"),
    ("the patient is a number", having("context.patientId", 7), 400, "context.patientId"),
    ("the user is missing", without("context.userId"), 400, "context.userId"),
    ("there are no draft orders", without("context.draftOrders"), 400, "context.draftOrders"),
    ("the draft orders are a list", having("context.draftOrders", []), 400, "context.draftOrders"),
    ("the Bundle is empty", having("context.draftOrders.entry", []), 400, "context.draftOrders.entry"),
    ("an entry has no resource", having("context.draftOrders.entry", [{}]), 400, "context.draftOrders.entry[0].resource"),
    ("an entry's resource has no type", having("context.draftOrders.entry", [{"resource": {"id": "1"}}]), 400, "context.draftOrders.entry[0].resource"),
    ("prefetch is a list", having("prefetch", []), 400, "prefetch"),
    ("a token without a server", having("fhirAuthorization", {"access_token": "x"}), 400, "fhirServer"),
    ("a CRD version that is not spoken", having("extension", {"davinci-crd.requestedVersion": "9.9"}), 422, "extension.davinci-crd.requestedVersion"),
    ("an order without id", request({k: v for k, v in order().items() if k != "id"}), 422, "context.draftOrders.entry[0].resource.id"),
    ("an order twice", request(order(), order()), 422, "context.draftOrders.entry[1].resource.id"),
    ("an order for another patient", request(order(subject={"reference": "Patient/other"})), 422, "context.draftOrders.entry[0].resource.subject"),
    ("a code that is a string", request(order() | {"code": "81420"}), 400, "context.draftOrders.entry[0].resource.code"),
    ("a date that is none", request(order(authoredOn="yesterday")), 400, "context.draftOrders.entry[0].resource.authoredOn"),
]  # fmt: skip


@pytest.mark.verifies(
    "hook-10",
    "hook-14",
    "hook-known",
    "token-needs-server",
    "order-without-id",
    "orders-empty",
    "other-patient",
    "requested-version",
)
@pytest.mark.parametrize(("body", "status", "element"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_element_at_fault_is_named(client: FlaskClient, body: Json, status: int, element: str) -> None:
    """A request that cannot be used gets its status and an OperationOutcome whose expression names the element."""
    response = client.post(ADDRESS, json=body)
    assert response.status_code == status
    outcome = response.get_json()
    assert outcome["resourceType"] == "OperationOutcome"
    assert any(expression.startswith(element) for issue in outcome["issue"] for expression in issue.get("expression", []))


@pytest.mark.verifies("body-not-json", "hook-10")
@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe", b'{"hook": NaN}', b"[]", b'"text"', b"null", b"[" * 100_000],
    ids=["empty", "truncated", "not UTF-8", "NaN", "a list", "a string", "null", "nested too deeply"],
)
def test_a_body_that_is_no_json_object_is_refused(client: FlaskClient, body: bytes) -> None:
    """What is not a JSON object gets 400 with an OperationOutcome."""
    response = client.post(ADDRESS, data=body)
    assert response.status_code == 400
    assert response.get_json()["resourceType"] == "OperationOutcome"


@pytest.mark.verifies("members-required")
def test_all_faults_are_told_at_once(client: FlaskClient) -> None:
    """A client developer sees every missing member in one answer."""
    issues = client.post(ADDRESS, json={"context": {}}).get_json()["issue"]
    named = {expression for issue in issues for expression in issue["expression"]}
    assert named == {"hook", "hookInstance", "context.userId", "context.patientId", "context.draftOrders"}


@pytest.mark.verifies("unknown-service", "hook-10")
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("post", "/cds-services/unknown", 404), ("get", ADDRESS, 405), ("get", "/elsewhere", 404)],
)
def test_wrong_addresses_and_methods(client: FlaskClient, method: str, path: str, status: int) -> None:
    """An unknown service is 404 and a wrong method 405, both with an OperationOutcome."""
    response = getattr(client, method)(path)
    assert response.status_code == status
    assert response.get_json()["resourceType"] == "OperationOutcome"
    assert status != 405 or "POST" in response.headers["Allow"]


@pytest.mark.verifies("body-too-large")
def test_a_body_beyond_the_limit_is_refused(client: FlaskClient) -> None:
    """A body over the limit gets 413, not a full memory."""
    assert client.post(ADDRESS, data=b" " * (16 * 1024 * 1024 + 1)).status_code == 413


@pytest.mark.verifies("byte-order-mark")
def test_a_byte_order_mark_and_a_trailing_slash_are_tolerated(client: FlaskClient) -> None:
    """A UTF-8 byte order mark before the JSON and a slash after the address break nothing."""
    import orjson

    assert client.post(f"{ADDRESS}/", data=b"\xef\xbb\xbf" + orjson.dumps(request(order("81422")))).status_code == 200


@pytest.mark.verifies("nothing-of-the-patient")
def test_no_error_repeats_what_the_client_sent(client: FlaskClient) -> None:
    """Errors name elements and never show values, which may be a patient's."""
    response = client.post(ADDRESS, json=having("context.draftOrders", "Jane Doe"))
    assert "Jane" not in response.get_data(as_text=True)


@pytest.mark.verifies("fault-of-ours", "hook-10")
def test_a_fault_of_ours_is_told_without_detail(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An unforeseen failure answers 500 with an OperationOutcome; the log says where and holds no value."""
    import cds_service.hooks.calls as calls

    def fails(*_: object) -> Json:
        raise RuntimeError("Jane Doe")

    monkeypatch.setattr(calls, "answer", fails)
    response = client.post(ADDRESS, json=request(order()))
    assert response.status_code == 500
    assert response.get_json()["issue"][0]["severity"] == "fatal"
    logged = [record for record in caplog.records if record.message == "failed"]
    assert logged
    assert "Jane" not in response.get_data(as_text=True) + str(logged[0].__dict__)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
PLACES = [
    "hook", "hookInstance", "context", "context.patientId", "context.userId", "context.draftOrders", "context.draftOrders.entry",
    "prefetch", "prefetch.conditions", "prefetch.observations", "prefetch.patient", "extension", "fhirServer", "fhirAuthorization",
]  # fmt: skip
ELEMENTS = ["code", "status", "subject", "authoredOn", "orderDetail", "reasonCode", "reasonReference", "contained", "occurrenceTiming",
            "replaces", "doNotPerform", "id", "resourceType", "effectiveDateTime", "valueQuantity", "component", "clinicalStatus",
            "recordedDate", "interpretation", "item", "authored", "condition", "performedPeriod", "basedOn", "result"]  # fmt: skip


@given(place=st.sampled_from(PLACES), value=JSON_VALUES)
def test_no_request_makes_the_service_fail(place: str, value: object) -> None:
    """Whatever stands in a member of the request, the answer is 200 or a 4xx with an OperationOutcome."""
    response = held_app().test_client().post(ADDRESS, json=having(place, value))
    assert response.status_code in (200, 400, 422)


@given(
    kind=st.sampled_from(["ServiceRequest", "Observation", "Condition", "Procedure", "DiagnosticReport", "FamilyMemberHistory", "QuestionnaireResponse", "Encounter", "Patient"]),
    element=st.sampled_from(ELEMENTS),
    value=JSON_VALUES,
    drafted=st.booleans(),
)  # fmt: skip
def test_no_resource_makes_the_service_fail(kind: str, element: str, value: object, drafted: bool) -> None:
    """A resource with anything at all in an element that is read never takes the request down."""
    from cds_service.fhir.resource_types import KEYS

    coded = {
        "coding": [
            {"system": "http://loinc.org", "code": "18185-9"},
            {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "O30.1"},
        ]
    }
    odd: Json = {"resourceType": kind, "id": "odd", "status": "final", "code": coded, "subject": {"reference": "Patient/p1"}}
    odd[element] = value
    made = request(order()) if not drafted else request(odd | {"id": "o9"})
    if not drafted:
        key = next(key for key, named in KEYS.items() if named == kind)
        made["prefetch"][key] = {"resourceType": "Bundle", "entry": [{"resource": odd}]}
    response = held_app().test_client().post(ADDRESS, json=made)
    assert response.status_code in (200, 400, 422)
