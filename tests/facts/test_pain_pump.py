"""Spinal pain pumps over HTTP: which injections are trials, what doses and scores say, and what unreadable charts do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.content.content import read_content
from tests import exchange
from tests.exchange import PATIENT, Json, condition, decisions, observation, order, sign

ON = "2025-10-01"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
SNOMED = "http://snomed.info/sct"
UCUM = "http://unitsofmeasure.org"
PAIN = "72514-3"


def answers(**given: Any) -> Json:
    """A questionnaire that answers facts by name: yes or no, a word, or a number (life expectancy in months)."""
    item = []
    for name, value in given.items():
        months = {"valueQuantity": {"value": value, "unit": "mo", "system": UCUM, "code": "mo"}}
        number = months if name == "life_expectancy" else {"valueDecimal": value}
        said = {"valueBoolean": value} if isinstance(value, bool) else number
        item.append({"linkId": name, "answer": [{"valueString": value} if isinstance(value, str) else said]})
    return {
        "resourceType": "QuestionnaireResponse",
        "id": "q1",
        "status": "completed",
        "subject": PATIENT,
        "authored": ON,
        "item": item,
    }


TRIAL_OF_OTHER_PAIN = {
    "pain_origin": "nonmalignant",
    "pain_pathology_identified": True,
    "conservative_pain_care_failed": True,
    "adherent_to_pain_care": True,
    "psychologically_cleared": True,
    "no_surgery_indicated_for_pain": True,
    "opioid_hyperalgesia_ruled_out": True,
}
IMPLANT_FOR_OTHER_PAIN = TRIAL_OF_OTHER_PAIN | {
    "opioid_dose_reduction": 60,
    "pain_before_trial": 8,
    "trial_improved_function": True,
    "trial_side_effects_minimal": True,
    "opioid_weaning_plan": True,
    "body_supports_pump": True,
    "behavioral_pain_treatment": True,
}


def trial(code: str = "62323", **more: Any) -> Json:
    """An order of a spinal injection."""
    return order(code, on=ON, **more)


OPIOID_TRIAL = trial(orderDetail=[{"text": "trial of intrathecal morphine"}])
PUMP = order("62362", on=ON, orderDetail=[{"text": "morphine"}])


def the_decision(client: FlaskClient, draft: Json, *chart: Json, beside: tuple[Json, ...] = ()) -> Json:
    """The decision on one order, signed with others."""
    found = decisions(sign(client, draft, *beside, chart=chart))
    return next(decision for decision in found if decision["order"] == "ServiceRequest/o1")


def prescription(
    id_: str, code: str, mg: float, often: int, start: str, status: str = "active", end: str = "", **more: Any
) -> Json:
    """A prescription of so many milligrams so many times a day."""
    quantity = {"value": mg, "system": UCUM, "code": "mg", "unit": "mg"}
    repeat: Json = {"frequency": often, "period": 1, "periodUnit": "d"}
    if end:
        repeat["boundsPeriod"] = {"start": start, "end": end}
    how = [{"timing": {"repeat": repeat}, "doseAndRate": [{"doseQuantity": quantity}]}]
    taken = {"status": status, "dosageInstruction": how} | more
    return exchange.prescription({"coding": [{"system": RXNORM, "code": code}]}, id_, start, **taken)


def score(id_: str, on: str, **value: Any) -> Json:
    """A pain score on the verbal scale."""
    return observation(id_, PAIN, on, **value)


def points(number: float, **more: Any) -> Json:
    """A score as a Quantity."""
    return {"valueQuantity": {"value": number, "system": UCUM, "code": "{score}", "unit": "score"} | more}


TRIAL_DONE = {
    "resourceType": "Procedure",
    "id": "trial",
    "status": "completed",
    "subject": PATIENT,
    "code": {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "62327"}], "text": "intrathecal pump trial"},
    "performedPeriod": {"start": "2025-09-01", "end": "2025-09-04"},
}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"reasonCode": [{"text": "lumbar radiculopathy, failed trial of physical therapy"}]},
        {"reasonCode": [{"text": "sciatica; takes a proton pump inhibitor"}]},
        {"orderDetail": [{"text": "epidural steroid injection, trial before a pump"}]},
        {"orderDetail": [{"text": "bupivacaine, diagnostic trial"}]},
        {"note": [{"text": "trial of intrathecal morphine"}]},
        {"reasonCode": [{"text": "Sciatica, completed trial of home exercise and trial of chiropractic"}]},
        {"reasonCode": [{"text": "Back pain, voiding trial last week"}]},
        {"reasonCode": [{"text": "Back pain, s/p pain pump removal"}]},
    ],
    ids=[
        "no description",
        "failed trial of therapy",
        "proton pump",
        "steroid",
        "local anaesthetic",
        "a note",
        "trials of other care",
        "a trial of the bladder",
        "a pump that was removed",
    ],
)
def test_an_everyday_injection_is_silently_not_addressed(client: FlaskClient, more: Json) -> None:
    """A spinal injection that is no opioid trial is not addressed, and no card appears."""
    answered = sign(client, trial(**more))
    (decision,) = decisions(answered)
    assert (decision["outcome"], decision["because"]) == ("not-addressed", ["not-an-opioid-trial"])
    assert answered["cards"] == []


@pytest.mark.parametrize(
    "more",
    [
        {"orderDetail": [{"text": "intrathecal trial"}]},
        {"reasonCode": [{"text": "intrathecal therapy trial after a trial of home exercise"}]},
        {"code": {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "62323"}], "text": "Pump trial"}},
        {"reasonCode": [{"text": "trial before an intrathecal pump"}]},
        {
            "reasonReference": [{"reference": "#r"}],
            "contained": [
                {"resourceType": "Condition", "id": "r", "subject": PATIENT, "code": {"text": "pump trial for back pain"}}
            ],
        },
        {"orderDetail": [{"text": "steroid and morphine trial"}]},
    ],
    ids=["detail", "a therapy trial", "text", "reason", "contained reason", "steroid with an opioid"],
)
def test_an_injection_that_says_trial_is_judged(client: FlaskClient, more: Json) -> None:
    """Trial or pump in code, text, detail or reason makes an injection a trial, which asks for the pain's origin first."""
    decision = the_decision(client, trial() | more)
    assert (decision["outcome"], decision["asks"][0]) == ("not-documented", "pain_origin")


