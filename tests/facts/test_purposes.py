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
    [taken(METHOTREXATE, "m2", "2025-04-28")],
    [taken(METHOTREXATE, "m2", "2025-04-28"), ARTHRITIS | {"clinicalStatus": {"coding": [{"code": "resolved"}]}}],
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

    Medicines of other facts (opioids, growth factors, anticoagulants) treat one thing, whatever disease is behind it.
    """
    sets = content.terminology.sets
    sources = [
        (definition.name, source)
        for definition in content.catalogue.facts.values()
        for source in definition.sources
        if isinstance(source, MedicationEvidence | ServiceEvidence)
    ]
    told = [source for _, source in sources if source.given_for]
    codes = {key for source in told for key in sets[source.codes].codes}
    silent = sorted(name for name, source in sources if not source.given_for and not codes.isdisjoint(sets[source.codes].codes))
    assert silent == []
    assert len(told) > 10
