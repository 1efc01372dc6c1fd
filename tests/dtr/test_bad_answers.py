"""Answers that come back wrong to order-sign: nothing is decided from them, nothing fails, and the trace says why."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import held_content
from tests.dtr import talks
from tests.dtr.conftest import Asking
from tests.exchange import Json

verifies = pytest.mark.verifies
FACT = "pain_origin"


def told(decision: Json, fact: str) -> str:
    """Why an answer to a fact did not count."""
    return "; ".join(one.get("unusable", "") for one in decision["evidence"] if one["fact"] == fact)


def response(asking: Asking, answer: Json, fact: str = FACT, **more: Any) -> Json:
    """The order's draft, completed with one answer."""
    _, draft = asking.form()
    made: Json = draft | {"id": "a1", "status": "completed", "item": [{"linkId": fact, "answer": [answer]}]} | more
    return made


MALIGNANT = {"valueCoding": {"code": "malignant", "display": "malignant"}}
AUTO = {"url": f"{talks.DTR}information-origin", "extension": [{"url": "source", "valueCode": "auto-client"}]}


@verifies("answers-read")
def test_a_good_answer_counts(asking: Asking) -> None:
    """The measure of all others: with it, the origin of the pain is asked no more."""
    for answer in (MALIGNANT, {"valueCoding": {"display": "malignant"}}, talks.by_hand(MALIGNANT)):
        assert FACT not in asking.sign(response(asking, answer))["asks"]


ODD: dict[str, tuple[str, Json, str]] = {
    "out of range": ("life_expectancy", {"valueQuantity": {"value": 9000, "unit": "mo"}}, "plausible"),
    "negative": ("life_expectancy", {"valueQuantity": {"value": -1, "unit": "mo"}}, "plausible"),
    "in an unknown unit": ("life_expectancy", {"valueQuantity": {"value": 9, "unit": "moons"}}, "unit"),
    "without a unit": ("life_expectancy", {"valueQuantity": {"value": 9}}, "unit"),
    "of the wrong type": (FACT, {"valueBoolean": True}, "yes or no"),
    "a number for a choice": (FACT, {"valueInteger": 1}, "number"),
    "in free text": (FACT, {"valueString": "probably malignant, see the letter"}, "none of"),
    "long free text": (FACT, {"valueString": "malignant " * 50}, "free text"),
    "no choice of ours": (FACT, {"valueCoding": {"code": "neither"}}, "not one that this fact knows"),
    "of a code and other words": (FACT, {"valueCoding": {"code": "malignant", "display": "Nonmalignant"}}, "two answers"),
    "of yes and no": ("spine_imaging_clear", {"valueCoding": {"code": "Y", "display": "No"}}, "two answers"),
    "in two units": (
        "life_expectancy",
        {"valueQuantity": {"value": 6, "unit": "days", "system": "http://unitsofmeasure.org", "code": "mo"}},
        "two units",
    ),
    "empty": (FACT, {}, "no value"),
    "filled in by a program": (FACT, MALIGNANT | {"extension": [AUTO]}, "a program filled it in"),
}


@verifies("answers-read")
@pytest.mark.parametrize("said", ODD)
def test_an_answer_that_cannot_be_used_decides_nothing(asking: Asking, said: str) -> None:
    """The question stays open and the decision says what is wrong with the answer."""
    fact, answer, why = ODD[said]
    decision = asking.sign(response(asking, answer, fact))
    assert decision["outcome"] == "not-documented"
    assert fact in decision["asks"]
    if said not in ("of the wrong type",):
        assert why in told(decision, fact), decision["evidence"]


def context(reference: str) -> Json:
    """Another order as what a response is for."""
    return {"url": f"{talks.DTR}qr-context", "valueReference": {"reference": reference}}


ASKED = held_content().catalogue[FACT].question


def changed(item: Json, **around: Any) -> Json:
    """A response to an adaptive form of ours, whose question somebody changed."""
    name = "lhcc-implantable-intrathecal-epidural-pain-pump"
    own = {"linkId": FACT, "text": ASKED, "type": "choice"} | item
    form = {
        "resourceType": "Questionnaire",
        "id": "q",
        "status": "active",
        "derivedFrom": [f"{talks.PUBLIC}/fhir/Questionnaire/{name}.adaptive"],
        "item": [around | {"item": [own]} if around else own],
    }
    return {"questionnaire": "#q", "contained": [form]}


