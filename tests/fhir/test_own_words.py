"""A coded diagnosis that its own words deny or doubt: it asks, whatever its code says."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service.fhir.own_words import spoken_against
from cds_service.fhir.vocabulary import SpokenWords, Vocabulary
from tests.exchange import ICD10CM

DOUBTED = [
    ("Dementia - ruled out", "ruled out"),
    ("Dementia, ruled out by neurology", "ruled out"),
    ("Sepsis ruled out on 2026-03-01", "ruled out"),
    ("R/O sepsis", "r/o"),
    ("Rule out systemic infection", "rule out"),
    ("Suspected osteomyelitis", "suspected"),
    ("Probable Alzheimer disease", "probable"),
    ("No evidence of dementia", "no evidence of"),
    ("Negative for HIV", "negative for"),
    ("Denies suicidal ideation", "denies"),
    ("Family history of dementia", "family history of"),
    ("FH: schizophrenia", "fh"),
    ("Metallosis, unlikely", "unlikely"),
    ("Work-up for multiple myeloma", "work-up for"),
]
CERTAIN = [
    "Dementia without behavioral disturbance",
    "Breast cancer, no evidence of disease",
    "No evidence of recurrence, colon cancer",
    "Pneumonia, organism not specified",
    "Fracture of pelvis, not healed",
    "Sepsis",
    "Possibility discussed: fusion for sacroiliac pain",
    "",
]


def diagnosis(words: str, display: str = "") -> dict[str, Any]:
    """A coded diagnosis with words of its own."""
    return {"coding": [{"system": ICD10CM, "code": "F03.90", "display": display}], "text": words}


@pytest.mark.parametrize(("words", "quoted"), DOUBTED)
def test_words_that_deny_the_whole_diagnosis_leave_it_open(words: str, quoted: str) -> None:
    """The reason quotes what speaks against the code."""
    assert spoken_against(diagnosis(words)) == f'the diagnosis is not confirmed: its own words say "{quoted}"'


@pytest.mark.parametrize("words", CERTAIN)
def test_words_about_a_part_or_the_course_leave_it_certain(words: str) -> None:
    """What is denied of a part, or of a recurrence, is no doubt about the diagnosis."""
    assert spoken_against(diagnosis(words)) == ""


def test_words_that_are_the_name_of_the_code_are_no_words_of_its_own() -> None:
    """Some codes are named for what is suspected or ruled out; the code says it then."""
    assert spoken_against(diagnosis("Suspected dementia", "Suspected dementia")) == ""


@pytest.mark.parametrize("words", ["Opioid dependence in early remission", "Alcohol use disorder, in sustained full remission"])
def test_words_of_a_remission_count_where_only_what_lasts_is_sought(words: str) -> None:
    """A cancer in remission is still treated; a dependence in remission is none that stands."""
    assert spoken_against(diagnosis(words)) == ""
    assert spoken_against(diagnosis(words), or_past=True).startswith('the diagnosis may be over: its own words say "in ')


@pytest.mark.parametrize("concept", [None, [], {"text": 5}, {"text": "r/o " * 10_000, "coding": "x"}, {"coding": [None]}])
def test_what_is_no_concept_says_nothing_and_fails_nothing(concept: Any) -> None:
    """Whatever stands in the place of a code, no error comes of it."""
    assert isinstance(spoken_against(concept), str)


@pytest.mark.parametrize(
    ("words", "cancer"),
    [
        ("HCC", True),
        ("Liver mass, likely HCC", True),
        ("Rheumatoid arthritis (HCC)", False),
        ("Type 2 diabetes mellitus (HCC) ", False),
    ],
)
def test_the_mark_of_a_risk_category_is_no_liver_cancer(words: str, cancer: bool) -> None:
    """US EHRs write ``(HCC)`` behind each diagnosis that raises a patient's risk score."""
    vocabulary = Vocabulary({"cancer": SpokenWords(("hcc",), (), frozenset(), frozenset(), False)})
    assert bool(vocabulary.heard[words]) is cancer