@pytest.mark.parametrize(("route", "outcome"), [("72607000", "not-documented"), ("26643006", "not-addressed")])
def test_an_opioid_ordered_with_an_injection_makes_it_a_trial(client: FlaskClient, route: str, outcome: str) -> None:
    """Morphine by the intrathecal route, signed together with an injection, makes it a trial; by mouth it does not."""
    given = {"route": {"coding": [{"system": SNOMED, "code": route}]}}
    morphine = prescription("m1", "7052", 1, 1, ON, status="draft", dosageInstruction=[given])
    assert the_decision(client, trial(), beside=(morphine,))["outcome"] == outcome


@pytest.mark.parametrize("code", ["62324", "62325"])
def test_infusion_codes_that_the_document_leaves_out_are_not_listed(client: FlaskClient, code: str) -> None:
    """62324 and 62325 are in no policy's list."""
    assert the_decision(client, trial(code, orderDetail=[{"text": "opioid trial"}]))["because"] == ["not-listed"]


def weaned(client: FlaskClient, *chart: Json) -> Json:
    """The decision on a trial for nonmalignant pain in which only the opioid doses are left to the chart."""
    return the_decision(client, OPIOID_TRIAL, answers(**TRIAL_OF_OTHER_PAIN), *chart)


def test_doses_before_and_now_come_from_prescriptions_and_the_factor_table(client: FlaskClient) -> None:
    """Oxycodone 80 mg a day is 120 mg of morphine; morphine 45 mg a day now is a fall of 62.5 percent."""
    before = prescription("a", "7804", 20, 4, "2025-02-01", "completed", end="2025-07-01")
    now = prescription("b", "7052", 15, 3, "2025-07-01")
    assert weaned(client, before, now)["outcome"] == "necessary"


