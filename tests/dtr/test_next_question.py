"""``$next-question``: how a talk starts, goes on and ends; and everything a client may send that is not as it was asked."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta

import pytest
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse
from sqlalchemy import event, select, update

from cds_service.hooks.settings import Settings
from cds_service.policy.values import Interval, Value
from cds_service.serving.app import create_app
from cds_service.store.tables import ContextRow, Table
from tests.conftest import TODAY, held_content
from tests.dtr import talks
from tests.dtr.conftest import CONTEXT, Asking
from tests.exchange import Json

verifies = pytest.mark.verifies
NAME = "lhcc-implantable-intrathecal-epidural-pain-pump"
FAVOURABLE: dict[str, Value] = {
    "pain_origin": "malignant",
    "life_expectancy": Interval.exactly(6),
    "trial_pain_reduction": Interval.exactly(60),
}
Change = Callable[[Json], object]


def adaptive_name(asking: Asking) -> str:
    """The canonical of the policy's adaptive form."""
    return f"{talks.PUBLIC}/fhir/Questionnaire/{NAME}.adaptive|{asking.canonical.partition('|')[2]}"


def start(asking: Asking) -> Json:
    """The response of a first call: no items, and a contained form without any."""
    _, draft = asking.form()
    form: Json = {"resourceType": "Questionnaire", "id": "q", "status": "active", "derivedFrom": [adaptive_name(asking)]}
    held = draft | {"id": "talk", "contained": [form], "questionnaire": "#q"}
    held.pop("item")
    return held


def send(asking: Asking, response: Json, status: int = 200, name: str = "questionnaire-response") -> Json:
    """What comes back to a call in 2.2: the response, or the OperationOutcome of a refusal."""
    body = {"resourceType": "Parameters", "parameter": [{"name": name, "resource": response}]}
    answered = asking.client.post("/fhir/Questionnaire/$next-question", json=body)
    assert answered.status_code == status, answered.get_data(as_text=True)
    got: Json = answered.get_json()
    found: Json = got["parameter"][0]["resource"] if status == 200 else got
    return found


def with_answers(response: Json, answers: dict[str, Value]) -> Json:
    """A response in which every question so far has an answer; yes where none is named."""
    made = deepcopy(response)
    catalogue = held_content().catalogue
    items = [one for one in made["contained"][0]["item"] if one["type"] != "display"]
    made["item"] = [
        {
            "linkId": one["linkId"],
            "answer": [talks.by_hand(talks.answer(catalogue[one["linkId"]], answers.get(one["linkId"], True), one))],
        }
        for one in items
    ]
    return made


def give(fact: str, item: Json) -> Value:
    """A favourable answer."""
    return FAVOURABLE[fact] if item["type"] != "boolean" else True


@verifies("dtr-next-question", "dtr-next-question-end", "dtr-assertion-again", "dtr-no-number-unasked")
@pytest.mark.parametrize("version", talks.BASES)
def test_the_shortest_way_as_a_talk(asking: Asking, version: str) -> None:
    """Malignant pain: eight of nineteen questions in two calls and one that completes, with the same assertion and no number."""
    ((_, draft),) = talks.bundles(asking.package(CONTEXT(asking.context), version=version))
    heard = talks.adaptive(asking.client, version, draft, adaptive_name(asking), give)
    asked = [item["linkId"] for item in heard[-1]["contained"][0]["item"] if item["type"] != "display"]
    assert (len(asked), len(heard)) == (8, 3)
    for one in heard:
        QuestionnaireResponse.model_validate(one)
    assert [one["status"] for one in heard] == ["in-progress", "in-progress", "completed"]
    (extension,) = [one for one in heard[-1]["extension"] if one["url"].endswith("ext-coverage-information")]
    said = talks.parts(extension)
    assert said["coverage-assertion-id"] == [asking.context]
    assert "satisfied-pa-id" not in said
    assert asking.sign({**heard[-1], "id": "a1"})["outcome"] == "necessary"


def test_a_refusing_answer_ends_the_talk(asking: Asking) -> None:
    """What cannot become necessary any more is asked nothing more."""
    answers: dict[str, Value] = FAVOURABLE | {"noninvasive_pain_control_failed": False}
    done = send(asking, with_answers(send(asking, start(asking)), answers))
    assert done["status"] == "completed"
    assert asking.sign({**done, "id": "a1"})["outcome"] == "not-necessary"


def test_what_nobody_knows_is_not_asked_again(asking: Asking) -> None:
    """Questions that are left out stay open and are not repeated; the talk ends within as many calls as there are questions."""
    held, calls, seen = start(asking), 0, set[str]()
    while held["status"] == "in-progress":
        held = send(asking, held)
        new = {item["linkId"] for item in held["contained"][0].get("item", []) if item["type"] != "display"} - seen
        assert new or held["status"] == "completed"
        seen |= new
        calls += 1
    assert calls <= len(seen) + 1
    assert asking.sign({**held, "id": "a1"})["outcome"] == "not-documented"


