"""Open fusion of the sacroiliac joint over HTTP: what its order rests on, what is asked, and what the card says."""

from __future__ import annotations

from datetime import date
from itertools import product
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.facts.computed import all_rules
from cds_service.facts.computed.sacroiliac import COVERED, TAKES
from cds_service.facts.kinds.order_reason import OrderReasonEvidence
from cds_service.policy.evidence import Evidence, Fact, Standing
from cds_service.policy.values import Days
from tests.exchange import ADDRESS, CPT, ICD10CM, PATIENT, Json, condition, decisions, order, prescription, request, sign

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
PCS = "http://www.cms.gov/Medicare/Coding/ICD10"
SNOMED = "http://snomed.info/sct"
UCUM = "http://unitsofmeasure.org"
ON = "2025-05-01"


def reason(code: str, system: str = ICD10CM) -> list[Json]:
    """The reason of an order, by one code."""
    return [{"coding": [{"system": system, "code": code}]}]


def fusion(code: str = "27280", **more: Any) -> Json:
    """A draft order of a fusion."""
    return order(code, **more)


def medicine(**more: Any) -> Json:
    """A draft order of vancomycin."""
    return prescription({"coding": [{"system": RXNORM, "code": "11124"}]}, on=ON, **more)


def of_the_fusion(answered: Json, reference: str = "ServiceRequest/o1") -> Json:
    """The decision of the fusion among those of a signing."""
    (decision,) = [one for one in decisions(answered) if one["order"] == reference]
    return decision


def judged(client: FlaskClient, *orders: Json, chart: tuple[Json, ...] = ()) -> tuple[str, list[str], list[str]]:
    """The outcome of the fusion, because of what, and what is asked."""
    decision = of_the_fusion(sign(client, *(orders or (fusion(),)), chart=chart))
    return decision["outcome"], decision["because"], decision["asks"]


@pytest.mark.parametrize("code", ["27279", "27278"])
def test_a_minimally_invasive_fusion_is_referred_with_a_card(client: FlaskClient, code: str) -> None:
    """A percutaneous fusion is referred to Carelon's policy; one info card says so, and that it is not held here."""
    answered = sign(client, fusion(code))
    assert (decisions(answered)[0]["outcome"], decisions(answered)[0]["because"]) == ("referred", ["minimally-invasive"])
    (card,) = answered["cards"]
    assert card["indicator"] == "info"
    assert "Carelon: Sacroiliac Joint Fusion" in card["summary"]
    assert "not held here" in card["detail"]
    assert "rior authorization" not in card["detail"]


def test_an_injection_is_not_addressed(client: FlaskClient) -> None:
    """An injection of the joint is governed by no policy held, and makes no card."""
    answered = sign(client, fusion("27096"))
    assert (decisions(answered)[0]["outcome"], decisions(answered)[0]["because"]) == ("not-addressed", ["not-listed"])
    assert answered["cards"] == []


def test_a_fusion_before_the_policy_is_not_addressed(client: FlaskClient) -> None:
    """The version held begins on 2024-10-01; the day before, none is held."""
    assert judged(client, fusion(on="2024-09-30", reasonCode=reason("S32.810A")))[:2] == ("not-addressed", ["no-version-held"])


def test_an_empty_chart_asks_what_the_fusion_is_for(client: FlaskClient) -> None:
    """With nothing documented the one question is what the fusion is for."""
    answered = sign(client, fusion())
    decision = of_the_fusion(answered)
    assert (decision["outcome"], decision["asks"]) == ("not-documented", ["si_fusion_indication"])
    (card,) = answered["cards"]
    assert "What is the (first) fusion for" in card["summary"]
    assert card["summary"].endswith("?")
    assert "rior authorization is needed" in card["detail"]


@pytest.mark.parametrize("status", ["provisional", "differential", "unconfirmed"])
@pytest.mark.parametrize(
    ("code", "criterion", "asked"),
    [
        ("S32.810A", "pelvic-trauma", "pelvic_trauma"),
        ("S32.501A", "pelvic-trauma", "pelvic_trauma"),
        ("M46.28", "si-joint-infection", "si_joint_infection"),
        ("M46.1", "si-joint-infection", "si_joint_infection"),
        ("C41.4", "sacral-tumor", "sacral_tumor"),
    ],
)
def test_what_is_not_confirmed_is_asked(client: FlaskClient, status: str, code: str, criterion: str, asked: str) -> None:
    """A provisional fracture, infection or tumor beside back pain is asked about, and never called investigative."""
    outcome, because, asks = judged(client, chart=(condition(code, verified=status), condition("M54.50")))
    assert (outcome, because[0], asks[0]) == ("not-documented", criterion, asked)