def test_a_fall_of_less_than_half_names_the_unchecked_table(client: FlaskClient) -> None:
    """Morphine 120 mg then 90 mg is not enough, and the evidence says whose factors counted and that nobody checked them."""
    before = prescription("a", "7052", 30, 4, "2025-02-01", "completed", end="2025-07-01")
    now = prescription("b", "7052", 30, 3, "2025-07-01")
    answered = sign(client, OPIOID_TRIAL, chart=(answers(**TRIAL_OF_OTHER_PAIN), before, now))
    (decision,) = decisions(answered)
    assert (decision["outcome"], decision["because"]) == ("not-necessary", ["opioids-weaned-by-half"])
    assert "not verified by a pharmacist" in answered["cards"][0]["detail"]


@pytest.mark.parametrize(
    "chart",
    [
        (prescription("a", "7052", 30, 4, "2025-02-01"),),
        (
            prescription("a", "7052", 30, 4, "2025-02-01", "completed", end="2025-07-01"),
            prescription("b", "7052", 30, 2, "2025-07-01"),
            prescription("c", "", 1, 1, "2025-07-02", medicationCodeableConcept={"text": "Oxycodone 10 mg tablet"}),
        ),
        (
            prescription("a", "7052", 30, 4, "2025-02-01", "completed", end="2025-07-01"),
            prescription("b", "1819", 2, 1, "2025-07-01"),
        ),
        (
            prescription("a", "7052", 30, 4, "2025-02-01", "completed", end="2025-07-01"),
            prescription("b", "7052", 2, 2, "2025-07-01", dosageInstruction=[{"text": "2 tablets twice a day"}]),
        ),
        (prescription("a", "7052", 30, 4, "2025-02-01", "completed", end="2025-07-01"),),
        (prescription("a", "7052", 30, 4, "2025-02-01"), prescription("b", "7052", 20, 1, "2025-07-01")),
    ],
    ids=["one dose", "an opioid as text", "no factor", "dose as text", "ran out", "perhaps both at once"],
)
def test_doses_that_cannot_be_summed_are_asked_for(client: FlaskClient, chart: tuple[Json, ...]) -> None:
    """One dose alone, an opioid as text, one without factor or dose, and an open overlap decide nothing: the question is asked."""
    decision = weaned(client, *chart)
    assert (decision["outcome"], decision["asks"]) == ("not-documented", ["opioid_dose_reduction"])


@pytest.mark.parametrize(
    "timing",
    [
        {"code": {"text": "every 12 hours"}},
        {"code": {"text": "Every 12 Hours Scheduled"}},
        {"code": {"text": "2 times daily"}},
        {"code": {"text": "2 (two) times a day"}},
        {"code": {"text": "twice daily"}},
        {"code": {"text": "q 12 hr"}},
        {"repeat": {"timeOfDay": ["08:00:00", "20:00:00"]}},
        {"repeat": {"period": 1, "periodUnit": "d", "timeOfDay": ["08:00:00", "20:00:00"]}},
        {"repeat": {"period": 1, "periodUnit": "d", "when": ["MORN", "HS"]}},
    ],
)
@pytest.mark.parametrize(("each", "outcome"), [(30, "necessary"), (40, "not-necessary")])
def test_how_often_is_read_in_words_and_by_times_of_the_day(client: FlaskClient, timing: Json, each: int, outcome: str) -> None:
    """Morphine 120 mg a day, then twice a day so much: every spelling of twice a day counts twice."""
    before = prescription("a", "7052", 30, 4, "2025-02-01", "completed", end="2025-07-01")
    now = prescription("b", "7052", each, 2, "2025-07-01")
    now["dosageInstruction"][0]["timing"] = timing
    assert weaned(client, before, now)["outcome"] == outcome


