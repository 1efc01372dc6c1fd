"""What could not be read is named in the question that it makes be asked: in the chart's own words, which nothing renders."""

from __future__ import annotations

import io

import orjson
import pytest
from flask.testing import FlaskClient
from rich.console import Console

from cds_service.cli.check import show_decision
from cds_service.content.content import Content
from cds_service.facts.unread import LONGEST, place_of_record, unread
from cds_service.hooks.answer import decide_request
from cds_service.hooks.received.messages import parse_request
from cds_service.hooks.settings import Settings
from cds_service.policy.evidence import NAMED_ONLY, NOT_RECOGNISED, NOT_SENT, ONLY_WORDS, UNTOLD, Evidence, Standing
from cds_service.said.asked import told
from cds_service.web.finding_view import decision_view
from tests import exchange
from tests.conftest import TODAY
from tests.exchange import PATIENT, Json, gestational_age, order, request, sign
from tests.facts.test_growth_factors import BREAST, HCPCS, STEP, concept, prescription

WORDS = "Triplet pregnancy [click](http://evil.example) `x` <b> www.evil.example"
SPAN = "`Triplet pregnancy [click](http://evil.example) x <b> www.…`"
DATED = gestational_age(80, "2025-05-01")
QUESTION = "How many fetuses are there? (on the problem list: "


def said_of(words: str) -> Json:
    """A diagnosis that speaks in words only."""
    return {
        "resourceType": "Condition",
        "id": "c1",
        "subject": PATIENT,
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "recordedDate": "2025-04-20",
        "code": {"text": words},
    }


def medicine(words: str) -> Json:
    """A medicine that is known by words only."""
    return exchange.prescription({"text": words}, "m9", "2025-04-01", status="active")


def test_a_card_names_what_it_could_not_read(client: FlaskClient) -> None:
    """The question has the record in brackets, once, and its words as a code span: nothing in them formats or links."""
    (card,) = sign(client, order(), chart=(DATED, said_of(WORDS)))["cards"]
    questions = card["detail"].split("#### What to do")[0]
    assert questions.count("Triplet") == 1
    assert f"{QUESTION}{SPAN}, whose code is not one that is read here)" in questions
    assert "Triplet" not in card["summary"]
    assert all(line.count("`") % 2 == 0 for line in card["detail"].splitlines())
    assert "<b>" not in card["detail"].replace(SPAN, "")


def test_a_medicine_that_is_not_recognised_is_named(client: FlaskClient) -> None:
    """An unknown medicine on the list is asked about by its name."""
    (card,) = sign(client, prescription(concept(HCPCS, "J2506")), chart=(BREAST, STEP, medicine("Xyz 20")))["cards"]
    assert "(on the medication list: `Xyz 20`, which is not recognised)" in card["detail"]


def test_the_command_line_and_the_pages_say_the_same(content: Content) -> None:
    """One function says it: the questions and the tree of a terminal, and those of a page; without values, neither."""
    made = orjson.dumps(request(order(), chart=(DATED, said_of("Triplets"))))
    ((case, decision),) = decide_request(parse_request(made), content, TODAY, Settings())
    same = "on the problem list: 'Triplets', whose code is not one that is read here"
    printed: list[str] = []
    for values in (True, False):
        out = io.StringIO()
        show_decision(Console(file=out, width=10_000), case, decision, content, values)
        printed.append(out.getvalue())
    assert f"How many fetuses are there? ({same})" in printed[0]
    assert f"How many fetuses there are: {same}, 2025-04-20, Condition/c1" in printed[0]
    assert "Triplets" not in printed[1]
    view = decision_view(case, decision, content)
    assert view.asks == (("number_of_fetuses", f"How many fetuses are there? ({same})"),)


PLACES = [
    ("MedicationStatement/1", NOT_RECOGNISED, "Xyz 20", "on the medication list: 'Xyz 20', which is not recognised"),
    ("MedicationDispense/1", NAMED_ONLY, "Xyz", "among the medicines dispensed: 'Xyz', which is named only in words"),
    ("MedicationRequest/1", NOT_SENT, "Medication/7", "on the medication list: 'Medication/7', whose record was not sent"),
    ("Procedure/1", ONLY_WORDS, "a trial", "among the procedures: 'a trial', whose code is not one that is read here"),
    ("Basic/1", ONLY_WORDS, "it", "on record: 'it', whose code is not one that is read here"),
    ("Condition/1", f"it is old; {ONLY_WORDS}", "a\nb", "on the problem list: 'a b', whose code is not one that is read here"),
    ("Condition/1", "the diagnosis is provisional", "ICD-10-CM O30.1", ""),
    ("Condition/1", ONLY_WORDS, "", ""),
    ("Condition/1", UNTOLD, "", "on the problem list: an entry that does not say what it is"),
    ("Procedure/1", f"it is old; {UNTOLD}", "", "among the procedures: an entry that does not say what it is"),
]


@pytest.mark.parametrize(("resource", "note", "shown", "said"), PLACES)
def test_where_it_stands_and_why(resource: str, note: str, shown: str, said: str) -> None:
    """Where the record stands, its words and why they were not read; nothing of evidence that is uncertain for another reason."""
    evidence = Evidence(None, None, resource, standing=Standing.UNCERTAIN, note=note, shown=shown)
    assert unread(evidence) == said


def test_every_record_that_is_read_has_its_place(content: Content) -> None:
    """No record that documents a fact is said to stand just "on record"."""
    kinds = {need.resource for name in content.catalogue for source in content.catalogue[name].sources for need in source.needs()}
    assert [kind for kind in sorted(kinds) if place_of_record(f"{kind}/1") == "on record"] == []


def test_only_what_is_uncertain_was_not_read() -> None:
    """Evidence that counts, or was set aside, is none of it; long words are cut."""
    for standing in (Standing.USABLE, Standing.DISCOUNTED):
        assert unread(Evidence(None, None, "Condition/1", standing=standing, note=ONLY_WORDS, shown="it")) == ""
    long = unread(Evidence(None, None, "Condition/1", standing=Standing.UNCERTAIN, note=ONLY_WORDS, shown="x" * 500))
    assert "x" * (LONGEST - 1) + "…" in long
    assert "x" * LONGEST not in long


def test_a_question_names_three_records_at_most() -> None:
    """Of many records the first three are named and the others counted."""
    assert told(["a", "b"]) == " (a; b)"
    assert told(["a", "b", "c", "d", "e"]) == " (a; b; c; and 2 more)"
