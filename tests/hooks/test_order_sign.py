"""What a clinician gets back when orders are signed: whole exchanges over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.content.content import Content
from cds_service.hooks.settings import Settings
from cds_service.serving.app import create_app
from tests.conftest import TODAY
from tests.exchange import ADDRESS, condition, decisions, fetuses, gestational_age, observation, order, request, sign

TEN_WEEKS = gestational_age(70, "2025-05-01")


def the_decision(answered: dict[str, Any]) -> dict[str, Any]:
    """The only decision of an answer."""
    (decision,) = decisions(answered)
    return decision


@pytest.mark.parametrize(
    "chart", [(), (TEN_WEEKS, fetuses(1, "2025-05-01")), (condition("O30.101"), gestational_age(58, "2025-05-01"))]
)
def test_a_test_that_is_never_necessary_warns_whatever_the_chart(client: FlaskClient, chart: tuple[dict[str, Any], ...]) -> None:
    """81422 on any chart is not necessary because of the document's code list, with one warning card."""
    answered = sign(client, order("81422"), chart=chart)
    assert the_decision(answered)["outcome"] == "not-necessary"
    assert the_decision(answered)["because"] == ["not-necessary-test"]
    (card,) = answered["cards"]
    assert card["indicator"] == "warning"
    assert "Codes" in card["detail"]


@pytest.mark.parametrize("evidence", [fetuses(3, "2025-04-28"), condition("O30.101")], ids=["by observation", "by O30.1"])
def test_three_fetuses_are_not_necessary(client: FlaskClient, evidence: dict[str, Any]) -> None:
    """Three fetuses, observed or diagnosed, make the screen not necessary because of higher-order gestation."""
    decision = the_decision(sign(client, order(), chart=(evidence,)))
    assert (decision["outcome"], decision["because"]) == ("not-necessary", ["higher-order-gestation"])
    assert decision["evidence"][0]["resource"] == f"{evidence['resourceType']}/{evidence['id']}"
    assert decision["evidence"][0]["value"] == "3"


def test_ten_weeks_and_one_fetus_are_necessary_and_silent(client: FlaskClient) -> None:
    """A singleton at ten weeks is necessary, and nothing appears on the clinician's screen."""
    answered = sign(client, order(), chart=(TEN_WEEKS, fetuses(1, "2025-04-20")))
    assert the_decision(answered)["outcome"] == "necessary"
    assert answered["cards"] == []
    assert answered["systemActions"] == []


@pytest.mark.parametrize(
    ("observed", "outcome", "because"),
    [("2025-04-29", "not-necessary", ["before-nine-weeks"]), ("2025-04-25", "necessary", None)],
    ids=["two days before", "six days before"],
)
def test_days_since_the_dating_count(client: FlaskClient, observed: str, outcome: str, because: list[str] | None) -> None:
    """8 w 3 d observed two days ago is below nine weeks; observed six days ago it is 9 w 2 d and necessary."""
    decision = the_decision(sign(client, order(), chart=(gestational_age(59, observed),)))
    assert decision["outcome"] == outcome
    assert because is None or decision["because"] == because


def test_no_dating_asks_for_exactly_that(client: FlaskClient) -> None:
    """Without a gestational age the order is not documented, and one info card asks for it and nothing else."""
    answered = sign(client, order())
    assert (the_decision(answered)["outcome"], the_decision(answered)["asks"]) == ("not-documented", ["gestational_age"])
    (card,) = answered["cards"]
    assert card["indicator"] == "info"
    assert "suggestions" not in card
    assert "How far along is the pregnancy" in card["summary"]


def test_two_screens_in_one_signing(client: FlaskClient) -> None:
    """Of two screens signed together the first is judged on its merits and the second is not the first of the pregnancy."""
    answered = sign(client, order("81420", "o1"), order("81507", "o2"), chart=(TEN_WEEKS,))
    first, second = decisions(answered)
    assert first["outcome"] == "necessary"
    assert (second["outcome"], second["because"]) == ("not-necessary", ["first-screen-this-pregnancy"])
    (card,) = answered["cards"]
    assert card["extension"]["davinci-crd.associated-resource"] == [{"reference": "ServiceRequest/o2"}]
    assert "Repeat Diagnostic Intervention" in card["detail"]


def test_the_most_serious_card_comes_first(client: FlaskClient) -> None:
    """An order that is not necessary is shown before one that is not documented, whatever their order in the request."""
    answered = sign(client, order("81420", "o1"), order("81422", "o2"))
    assert [card["indicator"] for card in answered["cards"]] == ["warning", "info"]


