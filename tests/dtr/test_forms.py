"""Forms: every asked fact can be answered, and comes back as the same value; a canonical is all that is needed to have one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import orjson
import pytest
from fhir.resources.R4B.questionnaire import Questionnaire
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse
from hypothesis import given
from hypothesis import strategies as st

from cds_service.case import Case
from cds_service.chart import Chart
from cds_service.content.content import Content
from cds_service.content.forms import NamedForm, NotHeld, PolicyForm, named_form
from cds_service.facts.extract import Facts
from cds_service.facts.found.forms import WHEN, every_item
from cds_service.facts.units import convert
from cds_service.hooks.answer import decide_request
from cds_service.hooks.received.messages import parse_request
from cds_service.hooks.settings import Settings
from cds_service.order import read_order
from cds_service.policy.evidence import Evidence, Standing
from cds_service.policy.values import Days, Interval
from cds_service.questionnaires.draft import About, draft_response
from cds_service.questionnaires.form import Form, form_by_canonical, form_named, form_of
from cds_service.questionnaires.items import units
from tests.conftest import TODAY, held_content
from tests.exchange import PATIENT, Json, order, request

PUBLIC = "https://cds.example"
verifies = pytest.mark.verifies
SIGNED = date(2025, 5, 1)
NOW = datetime(2025, 5, 1, 10, 0, tzinfo=UTC)
FORMS = sorted(held_content().forms)


def standard(name: str) -> Form:
    """The standard form of a policy version."""
    of = held_content().forms[name]
    return form_named(NamedForm(of, of.facts), held_content(), PUBLIC)


def questions(form: Form) -> list[Json]:
    """The items that ask for facts."""
    return [item for item in every_item(form.questionnaire) if item["type"] != "display" and not item["linkId"].endswith(WHEN)]


@verifies("dtr-form", "dtr-form-answers", "dtr-no-hidden")
@pytest.mark.parametrize("name", FORMS)
def test_a_form_is_a_valid_questionnaire(name: str) -> None:
    """By R4B: every linkId once, every choice with coded options, every quantity with units that the reader converts, none required."""
    made = standard(name)
    Questionnaire.model_validate(made.questionnaire)
    links = [item["linkId"] for item in every_item(made.questionnaire)]
    assert len(links) == len(set(links))
    assert [item["linkId"] for item in questions(made)] == list(made.facts)
    for item in questions(made):
        definition = held_content().catalogue[item["linkId"]]
        assert item["text"] == definition.question
        assert not item["required"]
        assert "readOnly" not in item
        assert not any(one["url"].endswith("questionnaire-hidden") for one in item.get("extension", []))
        if item["type"] == "choice":
            options = [option["valueCoding"] for option in item["answerOption"]]
            assert [option["code"] for option in options] == definition.entry.choices
            assert all(option["system"].startswith(f"{PUBLIC}/fhir/CodeSystem/") for option in options)
        if item["type"] == "quantity":
            offered = [one["valueCoding"]["code"] for one in item["extension"] if one["url"].endswith("unitOption")]
            assert offered == list(units(definition))
            for unit in offered:
                convert(1, unit, definition.entry.unit)


@pytest.mark.parametrize("name", FORMS)
def test_every_question_says_why_it_is_asked(name: str) -> None:
    """Help stands behind each question, with the place in the document; never more than its own words."""
    for item in questions(standard(name)):
        (why,) = [below for below in item["item"] if below["type"] == "display"]
        assert why["text"].startswith("Asked ")


def values(item: Json) -> st.SearchStrategy[tuple[Json, Any]]:
    """Answers that an item takes, each with the value that is meant."""
    definition = held_content().catalogue[item["linkId"]]
    match item["type"]:
        case "boolean":
            return st.booleans().map(lambda said: ({"valueBoolean": said}, said))
        case "choice":
            options = st.sampled_from(item["answerOption"])
            return options.map(lambda option: ({"valueCoding": option["valueCoding"]}, option["valueCoding"]["code"]))
        case "date":
            return st.dates(date(2020, 1, 1), date(2025, 4, 30)).map(lambda day: ({"valueDate": day.isoformat()}, Days.on(day)))
        case _:
            bounds = definition.entry.range
            assert bounds
            coded = [one["valueCoding"] for one in item["extension"] if one["url"].endswith("unitOption")]

            def in_unit(unit: Json, number: int) -> tuple[Json, Any]:
                quantity = {"value": number, "unit": unit["display"], "system": unit["system"], "code": unit["code"]}
                return {"valueQuantity": quantity}, Interval.exactly(convert(number, unit["code"], definition.entry.unit))

            def numbers(unit: Json) -> st.SearchStrategy[tuple[Json, Any]]:
                low, high = (convert(end, definition.entry.unit, unit["code"]) for end in (bounds.from_, bounds.to))
                return st.integers(int(low), int(high)).map(lambda number: in_unit(unit, number))

            return st.one_of([numbers(unit) for unit in coded])


def answered(form: Form, given_: dict[str, Json], **more: Any) -> Json:
    """The form's draft, filled in by a person and completed."""
    about = About("Patient/p1", "Coverage/c1", ("ServiceRequest/o1",))
    made = draft_response(form, about, NOW, held_content(), PUBLIC) | {"id": "q1", "status": "completed"}
    origin = {
        "url": "http://hl7.org/fhir/us/davinci-dtr/StructureDefinition/information-origin",
        "extension": [{"url": "source", "valueCode": "manual"}],
    }
    for item in made["item"]:
        if item["linkId"] in given_:
            item["answer"] = [{"extension": [origin], **given_[item["linkId"]]}]
    return made | more


