"""Requests in shapes that FHIR does not have, or has since R5: what they say is read all the same, and given back as it was sent."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient

from cds_service.content.content import Content
from cds_service.hooks.answer import decide_request
from cds_service.hooks.received.messages import parse_request
from cds_service.hooks.settings import Settings
from tests.conftest import TODAY
from tests.content.test_payers import CARELON, coverage
from tests.exchange import ADDRESS, Json, condition, decisions, fetuses, gestational_age, order, request
from tests.hook_calls import post

TRIPLETS = (gestational_age(77, "2025-05-01"), fetuses(3, "2025-05-01"))
NEXT = [{"relation": "next", "url": "https://ehr.example/fhir/DeviceRequest?page=2"}]
PUMP: Json = {
    "resourceType": "DeviceRequest",
    "id": "d1",
    "status": "active",
    "intent": "order",
    "subject": {"reference": "Patient/p1"},
    "codeCodeableConcept": {"text": "Wheelchair"},
}


def outcome(client: FlaskClient, body: Json) -> str:
    """The outcome of the one order of a request."""
    (decision,) = decisions(post(client, body))
    return str(decision["outcome"])


def unsearched(content: Content, prefetch: Json) -> frozenset[str]:
    """The resource types that count as not searched where a request's prefetch is changed so; None takes a key away."""
    made = request(order(), chart=TRIPLETS)
    for key, value in prefetch.items():
        made["prefetch"][key] = value
        if value == "absent":
            del made["prefetch"][key]
    ((case, _),) = decide_request(parse_request(orjson.dumps(made)), content, TODAY, Settings())
    return case.chart.unsearched


# Nothing, one, and numbers


@pytest.mark.parametrize(
    ("bundle", "whole"),
    [
        ({"entry": None, "link": None, "total": None}, True),
        ({"total": 0.0}, True),
        ({"total": "0"}, True),
        ({"total": 1.0}, False),
        ({"total": "1"}, False),
        ({"total": 0.5}, False),
        ({"total": "some"}, False),
        ({"total": True}, False),
        ({"entry": {"resource": condition("D46.9")}, "total": "1"}, True),
        ({"entry": {"resource": condition("D46.9")}, "total": 2}, False),
        ({"entry": "none"}, False),
    ],
)
def test_a_search_is_whole_however_it_writes_its_numbers_and_nothing(content: Content, bundle: Json, whole: bool) -> None:
    """Null is nothing, a lone entry a list of one, and a number may be a decimal or a string; what is none of them is not whole."""
    found = unsearched(content, {"conditions": {"resourceType": "Bundle", "type": "searchset"} | bundle})
    assert ("Condition" not in found) is whole


@pytest.mark.parametrize("nothing", [None, [], {}, ""])
def test_an_element_that_holds_nothing_is_absent(client: FlaskClient, nothing: Any) -> None:
    """A result whose reason to have no value is null, or empty, has its value; an order with such elements is judged."""
    dating, several = TRIPLETS
    left = {"dataAbsentReason": nothing, "effectivePeriod": nothing, "component": nothing}
    made = request(order(doNotPerform=nothing, occurrencePeriod=nothing), chart=(dating | left, several | left))
    assert outcome(client, made) == "not-necessary"


def test_a_required_element_that_holds_nothing_is_missing(client: FlaskClient) -> None:
    """A result without a status is malformed, whether the status is null or not there, and decides nothing."""
    dating, several = TRIPLETS
    empty: tuple[Any, ...] = (None, "", [])
    asked = {outcome(client, request(order(), chart=(dating, several | {"status": nothing}))) for nothing in empty}
    without = {name: value for name, value in several.items() if name != "status"}
    assert asked == {outcome(client, request(order(), chart=(dating, without)))} == {"not-documented"}


def test_a_lone_object_deep_in_an_order_is_a_list_of_one(client: FlaskClient) -> None:
    """Codings of reasons are read as those of the code; a text in their place is still refused."""
    triplets = {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "O30.101"}
    dating, _ = TRIPLETS
    assert outcome(client, request(order(reasonCode=[{"coding": triplets}]), chart=(dating,))) == "not-necessary"
    response = client.post(ADDRESS, json=request(order(reasonCode=[{"coding": "O30.101"}])))
    assert response.status_code == 400
    assert response.get_json()["issue"][0]["expression"] == ["context.draftOrders.entry[0].resource.reasonCode[0].coding"]


# Orders in the shape of R5


def test_an_order_in_the_shape_of_r5_is_judged_and_comes_back_as_it_was_sent(client: FlaskClient) -> None:
    """Its code and its reasons are read; the answer adds to the order and changes nothing else of it."""
    triplets = {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "O30.101"}
    sent = order(reason=[{"concept": {"coding": [triplets]}}])
    sent["code"] = {"concept": sent["code"]}
    answered = post(client, request(sent, chart=(TRIPLETS[0], coverage(CARELON))))
    assert [one["outcome"] for one in decisions(answered)] == ["not-necessary"]
    (action,) = answered["systemActions"]
    assert {name: value for name, value in action["resource"].items() if name != "extension"} == sent


# Orders of devices


def sent(**more: Any) -> Json:
    """A searchset with one order of a device."""
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": PUMP}]} | more


@pytest.mark.parametrize(
    "answer",
    [
        "absent",
        None,
        {},
        "not supported",
        {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "not-supported"}]},
        {"resourceType": "Bundle", "type": "searchset", "entry": []},
        sent(total=1),
        PUMP,
    ],
)
def test_an_ehr_that_keeps_no_orders_of_devices_loses_no_silence(content: Content, answer: Any) -> None:
    """Whatever it sends in their place, the orders of services that it sent were searched."""
    assert unsearched(content, {"deviceRequests": answer}).isdisjoint({"ServiceRequest", "Procedure"})


@pytest.mark.parametrize("answer", [sent(total=9), sent(link=NEXT), sent(entry=[{"resource": PUMP}, {}])])
def test_a_part_of_the_orders_of_devices_leaves_orders_unsearched(content: Content, answer: Any) -> None:
    """An EHR that keeps them and sent a part may hold the order that would have been found."""
    assert "ServiceRequest" in unsearched(content, {"deviceRequests": answer})


# Records without ids


def test_a_record_without_an_id_is_named_by_its_type_alone(client: FlaskClient) -> None:
    """What is found in it is told apart from what is found in others, and nobody is told an id that the client does not know."""
    nameless = [{name: value for name, value in one.items() if name != "id"} for one in TRIPLETS]
    answered = post(client, request(order(), chart=tuple(nameless)))
    assert [one["outcome"] for one in decisions(answered)] == ["not-necessary"]
    assert "without-id" not in orjson.dumps(answered).decode()
    (decision,) = decisions(answered)
    assert any(one.get("resource") == "Observation" for one in decision["evidence"])


# Diagnoses that cannot be read


def test_an_anomaly_that_cannot_be_read_leaves_their_number_open(client: FlaskClient) -> None:
    """Beside one that is read, it may be a second: the policy's question of several is asked, not answered."""
    pregnancy = (gestational_age(140, "2025-05-01"), fetuses(1, "2025-05-01"))
    one, other = condition("O35.A"), condition("O35.B")
    assert outcome(client, request(order(), chart=(*pregnancy, one))) == "necessary"
    assert outcome(client, request(order(), chart=(*pregnancy, one, other))) == "not-documented"
    assert outcome(client, request(order(), chart=(*pregnancy, one, other | {"onsetPeriod": "spring"}))) == "not-documented"
