"""The growth-factor policy over HTTP: how orders are recognised, and what is made of bad and borderline data."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from typer.testing import CliRunner

from cds_service.cli import app
from cds_service.content.content import read_content, shipped_content
from cds_service.facts.evidence_days import after, within_a_day
from cds_service.facts.found.stages import stage_said
from cds_service.policy.evidence import Evidence
from cds_service.policy.values import Days
from cds_service.serving.app import create_app
from tests import exchange
from tests.conftest import TODAY
from tests.exchange import ADDRESS, Json, condition, decisions, request, sign
from tests.exchange import observation as laboratory

HCPCS = "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
NDC = "http://hl7.org/fhir/sid/ndc"
SNOMED = "http://snomed.info/sct"
UCUM = "http://unitsofmeasure.org"
PATIENT = {"reference": "Patient/p1"}
POLICY = "bcbsm/colony-stimulating-factors"
ON = "2025-05-01"


def concept(system: str, code: str, **more: Any) -> Json:
    """A CodeableConcept of one coding."""
    return {"coding": [{"system": system, "code": code}], **more}


def prescription(medicine: Json | None = None, id_: str = "m1", on: str = ON, **more: Any) -> Json:
    """A draft MedicationRequest; without a medicine, for Neulasta by its HCPCS code."""
    by_reference = "medicationReference" in more
    return exchange.prescription(None if by_reference else medicine or concept(HCPCS, "J2506"), id_, on, **more)


def between(low: float, high: float) -> Json:
    """A Range of cells in a microlitre."""
    return {end: {"value": value, "unit": "/uL", "code": "/uL", "system": UCUM} for end, value in (("low", low), ("high", high))}


def taken(medicine: Json, id_: str, on: str, **more: Any) -> Json:
    """An active MedicationRequest of the chart."""
    return prescription(medicine, id_, on) | {"status": "active"} | more


def measured(id_: str, code: str, value: float, unit: str, on: str = "2025-04-28", **more: Any) -> Json:
    """A laboratory result with a number."""
    quantity = {"value": value, "unit": unit, "system": UCUM, "code": unit} | more.pop("quantity", {})
    return laboratory(id_, code, on, valueQuantity=quantity, **more)


def assessed(probability: float, on: str = "2025-04-20") -> Json:
    """A RiskAssessment of febrile neutropenia, in per cent."""
    return {
        "resourceType": "RiskAssessment",
        "id": "risk-1",
        "status": "final",
        "subject": PATIENT,
        "occurrenceDateTime": on,
        "prediction": [{"outcome": concept(SNOMED, "409089005"), "probabilityDecimal": probability}],
    }


def answered(on: str = "2025-04-30", **facts: bool | str) -> Json:
    """Answers to the questions of facts."""
    items = [
        {"linkId": name, "answer": [{"valueBoolean": value} if isinstance(value, bool) else {"valueString": value}]}
        for name, value in facts.items()
    ]
    return {
        "resourceType": "QuestionnaireResponse",
        "id": "answers",
        "status": "completed",
        "subject": PATIENT,
        "authored": on,
        "item": items,
    }


BREAST = condition("C50.911")
STEP = answered(other_growth_factor_failed=True)
INTERMEDIATE = assessed(15)


def decided(client: FlaskClient, order: Json, *chart: Json) -> Json:
    """The decision of the policy on an order, or the one decision there is."""
    found = decisions(sign(client, order, chart=chart))
    return next((d for d in found if d.get("policy") == POLICY), found[0])


def card(client: FlaskClient, order: Json, *chart: Json) -> str:
    """The detail of the one card of an order."""
    found = sign(client, order, chart=chart)["cards"]
    assert len(found) == 1
    detail: str = found[0]["detail"]
    return detail


PRODUCTS = [
    concept(HCPCS, "J1442"),
    concept(HCPCS, "Q5130"),
    concept(HCPCS, "J9361"),
    concept(HCPCS, "J2820"),
    concept(RXNORM, "727535"),
    concept(RXNORM, "353501"),
    concept(NDC, "55513-0190-01"),
    concept(RXNORM, "1605064"),
    concept(RXNORM, "1433764"),
    concept(RXNORM, "68442"),
    concept(RXNORM, "338036"),
]


@pytest.mark.parametrize("medicine", PRODUCTS, ids=[m["coding"][0]["code"] for m in PRODUCTS])
def test_products_are_recognised_by_their_codes(client: FlaskClient, medicine: Json) -> None:
    """HCPCS codes, RxNorm products, precise ingredients and ingredients all select the policy."""
    assert decided(client, prescription(medicine), BREAST, assessed(25), STEP)["outcome"] == "necessary"


@pytest.mark.parametrize(("kind", "element"), [("ServiceRequest", "code"), ("DeviceRequest", "codeCodeableConcept")])
def test_service_and_device_requests_with_the_code_count(client: FlaskClient, kind: str, element: str) -> None:
    """An order of another type that carries the HCPCS code is judged alike."""
    order = {"resourceType": kind, "id": "o1", "status": "draft", "intent": "order", "subject": PATIENT, "authoredOn": ON}
    order[element] = concept(HCPCS, "Q5111")
    assert decided(client, order, BREAST, assessed(25), STEP)["outcome"] == "necessary"


def medication(id_: str, code: Json | None = None) -> Json:
    """A Medication with a code."""
    return {"resourceType": "Medication", "id": id_, "code": code or concept(RXNORM, "727542")}


def test_a_contained_medication_is_followed(client: FlaskClient) -> None:
    """The medicine of an order may be a Medication that the order contains."""
    order = prescription(contained=[medication("med")], medicationReference={"reference": "#med"})
    assert decided(client, order, BREAST, assessed(25), STEP)["outcome"] == "necessary"


def test_a_medication_of_the_bundle_is_followed(client: FlaskClient) -> None:
    """The medicine of an order may be a Medication among the draft orders."""
    body = request(prescription(medicationReference={"reference": "Medication/med"}), chart=(BREAST, assessed(25), STEP))
    body["context"]["draftOrders"]["entry"].append({"resource": medication("med")})
    answer = client.post("/cds-services/medical-policy", json=body).get_json()
    assert decisions(answer)[0]["outcome"] == "necessary"


def test_a_prefetched_medication_is_followed(client: FlaskClient) -> None:
    """The medicine of an order may be a Medication that was prefetched."""
    order = prescription(medicationReference={"reference": "Medication/med"})
    assert decided(client, order, BREAST, assessed(25), STEP, medication("med"))["outcome"] == "necessary"


def test_a_referred_unlisted_biologic_may_be_named_by_the_medication(client: FlaskClient) -> None:
    """The words of a Medication that an order refers to describe the order too."""
    named = medication("med", concept(HCPCS, "J3590", text="Ryzneuta 20 mg"))
    order = prescription(contained=[named], medicationReference={"reference": "#med"})
    assert decided(client, order, BREAST, assessed(25), STEP)["outcome"] == "necessary"


def test_granix_is_never_rolled_up_into_filgrastim(client: FlaskClient) -> None:
    """An order that names Granix beside the ingredient filgrastim has the uses of Granix alone."""
    both = {"coding": [{"system": RXNORM, "code": "68442"}, {"system": RXNORM, "code": "1433764"}]}
    hairy_cell = condition("C91.40")
    few = measured("anc", "751-8", 300, "/uL")
    assert "filgrastim-hairy-cell" in decided(client, prescription(concept(RXNORM, "68442")), hairy_cell, few, STEP)["because"]
    granix = decided(client, prescription(both), hairy_cell, few, STEP)
    assert granix["outcome"] == "not-documented"
    assert "filgrastim-hairy-cell" not in granix["because"]


def test_a_medicine_given_only_as_text_is_told_and_not_judged(client: FlaskClient) -> None:
    """Text alone judges nothing; that it names what the policy governs is told."""
    found = decided(client, prescription({"text": "Neulasta 6 mg"}))
    assert (found["outcome"], found["because"]) == ("not-addressed", ["named-in-words"])


@pytest.mark.parametrize(
    ("medicine", "because"),
    [
        (concept(HCPCS, "J3590"), ["unspecified-test"]),
        (concept(HCPCS, "J3590", text="J3590"), ["unspecified-test"]),
        (concept(HCPCS, "J3590", text="infliximab"), ["other-test"]),
        (concept(HCPCS, "Q5148"), ["not-listed"]),
    ],
    ids=["bare", "own code as text", "another biologic", "Nypozi"],
)
def test_what_the_policy_does_not_name_is_not_addressed(client: FlaskClient, medicine: Json, because: list[str]) -> None:
    """An unlisted biologic without description, one that is another product, and a later biosimilar are not addressed."""
    found = decided(client, prescription(medicine), BREAST)
    assert (found["outcome"], found["because"]) == ("not-addressed", because)


def test_another_coding_may_name_ryzneuta(client: FlaskClient) -> None:
    """An unlisted code beside the code of Ryzneuta is Ryzneuta."""
    both = {"coding": [{"system": HCPCS, "code": "J3590"}, {"system": RXNORM, "code": "2670669"}]}
    assert decided(client, prescription(both), BREAST, assessed(25), STEP)["outcome"] == "necessary"


@pytest.mark.parametrize(("start", "policy"), [("2024-04-10", "no-version-held"), ("2024-04-11", "necessary")])
def test_an_order_is_dated_by_the_start_of_its_dosage(client: FlaskClient, start: str, policy: str) -> None:
    """The dosage timing dates an order, before its authoredOn, and picks the version."""
    order = prescription(dosageInstruction=[{"timing": {"repeat": {"boundsPeriod": {"start": start}}}}])
    found = decided(
        client,
        order,
        condition("C50.911", on="2024-04-01"),
        assessed(25, "2024-04-02"),
        answered("2024-04-01", other_growth_factor_failed=True),
    )
    assert policy in (found["outcome"], *found["because"])


# --- the risk of the regimen ----------------------------------------------------------------------------------------


def regimen(*codes: str) -> tuple[Json, ...]:
    """Active orders of antineoplastic medicines by RxNorm."""
    return tuple(taken(concept(RXNORM, code), f"chemo-{code}", "2025-04-25") for code in codes)


def evidence(found: Json, fact: str) -> list[Json]:
    """The rows of evidence for a fact."""
    return [row for row in found["evidence"] if row["fact"] == fact]


def test_the_table_says_the_risk_of_a_regimen(client: FlaskClient) -> None:
    """Docetaxel with cyclophosphamide for breast cancer is TC: high risk, by the drugs that are ordered."""
    found = decided(client, prescription(), BREAST, *regimen("72962", "3002"), STEP)
    assert found["outcome"] == "necessary"
    assert {row["resource"] for row in evidence(found, "febrile_neutropenia_risk")} == {
        "MedicationRequest/chemo-72962",
        "MedicationRequest/chemo-3002",
    }


def test_that_the_table_is_not_confirmed_stands_in_the_trace(client: FlaskClient, tmp_path: Path) -> None:
    """A decision that rests on the table of regimens says that no pharmacist has confirmed it."""
    said = card(client, prescription(), BREAST, *regimen("134547"), condition("C83.30", id_="nhl"), STEP)
    assert "CHOP" not in said
    call = tmp_path / "call.json"
    chart = (condition("C83.30"), *regimen("3002", "3639", "11202", "8640"), STEP)
    call.write_text(json.dumps(request(prescription(), chart=chart)), encoding="utf-8")
    trace = " ".join(CliRunner().invoke(app, ["check", str(call)]).output.replace("│", " ").split())
    assert "CHOP-14 with or without rituximab" in trace
    assert "to be confirmed by a pharmacist" in trace


def test_regimens_that_differ_in_the_cycle_alone_are_asked(client: FlaskClient) -> None:
    """CHOP every 14 days is high, every 21 days intermediate: the drugs decide nothing."""
    found = decided(client, prescription(), condition("C83.30"), *regimen("3002", "3639", "11202", "8640"), STEP)
    assert found["outcome"] == "not-documented"
    assert found["asks"][0] == "febrile_neutropenia_risk"


@pytest.mark.parametrize(("site", "high"), [("C18.7", True), ("C25.0", False)])
def test_the_site_of_the_cancer_tells_regimens_of_the_same_drugs_apart(client: FlaskClient, site: str, high: bool) -> None:
    """The four drugs of FOLFOXIRI are high risk in the colon; in the pancreas lists differ, and it is asked."""
    found = decided(client, prescription(), condition(site), *regimen("4492", "6313", "32592", "51499"), STEP)
    assert (found["outcome"] == "necessary") is high


def test_a_regimen_outside_the_table_is_asked(client: FlaskClient) -> None:
    """Drugs that no row of the table has decide nothing."""
    found = decided(client, prescription(), BREAST, *regimen("3100", "11198"), STEP)
    assert (found["outcome"], found["asks"][0]) == ("not-documented", "febrile_neutropenia_risk")


def test_drugs_signed_together_are_the_regimen(client: FlaskClient) -> None:
    """Chemotherapy signed with the growth factor counts as planned."""
    chemo = [prescription(concept(RXNORM, code), f"with-{code}") for code in ("72962", "3002")]
    found = decisions(sign(client, prescription(), *chemo, chart=(BREAST, STEP)))
    assert next(d for d in found if d.get("policy") == POLICY)["outcome"] == "necessary"


@pytest.mark.parametrize(
    ("stated", "outcome"), [(20, "necessary"), (0.2, "necessary"), (19.9, "not-documented"), (9, "not-documented")]
)
def test_a_stated_risk_comes_before_the_table(client: FlaskClient, stated: float, outcome: str) -> None:
    """A RiskAssessment decides, in per cent or as a share of one, whatever the drugs are; exactly 20 % is high."""
    found = decided(client, prescription(), BREAST, *regimen("72962", "3002"), assessed(stated), STEP)
    assert found["outcome"] == outcome


def test_an_answer_comes_before_the_table(client: FlaskClient) -> None:
    """The clinician's answer on the risk beats the table of regimens."""
    said = answered(febrile_neutropenia_risk="low", other_growth_factor_failed=True)
    found = decided(client, prescription(), BREAST, *regimen("72962", "3002"), said)
    assert found["outcome"] == "not-documented"
    assert "low-risk-regimen" not in found["because"]