@pytest.mark.parametrize(
    "more",
    [
        {"timing": {"code": {"text": "every 12 hours as needed for pain"}}},
        {"timing": {"code": {"text": "BID PRN"}}},
        {"text": "Take 1 tablet by mouth twice a day as needed"},
        {"timing": {"code": {"text": "as directed"}}},
        {"timing": {"repeat": {"period": 1, "periodUnit": "d", "when": ["PC"]}}},
        {"timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d", "when": ["MORN", "HS"]}}},
    ],
)
def test_a_dose_as_needed_in_words_or_of_an_unsaid_number_of_times_is_asked_for(client: FlaskClient, more: Json) -> None:
    """120 mg a day, then 40 mg at most twice a day: as needed it is between nothing and 80 mg, and half lies between."""
    before = prescription("a", "7052", 30, 4, "2025-02-01", "completed", end="2025-07-01")
    now = prescription("b", "7052", 40, 2, "2025-07-01")
    now["dosageInstruction"][0] |= more
    decision = weaned(client, before, now)
    assert (decision["outcome"], decision["asks"]) == ("not-documented", ["opioid_dose_reduction"])


def statement(id_: str, mg: float, said: str, **more: Any) -> Json:
    """A statement that morphine is taken twice a day."""
    written = prescription(id_, "7052", mg, 2, said)
    kept = {name: written[name] for name in ("id", "status", "subject", "medicationCodeableConcept")}
    return {"resourceType": "MedicationStatement", "effectiveDateTime": said, "dosage": written["dosageInstruction"]} | kept | more


def test_a_statement_of_lately_says_what_is_taken_where_no_prescription_runs(client: FlaskClient) -> None:
    """Prescribed 120 mg a day until July; a statement of August says 50 mg a day. One of spring, or two of them, are asked about."""
    before = prescription("a", "7052", 30, 4, "2025-02-01", "completed", end="2025-07-01")
    assert weaned(client, before, statement("s", 25, "2025-08-20"))["outcome"] == "necessary"
    assert weaned(client, before, statement("s", 50, "2025-08-20"))["outcome"] == "not-necessary"
    for others in ([statement("s", 25, "2025-05-20")], [statement("s", 25, "2025-08-20"), statement("t", 50, "2025-08-21")]):
        assert weaned(client, before, *others)["asks"] == ["opioid_dose_reduction"]


def test_a_plan_of_a_dose_is_no_dose_and_is_asked_about(client: FlaskClient) -> None:
    """What is planned for the taper is not what is taken."""
    before = prescription("a", "7052", 30, 4, "2025-02-01", "completed", end="2025-07-01")
    planned = prescription("b", "7052", 10, 2, "2025-07-01", intent="plan")
    assert weaned(client, before, planned)["asks"] == ["opioid_dose_reduction"]


def test_morphine_by_vein_in_words_is_no_lasting_treatment(client: FlaskClient) -> None:
    """A course by vein that is over, its route in words alone, changes nothing."""
    before = prescription("a", "7052", 30, 4, "2025-02-01", "completed", end="2025-07-01")
    now = prescription("b", "7052", 20, 2, "2025-07-01")
    course = prescription("c", "3423", 2, 8, "2025-08-03", "completed")
    course["dosageInstruction"][0]["route"] = {"text": "intravenous"}
    assert weaned(client, before, now, course)["outcome"] == "necessary"


def test_a_course_for_so_many_days_is_over_after_them(client: FlaskClient) -> None:
    """Three days of hydrocodone in March, long completed, leave a fall from 120 to 40 mg a day a fall by half."""
    before = prescription("a", "7052", 30, 4, "2025-02-01", "completed", end="2025-07-01")
    now = prescription("b", "7052", 20, 2, "2025-07-01")
    course = prescription("c", "5489", 10, 4, "2025-03-03", "completed")
    course["dosageInstruction"][0]["timing"]["repeat"]["boundsDuration"] = {"value": 3, "unit": "d", "system": UCUM, "code": "d"}
    assert weaned(client, before, now, course)["outcome"] == "necessary"


def test_a_stopped_opioid_is_weaned(client: FlaskClient) -> None:
    """An opioid that was stopped has fallen to nothing."""
    assert weaned(client, prescription("a", "7052", 30, 4, "2025-02-01", "stopped"))["outcome"] == "necessary"