def read(name: str, fact: str, response: Json) -> list[Evidence]:
    """What a response says of a fact to its own order."""
    own = read_order(order(on=SIGNED.isoformat()), 0, SIGNED)
    case = Case(Chart([response], held_content().terminology, "p1"), own, (own,), SIGNED, our_url=PUBLIC, form=name)
    return [one for one in Facts(case, held_content().catalogue)[fact].evidence if one.kind == "answered"]


@given(data=st.data(), name=st.sampled_from(FORMS))
def test_an_answer_comes_back_as_the_same_value(data: st.DataObject, name: str) -> None:
    """Every item of every form takes every value that is plausible, and the reader gives the same value, usable, to its order."""
    form = standard(name)
    item = data.draw(st.sampled_from(questions(form)))
    written, value = data.draw(values(item))
    response = answered(form, {item["linkId"]: written})
    QuestionnaireResponse.model_validate(response)
    if held_content().catalogue[item["linkId"]].derived:
        own = read_order(order(on=SIGNED.isoformat()), 0, SIGNED)
        chart = Chart([response], held_content().terminology, "p1")
        facts = Facts(Case(chart, own, (own,), SIGNED, our_url=PUBLIC, form=name), held_content().catalogue)
        assert any(one.kind == "answered" or one.resource for one in facts[item["linkId"]].evidence)
        return
    (found,) = read(name, item["linkId"], response)
    assert found.standing is Standing.USABLE, found.note
    assert found.value == value
    assert found.when == Days.on(SIGNED)


def forms_of_some(form: PolicyForm) -> Iterator[tuple[str, ...]]:
    """Some selections of a form's questions, in orders of their own."""
    yield form.facts
    yield form.facts[::-1]
    yield form.facts[2:5]
    yield form.facts[-1:]


@pytest.mark.parametrize("public", [PUBLIC, ""])
@pytest.mark.parametrize("name", FORMS)
def test_a_canonical_is_all_that_is_needed_to_have_the_form(name: str, public: str) -> None:
    """Whoever asks by the canonical of a form gets the very same form: the questions and their order stand in it."""
    content = held_content()
    of = content.forms[name]
    for facts in forms_of_some(of):
        made = form_named(NamedForm(of, facts), content, public)
        assert form_by_canonical(made.canonical, content, public) == made
        assert len(made.canonical) < 255
    assert named_form(of.canonical(public, adaptive=True), content.forms, public) == NamedForm(of, (), adaptive=True)


def test_a_canonical_without_its_version_is_of_the_current_one() -> None:
    """The policy version that was last to take effect."""
    found = named_form(f"{PUBLIC}/fhir/Questionnaire/carelon-prenatal-cfdna-screening", held_content().forms, PUBLIC)
    assert found.of.policy.version == date(2025, 4, 1)


@pytest.mark.parametrize("found", [0, 1])
def test_the_form_of_a_decision_asks_just_what_is_open(found: int) -> None:
    """The questions of the decision, in its order; of an order that is decided there is no form."""
    weeks: Json = {"valueQuantity": {"value": 12, "unit": "wk", "system": "http://unitsofmeasure.org", "code": "wk"}}
    told: Json = {
        "resourceType": "QuestionnaireResponse",
        "id": "q",
        "status": "completed",
        "subject": PATIENT,
        "authored": "2025-05-01",
    }
    told |= {"item": [{"linkId": "gestational_age", "answer": [weeks]}]}
    made = parse_request(orjson.dumps(request(order(), chart=(told,) * found)), "2.2")
    ((_, decision),) = decide_request(made, held_content(), TODAY, Settings())
    form = form_of(decision, held_content(), PUBLIC)
    assert (form.facts if form else ()) == decision.asks
    assert (form is None) == bool(found)