def option(code: str, display: str, **more: Any) -> Json:
    """One option of a changed question."""
    return {"valueCoding": {"code": code, "display": display}} | more


def test_an_adaptive_form_that_asks_as_we_do_counts(asking: Asking) -> None:
    """The measure of those that were changed: with its options, spaced otherwise, in a group without words."""
    same = {"text": f"  {ASKED} ", "answerOption": [option("malignant", "malignant"), option("nonmalignant", "nonmalignant")]}
    for form in (changed(same), changed(same, linkId="g", type="group")):
        assert FACT not in asking.sign(response(asking, MALIGNANT, **form))["asks"]


def test_an_item_that_asked_in_other_words_decides_nothing(asking: Asking) -> None:
    """The text of a response's own item is what its person read: where it is not our question, the question stays open."""
    made = response(asking, MALIGNANT)
    made["item"][0]["text"] = ASKED
    assert FACT not in asking.sign(made)["asks"]
    made["item"][0]["text"] = "Which kind of pain is it not?"
    decision = asking.sign(made)
    assert FACT in decision["asks"]
    assert "not worded as ours" in told(decision, FACT)


OTHERS: dict[str, Json] = {
    "options that were exchanged": changed(
        {"answerOption": [option("malignant", "nonmalignant"), option("nonmalignant", "malignant")]}
    ),
    "an option that was added": changed({"answerOption": [option("malignant", "malignant"), option("none", "none")]}),
    "an option that was picked already": changed({"answerOption": [option("malignant", "malignant", initialSelected=True)]}),
    "options from elsewhere": changed({"answerValueSet": "https://elsewhere.example/ValueSet/x"}),
    "an answer that was there already": changed({"initial": [{"valueCoding": {"code": "malignant"}}]}),
    "a group that says the opposite": changed({}, linkId="g", type="group", text="None of this is so:"),
    "another order": {"extension": [context("ServiceRequest/o7")]},
    "another policy": {"questionnaire": f"{talks.PUBLIC}/fhir/Questionnaire/carelon-prenatal-cfdna-screening", "extension": []},
    "a version that is retired": {
        "questionnaire": f"{talks.PUBLIC}/fhir/Questionnaire/lhcc-implantable-intrathecal-epidural-pain-pump|2021-01-01-0"
    },
    "somebody else's form": {"questionnaire": "https://elsewhere.example/Questionnaire/pump"},
    "a form that was changed": {
        "questionnaire": "#q",
        "contained": [
            {
                "resourceType": "Questionnaire",
                "id": "q",
                "status": "active",
                "derivedFrom": [f"{talks.PUBLIC}/fhir/Questionnaire/lhcc-implantable-intrathecal-epidural-pain-pump.adaptive"],
                "item": [{"linkId": FACT, "text": "Which kind of pain is it not?", "type": "choice"}],
            }
        ],
    },
}


@verifies("answers-read", "dtr-old-responses")
@pytest.mark.parametrize("said", OTHERS)
def test_an_answer_to_something_else_decides_nothing(asking: Asking, said: str) -> None:
    """For another order, another policy, a retired version, another's form, or a question that was changed: named, and not used."""
    decision = asking.sign(response(asking, MALIGNANT, **OTHERS[said]))
    assert FACT in decision["asks"]
    assert told(decision, FACT)


def test_an_answer_of_another_patient_is_set_aside(asking: Asking) -> None:
    """As all that is not about the patient."""
    decision = asking.sign(response(asking, MALIGNANT, subject={"reference": "Patient/p2"}))
    assert FACT in decision["asks"]


def test_items_that_nobody_asked_for_are_passed_over(asking: Asking) -> None:
    """Unknown ``linkId``s, nested items without end, items that are no items."""
    nested: Json = {"linkId": "x"}
    for _ in range(60):
        nested = {"linkId": "x", "item": [nested]}
    made = response(asking, MALIGNANT)
    made["item"] = [*made["item"], nested, {"linkId": "no_such_fact", "answer": [{"valueBoolean": True}]}]
    assert asking.sign(made)["outcome"] == "not-documented"


@verifies("answers-read")
@pytest.mark.parametrize("authored", ["2025-07-02T01:30:00Z", "2025-07-09", "2025-07-01T20:30:00-05:00"])
def test_staff_may_finish_the_form_later(asking: Asking, authored: str) -> None:
    """An answer to our form for this order speaks as of the order's date of service, whenever it was written."""
    assert FACT not in asking.sign(response(asking, MALIGNANT, authored=authored))["asks"]