def test_a_patch_counts_by_its_rate(client: FlaskClient) -> None:
    """Transdermal fentanyl 50 ug/h is 120 mg of morphine a day; 25 ug/h is half of it."""

    def patch(id_: str, rate: int, start: str, **more: Any) -> Json:
        amount = {"value": rate, "unit": "mcg/h"}
        return prescription(
            id_, "4337", 1, 1, start, **({"dosageInstruction": [{"doseAndRate": [{"rateQuantity": amount}]}]} | more)
        )

    before = patch("a", 50, "2025-02-01", status="stopped")
    assert weaned(client, before, patch("b", 25, "2025-07-01"))["outcome"] == "necessary"


def implanted(client: FlaskClient, *chart: Json) -> Json:
    """The decision on a permanent pump for nonmalignant pain in which only the trial's scores are left to the chart."""
    return the_decision(client, PUMP, answers(**IMPLANT_FOR_OTHER_PAIN), TRIAL_DONE, *chart)


@pytest.mark.parametrize(
    ("before", "during", "outcome"),
    [
        (points(8), points(4), "necessary"),
        (points(8), points(5), "not-necessary"),
        (points(8), points(4, comparator="<"), "necessary"),
        (points(8), points(5, comparator="<"), "not-documented"),
        (points(8), points(3, code="furlong", unit="furlong"), "not-documented"),
        (points(8), {"valueRange": {"low": points(3)["valueQuantity"], "high": points(4)["valueQuantity"]}}, "necessary"),
        (points(8), {"valueRange": {"low": points(3)["valueQuantity"], "high": points(6)["valueQuantity"]}}, "not-documented"),
        (points(8), {"valueString": "much better"}, "not-documented"),
    ],
    ids=["half", "less than half", "below four", "below five", "unknown unit", "range", "wide range", "text"],
)
def test_scores_before_and_during_the_trial_say_how_much_it_helped(
    client: FlaskClient, before: Json, during: Json, outcome: str
) -> None:
    """Exact scores decide; a comparator or a range decides where all its values agree; unreadable scores are asked for."""
    decision = implanted(client, score("s1", "2025-08-31", **before), score("s2", "2025-09-03", **during))
    assert decision["outcome"] == outcome
    if outcome == "not-documented":
        assert (decision["because"], decision["asks"]) == (["trial-halved-pain"], ["trial_pain_reduction"])


def test_same_day_scores_that_disagree_on_the_test_are_not_documented(client: FlaskClient) -> None:
    """8 and 4 on the last day before the trial leave open whether 3 during it is half; 8 and 7 do not."""
    during = score("s3", "2025-09-03", **points(3))
    apart = (score("s1", "2025-08-31", **points(8)), score("s2", "2025-08-31", **points(4)))
    near = (score("s1", "2025-08-31", **points(8)), score("s2", "2025-08-31", **points(7)))
    assert implanted(client, *apart, during)["outcome"] == "not-documented"
    assert implanted(client, *near, during)["outcome"] == "necessary"


def test_a_score_after_the_trial_or_on_another_scale_says_nothing(client: FlaskClient) -> None:
    """A low score a week later, or on another scale, is no score during the trial."""
    before = score("s1", "2025-08-31", **points(8))
    later = score("s2", "2025-09-12", **points(2))
    other = observation("s3", "38208-5", "2025-09-03", **points(2))
    assert implanted(client, before, later, other)["asks"] == ["trial_pain_reduction"]