# --- risk factors and bad data -----------------------------------------------------------------------------------------

AT_RISK = (BREAST, INTERMEDIATE, STEP)


@pytest.mark.parametrize(
    ("result", "met"),
    [
        (measured("b", "1975-2", 1.0, "mg/dL"), True),
        (measured("b", "1975-2", 0.9, "mg/dL"), False),
        (measured("b", "14631-6", 17.1, "umol/L"), True),
        (measured("b", "14631-6", 17.0, "umol/L"), False),
        (measured("b", "1975-2", 0.02, "mmol/L"), True),
        (measured("b", "1975-2", 30, "furlong"), False),
        (measured("b", "1968-7", 3.0, "mg/dL"), False),
        (measured("a", "1920-8", 80, "U/L", referenceRange=[{"high": {"value": 40, "unit": "U/L"}}]), True),
        (measured("a", "1920-8", 79, "U/L", referenceRange=[{"high": {"value": 40, "unit": "U/L"}}]), False),
        (measured("a", "1742-6", 900, "U/L"), False),
        (measured("a", "1742-6", 900, "U/L", referenceRange=[{"low": {"value": 4}}]), False),
    ],
    ids=["1.0", "0.9", "17.1 umol", "17.0 umol", "mmol", "no unit known", "direct", "AST twice", "AST less", "no range", "no high"],
)
def test_liver_dysfunction(client: FlaskClient, result: Json, met: bool) -> None:
    """Total bilirubin from 1.0 mg/dL (17.1 umol/L), or AST or ALT from twice the upper limit of the result's own range."""
    found = decided(client, prescription(), *AT_RISK, result)
    assert (found["outcome"], "risk-liver" in found["because"]) == (("necessary", True) if met else ("not-documented", True))


