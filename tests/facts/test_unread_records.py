"""What no list reads is not silent, what is old is not now: shelf lives, words, unknown systems, over a throwaway policy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cds_service.analysis.reading_mutants import misreadings
from cds_service.content.content import read_content
from cds_service.fhir.vocabulary import SpokenWords, Vocabulary
from cds_service.serving.app import create_app
from tests.conftest import TODAY
from tests.content.test_content import POLICY, change, folder, problems, value_set
from tests.exchange import ADDRESS, ICD10CM, PATIENT, decisions, order, request

__all__ = ["folder"]
Json = dict[str, Any]
NECESSARY, NOT_NECESSARY, OPEN = "necessary", "not-necessary", "not-documented"
FACTS = """
bloodstream_infection:
  means: There is an infection of the blood.
  type: boolean
  ask: Is there an infection of the blood?
  from:
    - condition: {codes: sepsis, speaks_for: 30 days, older: asks for 12 months}
  words:
    say: [sepsis, bacteraemia, bloodstream infection, infect*]
    not_in: [sepsis alert, infection control]
"""
CRITERIA = """
necessary_when:
  id: necessary
  says: The order is necessary without an infection.
  cite: {source: d1, at: I}
  all:
    - id: no-infection
      says: There is no infection of the blood.
      cite: {source: d1, at: I.A}
      fact: bloodstream_infection
      is: false
      if_not_documented:
        treat_as: met
        because: Charts record it.