@pytest.mark.parametrize(
    ("before", "during", "asks"),
    [
        ("2025-09-01T08:30:00-05:00", "2025-09-01T14:00:00-05:00", []),
        ("2025-09-01T13:30:00Z", "2025-09-01T14:00:00-05:00", []),
        ("2025-09-01", "2025-09-01T14:00:00-05:00", ["trial_pain_reduction"]),
        ("2025-09-01T10:30:00-05:00", "2025-09-01T14:00:00-05:00", ["trial_pain_reduction"]),
    ],
    ids=["before by the hour", "in another zone", "before without an hour", "both after it began"],
)
def test_scores_of_the_day_of_a_single_shot_are_put_in_order_by_their_minutes(
    client: FlaskClient, before: str, during: str, asks: list[str]
) -> None:
    """8 in the morning, morphine at ten, 3 in the afternoon: the minutes say which score came before the trial."""
    shot = {name: value for name, value in TRIAL_DONE.items() if name != "performedPeriod"}
    shot["performedDateTime"] = "2025-09-01T10:00:00-05:00"
    scores = (score("s1", before, **points(8)), score("s2", during, **points(3)))
    decision = the_decision(client, PUMP, answers(**IMPLANT_FOR_OTHER_PAIN), shot, *scores)
    assert [ask for ask in decision["asks"] if ask == "trial_pain_reduction"] == asks


def test_only_a_score_of_the_first_day_never_says_no(client: FlaskClient) -> None:
    """A score of the day the trial began may have come before it: a high one proves nothing."""
    decision = implanted(client, score("s1", "2025-08-31", **points(8)), score("s2", "2025-09-01", **points(8)))
    assert decision["outcome"] == "not-documented"


def test_malignant_pain_leaves_a_failed_trial_to_a_person(client: FlaskClient) -> None:
    """For malignant pain a trial that helped too little is open, and the card says that a medical director may review it."""
    given = {"pain_origin": "malignant", "noninvasive_pain_control_failed": True, "life_expectancy": 8, "spine_imaging_clear": True}
    given |= {"trial_pain_reduction": 30, "trial_side_effects_minimal": True, "body_supports_pump": True}
    answered = sign(client, PUMP, chart=(answers(**given),))
    (decision,) = decisions(answered)
    assert (decision["outcome"], decision["because"]) == ("not-documented", ["trial-halved-pain"])
    assert "medical director" in answered["cards"][0]["detail"]


@pytest.mark.parametrize(("code", "placed", "said"), [("62362", True, True), ("62362", False, False), ("62350", True, False)])
def test_a_replacement_is_named_on_the_card(client: FlaskClient, code: str, placed: bool, said: bool) -> None:
    """An implant of a pump where one is in place is judged as permanent, and the card says that it is a replacement."""
    cpt = "http://www.ama-assn.org/go/cpt"
    pump = {"resourceType": "Procedure", "id": "p", "status": "completed", "subject": PATIENT, "performedDateTime": "2018-03-01"}
    chart = (pump | {"code": {"coding": [{"system": cpt, "code": "62362"}]}},) if placed else ()
    answered = sign(client, order(code, on=ON), chart=chart)
    assert ("replacement" in answered["cards"][0]["detail"]) is said


MALIGNANT_TRIAL = {
    "pain_origin": "malignant",
    "noninvasive_pain_control_failed": True,
    "life_expectancy": 8,
    "spine_imaging_clear": True,
}


@pytest.mark.parametrize(
    ("chart", "outcome"),
    [
        ((condition("F10.20"),), "not-necessary"),
        ((condition("F10.21"),), "necessary"),
        ((condition("F11.11"), condition("F11.91")), "necessary"),
        ((condition("F10.20", on="2023-01-01"), condition("F10.21", on="2025-01-01")), "necessary"),
        ((condition("F17.210"),), "necessary"),
        ((condition("F11.20"),), "not-necessary"),
        ((condition("F11.20"), prescription("a", "7052", 15, 2, "2025-06-01")), "not-documented"),
        ((condition("F11.20"), condition("Z79.891")), "not-documented"),
        ((condition("F10.20", verified="provisional"),), "not-documented"),
        ((condition("F10.20", verified="refuted"),), "necessary"),
        ((condition("F10.20") | {"subject": {"reference": "Patient/p2"}},), "necessary"),
    ],
    ids=[
        "active",
        "remission",
        "opioids-remission",
        "later-remission",
        "nicotine",
        "F11.2",
        "prescribed",
        "long-term",
        "provisional",
        "refuted",
        "other",
    ],
)
def test_substance_abuse_is_read_by_the_longest_prefix(client: FlaskClient, chart: tuple[Json, ...], outcome: str) -> None:
    """Remission beats its shorter prefix, nicotine is not meant, and F11.2 on prescribed opioids is asked about."""
    assert the_decision(client, OPIOID_TRIAL, answers(**MALIGNANT_TRIAL), *chart)["outcome"] == outcome