def limit(high: float, **more: Any) -> Json:
    """A reference range up to a number of units per litre."""
    return {"low": {"value": 5, "unit": "U/L"}, "high": {"value": high, "unit": "U/L"}, **more}


WOMAN = {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1975-01-01"}
MEN = {"appliesTo": [concept("http://terminology.hl7.org/CodeSystem/v3-AdministrativeGender", "M")]}


@pytest.mark.parametrize(
    ("ranges", "settled"),
    [
        ([limit(40), limit(40)], True),
        ([limit(40), limit(50)], True),
        ([limit(35), limit(70)], False),
        ([limit(70, **MEN), limit(35)], True),
        ([limit(70, appliesTo=[{"text": "Male"}]), limit(35, appliesTo=[{"text": "Female"}])], True),
        ([limit(70, **MEN)], False),
        ([limit(70, age={"high": {"value": 17, "unit": "years"}}), limit(35, age={"low": {"value": 18, "unit": "a"}})], True),
        ([limit(35), limit(500, type={"text": "Critical"})], True),
        ([limit(35), limit(500, type=concept("http://terminology.hl7.org/CodeSystem/referencerange-meaning", "treatment"))], True),
        ([limit(35), {"text": "see note"}], True),
    ],
)
def test_a_result_with_several_ranges(client: FlaskClient, ranges: list[Json], settled: bool) -> None:
    """Ranges of other people do not count; those that are left decide where each of them does."""
    result = measured("a", "1920-8", 100, "U/L", referenceRange=ranges)
    made = request(prescription(), chart=(*AT_RISK, result))
    made["prefetch"]["patient"] = WOMAN
    (found,) = [d for d in decisions(client.post(ADDRESS, json=made).get_json()) if d.get("policy") == POLICY]
    assert found["outcome"] == ("necessary" if settled else "not-documented")


@pytest.mark.parametrize(
    ("result", "met"),
    [
        (measured("n", "751-8", 1.2, "10*3/uL"), True),
        (measured("n", "751-8", 1.2, "10*9/L"), True),
        (measured("n", "751-8", 1500, "/uL"), False),
        (measured("n", "751-8", 500, "/uL", quantity={"comparator": "<"}), True),
        (measured("n", "751-8", 500, "/uL", quantity={"comparator": ">"}), False),
        (measured("n", "751-8", 1200, "bananas"), False),
        (laboratory("n", "751-8", "2025-04-28", valueString="about 1200"), False),
        (laboratory("n", "751-8", "2025-04-28", valueRange=between(900, 1100)), True),
        (laboratory("n", "751-8", "2025-04-28", valueRange=between(900, 2100)), False),
        (measured("n", "751-8", 1200, "/uL", on="2025-03-01"), False),
        (measured("n", "751-8", 1200, "/uL", subject={"reference": "Patient/p2"}), False),
    ],
    ids=["10*3/uL", "10*9/L", "1500", "<500", ">500", "unknown unit", "text", "range", "wide range", "too old", "another patient"],
)
def test_neutropenia_before_treatment(client: FlaskClient, result: Json, met: bool) -> None:
    """A count below 1500 of the last 30 days; comparators and ranges decide only when all their values do."""
    assert decided(client, prescription(), *AT_RISK, result)["outcome"] == ("necessary" if met else "not-documented")


def test_a_nadir_is_no_neutropenia_before_treatment(client: FlaskClient) -> None:
    """A count in the three weeks after a dose of chemotherapy is set aside."""
    dose = {
        "resourceType": "MedicationAdministration",
        "id": "dose",
        "status": "completed",
        "subject": PATIENT,
        "effectiveDateTime": "2025-04-18",
        "medicationCodeableConcept": concept(RXNORM, "3002"),
    }
    nadir = measured("n", "751-8", 1200, "/uL")
    assert decided(client, prescription(), *AT_RISK, nadir, dose)["outcome"] == "not-documented"


def test_values_of_one_day_that_disagree_decide_nothing(client: FlaskClient) -> None:
    """Two counts of one day on either side of the threshold contradict each other."""
    two = (measured("n1", "751-8", 1200, "/uL"), measured("n2", "751-8", 1900, "/uL"))
    found = decided(client, prescription(), *AT_RISK, *two)
    assert found["outcome"] == "not-documented"
    assert {row["resource"] for row in evidence(found, "neutrophils_before_treatment")} == {"Observation/n1", "Observation/n2"}


def test_a_filtration_rate_is_no_creatinine_clearance(client: FlaskClient) -> None:
    """An eGFR decides nothing about creatinine clearance."""
    rate = measured("e", "98979-8", 30, "mL/min/{1.73_m2}")
    assert decided(client, prescription(), *AT_RISK, rate)["outcome"] == "not-documented"
    clearance = measured("c", "2164-2", 49, "mL/min")
    assert decided(client, prescription(), *AT_RISK, clearance)["outcome"] == "necessary"


@pytest.mark.parametrize(
    ("born", "outcome"), [("1959-05-01", "necessary"), ("1959-05-02", "not-documented"), ("1959", "not-documented")]
)
def test_age_over_65_is_in_completed_years(client: FlaskClient, born: str, outcome: str) -> None:
    """66 completed years are over 65, 65 are not, and a birth year that leaves it open decides nothing."""
    body = request(prescription(), chart=AT_RISK)
    body["prefetch"]["patient"] = {"resourceType": "Patient", "id": "p1", "birthDate": born}
    answer = client.post("/cds-services/medical-policy", json=body).get_json()
    assert decisions(answer)[0]["outcome"] == outcome


@pytest.mark.parametrize(
    ("codes", "met"),
    [
        (("I10", "E11.9", "E78.5", "E03.9", "M81.0"), True),
        (("I10", "E11.9", "E11.65", "E78.5", "E03.9"), False),
        (("I50.9", "J44.9"), True),
        (("E11.21", "E11.42"), False),
        (("C50.911", "C78.7", "I10", "E78.5"), True),
    ],
    ids=["five", "two of one category", "two serious", "one serious category", "cancer does not count, metastasis does"],
)
def test_comorbidities_count_by_category(client: FlaskClient, codes: tuple[str, ...], met: bool) -> None:
    """Conditions of one ICD-10-CM category count once, and the treated cancer does not count."""
    ill = tuple(condition(code, id_=f"ill-{code.replace('.', '')}") for code in codes)
    assert decided(client, prescription(), *AT_RISK, *ill)["outcome"] == ("necessary" if met else "not-documented")


def test_a_wound_counts_with_chemotherapy_ordered(client: FlaskClient) -> None:
    """A wound is evidence; that chemotherapy cannot wait is the ordering of it now."""
    wound = condition("S81.801A")
    alone = decided(client, prescription(), *AT_RISK, wound)
    assert alone["outcome"] == "not-documented"
    assert alone["asks"][0] == "chemotherapy_goes_ahead" or "chemotherapy_goes_ahead" in alone["asks"]
    assert decided(client, prescription(), *AT_RISK, wound, *regimen("3100"))["outcome"] == "necessary"


@pytest.mark.parametrize(
    ("code", "verified", "outcome"),
    [
        ("C95.00", "confirmed", "not-documented"),
        ("C92.00", "confirmed", "not-necessary"),
        ("C50.911", "provisional", "not-documented"),
    ],
)
def test_what_is_neither_myeloid_nor_not_is_not_documented(client: FlaskClient, code: str, verified: str, outcome: str) -> None:
    """Acute leukaemia of unspecified type and a provisional cancer decide nothing; a myeloid one alone, for Rolvedon, does, where no
    complication of its chemotherapy is left to ask about."""
    rolvedon = prescription(concept(HCPCS, "J1449"))
    answers = answered(other_growth_factor_failed=True, previous_neutropenic_complication=False)
    assert decided(client, rolvedon, condition(code, verified=verified), answers)["outcome"] == outcome
    if outcome == "not-necessary":
        assert "previous_neutropenic_complication" in decided(client, rolvedon, condition(code), STEP)["asks"]


def test_the_reason_of_the_order_tells_which_of_two_malignancies_is_treated(client: FlaskClient) -> None:
    """With a myeloid and a non-myeloid malignancy on record, the one named by the order is the treated one."""
    both = (BREAST, condition("D46.9"), assessed(25), STEP)
    assert decided(client, prescription(), *both)["outcome"] == "not-documented"
    named = prescription(reasonCode=[concept("http://hl7.org/fhir/sid/icd-10-cm", "C50.911")])
    assert decided(client, named, *both)["outcome"] == "necessary"


def test_a_refuted_febrile_neutropenia_is_no_complication(client: FlaskClient) -> None:
    """A refuted diagnosis is evidence against."""
    refuted = condition("D70.1", verified="refuted")
    found = decided(client, prescription(), BREAST, assessed(25), STEP, refuted)
    assert found["outcome"] == "necessary"


# --- the preferred list ---------------------------------------------------------------------------------------------------


def stopped(medicine: Json, reason: str, id_: str = "earlier") -> Json:
    """A MedicationRequest that was stopped for a reason of SNOMED CT."""
    return taken(medicine, id_, "2025-02-01", status="stopped", statusReason=concept(SNOMED, reason))


@pytest.mark.parametrize(
    ("earlier", "met"),
    [
        (stopped(concept(HCPCS, "Q5108"), "266721009"), True),
        (stopped(concept(HCPCS, "Q5108"), "407563006"), True),
        (stopped(concept(HCPCS, "Q5108"), "183932001"), True),
        (stopped(concept(HCPCS, "J2506"), "266721009"), False),
        (stopped(concept(HCPCS, "Q5108"), "182840001"), False),
    ],
    ids=["failed", "not tolerated", "contraindicated", "the ordered product", "stopped for another reason"],
)
def test_without_a_list_any_other_product_counts(client: FlaskClient, earlier: Json, met: bool) -> None:
    """With no list held, failure, intolerance or contraindication of any other product meets step therapy."""
    found = decided(client, prescription(), BREAST, assessed(25), earlier)
    assert found["outcome"] == ("necessary" if met else "not-documented")


def test_an_allergy_to_another_product_counts(client: FlaskClient) -> None:
    """An allergy to another product is intolerance of it."""
    allergy = {
        "resourceType": "AllergyIntolerance",
        "id": "a1",
        "patient": PATIENT,
        "recordedDate": "2025-02-01",
        "code": concept(RXNORM, "2048018"),
    }
    assert decided(client, prescription(), BREAST, assessed(25), allergy)["outcome"] == "necessary"


def test_a_list_that_is_not_held_asks_and_is_no_evidence_on_a_card(client: FlaskClient) -> None:
    """Silence on step therapy asks; that the plan's list is not held stands in the decision, and not among the chart's evidence."""
    found = decided(client, prescription(), BREAST, assessed(25))
    assert found["because"] == ["preferred-tried", "preferred-contraindicated", "preferred-not-tolerated"]
    assert found["asks"] == [
        "other_growth_factor_failed",
        "other_growth_factor_contraindicated",
        "other_growth_factor_not_tolerated",
    ]
    assert {row["value"] for row in evidence(found, "preferred_growth_factor_list_held")} == {"no"}
    assert "held" not in card(client, prescription(), BREAST, assessed(25))


@pytest.fixture
def client_of_a_plan(tmp_path: Path) -> FlaskClient:
    """A client of a service whose plan prefers Fulphila."""
    path = shipped_content() / "value_sets" / "csf-preferred-products.csv"
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("# empty")]
    (tmp_path / path.name).write_text("\n".join([*lines, "HCPCS,Q5108"]), encoding="utf-8")
    return create_app(read_content(shipped_content(), tmp_path), today=lambda: TODAY).test_client()