@verifies("dtr-last-questions")
def test_the_last_questions_are_said_to_be_the_last(asking: Asking) -> None:
    """Where nothing else is left to ask, a line on the form says so, once, and the next call completes."""
    held, said = send(asking, start(asking)), 0
    while held["status"] == "in-progress":
        shown = [item for item in held["contained"][0]["item"] if item["type"] == "display"]
        assert len(shown) <= 1
        said = len(shown)
        held = send(asking, held)
        assert not said or held["status"] == "completed"
    assert said == 1


@verifies("dtr-next-question-names")
def test_the_response_is_read_under_every_version_s_name(asking: Asking) -> None:
    """``questionnaire-response``, ``in``, and the bare response."""
    first = send(asking, start(asking))
    assert send(asking, start(asking), name="in")["contained"] == first["contained"]
    bare = asking.client.post("/fhir/2.0.1/Questionnaire/$next-question", json=start(asking))
    assert bare.get_json()["contained"] == first["contained"]


@verifies("dtr-replaces")
def test_a_new_talk_begins_anew(asking: Asking) -> None:
    """Nothing of the first talk is remembered, and an assertion of an earlier run is replaced."""
    answers: dict[str, Value] = FAVOURABLE | {"noninvasive_pain_control_failed": False}
    done = send(asking, with_answers(send(asking, start(asking)), answers))
    again = start(asking) | {"extension": [*start(asking)["extension"], done["extension"][-1]]}
    ended = send(asking, with_answers(send(asking, again), answers))
    assert [one["url"].rpartition("/")[2] for one in ended["extension"]].count("ext-coverage-information") == 1


@verifies("dtr-answers-not-kept")
def test_nothing_of_the_answers_is_kept(asking: Asking) -> None:
    """The database is the same before and after a talk."""

    def everything() -> list[str]:
        asking.store.decisions.flush(5)
        with asking.store.engine.connect() as connection:
            return [str(row) for table in Table.metadata.sorted_tables for row in connection.execute(select(table))]

    asking.form()
    before = everything()
    talks.adaptive(asking.client, "2.2", asking.form()[1], adaptive_name(asking), give)
    assert everything() == before


def item(response: Json, number: int = 0) -> Json:
    """One question of the contained form."""
    found: Json = response["contained"][0]["item"][number]
    return found


def answered(response: Json, fact: str, **value: object) -> None:
    """Puts another answer in the place of a fact's."""
    for one in response["item"]:
        if one["linkId"] == fact:
            one["answer"] = [value]


ODD: dict[str, tuple[Change, int]] = {
    "no contained form": (lambda r: r.pop("contained"), 400),
    "two contained forms": (lambda r: r["contained"].append({"resourceType": "Questionnaire", "id": "z", "status": "active"}), 400),
    "a contained patient": (lambda r: r["contained"].__setitem__(0, {"resourceType": "Patient", "id": "q"}), 400),
    "a form of somebody else": (lambda r: r["contained"][0].update(derivedFrom=["https://elsewhere.example/q"]), 404),
    "a version that is retired": (
        lambda r: r["contained"][0].update(derivedFrom=[f"{talks.PUBLIC}/fhir/Questionnaire/{NAME}.adaptive|2021-01-01-0"]),
        404,
    ),
    "another policy's form": (
        lambda r: (
            r["contained"][0].update(
                derivedFrom=[f"{talks.PUBLIC}/fhir/Questionnaire/carelon-prenatal-cfdna-screening.adaptive"], item=[]
            ),
            r.pop("item"),
        ),
        404,
    ),
    "a question that was changed": (lambda r: item(r).update(text="Is it not so?"), 400),
    "an option that was added": (lambda r: item(r)["answerOption"].append({"valueCoding": {"code": "neither"}}), 400),
    "a question below a question": (
        lambda r: item(r)["item"].append({"linkId": "spinal_infection", "text": "Is there an infection?", "type": "boolean"}),
        400,
    ),
    "a question that answers itself": (lambda r: item(r).update(initial=[{"valueCoding": {"code": "malignant"}}]), 400),
    "options from elsewhere": (lambda r: item(r).update(answerValueSet="https://elsewhere.example/ValueSet/x"), 400),
    "an answer to other words": (lambda r: r["item"][0].update(text="Is it not so?"), 400),
    "a question of their own": (lambda r: r["contained"][0]["item"].append({"linkId": "x", "text": "?", "type": "boolean"}), 400),
    "a question twice": (lambda r: r["contained"][0]["item"].append(item(r)), 400),
    "an answer that was not asked": (
        lambda r: r["item"].append({"linkId": "spinal_infection", "answer": [{"valueBoolean": True}]}),
        400,
    ),
    "free text": (lambda r: answered(r, "life_expectancy", valueString="quite some time"), 400),
    "out of range": (lambda r: answered(r, "life_expectancy", valueQuantity={"value": -4, "unit": "mo"}), 400),
    "an unknown unit": (lambda r: answered(r, "life_expectancy", valueQuantity={"value": 4, "unit": "moons"}), 400),
    "of the wrong type": (lambda r: answered(r, "pain_origin", valueBoolean=True), 400),
    "no choice of ours": (lambda r: answered(r, "pain_origin", valueCoding={"code": "other"}), 400),
    "no FHIR": (lambda r: r["item"][0].update(answer="yes"), 400),
    "an unknown status": (lambda r: r.update(status="soon"), 400),
    "no patient": (lambda r: r.pop("subject"), 400),
    "another patient": (lambda r: r.update(subject={"reference": "Patient/p2"}), 404),
    "no order and no Coverage": (lambda r: r.pop("extension"), 400),
    "another order": (lambda r: r["extension"][1].update(valueReference={"reference": "ServiceRequest/o7"}), 404),
    "another Coverage": (lambda r: r["extension"][0].update(valueReference={"reference": "Coverage/c7"}), 404),
}


