"""Words on an order that speak against its code open a question, wherever they stand; they never decide."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.exchange import CPT, PATIENT, decisions, gestational_age, order, sign

Json = dict[str, Any]
DATED = gestational_age(80, "2025-04-30")
HCPCS = "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
OWN = "urn:oid:1.2.840.114350.1.13.99.2.7.2.696580"


def worded(place: str, words: str, code: str = "81420") -> Json:
    """An order that says these words in one place."""
    placed: dict[str, Json] = {
        "text": {"code": {"coding": [{"system": CPT, "code": code}], "text": words}},
        "detail": {"orderDetail": [{"text": words}]},
        "own code": {"code": {"coding": [{"system": OWN, "code": "LAB7788", "display": words}, {"system": CPT, "code": code}]}},
        "display": {"code": {"coding": [{"system": CPT, "code": code, "display": words}]}},
        "note": {"note": [{"text": words}]},
        "reason": {"reasonCode": [{"text": words}]},
    }
    return order(code) | placed[place]


QR_CONTEXT = "http://hl7.org/fhir/us/davinci-dtr/StructureDefinition/qr-context"


def answered(asked: str, value: bool) -> Json:
    """What was answered for the order."""
    return {
        "resourceType": "QuestionnaireResponse",
        "id": "q",
        "status": "completed",
        "subject": PATIENT,
        "authored": "2025-05-01",
        "extension": [{"url": QR_CONTEXT, "valueReference": {"reference": "ServiceRequest/o1"}}],
        "item": [{"linkId": asked, "answer": [{"valueBoolean": value}]}],
    }


PLACES = ("text", "detail", "own code", "display", "note", "reason")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("words", ["Early gender test", "Fetal sex by cell-free DNA", "gender reveal", "Baby gender"])
def test_the_sex_under_the_code_of_a_screen_is_asked_about(client: FlaskClient, place: str, words: str) -> None:
    """The code says a screen, and all that the order says in words is the sex of the fetus."""
    (decision,) = decisions(sign(client, worded(place, words), chart=(DATED,)))
    assert (decision["outcome"], decision["because"]) == ("not-documented", ["sex-only"])


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "words",
    [
        "NIPT with fetal sex",
        "T21/18/13 + fetal sex",
        "Aneuploidy screen, baby gender",
        "Patient does not want to know the baby's gender",
        "Please do not disclose fetal sex",
        "Report fetal sex",
        "Prenatal screening",
    ],
)
def test_a_screen_with_the_sex_is_not_asked_about(client: FlaskClient, place: str, words: str) -> None:
    """The words name the screen too, or say that the sex is only to be reported or not."""
    (decision,) = decisions(sign(client, worded(place, words), chart=(DATED,)))
    assert decision["outcome"] == "necessary"


@pytest.mark.parametrize("place", ["own code", "display", "note", "reason"])
@pytest.mark.parametrize("words", ["22q microdeletion", "Twin zygosity", "Fetal RhD genotype", "Prenatal paternity test"])
def test_another_target_beside_the_description_is_asked_about(client: FlaskClient, place: str, words: str) -> None:
    """Names of own codes, notes and reasons are no description of an order: what they name beside its code decides nothing."""
    (decision,) = decisions(sign(client, worded(place, words), chart=(DATED,)))
    assert (decision["outcome"], decision["because"]) == ("not-documented", ["other-target"])


@pytest.mark.parametrize("place", ["note", "reason"])
@pytest.mark.parametrize(
    "words", ["Family history of 22q11.2 deletion", "CFTR carrier", "Abnormal quad screen", "no microdeletions"]
)
def test_why_a_screen_is_ordered_is_not_asked_about(client: FlaskClient, place: str, words: str) -> None:
    """What is told of the family or of earlier tests, and what is negated, is no target."""
    (decision,) = decisions(sign(client, worded(place, words), chart=(DATED,)))
    assert decision["outcome"] == "necessary"


UNLISTED = [
    ("Panorama NIPT", ["screened-chromosomes"]),
    ("Guardant liquid biopsy cell-free DNA", ["unspecified-test"]),
    ("Oncology tumor panel", ["unspecified-test"]),
]


@pytest.mark.parametrize(("words", "because"), UNLISTED)
def test_the_name_of_an_own_code_beside_an_unlisted_one(client: FlaskClient, words: str, because: list[str]) -> None:
    """It hints at what is ordered: a screen is asked what it screens, and anything else stays a test that nobody described."""
    (decision,) = decisions(sign(client, worded("own code", words, "81479"), chart=(DATED,)))
    assert (decision["outcome"], decision["because"]) == ("not-documented", because)


@pytest.mark.parametrize(
    ("words", "asked"), [("Early gender test", "names_fetal_sex_only"), ("Prenatal paternity test", "names_other_target")]
)
def test_an_answer_settles_what_the_words_left_open(client: FlaskClient, words: str, asked: str) -> None:
    """Whoever ordered says that the code is right: the order is judged by it."""
    answer = answered(asked, False)
    (decision,) = decisions(sign(client, worded("text", words), chart=(DATED, answer)))
    assert decision["outcome"] == "necessary"


OTHERWISE = [
    (CPT, "27280", "SI joint steroid injection", "open_fusion_ordered"),
    (CPT, "27280", "iFuse SI joint fusion", "open_fusion_ordered"),
    (CPT, "62362", "Pump removal", "pump_implant_ordered"),
    (HCPCS, "E1390", "CPAP machine", "home_oxygen_ordered"),
]


def of_today(place: str, words: str, system: str, code: str) -> Json:
    """An order of 2026 that says these words in one place, with a code of this system."""
    made = worded(place, words, code) | {"authoredOn": "2026-05-01"}
    for coding in made["code"]["coding"]:
        coding["system"] = system if coding["system"] == CPT else coding["system"]
    return made


@pytest.mark.parametrize(("system", "code", "words", "asked"), OTHERWISE)
@pytest.mark.parametrize("place", ["text", "detail", "own code", "display"])
def test_words_of_another_service_under_a_code_are_asked_about(
    client: FlaskClient, place: str, system: str, code: str, words: str, asked: str
) -> None:
    """Where words name something else than the code, that is asked before anything else; the code alone is not asked about."""
    (decision,) = decisions(sign(client, of_today(place, words, system, code)))
    assert (decision["outcome"], decision["because"], decision["asks"]) == ("not-documented", ["order-in-doubt"], [asked])
    (decision,) = decisions(sign(client, of_today(place, "As discussed", system, code)))
    assert asked not in decision["asks"]


@pytest.mark.parametrize(("system", "code", "words", "asked"), OTHERWISE)
@pytest.mark.parametrize("meant", [True, False])
def test_whoever_ordered_says_what_is_meant(
    client: FlaskClient, meant: bool, system: str, code: str, words: str, asked: str
) -> None:
    """If the code is right, the order is judged by it; if not, the policy does not speak of it."""
    answer = answered(asked, meant) | {"authored": "2026-05-01"}
    (decision,) = decisions(sign(client, of_today("text", words, system, code), chart=(answer,)))
    if meant:
        assert (decision["outcome"], "order-in-doubt" in decision["because"]) == ("not-documented", False)
    else:
        assert (decision["outcome"], decision["because"]) == ("not-addressed", ["order-is-otherwise"])


@pytest.mark.parametrize(
    "words",
    [
        "Patient asked about genome-wide copy number test, not ordered",
        "RhD negative, plan Rhogam at 28 weeks",
        "Rh neg",
        "CFTR carrier screen negative",
        "22q11.2 normal on microarray",
        "Patient wants genome-wide test result explained",
        "Fetal sex: patient wants to know",
        "Parents would like to know fetal sex",
    ],
)
def test_an_everyday_note_asks_nothing(client: FlaskClient, words: str) -> None:
    """What a note tells of a result, or of what is wanted to be known, asks for no other test."""
    (decision,) = decisions(sign(client, worded("note", words), chart=(DATED,)))
    assert decision["outcome"] == "necessary"


@pytest.mark.parametrize(
    "words",
    [
        "Add 22q11.2 microdeletion",
        "CFTR carrier screen negative. Add microdeletions",
        "Discussed microdeletion panel, patient elects to add it",
        "Normal ultrasound, include genome-wide copy number",
        "Rh negative, please run fetal RhD",
        "CFTR and SMN1 carrier screen negative",
        "Microdeletions: patient would like to know",
        "Genome-wide copy number, results explained at visit, run it now",
    ],
)
def test_a_note_that_may_ask_for_another_test_is_asked_about(client: FlaskClient, words: str) -> None:
    """What a note may ask for beside the screen opens the question, whatever else it tells."""
    (decision,) = decisions(sign(client, worded("note", words), chart=(DATED,)))
    assert (decision["outcome"], decision["because"]) == ("not-documented", ["other-target"])
