"""The order-dispatch hook: orders that are named by reference are judged on the day that they are to be done."""

from __future__ import annotations

import logging

import pytest
from flask.testing import FlaskClient

from cds_service.content.content import Content
from tests.exchange import Json, decisions, fetuses, gestational_age, order, request
from tests.hook_calls import changed, dispatching, given_back, own, post, refused, vignettes
from tests.hooks.test_coverage_information import member_signs, said, signed

verifies = pytest.mark.verifies
TRIPLETS = (gestational_age(77, "2025-05-01"), fetuses(3, "2025-05-01"))
TASK: Json = {"resourceType": "Task", "status": "draft", "intent": "order", "focus": {"reference": "ServiceRequest/o1"}}
GOOD = dispatching(request(order(status="active")), fulfillmentTasks=[TASK])
EARLIER = GOOD | {"context": {"patientId": "p1", "order": "ServiceRequest/o1", "performer": "Organization/x", "task": TASK}}
ANOTHER = {"reference": "Patient/other"}


def test_a_task_for_another_patient_is_refused(client: FlaskClient) -> None:
    """Nothing is judged across patients."""
    made = changed(GOOD, "context.fulfillmentTasks", [TASK | {"for": ANOTHER}])
    assert refused(client, made) == (422, ["context.fulfillmentTasks[0].for"])


@verifies("hook-16", "resp-25", "resp-26", "resp-29", "resp-37")
@pytest.mark.parametrize("version", ["2.0.1", "2.2"])
def test_the_order_carries_the_answer(client: FlaskClient, version: str) -> None:
    """A whole exchange: a card that suggests nothing, and the order given back byte by byte with coverage-information."""
    held = order(status="active", quantityQuantity={"value": 1.5})
    made = signed(dispatching(member_signs(held, chart=TRIPLETS)), version)
    assert said(given_back(client, made, held))["coverage"] == [{"reference": "Coverage/cov1"}]


def test_both_shapes_and_the_names_with_hyphens_are_one(client: FlaskClient) -> None:
    """The context of order-dispatch 1.0 and the hyphens of the library's examples lead to the same decision."""
    hyphens = {
        "patientId": "p1",
        "dispatched-orders": ["ServiceRequest/o1"],
        "performer": "Organization/x",
        "fulfillment-tasks": [TASK],
    }
    told = [decisions(post(client, made)) for made in (GOOD, EARLIER, GOOD | {"context": hyphens})]
    assert told[0]
    assert told[0] == told[1] == told[2]


def test_an_order_is_found_in_the_chart(client: FlaskClient) -> None:
    """A client that fills only the patient's orders has sent the dispatched one; it is no earlier order of its own."""
    made = request(order(status="active"), chart=TRIPLETS)
    elsewhere = dispatching(made)
    elsewhere["prefetch"]["serviceRequests"] = elsewhere["prefetch"].pop("orderedServices")
    assert decisions(post(client, elsewhere)) == decisions(post(client, made))


@pytest.mark.parametrize(
    "timing",
    [{"executionPeriod": {"start": "2025-02-03"}}, {"restriction": {"period": {"start": "2025-02-03T10:00:00Z"}}}],
    ids=["execution period", "restriction"],
)
def test_the_task_says_the_day(client: FlaskClient, timing: Json) -> None:
    """The day that the task asks for is the date of service, and picks the version of the policy; a task for another order does not."""
    version = decisions(post(client, GOOD))[0]["version"]
    asked = changed(GOOD, "context.fulfillmentTasks", [TASK | timing])
    other = changed(GOOD, "context.fulfillmentTasks", [TASK | timing | {"focus": {"reference": "ServiceRequest/x"}}])
    assert version == "2025-04-01"
    assert decisions(post(client, asked))[0]["version"] == "2024-11-17"
    assert decisions(post(client, other))[0]["version"] == version


def test_an_order_that_is_missing_does_not_sink_the_others(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    """What was sent is answered, and the log names what was not."""
    made = changed(GOOD, "context.dispatchedOrders", ["ServiceRequest/gone", "ServiceRequest/o1", "Claim/1"])
    with caplog.at_level(logging.WARNING, "cds_service"):
        assert [one["order"] for one in decisions(post(client, made))] == ["ServiceRequest/o1"]
    assert [getattr(record, "elements", None) for record in caplog.records] == [["context.dispatchedOrders[0]"]]


@pytest.mark.slow
def test_every_vignette_is_decided_as_at_signing(client: FlaskClient, content: Content) -> None:
    """Under every policy the dispatched order has the decision that it has when it is signed."""
    policies = set()
    for vignette, made in vignettes(content):
        assert own(post(client, dispatching(made))) == own(post(client, made)), vignette.name
        policies.add(vignette.policy.id)
    assert policies == {policy.id for policy in content.policies if policy.subject == "order"}