"""


@pytest.fixture
def infections(folder: Path) -> Path:
    """A content folder whose one policy presumes that there is no infection."""
    policy = POLICY[: POLICY.index("alternatives:")] + CRITERIA
    (folder / "policies/meadowlark/home-oxygen/2026-01-01.yaml").write_text(policy)
    (folder / "facts/oxygen.yaml").write_text(FACTS)
    (folder / "value_sets/saturation.json").unlink()
    (folder / "value_sets/sepsis.json").write_text(value_set("sepsis", ICD10CM, "A41.9"))
    return folder


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("Non-small cell lung cancer", True),
        ("Nonsmall cell lung cancer", True),
        ("Non-pressure ulcer with lung cancer", True),
        ("non lung cancer", False),
        ("Non-lung cancer", False),
        ("no lung cancer", False),
    ],
)
def test_non_denies_only_the_word_that_it_stands_before(text: str, heard: bool) -> None:
    """*Non-small cell* is a kind of it, and no denial of what stands behind."""
    vocabulary = Vocabulary({"cancer": SpokenWords(("lung cancer",), (), frozenset(), frozenset({"Condition"}), history=False)})
    assert vocabulary.heard[text] == (("cancer",) if heard else ())


def diagnosis(code: Json, on: str | None = "2026-02-01", **more: Any) -> Json:
    """An active, confirmed Condition with any concept as its code."""
    made = {
        "resourceType": "Condition",
        "id": "c1",
        "subject": PATIENT,
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "verificationStatus": {"coding": [{"code": "confirmed"}]},
        "code": code,
    }
    return made | ({"recordedDate": on} if on else {}) | more


def coded(code: str, system: str | None = ICD10CM, display: str = "") -> Json:
    """A concept of one coding."""
    coding = {"system": system, "code": code, "display": display}
    return {"coding": [{name: value for name, value in coding.items() if value}]}


def decided(folder: Path, *chart: Json, **order_elements: Any) -> str:
    """The outcome of an order of 3 February 2026 on a chart."""
    client = create_app(read_content(folder), today=lambda: TODAY).test_client()
    placed = order("99503", on="2026-02-03") | order_elements
    (decision,) = decisions(client.post(ADDRESS, json=request(placed, chart=chart)).get_json())
    return str(decision["outcome"])


OVER = {"clinicalStatus": {"coding": [{"code": "resolved"}]}}
REFUTED = {"verificationStatus": {"coding": [{"code": "refuted"}]}}
CHARTS: list[tuple[str, list[Json], str]] = [
    ("nothing is recorded", [], NECESSARY),
    ("the state is recorded within its shelf life", [diagnosis(coded("A41.9"))], NOT_NECESSARY),
    ("the state is recorded on the first day of its shelf life", [diagnosis(coded("A41.9"), "2026-01-04")], NOT_NECESSARY),
    ("the state is older than its shelf life", [diagnosis(coded("A41.9"), "2026-01-03")], OPEN),
    ("the month of the record leaves its age open", [diagnosis(coded("A41.9"), "2026-01")], OPEN),
    ("the state is long past", [diagnosis(coded("A41.9"), "2024-06-01")], NECESSARY),
    ("a code of no list says it in words", [diagnosis(coded("R99.9", display="Postprocedural sepsis"))], OPEN),
    ("text alone says it", [diagnosis({"text": "Bloodstream infection"})], OPEN),
    ("a stem says it", [diagnosis({"text": "Catheter infected"})], OPEN),
    ("words of what is over", [diagnosis({"text": "Sepsis"}) | OVER], NECESSARY),
    ("words of what was refuted", [diagnosis({"text": "Sepsis"}) | REFUTED], NECESSARY),
    ("words that are negated", [diagnosis({"text": "No sepsis"})], NECESSARY),
    ("words that are ruled out", [diagnosis({"text": "Sepsis, ruled out"})], NECESSARY),
    ("words of the family", [diagnosis({"text": "Family history of sepsis"})], NECESSARY),
    ("words of risk", [diagnosis({"text": "At risk for sepsis"})], NECESSARY),
    ("words of screening", [diagnosis({"text": "Sepsis screening"})], NECESSARY),
    ("words of the past", [diagnosis({"text": "History of sepsis"})], NECESSARY),
    ("a phrase that means something else", [diagnosis({"text": "Sepsis alert, other"})], NECESSARY),
    ("no code and no words", [diagnosis({})], OPEN),
    ("a text that says nothing", [diagnosis({"text": " Unknown "})], OPEN),
    ("a text where a concept is meant", [diagnosis("A41.9")], OPEN),  # type: ignore[arg-type]
    ("no code and no words, long past", [diagnosis({}, "2024-06-01")], NECESSARY),
    ("no code and no words, over", [diagnosis({}) | OVER], NECESSARY),
    ("no code and no words, refuted", [diagnosis({}) | REFUTED], NECESSARY),
    ("no code and no words beside the state", [diagnosis({}), diagnosis(coded("A41.9"), id="c2")], NOT_NECESSARY),
    ("a code of ICD-9-CM alone", [diagnosis(coded("038.9", "http://hl7.org/fhir/sid/icd-9-cm"))], OPEN),
    ("a code of ICD-9-CM with words", [diagnosis(coded("530.81", "http://hl7.org/fhir/sid/icd-9-cm", "Reflux"))], NECESSARY),
    ("a client's own code alone", [diagnosis(coded("P-17-X", "urn:oid:1.2.840.114350.1.13"))], OPEN),
    ("a client's own code with words", [diagnosis(coded("P-17-X", "urn:oid:1.2.840.114350.1.13", "Reflux"))], NECESSARY),
    ("a code without a system, by its shape", [diagnosis(coded("K21.9", None))], NECESSARY),
    ("a code of SNOMED CT that no list holds", [diagnosis(coded("235595009", "http://snomed.info/sct"))], NECESSARY),
    ("a refuted code of a list with the same words", [diagnosis(coded("A41.9", display="Sepsis")) | REFUTED], NECESSARY),
]  # fmt: skip


@pytest.mark.parametrize(("chart", "outcome"), [case[1:] for case in CHARTS], ids=[case[0] for case in CHARTS])
def test_a_record_that_is_not_read_ends_the_silence(infections: Path, chart: list[Json], outcome: str) -> None:
    """An old state or one in words neither denies nor supports: it asks, or says nothing."""
    assert decided(infections, *chart) == outcome


def test_the_reason_of_the_order_speaks_too(infections: Path) -> None:
    """A reason in words alone ends the silence, as a diagnosis does."""
    assert decided(infections, reasonCode=[{"text": "sepsis"}]) == OPEN


def test_a_reason_speaks_on_the_day_it_was_written(infections: Path) -> None:
    """A reason is dated by the order's authoredOn, not by the day of service that the order asks for."""
    written = {"authoredOn": "2025-12-15", "occurrenceDateTime": "2026-02-03"}
    assert decided(infections, reasonCode=[coded("A41.9")], **written) == OPEN