@pytest.mark.parametrize(
    ("found", "because"),
    [
        (condition("Z95.0", on="2020-01-01"), "no-other-programmable-device"),
        (condition("Q05.7", on="2020-01-01"), "no-spinal-anomaly"),
        (condition("Z88.5", on="2020-01-01"), "no-drug-allergy"),
        (condition("L23.0", on="2020-01-01"), "implant-material-allergy"),
    ],
    ids=["pacemaker", "spina bifida", "narcotic allergy", "metal allergy"],
)
def test_what_only_may_speak_against_an_implant_is_asked(client: FlaskClient, found: Json, because: str) -> None:
    """A pacemaker alone, spina bifida, a class allergy and a metal allergy end the silence and decide nothing."""
    given = IMPLANT_FOR_OTHER_PAIN | {"trial_pain_reduction": 60}
    decision = the_decision(client, PUMP, answers(**given), found)
    assert (decision["outcome"], decision["because"]) == ("not-documented", [because])


def test_thrombophilia_is_no_coagulopathy(client: FlaskClient) -> None:
    """Thrombophilia clots and does not bleed: the presumption that there is no bleeding disorder holds."""
    given = IMPLANT_FOR_OTHER_PAIN | {"trial_pain_reduction": 60}
    assert the_decision(client, PUMP, answers(**given), condition("D68.51"))["outcome"] == "necessary"
    assert the_decision(client, PUMP, answers(**given), condition("D66"))["because"] == ["no-coagulopathy"]


@pytest.mark.parametrize(
    ("codes", "asked"),
    [(("M96.1", "G89.3"), True), (("M96.1",), False), (("G89.29", "C50.911"), True), (("G89.4",), False)],
    ids=["both origins", "nonmalignant", "chronic pain beside a cancer", "chronic pain"],
)
def test_the_origin_of_pain_is_asked_where_the_chart_leaves_it_open(
    client: FlaskClient, codes: tuple[str, ...], asked: bool
) -> None:
    """Both origins, or bare chronic pain beside a cancer, leave the origin open; one origin closes the other branch."""
    decision = the_decision(client, OPIOID_TRIAL, *(condition(code) for code in codes))
    assert ("pain_origin" in decision["asks"]) is asked
    assert ("noninvasive-failed" in decision["because"]) is asked


def test_tumour_in_the_spinal_canal_is_not_met(client: FlaskClient) -> None:
    """Metastasis to the spinal meninges, coded, ends the malignant branch; bone metastasis alone is asked about."""
    given = {name: value for name, value in MALIGNANT_TRIAL.items() if name != "spine_imaging_clear"}
    assert the_decision(client, OPIOID_TRIAL, answers(**given), condition("C79.49"))["because"] == ["no-epidural-metastasis"]
    assert the_decision(client, OPIOID_TRIAL, answers(**given), condition("C79.51"))["asks"] == ["spine_imaging_clear"]


def test_hospice_asks_and_an_answer_settles_it(client: FlaskClient) -> None:
    """Palliative care does not say how long and ends the presumption for other pain; an answer of eight months settles it."""
    given = TRIAL_OF_OTHER_PAIN | {"opioid_dose_reduction": 60}
    assert the_decision(client, OPIOID_TRIAL, answers(**given), condition("Z51.5"))["asks"] == ["life_expectancy"]
    assert the_decision(client, OPIOID_TRIAL, answers(**given, life_expectancy=8), condition("Z51.5"))["outcome"] == "necessary"
    earlier = observation("le", "75327-7", "2025-01-01", valueQuantity={"value": 2, "unit": "years"})
    assert the_decision(client, OPIOID_TRIAL, answers(**given), earlier, condition("Z51.5"))["asks"] == ["life_expectancy"]
    assert the_decision(client, OPIOID_TRIAL, answers(**given), earlier)["outcome"] == "necessary"