def test_a_provisional_fracture_as_the_reason_is_asked(client: FlaskClient) -> None:
    """A fracture that the order contains as its reason and that is not confirmed is asked about."""
    held = condition("S32.810A", verified="provisional", id_="r1")
    drafted = fusion(contained=[held], reasonReference=[{"reference": "#r1"}])
    assert judged(client, drafted, chart=(condition("M54.50"),)) == ("not-documented", ["pelvic-trauma"], ["pelvic_trauma"])


def test_a_refuted_infection_is_no_indication(client: FlaskClient) -> None:
    """A refuted infection documents nothing that the fusion could be for; beside back pain the pain is all there is."""
    refuted = condition("M46.28", verified="refuted")
    assert judged(client, chart=(refuted,)) == ("not-documented", ["no-indication"], ["si_fusion_indication"])
    assert judged(client, chart=(refuted, condition("M54.50")))[:2] == ("not-necessary", ["mechanical-low-back-pain"])


def test_a_refuted_infection_leaves_sacroiliitis_open(client: FlaskClient) -> None:
    """Refuting one infection does not say that a sacroiliitis on record is not infected."""
    chart = (condition("M46.28", verified="refuted"), condition("M46.1"))
    assert judged(client, chart=chart)[0] == "not-documented"


def test_a_fracture_confirmed_and_then_refuted_is_none(client: FlaskClient) -> None:
    """Of two records of one fracture the later counts; on the same day they contradict and it is asked."""
    first = condition("S32.810A", on="2025-04-01", id_="c1")
    later = condition("S32.810A", on="2025-04-03", verified="refuted", id_="c2")
    same = condition("S32.810A", on="2025-04-01", verified="refuted", id_="c2")
    pain = condition("M54.50")
    assert judged(client, chart=(first, later, pain))[:2] == ("not-necessary", ["mechanical-low-back-pain"])
    assert judged(client, chart=(first, same, pain)) == ("not-documented", ["pelvic-trauma"], ["pelvic_trauma"])


def test_a_healed_fracture_is_asked(client: FlaskClient) -> None:
    """A pelvic fracture that is resolved may have left a sequela: it is asked, not decided."""
    healed = condition("S32.810A") | {"clinicalStatus": {"coding": [{"code": "resolved"}]}}
    assert judged(client, chart=(healed, condition("M54.50"))) == ("not-documented", ["pelvic-trauma"], ["pelvic_trauma"])


@pytest.mark.parametrize(("ended", "outcome"), [("2024-06-01", "not-documented"), ("2024-04-30", "not-necessary")])
@pytest.mark.parametrize(
    "code",
    [
        {"coding": [{"system": ICD10CM, "code": "M46.28"}]},
        {"coding": [{"code": "M46.28"}]},
        {"coding": [{"system": "urn:a-hospital", "code": "M46.28"}]},
        {"text": "Septic sacroiliitis"},
    ],
    ids=["by its code", "without a system", "of an unknown system", "in words"],
)
def test_an_infection_that_is_over_asks_for_a_year(client: FlaskClient, code: Json, ended: str, outcome: str) -> None:
    """However it is written, an infection that is over is asked about for a year after it ended, and then says nothing."""
    over = condition("M46.28", on="2024-02-01") | {"clinicalStatus": {"coding": [{"code": "resolved"}]}, "code": code}
    chart = (over | {"abatementDateTime": ended}, condition("M54.50"))
    assert judged(client, chart=chart)[0] == outcome


def test_a_malformed_fracture_is_asked(client: FlaskClient) -> None:
    """A fracture whose record is not valid FHIR is no evidence, but it is asked about rather than passed over."""
    malformed = condition("S32.810A") | {"recordedDate": "2025-04-31"}
    assert judged(client, chart=(malformed, condition("M54.50"))) == ("not-documented", ["pelvic-trauma"], ["pelvic_trauma"])


def test_a_fracture_recorded_after_the_service_is_none(client: FlaskClient) -> None:
    """A diagnosis dated after the date of service speaks of another day."""
    assert judged(client, chart=(condition("S32.810A", on="2025-06-01"),))[:2] == ("not-documented", ["no-indication"])