@verifies("dtr-next-question-refused")
@pytest.mark.parametrize("said", ODD)
def test_a_response_that_is_not_as_it_was_asked_is_refused(asking: Asking, said: str) -> None:
    """400 where it breaks its form, 404 where what it is of is not held; an OperationOutcome names the place. Nothing is decided."""
    change, status = ODD[said]
    odd = with_answers(send(asking, start(asking)), FAVOURABLE)
    change(odd)
    outcome = send(asking, odd, status)
    assert outcome["resourceType"] == "OperationOutcome"
    assert outcome["issue"][0]["expression"]
    if said == "free text":
        assert "linkId='life_expectancy'" in outcome["issue"][0]["expression"][0]


def naming(response: Json, number: int) -> Json:
    """A response that names so many orders and coverages that are not held, half of each, before its own."""
    kinds = (("qr-context", "ServiceRequest"), ("qr-coverage", "Coverage"))
    more = [
        {"url": f"{talks.DTR}{url}", "valueReference": {"reference": f"{kind}/x{at}"}}
        for at in range(number // 2)
        for url, kind in kinds
    ]
    return response | {"extension": [*more, *response["extension"]]}


def test_orders_and_coverages_are_looked_for_all_at_once(asking: Asking) -> None:
    """However many a response may name, the store is asked one question; a response that names more is refused as too costly."""
    first = start(asking)
    said: list[str] = []
    event.listen(asking.store.engine, "before_cursor_execute", lambda *call: said.append(call[2]))
    assert send(asking, naming(first, 48))["status"] == "in-progress"
    assert sum("FROM context" in one for one in said) == 1
    said.clear()
    refused = send(asking, naming(first, 50), 400)
    assert [(one["code"], one["expression"]) for one in refused["issue"]] == [("too-costly", ["QuestionnaireResponse.extension"])]
    assert said == []


def test_an_empty_answer_is_a_question_left_out(asking: Asking) -> None:
    """No value, no answer: not an error, and not documented."""
    held = with_answers(send(asking, start(asking)), FAVOURABLE)
    held["item"][0].pop("answer")
    assert send(asking, held)["status"] == "in-progress"


def test_help_may_be_left_out(asking: Asking) -> None:
    """A client that drops what only explains a question has asked it all the same."""
    held = with_answers(send(asking, start(asking)), FAVOURABLE)
    for one in held["contained"][0]["item"]:
        one.pop("item", None)
    assert send(asking, held)["status"] == "in-progress"


@pytest.mark.parametrize("way", ["expired", "no store"])
def test_without_a_context_there_is_no_talk(asking: Asking, way: str) -> None:
    """A context that expired, and a service that keeps none: 404, with what to do instead. The standard form is there all the same."""
    first = start(asking)
    client = asking.client
    if way == "expired":
        with asking.store.engine.begin() as connection:
            connection.execute(update(ContextRow).values(kept_at=datetime.now(UTC) - timedelta(days=31)))
    else:
        client = create_app(held_content(), Settings(public_url=talks.PUBLIC), lambda: TODAY).test_client()
    answered = client.post("/fhir/2.0.1/Questionnaire/$next-question", json=first)
    assert answered.status_code == 404
    assert "send the order instead" in answered.get_json()["issue"][0]["details"]["text"]
    coverage = {
        "name": "coverage",
        "resource": {
            "resourceType": "Coverage",
            "id": "c1",
            "status": "active",
            "beneficiary": {"reference": "Patient/p1"},
            "payor": [{"identifier": {"system": "urn:cds-service:payer", "value": "lhcc"}}],
        },
    }
    standard = {"name": "questionnaire", "valueCanonical": f"{talks.PUBLIC}/fhir/Questionnaire/{NAME}"}
    assert len(talks.bundles(talks.package(client, "2.2", coverage, standard))) == 1