@pytest.mark.parametrize(
    ("said", "what"),
    [("say: [sepsis", "say: [inf*"), ("older: asks for 12 months", "older: denies"), ("speaks_for: 30 days", "speaks_for: a while")],
)  # fmt: skip
def test_mistakes_in_shelf_lives_and_words_are_told(infections: Path, said: str, what: str) -> None:
    """A stem too short, an end of a shelf life that is none, and a span that is none are told with their line."""
    change(infections, "facts/oxygen.yaml", said, what)
    assert any("facts/oxygen.yaml" in one for one in problems(infections))


def test_words_of_a_computed_fact_are_told(infections: Path) -> None:
    """Words are read for facts that come from evidence; a value set that is not there is told."""
    change(infections, "facts/oxygen.yaml", "not_in: [", "read_by: [nowhere]\n    not_in: [")
    assert any("nowhere" in one for one in problems(infections))


def test_every_way_to_misread_a_fact_is_a_mutant(infections: Path) -> None:
    """Words that are not listened to, and a shelf life that is too long or too short, are mistakes that vignettes have to catch."""
    content = read_content(infections)
    said = [one.said for one in misreadings(content.policies[0], content.catalogue)]
    assert said == [
        "the fact 'bloodstream_infection' listens to no words",
        "'condition' of the fact 'bloodstream_infection' speaks for always and not for 30 days",
        "'condition' of the fact 'bloodstream_infection' speaks for 29 days and not for 30 days",
    ]


HEARD = [
    ("Sepsis due to E. coli", True),
    ("no evidence of sepsis", False),
    ("Pneumonia without sepsis", False),
    ("r/o sepsis", False),
    ("sepsis r/o", True),
    ("SEPSIS", True),
    ("H/O: sepsis", False),
    ("PMH: sepsis 2019", False),
    ("family history: sepsis", False),
    ("R/O: sepsis", False),
    ("social history: sepsis", True),
    ("sepsis, prior pregnancy", False),
    ("previous pregnancy with sepsis", False),
    ("pregnancy with sepsis", True),
    ("urosepsis", False),
    ("mother had sepsis", False),
    ("Family history: sepsis", False),
    ("increased risk of sepsis", False),
    ("low risk pregnancy, sepsis", True),
    ("30 year old with sepsis", True),
    ("not septic; sepsis suspected", True),
    ("cannot exclude sepsis", True),
    ("does not entirely rule out sepsis", True),
    ("unable to exclude sepsis", True),
    ("CT to exclude sepsis", False),
    ("excludes sepsis", False),
    ("sepsis not excluded", True),
    ("sepsis is not definitively ruled out", True),
    ("sepsis excluded", False),
    ("sepsis, not resolved", True),
    ("sepsis not well controlled", True),
    ("sepsis not present", False),
    ("sepsis not seen", False),
    ("worrisome for sepsis", True),
    ("worried about sepsis", False),
    ("no pneumonia, however sepsis", True),
    ("x" * 10_000 + " sepsis", False),
    ("", False),
]


@pytest.mark.parametrize(("text", "heard"), HEARD, ids=[text[:30] for text, _ in HEARD])
def test_words_are_heard_whole_and_unnegated(text: str, heard: bool) -> None:
    """A phrase counts as whole words within its clause; negation, family, risk and the past do not count."""
    vocabulary = Vocabulary({"sepsis": SpokenWords(("sepsis",), (), frozenset(), frozenset({"Condition"}), False)})
    assert vocabulary.heard[text] == (("sepsis",) if heard else ())


def test_evidence_in_a_type_that_no_key_asks_for_is_refused(monkeypatch: pytest.MonkeyPatch, infections: Path) -> None:
    """A fact whose evidence no prefetch key asks for would be silent unseen: it is told on load."""
    monkeypatch.setattr("cds_service.facts.fact_files.ASKED_FOR", frozenset({"Encounter"}))
    assert any("nothing asks clients for Condition" in one for one in problems(infections))
