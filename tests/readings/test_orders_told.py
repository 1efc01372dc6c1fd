"""Orders whose code or date cannot be placed are told to the client, and no other order is lost with them."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.exchange import ADDRESS, decisions, order, request

Json = dict[str, Any]


def coded(*codings: tuple[str | None, str], **more: Any) -> Json:
    """An order with these codings."""
    listed = [{"code": code} | ({"system": system} if system is not None else {}) for system, code in codings]
    return order() | {"code": {"coding": listed}} | more


def answered(client: FlaskClient, *orders: Json) -> Json:
    """The answer to orders signed together."""
    response = client.post(ADDRESS, json=request(*orders))
    assert response.status_code == 200
    body: Json = response.get_json()
    return body


@pytest.mark.parametrize("system", [None, "", "urn:oid:1.2.840.114350.1", "http://hospital.example/orders"])
def test_an_order_whose_system_is_not_known_is_told(client: FlaskClient, system: str | None) -> None:
    """The decision names the rule and the policy that would govern the order, and a card says how to send it."""
    answer = answered(client, coded((system, "81420")))
    assert [(d["outcome"], d["because"], d["policy"]) for d in decisions(answer)] == [
        ("not-addressed", ["unknown-code-system"], "carelon/prenatal-cfdna-screening")
    ]
    (card,) = answer["cards"]
    assert card["summary"] == "81420: the code's system is not known, so no policy was looked up."
    assert "http://www.ama-assn.org/go/cpt" in card["detail"]
    assert card["indicator"] == "info"


def test_a_hospitals_own_number_beside_a_billed_code_says_nothing(client: FlaskClient) -> None:
    """Where the code of a billed system is there, it says what is ordered, whatever the hospital's number looks like."""
    assert decisions(answered(client, coded(("urn:local", "81420"), ("http://www.ama-assn.org/go/cpt", "99213"))))[0][
        "because"
    ] == ["not-listed"]


def test_an_order_is_judged_by_its_standard_code_after_a_hospitals_own(client: FlaskClient) -> None:
    """A local coding first, and no words: the order is judged as if it were not there, and shown by the standard code."""
    alone = decisions(answered(client, coded(("http://www.ama-assn.org/go/cpt", "81479"))))[0]
    found = decisions(answered(client, coded(("urn:local", "LAB123"), ("http://www.ama-assn.org/go/cpt", "81479"))))[0]
    assert found == alone


@pytest.mark.parametrize(
    "written", ["2025-05-01T10:00:00", "2025-05-01T10:00:00+0000", "2025-05-01T10:00Z", "2025-05-01 10:00", "2025-05-01t10:00:00z"]
)
def test_a_time_that_fhir_does_not_write_so_is_the_day_it_says(client: FlaskClient, written: str) -> None:
    """Without zone, with a zone without its colon, with a blank: the day is plain, and the order is judged."""
    plain = answered(client, order(on="2025-05-01"))
    assert decisions(answered(client, order(on=written))) == decisions(plain)


def test_only_the_order_whose_date_is_no_day_is_not_judged(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    """The others are judged as they are alone; the order at fault is told in a card, and logged without what it said."""
    alone = decisions(answered(client, order()))
    with caplog.at_level(logging.WARNING, "cds_service"):
        answer = answered(client, order(), order(id_="two", on="2025-02-30"))
    found = decisions(answer)
    assert found[:1] == alone
    assert (found[1]["outcome"], found[1]["because"]) == ("not-addressed", ["unreadable-date"])
    assert any("the order's date is no day" in card["summary"] for card in answer["cards"])
    assert "an order is not judged: its date is no day" in caplog.text
    assert "02-30" not in caplog.text


def test_a_request_of_nothing_but_dates_that_are_none_is_refused(client: FlaskClient) -> None:
    """Where no order can be judged, the elements at fault are named."""
    response = client.post(ADDRESS, json=request(order(on="yesterday")))
    assert response.status_code == 400


@pytest.mark.parametrize(
    ("system", "code"),
    [
        ("http://www.ama-assn.org/go/cpt", " 81420 "),
        ("HCPCS Level II", "81420"),
        (" http://www.ama-assn.org/go/cpt ", "81420"),
        ("http://terminology.hl7.org/CodeSystem/CPT", "81420-90"),
    ],
)
def test_an_order_is_judged_however_its_code_is_written(client: FlaskClient, system: str, code: str) -> None:
    """Blanks and labels that are not FHIR's do not keep an order from being judged."""
    plain, found = decisions(answered(client, order()))[0], decisions(answered(client, coded((system, code))))[0]
    assert {k: v for k, v in found.items() if k != "code"} == {k: v for k, v in plain.items() if k != "code"}