def test_anothers_fracture_is_none(client: FlaskClient) -> None:
    """A fracture of another patient is no evidence."""
    other = condition("S32.810A") | {"subject": {"reference": "Patient/p2"}}
    assert judged(client, chart=(other,)) == ("not-documented", ["no-indication"], ["si_fusion_indication"])


@pytest.mark.parametrize("given", [{}, {"conditions": {"resourceType": "OperationOutcome", "issue": []}}], ids=["absent", "failed"])
def test_pain_while_conditions_were_not_searched_is_open(client: FlaskClient, given: Json) -> None:
    """Pain as the reason decides nothing while nobody has looked for a fracture, infection or tumor."""
    body = request(fusion(reasonCode=reason("M54.50")))
    del body["prefetch"]["conditions"]
    body["prefetch"] |= given
    answered = client.post(ADDRESS, json=body).get_json()
    decision = of_the_fusion(answered)
    assert (decision["outcome"], decision["asks"]) == ("not-documented", ["si_fusion_indication"])
    assert decision["searched"] == ["Condition"]
    assert "Not searched" in answered["cards"][0]["detail"]


def test_a_revision_names_what_leaves_it_open(client: FlaskClient) -> None:
    """After a failed fusion the card asks what the first one was for, and names the diagnosis that leaves it open."""
    (card,) = sign(client, fusion(reasonCode=reason("M96.0")), chart=(condition("M54.50"),))["cards"]
    assert "What is the (first) fusion for" in card["summary"]
    assert "M96.0" in card["detail"]
    assert "M54.50" in card["detail"]


def test_a_reason_that_is_not_here_is_not_searched(client: FlaskClient) -> None:
    """A reason that refers to a diagnosis which was not sent leaves open what the fusion is for."""
    drafted = fusion(reasonReference=[{"reference": "Condition/elsewhere"}])
    assert judged(client, drafted, chart=(condition("M54.50"),))[0] == "not-documented"


@pytest.mark.parametrize(
    "said",
    [
        [{"text": "failed conservative treatment"}],
        reason("263171005", SNOMED),
        reason("C50.911"),
        [*reason("Z98.1"), {"text": "see note"}],
    ],
    ids=["words alone", "a code that is not read", "a cancer elsewhere", "status and words"],
)
def test_a_reason_that_nobody_reads_is_asked(client: FlaskClient, said: list[Json]) -> None:
    """A reason in words, or by a code that is not read here, may be a covered one: beside pain it is asked, not refused."""
    drafted = fusion(reasonCode=said)
    assert judged(client, drafted, chart=(condition("M54.50"),)) == ("not-documented", ["no-indication"], ["si_fusion_indication"])


def test_a_diagnosis_elsewhere_is_an_indication_only_as_the_reason(client: FlaskClient) -> None:
    """Arthritis of the knee in the chart is not what the fusion is for; as the order's own reason it is."""
    assert judged(client, chart=(condition("M17.11"),))[:2] == ("not-documented", ["no-indication"])
    assert judged(client, fusion(reasonCode=reason("M17.11")))[:2] == ("not-necessary", ["other-indication"])
    referred = fusion(reasonReference=[{"reference": "Condition/c-M1711"}])
    assert judged(client, referred, chart=(condition("M17.11"),))[:2] == ("not-necessary", ["other-indication"])


@pytest.mark.parametrize(
    "code",
    [
        {"coding": [{"system": PCS, "code": "0QB10ZZ"}]},
        {"coding": [{"system": CPT, "code": "22899"}], "text": "Partial sacrectomy"},
        {"coding": [{"system": CPT, "code": "27075"}], "text": "Radical resection with hemisacrectomy"},
    ],
    ids=["by its code", "unlisted code with words", "neighbouring code with words"],
)
def test_a_sacrectomy_signed_with_the_fusion_counts(client: FlaskClient, code: Json) -> None:
    """A sacrectomy ordered in the same signing, by its code or by the words of another, makes the fusion necessary."""
    drafted = fusion(reasonCode=reason("447730004", SNOMED))
    assert judged(client, drafted, order(id_="o2", code="22899") | {"code": code})[0] == "necessary"