NOT_HELD = {
    "https://elsewhere.example/fhir/Questionnaire/lhcc|1": "no form of this service",
    f"{PUBLIC}/fhir/Questionnaire/no-such-policy": "no policy",
    f"{PUBLIC}/fhir/Questionnaire/": "no policy",
    f"{PUBLIC}/fhir/Questionnaire/carelon-prenatal-cfdna-screening|2021-01-01-00000000": "retired",
    f"{PUBLIC}/fhir/Questionnaire/carelon-prenatal-cfdna-screening.zzz": "no form",
    f"{PUBLIC}/fhir/Questionnaire/carelon-prenatal-cfdna-screening.q0": "no form",
    f"{PUBLIC}/fhir/Questionnaire/carelon-prenatal-cfdna-screening.qzz": "what its policy does not",
    f"{PUBLIC}/fhir/Questionnaire/carelon-prenatal-cfdna-screening.q0000": "what its policy does not",
    "": "no form of this service",
}


@pytest.mark.parametrize("canonical", NOT_HELD)
def test_a_form_that_is_not_held_is_told(canonical: str) -> None:
    """Another's form, an unknown policy, a version that is no more, a name that was never written: each with its reason."""
    with pytest.raises(NotHeld, match=NOT_HELD[canonical]):
        named_form(canonical, held_content().forms, PUBLIC)


def test_another_wording_is_another_version(content: Content) -> None:
    """The version of a form tells any change of what it asks, so nobody answers what was not asked."""
    name = "medica-central-open-si-joint-fusion|2024-10-01"
    of = content.forms[name]
    assert of.version.startswith("2024-10-01-")
    assert replace(of, version="2024-10-01-00000000").canonical(PUBLIC) != of.canonical(PUBLIC)


def test_the_day_of_an_answer_goes_before_that_of_its_response() -> None:
    """A laboratory value was so on its own day; a day to come, and one that is none, leave it uncertain."""
    name, fact = "bcbsm-colony-stimulating-factors|2024-04-11", "serum_albumin"
    form = standard(name)
    assert f"{fact}{WHEN}" in [item["linkId"] for item in every_item(form.questionnaire)]
    grams: Json = {"valueQuantity": {"value": 3, "unit": "g/dL", "system": "http://unitsofmeasure.org", "code": "g/dL"}}

    def told(day: Json | None) -> Evidence:
        below = {"item": [{"linkId": f"{fact}{WHEN}", "answer": [day]}]} if day else {}
        (found,) = read(name, fact, answered(form, {fact: grams | below}))
        return found

    assert told(None).when == Days.on(SIGNED)
    earlier = told({"valueDate": "2025-04-20"})
    assert (earlier.standing, earlier.when) == (Standing.USABLE, Days.on(date(2025, 4, 20)))
    for odd in ({"valueDate": "2025-05-20"}, {"valueString": "last week"}, {"valueDate": "2025-13-01"}):
        assert told(odd).standing is Standing.UNCERTAIN


@verifies("dtr-draft")
def test_a_draft_is_valid_and_fills_in_what_is_known() -> None:
    """What a program filled in says so and has no author, in the words of each version; the draft names Coverage, order and use."""
    name = "lhcc-implantable-intrathecal-epidural-pain-pump|2025-06-14"
    form = standard(name)
    known = {
        "pain_origin": Evidence("malignant", Days.on(SIGNED), "Condition/1"),
        "life_expectancy": Evidence(Interval.exactly(9), Days.on(SIGNED), "Observation/1"),
        "spine_imaging_clear": Evidence(True, Days.on(SIGNED), "Observation/2"),
    }
    about = About("Patient/p1", "Coverage/c1", ("ServiceRequest/o1",))
    for version, source, contexts in (("2.2", "auto-server", 1), ("2.0.1", "auto", 2)):
        made = draft_response(form, about, NOW, held_content(), PUBLIC, known, version)  # type: ignore[arg-type]
        QuestionnaireResponse.model_validate(made)
        assert made["questionnaire"] == form.canonical
        assert [one["url"].rpartition("/")[2] for one in made["extension"]].count("qr-context") == contexts
        filled = {item["linkId"]: item["answer"][0] for item in made["item"] if "answer" in item}
        assert filled.keys() == known.keys()
        for answer in filled.values():
            (origin,) = answer["extension"]
            assert origin["extension"] == [{"url": "source", "valueCode": source}]
        back = made | {"id": "q1", "status": "completed"}
        assert [one.standing for one in read(name, "spine_imaging_clear", back)] == [Standing.DISCOUNTED]
