"""What qualifies a diagnosis: a wide code decides only at the body site meant, and a severity or a stage says how far it goes."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from cds_service.case import Case
from cds_service.chart import Chart
from cds_service.facts.kinds.condition import ConditionEvidence
from cds_service.facts.wanted import Wanted
from cds_service.fhir.code_systems import ICD10CM, SNOMED
from cds_service.fhir.codes import key_of
from cds_service.fhir.value_sets import Carried, Terminology, ValueSet
from cds_service.order import read_order
from cds_service.policy.evidence import Evidence, Standing
from tests.exchange import Json, condition, order

AS_OF = date(2025, 5, 1)
SACRUM, FEMUR, ELBOW = "54735007", "71341001", "16953009"
MODERATE, MILD, FATAL = "6736007", "255604002", "399166001"
BOOLEAN = Wanted("fact", "boolean", "", float("-inf"), float("inf"), ())


def held(id_: str, codes: dict[tuple[str, str], bool | None]) -> ValueSet:
    """A value set of codes, each with what it carries."""
    listed = {key_of(*coding): None if carried is None else Carried(carried) for coding, carried in codes.items()}
    return ValueSet(id_, f"urn:{id_}", "1", id_, listed, {}, frozenset(), frozenset(), {})


TERMINOLOGY = Terminology(
    {
        "tumors": held("tumors", {(ICD10CM, "D16.8"): None}),
        "sites": held("sites", {(SNOMED, SACRUM): None, (SNOMED, FEMUR): False}),
        "grades": held("grades", {(SNOMED, MODERATE): None, (SNOMED, MILD): False}),
    }
)


def concept(code: str, text: str = "") -> Json:
    """A CodeableConcept of one SNOMED CT code, or of words."""
    return {"coding": [{"system": SNOMED, "code": code}]} if code else {"text": text}


def read(kind: ConditionEvidence, *, verified: str = "confirmed", **elements: Any) -> list[tuple[Any, str]]:
    """What one diagnosis with these elements says, as value and standing."""
    draft = read_order(order(on=AS_OF.isoformat()), 0, AS_OF)
    case = Case(Chart([condition("D16.8", verified=verified) | elements], TERMINOLOGY, "p1"), draft, (draft,), AS_OF)
    found: list[Evidence] = list(kind.find(case, BOOLEAN))
    return [(evidence.value, evidence.standing.value) for evidence in found]


USABLE, UNCERTAIN, DISCOUNTED = (one.value for one in (Standing.USABLE, Standing.UNCERTAIN, Standing.DISCOUNTED))


@pytest.mark.parametrize(
    ("sites", "expected"),
    [
        ([], [(True, UNCERTAIN)]),
        ([concept(SACRUM)], [(True, USABLE)]),
        ([concept(FEMUR)], [(True, DISCOUNTED)]),
        ([concept(FEMUR), concept(SACRUM)], [(True, USABLE)]),
        ([concept(ELBOW)], [(True, UNCERTAIN)]),
        ([concept(FEMUR), concept(ELBOW)], [(True, UNCERTAIN)]),
        ([concept("", "sacrum")], [(True, UNCERTAIN)]),
        (["sacrum", 3, None, {"coding": "x"}], [(True, UNCERTAIN)]),
    ],
)
def test_a_wide_code_decides_only_at_the_site_meant(sites: list[Any], expected: list[tuple[Any, str]]) -> None:
    """At the site it decides, elsewhere it says nothing, and with no site or one in words or unknown it is asked about."""
    assert read(ConditionEvidence(codes="tumors", body_site="sites"), bodySite=sites) == expected


def test_a_provisional_diagnosis_at_the_site_stays_uncertain() -> None:
    """A body site makes no diagnosis certain."""
    kind = ConditionEvidence(codes="tumors", body_site="sites")
    assert read(kind, verified="provisional", bodySite=[concept(SACRUM)]) == [(True, UNCERTAIN)]


def test_a_reason_of_a_wide_code_states_no_site() -> None:
    """The reason of an order has no body site, so that a wide code as a reason is asked about."""
    draft = read_order(order(on="2025-05-01", reasonCode=[{"coding": [{"system": ICD10CM, "code": "D16.8"}]}]), 0, AS_OF)
    case = Case(Chart([], TERMINOLOGY, "p1"), draft, (draft,), AS_OF)
    (evidence,) = ConditionEvidence(codes="tumors", body_site="sites").find(case, BOOLEAN)
    assert (evidence.value, evidence.standing) == (True, Standing.UNCERTAIN)


@pytest.mark.parametrize(
    ("severity", "expected"),
    [
        (None, []),
        (concept(MODERATE), [(True, USABLE)]),
        (concept(MILD), [(False, USABLE)]),
        (concept(FATAL), [(True, UNCERTAIN)]),
        (concept("", "moderate"), [(True, UNCERTAIN)]),
        ("moderate", []),
    ],
)
def test_a_severity_says_how_severe_it_is(severity: Any, expected: list[tuple[Any, str]]) -> None:
    """Without a severity a diagnosis says nothing of it; a grade that is not read, or only in words, is asked about."""
    assert read(ConditionEvidence(codes="tumors", severity="grades"), severity=severity) == expected


def test_a_stage_is_read_from_its_summary() -> None:
    """A stage counts by its summary; stages without one say nothing."""
    kind = ConditionEvidence(codes="tumors", stage="grades")
    assert read(kind, stage=[{"summary": concept(MODERATE)}]) == [(True, USABLE)]
    assert read(kind, stage=[{"type": concept(MODERATE)}, 7]) == []