def test_an_unknown_origin_ignores_what_is_closed(client: FlaskClient) -> None:
    """Once the origin is known, neither reasons, questions nor assumptions name the other branch, nor the other kind of order."""
    decision = the_decision(client, OPIOID_TRIAL, answers(pain_origin="malignant"))
    assert decision["because"] == ["noninvasive-failed", "life-expectancy-over-3-months", "no-epidural-metastasis"]
    assert decision["asks"] == ["noninvasive_pain_control_failed", "life_expectancy", "spine_imaging_clear"]
    assert "no-coagulopathy" not in decision["assumed"]
    assert "life-expectancy-over-3-months-nonmalignant" not in decision["assumed"]


def test_spinal_morphine_is_called_what_it_is(client: FlaskClient) -> None:
    """Morphine for the spine is given in labour and surgery too: the card of its code does not speak of a pump."""
    drug = order("J2274", on=ON) | {
        "code": {"coding": [{"system": "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", "code": "J2274"}]}
    }
    (card,) = sign(client, drug)["cards"]
    assert card["summary"].startswith("Spinal morphine (J2274): ")
    pump = sign(client, order("62362", on=ON))["cards"][0]
    assert pump["summary"].startswith("Programmable spinal pump implant")
    assert sign(client, order("62350", on=ON))["cards"][0]["detail"].startswith("**Tunnelled spinal catheter implant or revision**")


@pytest.mark.parametrize(
    "end",
    [{"abatementDateTime": "2025-09-25"}, {"abatementPeriod": {"start": "2025-09-20", "end": "2025-09-25"}}],
    ids=["on a day", "over a period"],
)
def test_a_sepsis_called_active_whose_end_is_dated_is_asked(client: FlaskClient, end: Json) -> None:
    """A record that is active and has an end before the order contradicts itself: it denies nothing, and is asked about."""
    decision = the_decision(client, PUMP, answers(**IMPLANT_FOR_OTHER_PAIN), condition("A41.9", on="2025-09-20") | end)
    assert decision["outcome"] != "not-necessary"
    assert "systemic_infection" in decision["asks"]


def test_a_sepsis_whose_end_is_dated_after_the_order_stands(client: FlaskClient) -> None:
    """An end after the date of service says nothing of that day."""
    sepsis = condition("A41.9", on="2025-09-20") | {"abatementDateTime": "2025-10-09"}
    decision = the_decision(client, PUMP, answers(**IMPLANT_FOR_OTHER_PAIN), sepsis)
    assert (decision["outcome"], decision["because"]) == ("not-necessary", ["systemic-infection-active"])


@pytest.mark.parametrize(
    "of_type",
    [{}, {"type": {"coding": [{"system": SNOMED, "code": "49062001", "display": "Device"}]}}],
    ids=["no type", "a type that says little"],
)
def test_a_device_is_read_by_the_name_it_is_given(client: FlaskClient, of_type: Json) -> None:
    """A stimulator that only the name of the device tells ends the silence about other devices."""
    device: Json = {"resourceType": "Device", "id": "d1", "status": "active", "patient": PATIENT, **of_type}
    named = device | {"deviceName": [{"name": "Medtronic spinal cord stimulator", "type": "user-friendly-name"}]}
    decision = the_decision(client, PUMP, answers(**IMPLANT_FOR_OTHER_PAIN), named)
    assert "other_programmable_device" in decision["asks"]
    plain = device | {"deviceName": [{"name": "CPAP machine", "type": "user-friendly-name"}]}
    assert "other_programmable_device" not in the_decision(client, PUMP, answers(**IMPLANT_FOR_OTHER_PAIN), plain)["asks"]


def test_a_laxative_in_words_is_read(client: FlaskClient) -> None:
    """Polyethylene glycol without its number is the laxative: it leaves no doubt about opioids."""
    named = read_content(Path.cwd()).terminology.medicines.names.in_words("polyethylene glycol 17 g packet")
    assert named.read
    assert named.ingredients == ("221147",)
