"""The appointment-book hook: the orders that appointments are based on are judged on the day that they are booked for."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.content.content import Content
from tests.exchange import ADDRESS, CPT, Json, decisions, fetuses, gestational_age, order, request
from tests.hook_calls import appointment, based_on, booking, given_back, own, post, vignettes
from tests.hooks.test_coverage_information import assertions, member_signs, said, signed

verifies = pytest.mark.verifies
DAY = "2025-05-01T09:00:00-06:00"
TRIPLETS = (gestational_age(77, "2025-05-01"), fetuses(3, "2025-05-01"))
GOOD = booking(request(order(status="active")), DAY)
SCREEN: Json = {"serviceType": [{"coding": [{"system": CPT, "code": "81420"}]}]}
UNBASED = booking(request(order()), DAY, appointment("p1", DAY, **SCREEN))


@verifies("hook-16", "resp-25", "resp-26", "resp-29", "resp-37")
@pytest.mark.parametrize("version", ["2.0.1", "2.2"])
@pytest.mark.parametrize("in_the_bundle", [False, True])
def test_the_order_carries_the_answer(client: FlaskClient, version: str, in_the_bundle: bool) -> None:
    """A whole exchange: the order that the appointment is based on comes back byte by byte, and the appointment does not."""
    held = order(status="active", quantityQuantity={"value": 1.5})
    made = signed(booking(member_signs(held, chart=TRIPLETS), DAY), version)
    if in_the_bundle:
        made["prefetch"].pop("orderedServices")
        made["context"]["appointments"]["entry"].append({"resource": held})
    assert said(given_back(client, made, held))["coverage"] == [{"reference": "Coverage/cov1"}]


@pytest.mark.parametrize("version", ["2.0.1", "2.2"])
def test_an_appointment_based_on_no_order_is_judged_itself(client: FlaskClient, version: str) -> None:
    """By its serviceType; in CRD 2.2 it carries the answer, and in 2.0.1, which has no room on it, only the card tells."""
    made = signed(booking(member_signs(order(), chart=TRIPLETS), DAY, appointment("p1", DAY, **SCREEN)), version)
    answered = post(client, made)
    (decision,) = decisions(answered)
    assert (decision["order"], decision["outcome"]) == ("Appointment/a1", "not-necessary")
    assert len(answered["cards"]) == 1
    assert [len(assertions(action)) for action in answered["systemActions"]] == ([] if version == "2.0.1" else [1])


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"serviceType": [{"text": "a check-up"}]},
        {"reasonCode": SCREEN["serviceType"]},
        {"basedOn": [{"reference": "CarePlan/1"}]},
        {"contained": [order(id_="c")], "basedOn": [{"reference": "#c"}]},
    ],
    ids=["nothing", "words", "a reason", "another plan", "an order contained"],
)
def test_an_appointment_that_orders_nothing_gets_no_answer(client: FlaskClient, more: Json) -> None:
    """Where no policy can tell what is booked, nothing is said: a reason is no order."""
    answered = post(client, booking(member_signs(order()), DAY, appointment("p1", DAY, **more)))
    assert [one["outcome"] for one in decisions(answered)] == ["not-addressed"]
    assert (answered["cards"], answered["systemActions"]) == ([], [])


@pytest.mark.parametrize(
    "begins",
    [{"start": "2025-02-03T09:00:00Z"}, {"start": None, "requestedPeriod": [{"start": "2025-02-03"}]}],
    ids=["start", "period asked for"],
)
def test_the_appointment_says_the_day(client: FlaskClient, begins: Json) -> None:
    """The day booked is the date of service, whatever day the order names, and picks the version of the policy."""
    one = order(status="active")
    booked = {key: value for key, value in (appointment("p1", DAY, basedOn=[based_on(one)]) | begins).items() if value}
    assert decisions(post(client, GOOD))[0]["version"] == "2025-04-01"
    assert decisions(post(client, booking(request(one), "", booked)))[0]["version"] == "2024-11-17"


def test_an_order_booked_twice_is_answered_once(client: FlaskClient) -> None:
    """Two appointments for one order lead to one answer, for the earlier of them."""
    one = order(status="active")
    both = [appointment("p1", day, f"a{day[:4]}", basedOn=[based_on(one)]) for day in (DAY, "2025-02-03T09:00:00Z")]
    answered = post(client, booking(member_signs(one), "", *both))
    assert [decision["version"] for decision in decisions(answered)] == ["2024-11-17"]
    assert len(answered["systemActions"]) == 1


def test_a_cancelled_appointment_is_passed_over(client: FlaskClient) -> None:
    """Nothing is booked by it, so its order is not asked for either."""
    gone = appointment("p1", DAY, status="cancelled", basedOn=[{"reference": "ServiceRequest/gone"}])
    assert decisions(post(client, booking(request(order()), DAY, gone))) == []


@pytest.mark.slow
def test_every_vignette_is_decided_as_at_signing(client: FlaskClient, content: Content) -> None:
    """Under every policy the order of an appointment on its day has the decision that it has when it is signed."""
    policies = set()
    for vignette, made in vignettes(content):
        assert own(post(client, booking(made, f"{vignette.as_of}T09:00:00Z"))) == own(post(client, made)), vignette.name
        policies.add(vignette.policy.id)
    assert policies == {policy.id for policy in content.policies if policy.subject == "order"}


@pytest.mark.parametrize("status", [7, [], {}, None, True])
def test_an_odd_status_is_no_failure(client: FlaskClient, status: Any) -> None:
    """An Appointment whose status is no text is refused or passed over, and fails nothing."""
    made = booking(request(order(status="active")), DAY)
    made["context"]["appointments"]["entry"][0]["resource"]["status"] = status
    assert client.post(ADDRESS, json=made).status_code in (200, 400, 422)