def test_with_a_list_only_listed_products_count(client_of_a_plan: FlaskClient) -> None:
    """With the plan's list set, a listed product needs no trial, and only a listed one's failure opens the way to others."""
    chart = (BREAST, assessed(25))
    assert decided(client_of_a_plan, prescription(concept(HCPCS, "Q5108")), *chart)["outcome"] == "necessary"
    udenyca = stopped(concept(HCPCS, "Q5111"), "266721009")
    unlisted = decided(client_of_a_plan, prescription(), *chart, udenyca)
    assert unlisted["outcome"] == "not-documented"
    assert unlisted["asks"][0] == "preferred_growth_factor_failed"
    fulphila = stopped(concept(HCPCS, "Q5108"), "266721009")
    assert decided(client_of_a_plan, prescription(), *chart, fulphila)["outcome"] == "necessary"
    held = evidence(decided(client_of_a_plan, prescription(), *chart), "preferred_growth_factor_list_held")
    assert {row["value"] for row in held} == {"yes"}


# --- renewal, and what cards say --------------------------------------------------------------------------------------------


def test_a_renewal_asks_for_its_benefit(client: FlaskClient) -> None:
    """An order with a prior prescription, or an authorization on it, asks whether the treatment has helped."""
    renewed = prescription(priorPrescription={"reference": "MedicationRequest/m0"})
    found = decided(client, renewed, BREAST, assessed(25), STEP)
    assert (found["outcome"], found["because"], found["asks"]) == ("not-documented", ["renewal-benefit"], ["growth_factor_benefit"])
    helped = answered(other_growth_factor_failed=True, growth_factor_benefit=True)
    assert decided(client, renewed, BREAST, assessed(25), helped)["outcome"] == "necessary"
    url = "http://hl7.org/fhir/us/davinci-crd/StructureDefinition/ext-coverage-information"
    authorized = prescription(extension=[{"url": url, "extension": [{"url": "satisfied-pa-id", "valueString": "Q8U119"}]}])
    assert decided(client, authorized, BREAST, assessed(25), STEP)["because"] == ["renewal-benefit"]


