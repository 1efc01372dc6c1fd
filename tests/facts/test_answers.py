"""Answers to our questions: which responses count for an order, of which day they speak, and how renderers write the values."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

import pytest
from flask.testing import FlaskClient

from cds_service.case import Case
from cds_service.chart import Chart
from cds_service.facts.extract import Facts
from cds_service.order import read_order
from cds_service.policy.evidence import Evidence, Standing
from cds_service.serving.app import create_app
from tests.conftest import TODAY, held_content
from tests.exchange import ADDRESS, LOINC, PATIENT, Json, decisions, order, request, sign

SIGNED = date(2025, 5, 1)
OURS = "urn:cds-service:Questionnaire/lhcc-implantable-intrathecal-epidural-pain-pump|2025-06-14"
DTR = "http://hl7.org/fhir/us/davinci-dtr/StructureDefinition/"
UCUM = "http://unitsofmeasure.org"
USABLE, UNCERTAIN, DISCOUNTED = Standing.USABLE, Standing.UNCERTAIN, Standing.DISCOUNTED
THIS, OTHER = "ServiceRequest/o1", "ServiceRequest/o2"


def context(named: str, url: str = "qr-context") -> Json:
    """What Da Vinci DTR adds to a response to name the order that it is for."""
    return {"url": DTR + url, "valueReference": {"reference": named}}


def origin(source: str) -> Json:
    """What Da Vinci DTR adds to an answer to say who gave it."""
    return {"url": f"{DTR}information-origin", "extension": [{"url": "source", "valueCode": source}]}


def response(fact: str, answer: Json, item: Json | None = None, **more: Any) -> Json:
    """A completed response with one answer, authored on the day of the order."""
    return {
        "resourceType": "QuestionnaireResponse",
        "id": "q1",
        "status": "completed",
        "subject": PATIENT,
        "authored": "2025-05-01T09:00:00-05:00",
        "item": [{"linkId": "group", "item": [{"linkId": fact, "answer": [answer]} | (item or {})]}],
    } | more


def read(fact: str, *responses: Json, our_url: str = "", **more: Any) -> list[Evidence]:
    """The evidence that responses are for a fact, for an order signed on 1 May 2025."""
    own = read_order(order("62322", on=SIGNED.isoformat(), **more), 0, SIGNED)
    chart = Chart(responses, held_content().terminology, "p1")
    case = Case(chart, own, (own,), SIGNED, our_url=our_url, form=OURS.partition("/")[2])
    return list(Facts(case, held_content().catalogue)[fact].evidence)


ASKED = "Does spine imaging show no epidural metastasis and no encroachment on the thecal sac?"


def contained(question: str, fact: str = "spine_imaging_clear") -> Json:
    """An adaptive form of ours as its response contains it, with one question."""
    item = [{"linkId": "g", "type": "group", "item": [{"linkId": fact, "text": question, "type": "boolean"}]}]
    return {"resourceType": "Questionnaire", "id": "f", "derivedFrom": [OURS], "item": item}


class Row(NamedTuple):
    """A response that says *yes* to a question, and what it is worth for the order."""

    said: str
    more: Json
    standing: Standing | None
    day: str = "2025-05-01"


WORTH = [
    Row("no form is named", {}, USABLE),
    Row("a form of ours", {"questionnaire": OURS}, USABLE),
    Row("a form of ours without its version", {"questionnaire": OURS.partition("|")[0]}, USABLE),
    Row("a form below our public address", {"questionnaire": f"https://cds.example/fhir/{OURS.rpartition(':')[2]}"}, USABLE),
    Row(
        "no form that we ever had, below our public address", {"questionnaire": "https://cds.example/Questionnaire/x|1"}, DISCOUNTED
    ),
    Row("a form of our public address's neighbour", {"questionnaire": "https://cds.example.org/Questionnaire/x"}, DISCOUNTED),
    Row("a form of somebody else", {"questionnaire": "https://elsewhere.example/Questionnaire/x"}, DISCOUNTED),
    Row("a form that is no canonical", {"questionnaire": {"reference": "Questionnaire/x"}}, DISCOUNTED),
    Row("an adaptive form made from ours", {"questionnaire": "#f", "contained": [contained(ASKED)]}, USABLE),
    Row(
        "a form of ours that somebody changed",
        {"questionnaire": "#f", "contained": [contained("Is anything in the way?")]},
        DISCOUNTED,
    ),
    Row(
        "a form of ours that does not ask this", {"questionnaire": "#f", "contained": [contained(ASKED, "pain_origin")]}, DISCOUNTED
    ),
    Row("a form of our names of another policy", {"questionnaire": OURS.replace("pain-pump", "drug")}, DISCOUNTED),
    Row(
        "a form of another policy, for this order",
        {"questionnaire": OURS.replace("pain-pump", "drug"), "extension": [context(THIS)]},
        USABLE,
    ),
    Row("a form of a version that is retired", {"questionnaire": OURS.replace("2025", "2021")}, DISCOUNTED),
    Row(
        "a retired version, for this order",
        {"questionnaire": OURS.replace("2025", "2021"), "extension": [context(THIS)]},
        DISCOUNTED,
    ),
    Row("another digest of the version", {"questionnaire": f"{OURS}-0123abcd"}, USABLE),
    Row("a form of some of our questions", {"questionnaire": OURS.replace("|", ".q0001|")}, USABLE),
    Row(
        "an adaptive form made from another",
        {
            "questionnaire": "#f",
            "contained": [contained(ASKED) | {"derivedFrom": ["https://x.example/f"]}],
        },
        DISCOUNTED,
    ),
    Row("amended", {"status": "amended"}, USABLE),
    Row("in progress", {"status": "in-progress"}, UNCERTAIN),
    Row("in progress, of somebody else", {"status": "in-progress", "questionnaire": "https://elsewhere.example/x"}, DISCOUNTED),
    Row("stopped", {"status": "stopped"}, None),
    Row("entered in error", {"status": "entered-in-error"}, None),
    Row("for this order", {"questionnaire": OURS, "extension": [context(THIS)]}, USABLE),
    Row("for this order, by an absolute address", {"extension": [context(f"https://ehr.example/fhir/{THIS}")]}, USABLE),
    Row("for this order, by its id", {"extension": [context("urn:uuid:O1")]}, USABLE),
    Row("for this order among others", {"extension": [context(OTHER), context(THIS)]}, USABLE),
    Row("for another order", {"questionnaire": OURS, "extension": [context(OTHER)]}, DISCOUNTED),
    Row("for another order, as DTR 1 said it", {"extension": [context(OTHER, "context")]}, DISCOUNTED),
    Row("based on this order", {"basedOn": [{"reference": THIS}]}, USABLE),
    Row("based on another order", {"basedOn": [{"reference": OTHER}]}, DISCOUNTED),
    Row("based on a care plan", {"basedOn": [{"reference": "CarePlan/1"}]}, USABLE),
    Row("for a coverage and an encounter", {"extension": [context("Coverage/1"), context("Encounter/1")]}, USABLE),
    Row("for nobody knows what", {"extension": [context("urn:uuid:6d6a8e2e")]}, UNCERTAIN),
    Row("on the day before", {"authored": "2025-04-30"}, USABLE, "2025-04-30"),
    Row("after midnight by Universal Time", {"authored": "2025-05-02T01:30:00Z"}, USABLE),
    Row("by staff on the next day", {"authored": "2025-05-02"}, USABLE),
    Row("two days later, to no form", {"authored": "2025-05-03"}, USABLE, "2025-05-03"),
    Row("some day of the next month", {"authored": "2025-06"}, USABLE, "2025-06-01 to 2025-06-30"),
    Row("two days later, to our form for no order", {"authored": "2025-05-03", "questionnaire": OURS}, USABLE, "2025-05-03"),
    Row("days later, for this order", {"authored": "2025-05-09", "questionnaire": OURS, "extension": [context(THIS)]}, USABLE),
    Row(
        "before, for this order",
        {"authored": "2025-04-09", "questionnaire": OURS, "extension": [context(THIS)]},
        USABLE,
        "2025-04-09",
    ),
    Row("no day, to no form", {"authored": None}, UNCERTAIN, ""),
    Row("no day, for this order", {"authored": None, "questionnaire": OURS, "extension": [context(THIS)]}, USABLE),
]


@pytest.mark.parametrize("row", WORTH, ids=[row.said for row in WORTH])
def test_what_a_response_is_worth(row: Row) -> None:
    """Only responses to forms of ours, or to none, that were not given for another order count; staff may write them later."""
    found = read(
        "spine_imaging_clear", response("spine_imaging_clear", {"valueBoolean": True}, **row.more), our_url="https://cds.example"
    )
    if row.standing is None:
        assert found == []
        return
    (evidence,) = found
    assert evidence.standing is row.standing, evidence.note
    assert evidence.note or row.standing is USABLE
    assert (evidence.when.text() if evidence.when else "") == row.day


ORIGINS = {
    "manual": USABLE,
    "override": USABLE,
    "auto": DISCOUNTED,
    "auto-client": DISCOUNTED,
    "auto-server": DISCOUNTED,
    "robot": UNCERTAIN,
}


@pytest.mark.parametrize("source", ORIGINS)
def test_what_a_program_filled_in_is_no_evidence(source: str) -> None:
    """An answer copied from the chart says nothing beside the chart, wherever its origin stands; a person's answer counts."""
    on_answer = response("spine_imaging_clear", {"valueBoolean": True, "extension": [origin(source)]})
    on_item = response("spine_imaging_clear", {"valueBoolean": True}, {"extension": [origin(source)]})
    coded: Json = {"url": f"{DTR}information-origin", "extension": [{"url": "source", "valueCoding": {"code": source}}]}
    by_coding = response("spine_imaging_clear", {"valueBoolean": True, "extension": coded})
    for one in (on_answer, on_item, by_coding):
        assert [evidence.standing for evidence in read("spine_imaging_clear", one)] == [ORIGINS[source]]


