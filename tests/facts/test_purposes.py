"""A medicine that is given for another disease is no chemotherapy; where nobody can tell, it is asked about."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from cds_service.content.content import Content
from cds_service.facts.kinds.medication import MedicationEvidence
from cds_service.facts.kinds.service import ServiceEvidence
from tests.exchange import Json, condition, decisions, sign
from tests.facts.test_growth_factors import HCPCS, PATIENT, POLICY, RXNORM, SNOMED, STEP, concept, decided, prescription, taken

ICD = "http://hl7.org/fhir/sid/icd-10-cm"
ARTHRITIS = condition("M05.79", on="2015-01-01", id_="arthritis")
LEUKAEMIA = condition("C92.00", id_="leukaemia")
METHOTREXATE = concept(RXNORM, "105586")
CYCLOPHOSPHAMIDE = concept(RXNORM, "1437969")
CYTARABINE = concept(HCPCS, "J9100")
FILGRASTIM = prescription(concept(HCPCS, "J1442"))


def reason(code: str) -> Json:
    """A reason in ICD-10-CM."""
    return {"reasonCode": [concept(ICD, code)]}


def handed_over(of: str) -> Json:
    """Methotrexate that was handed over for an order."""
    return {
        "resourceType": "MedicationDispense",
        "id": "handed",
        "status": "completed",
        "subject": PATIENT,
        "whenHandedOver": "2025-04-28",
        "medicationCodeableConcept": METHOTREXATE,
        "authorizingPrescription": [{"reference": f"MedicationRequest/{of}"}],
    }


def given(route: str) -> Json:
    """Methotrexate that was given by a route."""
    return {
        "resourceType": "MedicationAdministration",
        "id": "given",
        "status": "completed",
        "subject": PATIENT,
        "effectiveDateTime": "2025-04-28",
        "medicationCodeableConcept": METHOTREXATE,
        "dosage": {"route": concept(SNOMED, route)},
    }


CONTAINED: Json = {
    "contained": [{"resourceType": "Condition", "id": "why", "subject": PATIENT, "code": concept(ICD, "M06.9")}],
    "reasonReference": [{"reference": "#why"}],
}
FOR_ANOTHER = [
    [taken(METHOTREXATE, "m2", "2025-04-28") | reason("M05.79")],
    [taken(METHOTREXATE, "m2", "2025-04-28", reasonReference=[{"reference": "Condition/arthritis"}]), ARTHRITIS],
    [taken(METHOTREXATE, "m2", "2025-04-28") | CONTAINED],
    [taken(METHOTREXATE, "m2", "2025-04-28", reason=[{"reference": {"reference": "Condition/arthritis"}}]), ARTHRITIS],
    [taken(METHOTREXATE, "m2", "2025-04-28", reason=[{"concept": concept(ICD, "M06.9")}])],
    [taken(METHOTREXATE, "m2", "2025-04-20") | reason("O00.109")],
    [taken(METHOTREXATE, "m2", "2024-05-20") | reason("M06.9"), handed_over("m2")],
    [taken(concept(HCPCS, "J9075"), "m2", "2025-04-20") | reason("M32.14")],
]
OPEN = [
    [taken(METHOTREXATE, "m2", "2025-04-28", reasonCode=[{"text": "joints"}])],
    [taken(METHOTREXATE, "m2", "2025-04-28") | reason("M17.11")],
    [taken(METHOTREXATE, "m2", "2025-04-28", reasonCode=[concept(ICD, "M05.79"), {"text": "leukemia"}])],
    [taken(METHOTREXATE, "m2", "2025-04-28", reasonReference=[{"reference": "Condition/elsewhere"}])],
    [taken(METHOTREXATE, "m2", "2025-04-28"), ARTHRITIS],
    [given("78421000"), ARTHRITIS],
    [taken(METHOTREXATE, "m2", "2025-03-28") | reason("M06.9"), handed_over("another")],
]
SOUGHT = [
    [taken(CYCLOPHOSPHAMIDE, "m2", "2025-04-28")],
    [taken(CYCLOPHOSPHAMIDE, "m2", "2025-04-28"), ARTHRITIS | {"clinicalStatus": {"coding": [{"code": "resolved"}]}}],
    [given("72607000"), ARTHRITIS],
    [taken(CYTARABINE, "m2", "2025-04-28"), ARTHRITIS],
    [taken(CYTARABINE, "m2", "2025-04-28") | reason("C9200")],
    [taken(CYTARABINE, "m2", "2025-04-28") | reason("Z51.11")],
    [taken(CYTARABINE, "m2", "2025-04-28", reasonCode=[{"text": "Acute myeloid leukemia (HCC)"}])],
    [taken(CYTARABINE, "m2", "2025-04-28", reasonReference=[{"reference": "Condition/x", "display": "AML, not in remission"}])],
    [taken(CYTARABINE, "m2", "2025-04-28", reasonReference=[{"reference": "Condition/leukaemia"}])],
]


@pytest.mark.parametrize("chart", [*FOR_ANOTHER, *OPEN])
def test_a_medicine_for_another_disease_does_not_begin_chemotherapy(client: FlaskClient, chart: list[Json]) -> None:
    """Filgrastim for acute myeloid leukaemia is asked about: nothing shows that its chemotherapy has begun."""
    found = decided(client, FILGRASTIM, LEUKAEMIA, STEP, *chart)
    assert found["outcome"] == "not-documented"
    assert "leukemia_chemotherapy_started" in found["asks"]


@pytest.mark.parametrize("chart", SOUGHT)
def test_a_medicine_for_the_cancer_does(client: FlaskClient, chart: list[Json]) -> None:
    """A reason that names a cancer, or none at all where no other disease explains it, asks nothing."""
    assert decided(client, FILGRASTIM, LEUKAEMIA, STEP, *chart)["outcome"] == "necessary"


BREAST = condition("C50.911", id_="breast")
CYCLOPHOSPHAMIDE = concept(HCPCS, "J9075")
OF_TWO_CANCERS = [
    ([taken(CYCLOPHOSPHAMIDE, "m2", "2025-04-20") | reason("C50.911")], False),
    ([taken(CYCLOPHOSPHAMIDE, "m2", "2025-04-20")], False),
    ([taken(CYCLOPHOSPHAMIDE, "m2", "2025-04-20", reasonCode=[{"text": "Breast cancer"}])], False),
    ([taken(CYCLOPHOSPHAMIDE, "m2", "2025-04-20") | reason("C92.00")], True),
    ([taken(CYCLOPHOSPHAMIDE, "m2", "2025-04-20", reasonCode=[{"text": "AML"}])], True),
    ([taken(CYTARABINE, "m2", "2025-04-20")], True),
]


@pytest.mark.parametrize(("chart", "begun"), OF_TWO_CANCERS)
def test_a_medicine_for_another_cancer_is_not_for_the_leukaemia(client: FlaskClient, chart: list[Json], begun: bool) -> None:
    """Beside breast cancer, cyclophosphamide is for one of the two; cytarabine is for the leukaemia."""
    found = decided(client, FILGRASTIM, LEUKAEMIA, BREAST, STEP, *chart)
    assert found["outcome"] == ("necessary" if begun else "not-documented")


def test_what_is_signed_with_the_order_is_read_the_same(client: FlaskClient) -> None:
    """Methotrexate for arthritis that is signed together does not begin chemotherapy either."""
    beside = prescription(METHOTREXATE, "m2") | reason("M06.9")
    found = decisions(sign(client, FILGRASTIM, beside, chart=(LEUKAEMIA, STEP)))
    assert [one["outcome"] for one in found if one.get("policy") == POLICY] == ["not-documented"]


def test_a_medicine_for_another_disease_is_of_no_regimen(client: FlaskClient) -> None:
    """Beside docetaxel and cyclophosphamide, methotrexate for arthritis makes no other regimen; without a reason it is asked."""
    regimen = [taken(concept(HCPCS, code), code, "2025-04-28") for code in ("J9171", "J9075")]
    beside = taken(METHOTREXATE, "m2", "2025-04-28")
    chart = (condition("C50.911"), ARTHRITIS, STEP, *regimen)
    assert decided(client, prescription(), *chart, beside | reason("M05.79"))["outcome"] == "necessary"
    assert decided(client, prescription(), *chart, beside)["outcome"] == "not-documented"


def test_every_fact_of_medicines_against_cancer_says_so(content: Content) -> None:
    """Where two facts read the same medicine and one says what it must be given for, so does the other.

    Medicines of other facts (opioids, growth factors, anticoagulants) treat one thing, whatever disease is behind it; so do
    those that count only by the routes into the spine of pain pumps.
    """
    sets = content.terminology.sets
    sources = [
        (definition.name, source)
        for definition in content.catalogue.facts.values()
        for source in definition.sources
        if isinstance(source, MedicationEvidence | ServiceEvidence) and getattr(source, "routes", "") != "pump-spinal-routes"
    ]
    told = [source for _, source in sources if source.given_for]
    codes = {key for source in told for key in sets[source.codes].codes}
    silent = sorted(name for name, source in sources if not source.given_for and not codes.isdisjoint(sets[source.codes].codes))
    assert silent == []
    assert len(told) > 10


LYMPHOMA = condition("C83.30", id_="lymphoma")
HIV_INFECTION = condition("B20", id_="hiv")
RITUXIMAB = concept(HCPCS, "J9312")
VASCULITIS = condition("M31.30", on="2015-01-01", id_="vasculitis")
INTO_A_VEIN: Json = {"dosageInstruction": [{"route": concept(SNOMED, "47625008")}]}
VISIT: Json = {
    "resourceType": "Encounter",
    "id": "visit",
    "status": "finished",
    "class": {"code": "AMB"},
    "subject": PATIENT,
    "period": {"start": "2025-04-20"},
}
AT_THE_VISIT: Json = {"encounter": {"reference": "Encounter/visit"}}


def given_medicine(medicine: Json, id_: str, on: str, **more: object) -> Json:
    """A medicine that was given on a day."""
    return {
        "resourceType": "MedicationAdministration",
        "id": id_,
        "status": "completed",
        "subject": PATIENT,
        "effectiveDateTime": on,
        "medicationCodeableConcept": medicine,
        **more,
    }


OF_ANOTHER_USE = [
    [taken(CYCLOPHOSPHAMIDE, "m2", "2025-04-20"), condition("M32.14", id_="lupus")],
    [taken(CYCLOPHOSPHAMIDE, "m2", "2025-04-20") | INTO_A_VEIN, condition("M32.14", id_="lupus")],
    [taken(CYCLOPHOSPHAMIDE, "m2", "2025-04-20") | INTO_A_VEIN, condition("N04.2", id_="kidneys")],
    [taken(concept(RXNORM, "3002"), "m2", "2025-04-20") | INTO_A_VEIN, VASCULITIS],
    [taken(concept(HCPCS, "J9293"), "m2", "2025-04-20"), condition("G35", id_="sclerosis")],
    [taken(concept(RXNORM, "4179"), "m2", "2025-04-20"), condition("D76.1", id_="histiocytes")],
    [taken(CYCLOPHOSPHAMIDE, "m2", "2025-04-20"), condition("M32.14", id_="lupus") | {"code": {"text": "Lupus nephritis"}}],
    [taken(CYCLOPHOSPHAMIDE, "m2", "2025-04-20") | AT_THE_VISIT, VASCULITIS, VISIT | reason("M31.30")],
    [taken(CYCLOPHOSPHAMIDE, "m2", "2025-04-20") | AT_THE_VISIT, VASCULITIS, VISIT],
    [taken(CYCLOPHOSPHAMIDE, "m2", "2025-04-20"), taken(CYTARABINE, "m3", "2024-10-01") | {"status": "completed"}, VASCULITIS],
]
FOR_THE_CANCER = [
    [taken(CYCLOPHOSPHAMIDE, "m2", "2025-04-20") | INTO_A_VEIN, condition("L70.0", id_="acne")],
    [taken(CYCLOPHOSPHAMIDE, "m2", "2025-04-20"), VASCULITIS | {"clinicalStatus": {"coding": [{"code": "resolved"}]}}],
    [taken(CYCLOPHOSPHAMIDE, "m2", "2025-04-20") | AT_THE_VISIT, VASCULITIS, VISIT | reason("Z51.11")],
    [
        taken(CYCLOPHOSPHAMIDE, "m2", "2025-04-20") | AT_THE_VISIT,
        VASCULITIS,
        VISIT | {"diagnosis": [{"condition": {"reference": "Condition/leukaemia"}}]},
    ],
    [taken(CYCLOPHOSPHAMIDE, "m2", "2025-04-20"), VASCULITIS, given_medicine(concept(HCPCS, "J9000"), "m3", "2025-04-22")],
]


@pytest.mark.parametrize("chart", OF_ANOTHER_USE)
def test_a_medicine_that_another_disease_may_explain_is_asked_by_any_route(client: FlaskClient, chart: list[Json]) -> None:
    """Cyclophosphamide into a vein treats lupus and vasculitis too: beside them it begins no chemotherapy for sure."""
    found = decided(client, FILGRASTIM, LEUKAEMIA, STEP, *chart)
    assert found["outcome"] == "not-documented"
    assert "leukemia_chemotherapy_started" in found["asks"]


@pytest.mark.parametrize("chart", FOR_THE_CANCER)
def test_what_ties_a_medicine_to_the_cancer_asks_nothing(client: FlaskClient, chart: list[Json]) -> None:
    """A disease that it does not treat, a visit for the cancer, or another medicine of the same week settle it."""
    assert decided(client, FILGRASTIM, LEUKAEMIA, STEP, *chart)["outcome"] == "necessary"


def test_rituximab_beside_arthritis_is_no_regimen_for_sure(client: FlaskClient) -> None:
    """Alone it may be for the arthritis, so the risk is asked; with bendamustine it is of the regimen."""
    rituximab = taken(RITUXIMAB, "r", "2025-04-20")
    assert decided(client, prescription(), LYMPHOMA, ARTHRITIS, STEP, rituximab)["outcome"] == "not-documented"
    with_another = taken(concept(HCPCS, "J9033"), "b", "2025-04-21")
    found = decided(client, prescription(), LYMPHOMA, ARTHRITIS, STEP, rituximab, with_another, HIV_INFECTION)
    assert found["outcome"] == "necessary"


def test_a_regimen_signed_together_ties_its_medicines(client: FlaskClient) -> None:
    """Rituximab that is signed with bendamustine is of the same regimen, also where the chart holds arthritis."""
    drafts = [prescription(concept(HCPCS, code), code) for code in ("J9312", "J9033")]
    for beside, outcome in ((drafts, "necessary"), (drafts[:1], "not-documented")):
        found = decisions(sign(client, prescription(), *beside, chart=(LYMPHOMA, ARTHRITIS, HIV_INFECTION, STEP)))
        assert [one["outcome"] for one in found if one.get("policy") == POLICY] == [outcome]


def test_an_infusion_beside_arthritis_is_no_chemotherapy_for_sure(client: FlaskClient) -> None:
    """The code of the infusion is that of infliximab too: whether chemotherapy goes ahead is asked."""
    infusion = {
        "resourceType": "ServiceRequest",
        "id": "infusion",
        "status": "active",
        "intent": "order",
        "subject": PATIENT,
        "authoredOn": "2025-04-28",
        "code": concept("http://www.ama-assn.org/go/cpt", "96413"),
    }
    risk = {
        "resourceType": "RiskAssessment",
        "id": "risk",
        "status": "final",
        "subject": PATIENT,
        "occurrenceDateTime": "2025-04-29",
        "prediction": [{"outcome": concept(SNOMED, "409089005"), "probabilityDecimal": 15}],
    }
    infected = condition("L03.115", on="2025-04-29", id_="infected")
    chart = (LYMPHOMA, STEP, risk, infected, infusion)
    assert decided(client, prescription(), *chart)["outcome"] == "necessary"
    found = decided(client, prescription(), *chart, ARTHRITIS)
    assert found["outcome"] == "not-documented"
    assert "chemotherapy_goes_ahead" in found["asks"]