def test_a_card_says_that_no_prior_authorization_is_needed_and_counts_the_other_remarks(client: FlaskClient) -> None:
    """What the document adds besides, such as how long an authorization lasts, stands on the policy's page."""
    said = card(client, prescription(), BREAST)
    assert "No prior authorization is needed" in said
    assert "coverage determinations go first" not in said
    page = client.get(f"/policies/{POLICY}", follow_redirects=True).get_data(as_text=True)
    assert "at least 60 days, and up to 6 months" in page
    assert "coverage determinations go first" in page


def test_a_card_speaks_only_of_the_class_that_is_ordered(client: FlaskClient) -> None:
    """What is listed for other classes is gated by the product, and no presumption on it fills the card."""
    said = card(client, prescription(), condition("D46.9"), STEP)
    assert "hairy cell" not in said
    assert "neuroblastoma" not in said


def test_indications_of_which_none_holds_are_one_reason(client: FlaskClient) -> None:
    """The class indications are named as one where none is met, and by their own ids where one is met or open."""
    rolvedon = prescription(concept(HCPCS, "J1449"))
    answers = answered(other_growth_factor_failed=True, previous_neutropenic_complication=False)
    assert decided(client, rolvedon, condition("D46.9"), answers)["because"][-1] == "class-indication"
    assert decided(client, prescription(), condition("D46.9"), answers)["because"] == ["pegfilgrastim-mds"]


