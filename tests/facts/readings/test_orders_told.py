"""Orders whose code or date cannot be placed are told to the client, and no other order is lost with them."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.exchange import ADDRESS, CPT, LOINC, PATIENT, decisions, order, prescription, request

Json = dict[str, Any]
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
GROWTH_FACTORS = "bcbsm/colony-stimulating-factors"
CFDNA = "carelon/prenatal-cfdna-screening"
FUSION = "medica-central/open-si-joint-fusion"
PUMP = "lhcc/implantable-intrathecal-epidural-pain-pump"
CARELON: Json = {
    "resourceType": "Coverage",
    "id": "cov1",
    "status": "active",
    "beneficiary": PATIENT,
    "payor": [{"identifier": {"system": "urn:cds-service:payer", "value": "carelon"}}],
}


def coded(*codings: tuple[str | None, str], display: str = "", **more: Any) -> Json:
    """An order with these codings."""
    shown = {"display": display} if display else {}
    listed = [{"code": code} | ({"system": system} if system is not None else {}) | shown for system, code in codings]
    return order() | {"code": {"coding": listed}} | more


def medicine(concept: Json) -> Json:
    """A draft prescription of a medicine."""
    return prescription(concept)


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


BY_WORDS: list[tuple[Json, list[str]]] = [
    (medicine({"text": "Udenyca Onbody 6 mg/0.6 mL"}), [GROWTH_FACTORS]),
    (medicine({"text": "pegfilgrastim-bmez 6 mg", "coding": [{"system": RXNORM, "code": "999999999"}]}), [GROWTH_FACTORS]),
    (medicine({"coding": [{"system": "urn:oid:1.2.3", "code": "77", "display": "filgrastim 300 mcg/mL vial"}]}), [GROWTH_FACTORS]),
    (order() | {"code": {"text": "NIPT (cell-free DNA)"}}, [CFDNA]),
    (coded((LOINC, "77018-8"), display="Noninvasive prenatal fetal aneuploidy panel"), [CFDNA]),
    (order() | {"code": {"text": "Fusion, sacroiliac joint, open"}}, [FUSION]),
    (order(on="2025-07-01") | {"code": {"text": "Insertion of intrathecal pump"}}, [PUMP]),
    (medicine({"text": "lisinopril 10 mg"}), []),
    (medicine({"text": "Neulasta", "coding": [{"system": RXNORM, "code": "29046"}]}), []),
    (order("81511") | {"code": {"text": "quad screen, NIPT declined", "coding": [{"system": CPT, "code": "81511"}]}}, []),
    (order() | {"code": {"text": "CSF culture"}}, []),
    (order() | {"code": {"text": "sacroiliac joint injection"}}, []),
    (order() | {"code": {"text": "NIPT"}, "doNotPerform": True}, []),
]


@pytest.mark.parametrize(("ordered", "policies"), BY_WORDS)
def test_an_order_known_by_its_words_alone_is_told_and_not_judged(client: FlaskClient, ordered: Json, policies: list[str]) -> None:
    """No code says what it is, and its words name what a policy governs: a card asks for the code, and nothing is decided."""
    answer = answered(client, ordered)
    told = [(d["policy"], d["outcome"]) for d in decisions(answer) if d["because"] == ["named-in-words"]]
    assert told == [(policy, "not-addressed") for policy in policies]
    assert [card["summary"].partition(": ")[2] for card in answer["cards"]] == (
        ["not checked, for no code of the order tells what it is. A policy may govern it."] if policies else []
    )


NOT_TOLD: list[Json] = [
    order() | {"code": {"text": "NIPT"}},
    coded((None, "81420")),
    coded(("urn:oid:1.2.3", "LAB4711")),
    medicine({"coding": [{"system": RXNORM, "code": "999999999"}]}),
    medicine({"text": "Formulary 4711"}),
    {key: value for key, value in medicine({}).items() if key != "medicationCodeableConcept"}
    | {"medicationReference": {"reference": "Medication/not-sent"}},
]


@pytest.mark.parametrize("ordered", NOT_TOLD)
def test_of_an_order_that_could_not_be_placed_no_plan_is_said_to_have_no_policy(client: FlaskClient, ordered: Json) -> None:
    """coverage-information says that it was not judged, whatever the payer says of orders that no policy addresses."""
    call = request(ordered)
    call["prefetch"]["coverage"] = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": CARELON}]}
    (action,) = client.post(ADDRESS, json=call).get_json()["systemActions"]
    (said,) = [
        part["valueCodeableConcept"]["text"] for part in action["resource"]["extension"][0]["extension"] if part["url"] == "reason"
    ]
    assert "not judged, since the order has no code that tells what is ordered" in said
    assert "no medical policy" not in said


@pytest.mark.parametrize(
    "ordered", [order("99213"), coded((LOINC, "2345-7")), medicine({"coding": [{"system": RXNORM, "code": "29046"}]})]
)
def test_of_an_order_that_is_read_and_listed_nowhere_that_is_said(client: FlaskClient, ordered: Json) -> None:
    """A code that tells what is ordered, and that no policy lists: coverage-information says that none has criteria for it."""
    call = request(ordered)
    call["prefetch"]["coverage"] = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": CARELON}]}
    (action,) = client.post(ADDRESS, json=call).get_json()["systemActions"]
    assert "no medical policy that is held here has criteria" in str(action)


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