def test_a_resection_that_is_no_sacrectomy_is_asked(client: FlaskClient) -> None:
    """A resection of the pelvis whose words do not name the sacrum leaves the sacrectomy open; so does one not to be done."""
    drafted = fusion(reasonCode=reason("447730004", SNOMED))
    asked = ("not-documented", ["with-sacrectomy"], ["sacrectomy_with_fusion"])
    assert judged(client, drafted, order("27077", "o2")) == asked
    sacrectomy = order(id_="o2") | {"code": {"coding": [{"system": PCS, "code": "0QB10ZZ"}]}}
    assert judged(client, drafted, sacrectomy | {"doNotPerform": True}) == asked


def test_a_sacrectomy_planned_for_later_counts(client: FlaskClient) -> None:
    """A sacrectomy ordered for a day after the fusion is planned with it."""
    planned = order(id_="s1", status="active", occurrenceDateTime="2025-05-20")
    planned["code"] = {"coding": [{"system": PCS, "code": "0QB10ZZ"}]}
    assert judged(client, fusion(reasonCode=reason("447730004", SNOMED)), chart=(planned,))[0] == "necessary"


def test_a_course_of_antibiotics_signed_with_the_fusion_counts(client: FlaskClient) -> None:
    """Vancomycin in the same signing treats an infected joint if it says for how long; else the treatment is asked."""
    drafted = fusion(reasonCode=reason("M46.28"))
    course = {"timing": {"repeat": {"boundsDuration": {"value": 6, "unit": "wk", "system": UCUM, "code": "wk"}}}}
    assert judged(client, drafted, medicine(dosageInstruction=[course]))[0] == "necessary"
    asked = ("not-documented", ["with-medical-treatment"], ["anti_infective_treatment"])
    assert judged(client, drafted, medicine()) == asked
    assert judged(client, drafted, medicine(dosageInstruction=[{"text": "1 g IV once"}])) == asked
    assert judged(client, drafted) == asked


def test_a_medicine_in_words_alone_is_asked(client: FlaskClient) -> None:
    """A medicine without a code is not read, and one that was never given is not treatment."""
    drafted = fusion(reasonCode=reason("M46.28"))
    in_words = medicine(id="m2", status="active", medicationCodeableConcept={"text": "vancomycin 1 g"})
    assert judged(client, drafted, chart=(in_words,))[0] == "not-documented"
    assert judged(client, drafted, chart=(medicine(id="m2", status="cancelled"),))[0] == "not-documented"
    assert judged(client, drafted, chart=(medicine(id="m2", status="active", authoredOn="2025-04-20"),))[0] == "necessary"


def authorization(client: FlaskClient, **more: Any) -> str:
    """What the card of an order without an indication says of prior authorization."""
    encounter = more.pop("encounter", None)
    body = request(fusion(**more))
    body["prefetch"]["encounter"] = encounter
    (card,) = client.post(ADDRESS, json=body).get_json()["cards"]
    detail: str = card["detail"]
    return "not needed" if "no prior authorization is needed" in detail else "needed" if "Prior authorization is" in detail else ""


@pytest.mark.parametrize(
    ("named", "context", "outcome"),
    [
        ("Encounter/visit", None, "not-necessary"),
        (None, "visit", "not-necessary"),
        (None, "Encounter/visit", "not-necessary"),
        ("Encounter/another", "visit", "not-documented"),
        (None, None, "not-documented"),
    ],
)
def test_the_encounter_of_the_call_is_that_of_the_order(
    client: FlaskClient, named: str | None, context: str | None, outcome: str
) -> None:
    """What the encounter names as its diagnosis counts, whoever names the encounter: the order, else the call."""
    made = fusion() | ({"encounter": {"reference": named}} if named else {})
    body = request(made, chart=(condition("M47.818", on="2019-04-01", id_="old"),))
    diagnosis = [{"condition": {"reference": "Condition/old"}}]
    body["prefetch"]["encounter"] = emergency(class_="AMB") | {"id": "visit", "diagnosis": diagnosis, "period": {"start": ON}}
    body["context"] |= {"encounterId": context} if context else {}
    assert of_the_fusion(client.post(ADDRESS, json=body).get_json())["outcome"] == outcome


def emergency(status: str = "in-progress", class_: str = "EMER") -> Json:
    """The encounter of the signing."""
    return {"resourceType": "Encounter", "id": "e1", "status": status, "class": {"code": class_}, "subject": PATIENT}