def test_a_qualitative_risk_is_read(client: FlaskClient) -> None:
    """A RiskAssessment may state the risk in words of HL7's risk-probability."""
    level = concept("http://terminology.hl7.org/CodeSystem/risk-probability", "high")
    worded = assessed(0) | {"prediction": [{"outcome": concept(SNOMED, "409089005"), "qualitativeRisk": level}]}
    assert decided(client, prescription(), BREAST, worded, STEP)["outcome"] == "necessary"


@pytest.mark.parametrize(("code", "outcome"), [("A41.9", "not-documented"), ("R65.21", "necessary")])
def test_sepsis_needs_hypotension_or_organ_dysfunction(client: FlaskClient, code: str, outcome: str) -> None:
    """Septic shock meets the policy, sepsis alone is asked, and sepsis with a low systolic pressure meets it."""
    now = condition("D70.1"), condition("R50.81"), condition("D46.9"), STEP
    recent = tuple(c | {"recordedDate": "2025-04-29"} if c.get("recordedDate") else c for c in now)
    septic = condition(code, on="2025-04-29")
    rolvedon = prescription(concept(HCPCS, "J1449"))
    assert decided(client, rolvedon, *recent, septic)["outcome"] == outcome
    low = measured("bp", "8480-6", 82, "mm[Hg]", on="2025-04-29")
    assert decided(client, rolvedon, *recent, septic, low)["outcome"] == "necessary"


