"""How long a medicine is given: one dose or a day or two about an operation is prevention, more is treatment."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest

from cds_service.facts.found.prevention import how_long

Json = dict[str, Any]
Q8H = {"frequency": 1, "period": 8, "periodUnit": "h"}


def dosage(**repeat: Any) -> Json:
    """A dosage with a coded timing."""
    return {"timing": {"repeat": repeat}}


def days(value: float, code: str = "d") -> Json:
    """A duration."""
    return {"value": value, "unit": code, "system": "http://unitsofmeasure.org", "code": code}


@pytest.mark.parametrize(
    ("dosages", "expected"),
    [
        ([dosage(count=1)], 0),
        ([dosage(count=4, **Q8H)], 1),
        ([dosage(count=42, **Q8H)], inf),
        ([dosage(count=2)], 0),
        ([dosage(count=21)], inf),
        ([dosage(boundsDuration=days(24, "h"), **Q8H)], 1),
        ([dosage(boundsDuration=days(6, "wk"), **Q8H)], inf),
        ([dosage(boundsRange={"low": days(28), "high": days(42)})], inf),
        ([dosage(boundsPeriod={"start": "2026-11-01", "end": "2026-11-02"})], 1),
        ([dosage(boundsPeriod={"start": "2026-11-01"})], None),
        ([dosage(**Q8H)], None),
        ([{"timing": {"event": ["2026-12-08T07:00:00-06:00"]}}], 0),
        ([{"timing": {"event": ["2026-12-08", "2026-12-15"]}}], inf),
        ([{"timing": {"code": {"text": "ONCE"}}}], 0),
        ([{"text": "2 g IV once"}], 0),
        ([{"text": "2 g IV once, may repeat q4h intra-op"}], 0),
        ([{"text": "1 g IV q8h x 3 doses"}], 0),
        ([{"text": "1 g IV q8h x 24 hours"}], 1),
        ([{"text": "1 g IV q12h x 6 weeks via PICC"}], inf),
        ([{"text": "2 g IV daily for 42 days"}], inf),
        ([{"text": "2 g IV q8h for 1 day"}], 1),
        ([{"text": "2 g IV for 2 months"}], inf),
        ([{"text": "1 g q12h, infuse for 2 hours"}], None),
        ([{"text": "1 g IV q8h x 42 doses"}], None),
        ([{"text": "750 mg once daily"}], None),
        ([{"text": "1 g q12h, hold before surgery"}], None),
        ([{"text": "hold before surgery", **dosage(**Q8H)}], None),
        ([{"text": "1 g from a single-dose vial"}], None),
        ([{"text": "1.5 g once"}, dosage(**Q8H)], None),
        ([{"text": "1.5 g once"}, dosage(boundsDuration=days(14), **Q8H)], inf),
        ([], None),
        ([dosage(count=True)], None),
        ([dosage(boundsDuration={"value": "6", "unit": "wk"})], inf),
        ([dosage(count="4", frequency="1", period="8", periodUnit="h")], 1),
        ([dosage(boundsDuration={"value": "a few", "unit": "wk"})], None),
        ([dosage(boundsDuration=days(6, "fortnight"))], None),
    ],
)
def test_a_dosage_says_for_how_long(dosages: list[Json], expected: float | None) -> None:
    """In days at most; one dose is none, and what has no end, or cannot be read, says nothing."""
    assert how_long({"resourceType": "MedicationRequest", "dosageInstruction": dosages}) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"dispenseRequest": {"numberOfRepeatsAllowed": 2}}, inf),
        ({"dispenseRequest": {"numberOfRepeatsAllowed": 0, "expectedSupplyDuration": days(30)}}, 30),
        ({"dispenseRequest": {"numberOfRepeatsAllowed": 0}}, None),
        ({"daysSupply": days(1)}, 1),
        ({"effectivePeriod": {"start": "2026-11-12", "end": "2026-11-26"}}, 14),
        ({"effectivePeriod": {"start": "2026-11-12"}}, None),
        ({"resourceType": "ServiceRequest", "occurrenceTiming": {"repeat": {"count": 1}}}, 0),
        ({"dosage": {"text": "2 g IV once"}}, 0),
    ],
)
def test_a_record_says_for_how_long(record: Json, expected: float | None) -> None:
    """What was supplied or taken says it before the dosage does."""
    assert how_long(record) == expected