@pytest.mark.parametrize(
    "indication", [{}, {"reasonCode": reason("M54.50")}, {"reasonCode": reason("M46.1")}], ids=["none", "pain", "open"]
)
@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"priority": "stat"}, "not needed"),
        ({"priority": "asap"}, "not needed"),
        ({"priority": "urgent"}, "needed"),
        ({"priority": "routine"}, "needed"),
        ({}, "needed"),
        ({"encounter": emergency()}, "not needed"),
        ({"encounter": emergency(status="finished")}, "needed"),
        ({"encounter": emergency(class_="IMP")}, "needed"),
        ({"encounter": emergency(), "priority": "routine"}, "not needed"),
    ],
    ids=["stat", "asap", "urgent", "routine", "no priority", "emergency", "emergency over", "inpatient", "routine in emergency"],
)
def test_the_card_says_whether_authorization_is_needed(client: FlaskClient, indication: Json, more: Json, said: str) -> None:
    """Every card says whether prior authorization is needed: not when emergent, which urgent is not."""
    assert authorization(client, **indication, **more) == said


def test_a_refusal_names_the_medical_director(client: FlaskClient) -> None:
    """What is not met as documented goes to a medical director, and government programs may differ: the card says both."""
    (card,) = sign(client, fusion(reasonCode=reason("M54.50")))["cards"]
    assert card["indicator"] == "warning"
    assert "medical director" in card["detail"]
    assert "Government programs" in card["detail"]


def appointment(code: str = "27280", **more: Any) -> Json:
    """A draft Appointment for a procedure."""
    return {
        "resourceType": "Appointment",
        "id": "a1",
        "status": "proposed",
        "serviceType": [{"coding": [{"system": CPT, "code": code}]}],
        "participant": [
            {"actor": {"reference": "Practitioner/u1"}, "status": "accepted"},
            {"actor": PATIENT, "status": "accepted"},
        ],
        "start": "2025-05-01T08:00:00Z",
        "end": "2025-05-01T12:00:00Z",
    } | more


@pytest.mark.parametrize(
    ("more", "outcome", "because"),
    [
        ({"reasonCode": reason("M54.50")}, "not-necessary", ["mechanical-low-back-pain"]),
        ({}, "not-documented", ["no-indication"]),
        ({"start": "2024-09-30T08:00:00Z"}, "not-addressed", ["no-version-held"]),
        ({"start": None, "requestedPeriod": [{"start": "2024-09-30"}]}, "not-addressed", ["no-version-held"]),
    ],
    ids=["pain", "no reason", "before the policy", "asked for before the policy"],
)
def test_an_appointment_is_an_order(client: FlaskClient, more: Json, outcome: str, because: list[str]) -> None:
    """An Appointment for the fusion, whose patient is a participant, is judged on the day it is for."""
    drafted = {key: value for key, value in appointment(**more).items() if value is not None}
    decision = of_the_fusion(sign(client, drafted), "Appointment/a1")
    assert (decision["outcome"], decision["because"]) == (outcome, because)


def test_an_appointment_for_a_fracture_is_necessary(client: FlaskClient) -> None:
    """An Appointment whose reason is a pelvic ring fracture is necessary and makes no card; by 27279 it is referred."""
    answered = sign(client, appointment(reasonCode=reason("S32.810A")))
    assert of_the_fusion(answered, "Appointment/a1")["outcome"] == "necessary"
    assert answered["cards"] == []
    assert of_the_fusion(sign(client, appointment("27279")), "Appointment/a1")["outcome"] == "referred"


def test_an_appointment_of_another_patient_is_refused(client: FlaskClient) -> None:
    """An Appointment in which another patient takes part is an error, as with every order."""
    other = {"actor": {"reference": "Patient/p2"}, "status": "accepted"}
    assert client.post(ADDRESS, json=request(appointment(participant=[other]))).status_code == 422


@pytest.mark.parametrize("given", [{}, {"codes": "si-pelvic-trauma", "other_than": ["si-pelvic-trauma"]}], ids=["neither", "both"])
def test_an_order_reason_is_read_in_one_way(given: Json) -> None:
    """A source of the kind order_reason names the codes that say yes, or those that are read elsewhere, and not both."""
    with pytest.raises(ValueError, match="either the value set that says yes"):
        OrderReasonEvidence.model_validate(given)