def test_neutropenia_and_its_fever_are_a_pair(client: FlaskClient) -> None:
    """Neutropenia alone is asked; with the code of its fever it is febrile neutropenia."""
    rolvedon = prescription(concept(HCPCS, "J1449"))
    pneumonia, myeloid = condition("J18.9", on="2025-04-29"), condition("D46.9")
    neutropenia, fever = condition("D70.9", on="2025-04-29"), condition("R50.81", on="2025-04-29")
    answers = answered(other_growth_factor_failed=True, previous_neutropenic_complication=False)
    alone = decided(client, rolvedon, myeloid, neutropenia, pneumonia, answers)
    assert (alone["outcome"], alone["because"]) == ("not-documented", ["febrile-neutropenia-now"])
    both = decided(client, rolvedon, myeloid, neutropenia, fever, pneumonia, answers)
    assert both["because"][:2] == ["febrile-neutropenia-now", "pneumonia"]


# --- what is asked of the client, and stages as they are written ---------------------------------------------------------------


def test_panels_that_hold_the_pressure_are_asked_for() -> None:
    """The search for the systolic pressure names the panels of which it is a component."""
    content = read_content(shipped_content())
    needs = content.catalogue.needs(("systolic_pressure_in_sepsis",))
    assert [need.value_sets for need in needs] == [("csf-systolic-pressure", "csf-blood-pressure-panels")]
    assert ("http://loinc.org", "85354-9") in {
        (system, code) for system, codes in content.terminology.sets["csf-blood-pressure-panels"].systems.items() for code in codes
    }