def test_an_answer_s_own_origin_goes_before_its_item_s() -> None:
    """A person overrode what was filled in: the answer says so itself."""
    both = response(
        "spine_imaging_clear", {"valueBoolean": True, "extension": [origin("override")]}, {"extension": [origin("auto")]}
    )
    assert [evidence.standing for evidence in read("spine_imaging_clear", both)] == [USABLE]


def test_a_stale_value_does_not_come_back_as_an_answer(client: FlaskClient) -> None:
    """A gestational age that is too old to count is not made new by a form that was filled in from the chart."""
    weeks = {"valueQuantity": {"value": 12, "unit": "wk", "system": UCUM, "code": "wk"}}
    by_hand = sign(client, order(), chart=(response("gestational_age", weeks),))
    copied = sign(client, order(), chart=(response("gestational_age", weeks | {"extension": [origin("auto-client")]}),))
    assert decisions(by_hand)[0]["outcome"] == "necessary"
    assert decisions(copied)[0]["outcome"] == "not-documented"


@pytest.mark.parametrize("named", ["this", "other"])
def test_an_answer_counts_for_its_order_alone(client: FlaskClient, named: str) -> None:
    """Two orders of one call: the answer that one of them was asked for says nothing of the other."""
    weeks = {"valueQuantity": {"value": 12, "unit": "wk", "system": UCUM, "code": "wk"}}
    about = response("gestational_age", weeks, extension=[context(THIS if named == "this" else "ServiceRequest/elsewhere")])
    outcome = decisions(sign(client, order(), chart=(about,)))[0]["outcome"]
    assert outcome == ("necessary" if named == "this" else "not-documented")