def test_a_warning_card_has_every_field_of_the_protocol(client: FlaskClient) -> None:
    """A not-necessary card carries summary, detail, source with topic, one suggestion, override reasons and its order."""
    (card,) = sign(client, order("81422"))["cards"]
    assert len(card["summary"]) < 140
    assert card["source"]["topic"]["code"] == "off-guideline"
    assert card["selectionBehavior"] == "at-most-one"
    (suggestion,) = card["suggestions"]
    (action,) = suggestion["actions"]
    assert (action["type"], action["resourceId"]) == ("delete", "ServiceRequest/o1")
    assert action["description"]
    assert suggestion["uuid"]
    assert all(set(reason) == {"system", "code", "display"} for reason in card["overrideReasons"])
    assert all(link["type"] == "absolute" for link in card["links"])
    assert "has not been clinically reviewed" in card["detail"]
    assert "as documented" in card["detail"]
    assert "peer-to-peer" in card["detail"]


def test_nothing_empty_is_sent(client: FlaskClient) -> None:
    """Optional members without a value are left out, never null or empty (CDS Hooks, Use of JSON)."""

    def empties(node: object, path: str = "") -> list[str]:
        match node:
            case dict():
                return [found for key, value in node.items() for found in empties(value, f"{path}.{key}")]
            case list() if node:
                return [found for value in node for found in empties(value, f"{path}[]")]
            case None | "" | []:
                return [path]
            case _:
                return []

    answered = sign(client, order("81422", "o1"), order("81420", "o2"))
    assert [found for card in answered["cards"] for found in empties(card)] == []


@pytest.mark.verifies("same-call-same-answer")
def test_the_same_request_has_the_same_answer(client: FlaskClient) -> None:
    """A client that retries gets the same cards with the same ids."""
    assert sign(client, order("81422")) == sign(client, order("81422"))


def test_the_decisions_can_be_turned_off(content: Content) -> None:
    """An operator's setting leaves the machine-readable decisions out of the response."""
    app = create_app(content, Settings(decisions=False), lambda: TODAY)
    answered = app.test_client().post(ADDRESS, json=request(order("81422"))).get_json()
    assert "extension" not in answered
    assert len(answered["cards"]) == 1


def test_strict_refuses_what_is_otherwise_forgiven(content: Content) -> None:
    """With the strict setting an order with any fault is refused; without it only a fault in what the decision reads."""
    odd = order("81422", category={"text": "not a list"})
    lenient = create_app(content, Settings(), lambda: TODAY).test_client().post(ADDRESS, json=request(odd))
    strict = create_app(content, Settings(strict=True), lambda: TODAY).test_client().post(ADDRESS, json=request(odd))
    assert (lenient.status_code, strict.status_code) == (200, 400)
    assert strict.get_json()["issue"][0]["expression"] == ["context.draftOrders.entry[0].resource.category"]


@pytest.mark.verifies("order-withdrawn")
def test_one_order_in_doubt_does_not_sink_the_others(client: FlaskClient) -> None:
    """Resources that are no orders are passed over and withdrawn orders are not judged; the rest is answered."""
    answered = sign(client, {"resourceType": "Claim", "id": "x"}, order("81422", "o1", status="revoked"), order("81422", "o2"))
    assert [decision["order"] for decision in decisions(answered)] == ["ServiceRequest/o2"]


@pytest.mark.verifies("markup")
def test_display_texts_never_become_markup(client: FlaskClient) -> None:
    """Text from the chart cannot format, link or become HTML in a card."""
    odd = {"coding": [{"system": "http://loinc.org", "code": "11878-6"}]}
    hostile = observation("<img>", "11878-6", "2025-04-28", valueCodeableConcept=odd | {"text": "<script>alert(1)</script>"})
    answered = sign(client, order(), chart=(hostile,))
    assert "<script" not in str(answered["cards"])
    assert "among the results" in answered["cards"][0]["detail"], "evidence is told by its place, and not by its id"
    assert "<img>" not in answered["cards"][0]["detail"]


@pytest.mark.verifies("cors")
@pytest.mark.parametrize("path", ["/cds-services", "/cds-services/medical-policy", "/nowhere"])
def test_every_answer_may_be_read_by_a_page_of_this_machine(client: FlaskClient, path: str) -> None:
    """Every answer of a service that is tried here, also an error, carries the CORS header that a page of this machine needs."""
    page = "http://localhost:4200"
    assert client.get(path, headers={"Origin": page}).headers["Access-Control-Allow-Origin"] == page


@pytest.mark.verifies("cors")
def test_preflight_is_answered(client: FlaskClient) -> None:
    """A browser's preflight allows POST with a token and JSON."""
    headers = {
        "Origin": "http://127.0.0.1:4200",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "Authorization, Content-Type",
    }
    answered = client.options(ADDRESS, headers=headers)
    assert answered.status_code == 200
    assert "POST" in answered.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in answered.headers["Access-Control-Allow-Headers"]