@pytest.mark.parametrize(
    ("words", "advanced"),
    [
        ("Stage IV", True),
        ("stage 4", True),
        ("IVB", True),
        ("AJCC Stage IVA", True),
        ("pM1a", True),
        ("American Joint Committee on Cancer stage IV (qualifier value)", True),
        ("Stage IIIC", False),
        ("IIA", False),
        ("cM0", False),
        ("stage", None),
        ("Grade 4", None),
        ("T4 N2 M1", True),
        ("cT2N1M1b", True),
        ("Stage IVA (cT2, cN2, pM1a)", True),
        ("Stage IVA (T4a, N0, M0)", True),
        ("AJCC 8th edition Stage IVB", True),
        ("Stage IIB (T2, N1, M0)", False),
        ("Stage I T1 N0 MX", False),
        ("pT2 pN1 (sn) cM0", None),
        ("Stage II (T2 N0 M1)", None),
        ("no proof of T2 N0 M1", None),
        ("T2 N0", None),
        ("T2 " * 26, None),
        ("CKD stage 4", None),
        ("Stage 4 pressure ulcer", None),
        ("", None),
        ("c p r " * 12 + "c", None),
        ("stage " * 10_000, None),
    ],
)
def test_stages_are_read_as_charts_write_them(words: str, advanced: bool | None) -> None:
    """IV and M1 are advanced, what is below is not, and what is no stage of cancer says nothing."""
    assert stage_said(words) is advanced


def test_instants_without_a_zone_are_days() -> None:
    """Whether two records lie within a day is counted in hours only where both state their time zone."""
    day = Days.on(date(2025, 4, 30))
    early = Evidence(True, day, instant="2025-04-30T01:00:00Z")
    late = Evidence(True, day, instant="2025-04-30T23:00:00-05:00")
    unzoned = Evidence(True, day, instant="2025-04-30T23:00:00")
    assert (within_a_day(early, late), after(late, early)) == (False, True)
    assert (within_a_day(early, unzoned), after(unzoned, early)) == (True, None)
    assert within_a_day(early, Evidence(True, day, instant="2025-99-99Tnonsense")) is True