@pytest.mark.parametrize(("public", "outcome"), [("https://cds.example/", "necessary"), ("", "not-documented")])
def test_forms_below_the_public_address_are_ours(monkeypatch: pytest.MonkeyPatch, public: str, outcome: str) -> None:
    """The operator's public address is the base of our forms, besides our own names."""
    monkeypatch.setenv("CDS_SERVICE_PUBLIC_URL", public)
    app = create_app(held_content(), today=lambda: TODAY)
    weeks = {"valueQuantity": {"value": 12, "unit": "wk", "system": UCUM, "code": "wk"}}
    told = response(
        "gestational_age", weeks, questionnaire="https://cds.example/fhir/Questionnaire/carelon-prenatal-cfdna-screening"
    )
    answered = app.test_client().post(ADDRESS, json=request(order(), chart=(told,))).get_json()
    assert decisions(answered)[0]["outcome"] == outcome


def test_a_later_response_takes_the_place_of_an_earlier_one_of_its_day() -> None:
    """Both were written after signing and speak of the day of service: the later one stands, and the earlier one is named."""
    bound: Json = {"questionnaire": OURS, "extension": [context(THIS)]}
    first = response("spine_imaging_clear", {"valueBoolean": False}, id="q1", authored="2025-05-03", **bound)
    second = response("spine_imaging_clear", {"valueBoolean": True}, id="q2", authored="2025-05-04", **bound)
    for given in ((first, second), (second, first)):
        found = {one.resource: one for one in read("spine_imaging_clear", *given)}
        assert found["QuestionnaireResponse/q2"].standing is USABLE
        assert found["QuestionnaireResponse/q1"].standing is DISCOUNTED
        assert "2025-05-04" in found["QuestionnaireResponse/q1"].note


