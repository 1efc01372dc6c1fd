"""Every order that a vignette leaves open: the form asks just that, and its answers decide, in both versions of DTR."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import pytest
from fhir.resources.R4B.parameters import Parameters
from flask.testing import FlaskClient

from cds_service.policy.values import Days, Value
from cds_service.vignettes.read import Vignette
from tests.conftest import held_content
from tests.dtr import talks
from tests.dtr.talks import BASES
from tests.exchange import Json

POLICIES = ("bcbsm", "carelon", "cms", "lhcc", "medica-central")
pytestmark = pytest.mark.slow


@lru_cache(maxsize=1)
def opened() -> tuple[Vignette, ...]:
    """All of them, read once."""
    return tuple(talks.open_vignettes(held_content()))


def of(payer: str) -> list[Vignette]:
    """Those of one payer's policies."""
    return [one for one in opened() if one.policy.payer == payer]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[FlaskClient]:
    """A client of a service with a store."""
    made, store = talks.service(held_content(), tmp_path)
    yield made
    store.close()


def handed_out(client: FlaskClient, vignette: Vignette, version: str, context: str) -> tuple[Json, Json]:
    """The one form of an order with its draft."""
    asked = ({"name": "coverage", "resource": talks.coverage(vignette)}, {"name": "context", "valueString": context})
    answered = talks.package(client, version, *asked)
    ((form, draft),) = talks.bundles(answered)
    return form, draft


NEXT = "the answer raises a question that was not open before"
A_PERSON = (
    "the document leaves it to a person where the test fails, whoever says so; and the record of the day stands beside the answer"
)
OUTSIDE = "the answer lies outside the two counts of the day, and so agrees with neither"
RECORD = "the record of the day says otherwise, and stands beside the answer"
TWO = "two answers of the day contradict each other, and a third does not say when it was given"
OXYGEN_RECORDED = ("Not by the practitioner", "Not at the time of need")
STILL_OPEN = dict.fromkeys(OXYGEN_RECORDED, RECORD) | {
    "Two answers of one day, angina or breathlessness": TWO,
    "Two answers of one day, a limb or a terminal illness": TWO,
    "The first, without the visit": NEXT,
    "Stopped in some year": "the answer lies outside the year that the record of the day knows, and contradicts it",
    "Counts that disagree": OUTSIDE,
    "Three gestational sacs under a hospital's own code": NEXT,
    "Two and three on the same day": NEXT,
    "A number of fetuses of a code that is not known, on the day of another": NEXT,
    "Unlisted code without description, pregnant patient": NEXT,
    "Unlisted code described as send-out, pregnant patient": NEXT,
    "Unlisted code without description, pregnancy noted forty-four weeks ago": NEXT,
    "Unlisted code, positive pregnancy test": NEXT,
    "An unlisted code that once stood for the screen": NEXT,
    "Unlisted code, antenatal screening as the reason": NEXT,
    "A diagnosis without a code beside an unlisted code without description": NEXT,
    "Another class by its words, for a patient who has died": NEXT,
    "The patient has died, and nothing says what the fusion is for": NEXT,
    "Fracture not confirmed, answered no, nothing else": NEXT,
    "Dinutuximab at 18, Leukine": A_PERSON,
    "Alzheimer disease coded with its dementia": A_PERSON,
    "Malignant pain, side effects not minimal": A_PERSON,
    "Malignant pain, trial cut pain by 30 percent": A_PERSON,
    "Malignant pain, the trial cut it by 49 percent": A_PERSON,
    "Too many side effects": A_PERSON,
    "Pain of 5 before the trial": A_PERSON,
}
"""Vignettes that favourable answers along the shortest way leave open, with the reason."""


