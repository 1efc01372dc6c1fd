"""Results and diagnoses that a record contains are records of their own."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service.fhir.contained_records import contained_records

RESULT: dict[str, Any] = {"resourceType": "Observation", "id": "r1", "status": "final", "code": {"text": "Fetuses"}}
REPORT: dict[str, Any] = {
    "resourceType": "DiagnosticReport",
    "id": "scan",
    "status": "final",
    "subject": {"reference": "Patient/p"},
    "effectiveDateTime": "2026-11-01",
    "contained": [RESULT],
}


def test_a_result_takes_patient_and_day_of_its_report() -> None:
    """It is named by both ids; what it does not say itself, the report says."""
    (found,) = contained_records([REPORT])
    assert found == RESULT | {"id": "scan.r1", "subject": {"reference": "Patient/p"}, "effectiveDateTime": "2026-11-01"}


def test_a_result_keeps_what_it_says_itself() -> None:
    """A day and a patient of its own are not overwritten: an earlier scan is of its day, another patient's is another's."""
    own = RESULT | {"effectiveDateTime": "2026-01-01", "subject": {"reference": "Patient/other"}}
    (found,) = contained_records([REPORT | {"contained": [own]}])
    assert (found["effectiveDateTime"], found["subject"]) == ("2026-01-01", {"reference": "Patient/other"})


def test_a_diagnosis_is_of_its_encounter() -> None:
    """An Encounter's own diagnosis is dated by it."""
    visit = {"resourceType": "Encounter", "id": "v", "contained": [{"resourceType": "Condition", "id": "c"}]}
    (found,) = contained_records([visit])
    assert (found["id"], found["encounter"]) == ("v.c", {"reference": "Encounter/v"})


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "entered-in-error"},
        {"status": "cancelled"},
        {"resourceType": "ServiceRequest"},
        {"contained": None},
        {"contained": ["x", 3, [], {"resourceType": "Patient"}, {"resourceType": ["Observation"]}]},
    ],
    ids=["in error", "cancelled", "of another type", "nothing", "no records"],
)
def test_what_does_not_count_is_left(changes: dict[str, Any]) -> None:
    """Void reports, other types, and what is no record give nothing, and break nothing."""
    assert contained_records([REPORT | changes]) == []


def test_results_without_ids_stay_apart() -> None:
    """Two results that nothing names are two, and have no name; nor has one whose name would be too long."""
    nameless = {key: value for key, value in RESULT.items() if key != "id"}
    found = contained_records([REPORT | {"contained": [nameless, nameless]}, REPORT | {"id": "x" * 63}])
    assert len(found) == 3
    assert not any("id" in one for one in found)