@pytest.mark.parametrize(
    ("first", "second", "standings"),
    [
        ("2025-05-03T23:30:00-05:00", "2025-05-04T01:00:00Z", [USABLE, DISCOUNTED]),
        ("2025-05-03T23:30:00-05:00", "2025-05-04T06:00:00Z", [DISCOUNTED, USABLE]),
        ("2025-05-03", "2025-05-04T01:00:00Z", [DISCOUNTED, USABLE]),
    ],
)
def test_of_two_answers_for_an_order_one_is_always_left(first: str, second: str, standings: list[Standing]) -> None:
    """Clocks of two zones write another day: the moments tell which was later, and the other one alone is replaced."""
    bound: Json = {"questionnaire": OURS, "extension": [context(THIS)]}
    given = [
        response("spine_imaging_clear", {"valueBoolean": said}, id=f"q{said}", authored=at, **bound)
        for said, at in ((True, first), (False, second))
    ]
    assert [one.standing for one in read("spine_imaging_clear", *given)] == standings
    assert [one.standing for one in read("spine_imaging_clear", *given[::-1])] == standings[::-1]


def test_answers_of_one_day_that_disagree_both_stand() -> None:
    """Nobody can tell which of two answers of one day is right: both are kept, and the criterion is open."""
    given = [response("spine_imaging_clear", {"valueBoolean": said}, id=f"q{said}") for said in (True, False)]
    assert [one.standing for one in read("spine_imaging_clear", *given)] == [USABLE, USABLE]


@pytest.mark.parametrize(
    ("first", "second", "standings"),
    [
        ("2025-05-01T10:00:00Z", "2025-05-01T10:00:01Z", [DISCOUNTED, USABLE]),
        ("2025-05-01T10:00:00.250+02:00", "2025-05-01T10:00:00.100+02:00", [USABLE, DISCOUNTED]),
        ("2025-05-01T12:00:00+02:00", "2025-05-01T11:00:00Z", [DISCOUNTED, USABLE]),
        ("2025-05-01T10:00:00", "2025-05-01T10:00:01", [USABLE, USABLE]),
        ("2025-05-01", "2025-05-01T10:00:01Z", [USABLE, USABLE]),
    ],
)
def test_of_one_day_the_moment_tells_which_answer_is_later(first: str, second: str, standings: list[Standing]) -> None:
    """A person who corrects an answer within the day means the correction; where a moment or its zone is not told, both stand."""
    given = [
        response("spine_imaging_clear", {"valueBoolean": said}, authored=at, id=f"q{said}")
        for said, at in ((True, first), (False, second))
    ]
    assert [one.standing for one in read("spine_imaging_clear", *given)] == standings


@pytest.mark.parametrize(("authored", "standing"), [("2025-04-20", USABLE), ("2024-12-01", UNCERTAIN), ("2021-01-01", DISCOUNTED)])
def test_what_was_answered_of_a_state_ages_as_what_is_recorded(authored: str, standing: Standing) -> None:
    """An infection that somebody named years ago is none of now: it asks for a while, and then says nothing."""
    (found,) = read("systemic_infection", response("systemic_infection", {"valueBoolean": True}, authored=authored))
    assert found.standing is standing


def test_an_order_that_carries_its_response_means_it() -> None:
    """``supportingInfo`` of the order names the response, which was written days later to our form."""
    late = response("spine_imaging_clear", {"valueBoolean": True}, authored="2025-05-09", questionnaire=OURS)
    (evidence,) = read("spine_imaging_clear", late, supportingInfo=[{"reference": "QuestionnaireResponse/q1"}])
    assert evidence.when is not None
    assert evidence.when.text() == "2025-05-01"


def test_an_order_is_named_by_its_identifier() -> None:
    """A response may name its order by an identifier of the order."""
    identifier = {"system": "urn:orders", "value": "17"}
    named: Json = {"basedOn": [{"type": "ServiceRequest", "identifier": identifier}]}
    told = response("spine_imaging_clear", {"valueBoolean": True}, **named)
    assert [one.standing for one in read("spine_imaging_clear", told, identifier=[identifier])] == [USABLE]
    assert [one.standing for one in read("spine_imaging_clear", told)] == [DISCOUNTED]