def worded(words: str) -> Json:
    """An order of a fusion whose code has a text."""
    return fusion() | {"code": {"coding": [{"system": CPT, "code": "27280"}], "text": words}}


PAIN = condition("M53.3")
"""What is recorded beside the reasons and words of the orders below."""


@pytest.mark.parametrize(
    "named",
    [
        {"display": "Closed pelvic ring fracture"},
        {"reference": "DiagnosticReport/ct"},
        {"reference": "Observation/visit", "display": "Visit diagnosis"},
    ],
    ids=["words alone", "a report", "an observation"],
)
def test_a_reason_that_refers_to_no_diagnosis_is_unread(client: FlaskClient, named: Json) -> None:
    """A reason that refers to something else than a diagnosis at hand leaves open what the fusion is for."""
    outcome, _, asks = judged(client, fusion(reasonReference=[named]), chart=(PAIN, imaging()))
    assert outcome == "not-documented"
    assert set(asks) <= {"si_fusion_indication", "pelvic_trauma"}


@pytest.mark.parametrize(
    "words",
    ["SI joint dysfunction", "Sacroiliac joint pain, left", "Chronic low back pain", "Degenerative sacroiliac joint"],
)
@pytest.mark.parametrize("where", ["reasonCode", "reasonReference"])
def test_a_reason_in_words_that_the_chart_says_in_a_code_asks_nothing(client: FlaskClient, where: str, words: str) -> None:
    """A reason in words that says no more than a recorded excluded diagnosis leaves nothing open beside it."""
    stated = {"text": words} if where == "reasonCode" else {"display": words}
    assert judged(client, fusion() | {where: [stated]}, chart=(PAIN,)) == ("not-necessary", ["si-joint-syndrome"], [])


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("Open SI fusion for unstable pelvic ring fracture", "pelvic_trauma"),
        ("Fusion for septic sacroiliac joint", "si_joint_infection"),
        ("Fusion after chordoma resection", "sacral_tumor"),
    ],
)
@pytest.mark.parametrize("where", ["code", "orderDetail"])
def test_an_order_that_names_a_covered_indication_is_asked_about(client: FlaskClient, where: str, words: str, asked: str) -> None:
    """What an order itself says of a covered indication is asked about, and never called investigative."""
    said = {"text": words}
    ordered = worded(words) if where == "code" else fusion(orderDetail=[said])
    outcome, _, asks = judged(client, ordered | {"reasonCode": reason("M53.3")})
    assert outcome == "not-documented"
    assert asks[0] == asked


@pytest.mark.parametrize("words", ["Open SI joint fusion, left", "Open sacroiliac fusion, degenerative, no fracture"])
def test_an_order_that_names_no_covered_indication_says_nothing(client: FlaskClient, words: str) -> None:
    """The words of an order that name no covered indication, or deny it, change nothing."""
    assert judged(client, worded(words) | {"reasonCode": reason("M53.3")})[:2] == ("not-necessary", ["si-joint-syndrome"])


def test_a_contained_diagnosis_of_another_patient_is_no_reason(client: FlaskClient) -> None:
    """A diagnosis that an order contains and that is another patient's documents nothing."""
    held = condition("S32.810A", id_="r1") | {"subject": {"reference": "Patient/p2"}}
    outcome, because, _ = judged(client, fusion(contained=[held], reasonReference=[{"reference": "#r1"}]))
    assert (outcome, because) == ("not-documented", ["no-indication"])


