"""Records in the shape of FHIR R5 are read as R4 writes them."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service.chart import Chart
from cds_service.fhir.fifth_release import as_fourth_release
from cds_service.fhir.value_sets import Terminology

CONCEPT = {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "11289"}]}
NAMED = {"reference": "Medication/1"}


@pytest.mark.parametrize(
    ("kind", "written", "read"),
    [
        ("MedicationRequest", {"medication": {"concept": CONCEPT}}, {"medicationCodeableConcept": CONCEPT}),
        ("MedicationRequest", {"medication": {"reference": NAMED}}, {"medicationReference": NAMED}),
        ("MedicationRequest", {"medication": NAMED}, {"medicationReference": NAMED}),
        ("MedicationRequest", {"reason": [{"concept": CONCEPT}, {"reference": NAMED}]}, {"reasonCode": [CONCEPT], "reasonReference": [NAMED]}),
        ("MedicationStatement", {"medication": NAMED, "status": "recorded"}, {"status": "unknown"}),
        ("MedicationStatement", {"medication": NAMED, "status": "recorded", "adherence": {"code": {"coding": [{"code": "stopped"}]}}}, {"status": "stopped"}),
        ("ServiceRequest", {"code": {"concept": CONCEPT}}, {"code": CONCEPT}),
        ("MedicationStatement", {"medication": NAMED, "status": "recorded", "adherence": {"reason": CONCEPT}}, {"statusReason": [CONCEPT]}),
        ("DeviceRequest", {"code": {"concept": CONCEPT}}, {"codeCodeableConcept": CONCEPT}),
        ("DeviceRequest", {"code": {"reference": NAMED}}, {"codeReference": NAMED}),
        ("Procedure", {"occurrenceDateTime": "2026-01-01"}, {"performedDateTime": "2026-01-01"}),
        ("MedicationAdministration", {"occurenceDateTime": "2026-01-01"}, {"effectiveDateTime": "2026-01-01"}),
        ("Encounter", {"class": [CONCEPT]}, {"class": CONCEPT["coding"][0]}),
        ("Encounter", {"reason": [{"value": [{"concept": CONCEPT}]}]}, {"reasonCode": [CONCEPT]}),
        ("Encounter", {"actualPeriod": {"start": "2026-01-01"}}, {"period": {"start": "2026-01-01"}}),
        ("Device", {"type": [CONCEPT, {"text": "pump"}]}, {"type": {**CONCEPT, "text": "pump"}}),
        ("Device", {"displayName": "pump"}, {"deviceName": [{"name": "pump", "type": "other"}]}),
        ("AllergyIntolerance", {"type": {"coding": [{"code": "intolerance"}]}}, {"type": "intolerance"}),
    ],
)  # fmt: skip
def test_what_r5_shapes_otherwise_is_read_as_r4_writes_it(kind: str, written: dict[str, Any], read: dict[str, Any]) -> None:
    """Each element comes under the name and in the shape of R4, and a chart holds it so."""
    assert {name: as_fourth_release(kind, written)[name] for name in read} == read
    held = Chart([{"resourceType": kind, "id": "1", **written}], Terminology({}), "p").get(f"{kind}/1")
    assert held is not None
    assert {name: held[name] for name in read} == read


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("MedicationRequest", {"medicationCodeableConcept": CONCEPT, "medication": 3}),
        ("Encounter", {"class": {"code": "AMB"}, "period": {"start": "2026-01-01"}}),
        ("Procedure", {"performedDateTime": "2026-01-01"}),
        ("Device", {"type": CONCEPT, "deviceName": [{"name": "pump"}]}),
        ("ServiceRequest", {"code": CONCEPT, "reason": [1, {}]}),
        ("Encounter", {"reason": [{"value": [7]}]}),
    ],
)
def test_what_r4_writes_stays_as_it_is(kind: str, written: dict[str, Any]) -> None:
    """Nothing is changed, and what is malformed raises nothing."""
    assert as_fourth_release(kind, written) is written