SNOMED = "http://snomed.info/sct"
V2 = "http://terminology.hl7.org/CodeSystem/v2-"
VALUES: list[tuple[str, Json, object]] = [
    ("pain_origin", {"valueCoding": {"system": "urn:x", "code": "malignant"}}, "malignant"),
    ("pain_origin", {"valueCoding": {"display": "malignant"}}, "malignant"),
    ("pain_origin", {"valueCoding": {"display": " Malignant "}}, "malignant"),
    ("pain_origin", {"valueString": "NONMALIGNANT"}, "nonmalignant"),
    ("pain_origin", {"valueCoding": {"system": "urn:x", "code": "1", "display": "malignant"}}, None),
    ("pain_origin", {"valueCoding": {"display": "not malignant"}}, None),
    ("pain_origin", {"valueString": "malignant" * 50}, None),
    ("spine_imaging_clear", {"valueBoolean": False}, False),
    ("spine_imaging_clear", {"valueString": "Yes"}, True),
    ("spine_imaging_clear", {"valueString": "No"}, False),
    ("spine_imaging_clear", {"valueString": "y"}, True),
    ("spine_imaging_clear", {"valueString": "N"}, False),
    ("spine_imaging_clear", {"valueString": "true"}, True),
    ("spine_imaging_clear", {"valueString": "false"}, False),
    ("spine_imaging_clear", {"valueString": "No problem seen"}, None),
    ("spine_imaging_clear", {"valueString": "unknown"}, None),
    ("spine_imaging_clear", {"valueCoding": {"display": "Yes"}}, True),
    ("spine_imaging_clear", {"valueCoding": {"system": LOINC, "code": "LA33-6", "display": "Yes"}}, True),
    ("spine_imaging_clear", {"valueCoding": {"system": LOINC, "code": "LA32-8"}}, False),
    ("spine_imaging_clear", {"valueCoding": {"system": SNOMED, "code": "373066001"}}, True),
    ("spine_imaging_clear", {"valueCoding": {"system": SNOMED, "code": "373067005"}}, False),
    ("spine_imaging_clear", {"valueCoding": {"system": f"{V2}0136", "code": "Y"}}, True),
    ("spine_imaging_clear", {"valueCoding": {"system": f"{V2}0532", "code": "N"}}, False),
    ("spine_imaging_clear", {"valueCoding": {"system": f"{V2}0532", "code": "UNK"}}, None),
    ("life_expectancy", {"valueQuantity": {"value": 9, "unit": "mo", "system": UCUM, "code": "mo"}}, 9.0),
    ("life_expectancy", {"valueQuantity": {"value": 9, "unit": "months"}}, 9.0),
    ("life_expectancy", {"valueString": "9 months"}, 9.0),
    ("life_expectancy", {"valueInteger": 9}, None),
    ("life_expectancy", {"valueString": "9"}, None),
    ("life_expectancy", {"valueString": "9-12 months"}, None),
    ("life_expectancy", {"valueString": "about 9 months"}, None),
    ("life_expectancy", {"valueString": "9 10*99999999"}, None),
    ("pain_before_trial", {"valueInteger": 7}, 7.0),
    ("pain_before_trial", {"valueDecimal": 7.5}, 7.5),
    ("pain_before_trial", {"valueString": "7"}, 7.0),
    ("pain_before_trial", {"valueCoding": {"display": "7"}}, 7.0),
    ("pain_before_trial", {"valueString": "7/10"}, None),
    ("pain_before_trial", {"valueString": "17"}, None),
    ("gestational_age", {"valueString": "12w3d"}, 87.0),
    ("gestational_age", {"valueString": "12 weeks 3 days"}, 87.0),
    ("gestational_age", {"valueString": "12 weeks and 3 days"}, 87.0),
    ("gestational_age", {"valueString": "12"}, None),
    ("gestational_age", {"valueString": "12 wk 3 mg"}, None),
]


@pytest.mark.parametrize(("fact", "answer", "value"), VALUES, ids=[f"{fact} {answer}"[:90] for fact, answer, _ in VALUES])
def test_values_as_renderers_write_them(fact: str, answer: Json, value: object) -> None:
    """Choices by code or by their words, yes and no in every customary form, numbers with their units; the rest is uncertain."""
    (evidence,) = [one for one in read(fact, response(fact, answer)) if one.kind == "answered"]
    assert evidence.standing is (UNCERTAIN if value is None else USABLE), evidence.note
    found = evidence.value
    assert (getattr(found, "low", found) if value is not None else None) == value