def imaging(on: str = "2025-04-01", **more: Any) -> Json:
    """A final report of a scan of the pelvis."""
    return {
        "resourceType": "DiagnosticReport",
        "id": "ct",
        "status": "final",
        "subject": PATIENT,
        "code": {"text": "CT of the pelvis"},
        "effectiveDateTime": on,
    } | more


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ({"conclusionCode": [{"coding": [{"system": SNOMED, "code": "59962009"}]}]}, "pelvic_trauma"),
        ({"conclusionCode": [{"text": "Disruption of the pelvic ring"}]}, "pelvic_trauma"),
        ({"conclusion": "Displaced sacral fracture through the foramina."}, "pelvic_trauma"),
        ({"conclusion": "Findings of a septic sacroiliac joint."}, "si_joint_infection"),
        ({"conclusion": "Lytic metastasis in the sacrum."}, "sacral_tumor"),
        ({"conclusion": "Findings most consistent with septic sacroiliitis on the left."}, "si_joint_infection"),
        ({"conclusion": "Septic arthritis of the right SI joint."}, "si_joint_infection"),
        ({"conclusion": "Osteomyelitis involving the sacrum."}, "si_joint_infection"),
        ({"conclusion": "Comminuted fracture of the left sacral ala."}, "pelvic_trauma"),
        ({"conclusion": "Superior pubic ramus fracture, likely with a sacral fracture."}, "pelvic_trauma"),
        ({"conclusion": "Fractures of the left superior and inferior pubic rami."}, "pelvic_trauma"),
        ({"conclusion": "Destructive lesion of the sacrum."}, "sacral_tumor"),
    ],
)
def test_what_a_report_concludes_is_asked_about(client: FlaskClient, said: Json, asked: str) -> None:
    """A covered indication that a report concludes, in a code or in words, is asked about beside back pain."""
    outcome, _, asks = judged(client, fusion(reasonCode=reason("M53.3")), chart=(imaging(**said),))
    assert outcome == "not-documented"
    assert asks[0] == asked


@pytest.mark.parametrize(
    "said",
    [
        {"conclusion": "No acute fracture of the pelvis or sacrum. Degenerative changes of both SI joints."},
        {"conclusion": "Pelvic ring is intact. Mild sacroiliitis, likely degenerative."},
        {"conclusion": "Degenerative arthritis of the sacroiliac joints."},
        {"conclusion": "Neither pelvic fracture nor dislocation is seen."},
        {"conclusion": "Insufficiency fracture of the sacrum."},
        {"conclusion": "Displaced sacral fracture.", "effectiveDateTime": "2021-04-01"},
        {"conclusion": "Displaced sacral fracture.", "status": "entered-in-error"},
    ],
    ids=["none", "intact", "degenerative", "neither", "insufficiency", "old", "in error"],
)
def test_a_report_of_nothing_covered_says_nothing(client: FlaskClient, said: Json) -> None:
    """A report that denies the covered indications, is old, or was entered in error changes nothing."""
    ordered = fusion(reasonCode=reason("M53.3"))
    assert judged(client, ordered, chart=(imaging(**said),)) == ("not-necessary", ["si-joint-syndrome"], [])


DAY = date(2025, 5, 1)
STATES = {
    "silent": (),
    "yes": (Evidence(True, Days.on(DAY), "Condition/1"),),
    "refuted": (Evidence(False, Days.on(DAY), "Condition/1"),),
    "possible": (Evidence(True, Days.on(DAY), "Condition/1", standing=Standing.UNCERTAIN),),
}


@pytest.mark.parametrize("unsearched", [(), ("Condition",)], ids=["searched", "not searched"])
def test_silence_never_closes_a_covered_indication(unsearched: tuple[str, ...]) -> None:
    """Over every combination of what diagnoses say, a covered indication is *no* only on a searched chart that documents or
    leaves possible another one, and an excluded one is *yes* only where it is documented and all covered ones are *no*."""
    for tumor, infection, trauma, pain, unclear in product(STATES, STATES, STATES, STATES, ["silent", "possible"]):
        said = {"tumor": tumor, "infection": infection, "trauma": trauma, "low_back_pain": pain, "unclear": unclear}
        facts = {name: Fact(name, STATES[said.get(name, "silent")], unsearched) for name in TAKES}
        indication = Fact("indication", tuple(all_rules()["fusion indication"](facts, DAY, None)), unsearched)
        found = {
            name: Fact(
                name,
                tuple(all_rules()[f"fusion for {choice}"]({"indication": indication, "recorded": facts[name]}, DAY, None)),
                unsearched,
            )
            for name, choice in COVERED.items()
        }
        documented = any(said[name] in ("yes", "possible") for name in [*COVERED, "low_back_pain"])
        for name in COVERED:
            values = {e.value for e in found[name].evidence if e.standing is Standing.USABLE}
            assert values == {True} if said[name] == "yes" else True not in values, said
            if False in values:
                assert documented, said
                assert not unsearched, said
                assert said[name] in ("silent", "refuted"), said
        (only,) = {
            e.value for e in all_rules()["fusion only for mechanical low back pain"]({**found, "indication": indication}, DAY, None)
        }
        if only:
            assert pain == "yes", said
            assert unclear == "silent", said
            assert not unsearched, said
            assert {said[name] for name in COVERED} <= {"silent", "refuted"}, said