@pytest.mark.verifies("dtr-relevant-only", "found-4", "resp-38")
@pytest.mark.parametrize("payer", POLICIES)
def test_the_form_asks_what_is_open_and_its_answers_decide(client: FlaskClient, payer: str) -> None:
    """Coverage-information names the form; the package by its context holds just the open questions, the shortest way first;
    favourable answers along the shortest way make the order necessary, and the assertion keeps its id.
    """
    content = held_content()
    for number, vignette in enumerate(of(payer)):
        answered = talks.sign(client, talks.insured(vignette, content))
        decision, said = talks.decided(answered, vignette), talks.assertion(answered, vignette)
        assert decision["outcome"] == "not-documented"
        assert decision["asks"], vignette.name
        assert "clinical" in said["doc-needed"], vignette.name
        (context,) = said["coverage-assertion-id"]
        way = talks.way_of(vignette, content)
        answers = talks.favourable(vignette, way, content)
        for form, draft in [handed_out(client, vignette, version, context) for version in BASES]:
            assert f"{form['url']}|{form['version']}" in said["questionnaire"]
            assert [item["linkId"] for item in form["item"]] == decision["asks"], vignette.name
            assert tuple(decision["asks"][: len(way)]) == way
            filled = talks.filled(draft, form, answers, content, vignette.as_of.isoformat())
            if number % 10 == 0:
                Parameters.model_validate({"resourceType": "Parameters", "parameter": [{"name": "x", "resource": filled}]})
            again = talks.sign(client, talks.insured(vignette, content, filled))
            outcome = talks.decided(again, vignette)["outcome"]
            expected = "not-documented" if vignette.name.partition(" (as of")[0] in STILL_OPEN else "necessary"
            assert outcome == expected, (vignette.name, answers)
            said_again = talks.assertion(again, vignette)
            assert not said_again or said_again["coverage-assertion-id"] == [context]


@pytest.mark.parametrize(("day", "outcome"), [(date(2011, 12, 15), "necessary"), (date(2025, 5, 11), "not-documented")])
def test_a_day_within_the_year_of_the_record_settles_it(client: FlaskClient, day: date, outcome: str) -> None:
    """Where the record of the visit knows the year alone, its day is asked for, and counts; a day of another year contradicts it."""
    content = held_content()
    (vignette,) = [one for one in of("cms") if one.name == "Stopped in some year"]
    said = talks.assertion(talks.sign(client, talks.insured(vignette, content)), vignette)
    form, draft = handed_out(client, vignette, "2.2", said["coverage-assertion-id"][0])
    filled = talks.filled(draft, form, {"smoking_quit_day": Days.on(day)}, content, vignette.as_of.isoformat())
    assert talks.decided(talks.sign(client, talks.insured(vignette, content, filled)), vignette)["outcome"] == outcome


@pytest.mark.parametrize("version", BASES)
@pytest.mark.parametrize("payer", POLICIES)
def test_a_talk_ends_and_asks_nothing_twice(client: FlaskClient, payer: str, version: str) -> None:
    """Each call asks more or completes; no question comes twice or changes; there are no more calls than questions, and one to
    end; what is asserted at the end has the id of the assertion that asked. The completed response decides the next signing alike.
    """
    content = held_content()
    for number, vignette in enumerate(of(payer)):
        if number % 3:
            continue
        answered = talks.sign(client, talks.insured(vignette, content))
        said = talks.assertion(answered, vignette)
        (context,) = said["coverage-assertion-id"]
        _, draft = handed_out(client, vignette, version, context)
        canonical = (
            f"{said['questionnaire'][0].partition('|')[0].partition('.q')[0]}.adaptive|{said['questionnaire'][0].partition('|')[2]}"
        )
        given: dict[str, Value] = {}

        def give(fact: str, _: Json, given: dict[str, Value] = given, vignette: Vignette = vignette) -> Value | None:
            given[fact] = talks.ranked(vignette, fact, content)[0]
            return given[fact]

        heard = talks.adaptive(client, version, draft, canonical, give)
        asked = [item["linkId"] for item in heard[-1]["contained"][0]["item"] if item["type"] != "display"]
        assert len(asked) == len(set(asked))
        assert len(heard) <= len(asked) + 1
        for earlier, later in pairwise(heard):
            before, after = earlier["contained"][0]["item"], later["contained"][0]["item"]
            assert after[: len(before)] == before
        (extension,) = [one for one in heard[-1]["extension"] if one["url"].endswith("ext-coverage-information")]
        last = talks.parts(extension)
        assert last["coverage-assertion-id"] == [context]
        assert "satisfied-pa-id" not in last
        final = {**heard[-1], "id": "answers"}
        decision = talks.decided(talks.sign(client, talks.insured(vignette, content, final)), vignette)
        assert set(decision["asks"]) <= set(asked), vignette.name
        assert ("doc-needed" in last) == (decision["outcome"] == "not-documented"), (vignette.name, decision, given)
