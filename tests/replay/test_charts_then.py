"""Which resources were known when an order was signed, and which orders were signed together."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cds_service.fhir.resource_types import ASKED_FOR
from cds_service.replay.known import happened_by, known_from
from cds_service.replay.ledger import NOT_GOVERNED
from tests.replay.direct import decided, export, of, terms
from tests.replay.test_sources import CPT, order, patient

SEARCHED = tuple(sorted(ASKED_FOR))
"""All types, as an export that was asked for them."""
ABOUT = {"subject": {"reference": "Patient/a"}}


@pytest.mark.parametrize(
    ("resource", "known", "happened"),
    [
        ({"resourceType": "Condition", "recordedDate": "2025-03-02", "onsetDateTime": "2024-01-01"}, "2025-03-02", "2024-01-01"),
        (
            {"resourceType": "Observation", "issued": "2025-03-05T15:00:00Z", "effectiveDateTime": "2025-03-01"},
            "2025-03-05",
            "2025-03-01",
        ),
        (
            {"resourceType": "Procedure", "performedPeriod": {"start": "2025-03-01", "end": "2025-03-09"}},
            "2025-03-09",
            "2025-03-01",
        ),
        ({"resourceType": "Encounter", "period": {"start": "2025-03-01", "end": "2025-03-09"}}, "2025-03-01", "2025-03-01"),
        (
            {"resourceType": "MedicationStatement", "effectivePeriod": {"start": "2025-03-01", "end": "2026-03-09"}},
            "2025-03-01",
            "2025-03-01",
        ),
        ({"resourceType": "ServiceRequest", "occurrenceDateTime": "2025-09-01"}, None, "2025-09-01"),
        (
            {"resourceType": "ServiceRequest", "occurrenceDateTime": "2025-09-01", "authoredOn": "2025-03-01"},
            "2025-03-01",
            "2025-03-01",
        ),
        ({"resourceType": "Observation", "effectiveDateTime": "2025-03"}, "2025-03-01", "2025-03-01"),
        ({"resourceType": "Observation", "effectiveDateTime": "2025-03-02T03:00:00Z"}, "2025-03-01", "2025-03-01"),
        ({"resourceType": "Observation", "effectiveDateTime": "2025-03-02T15:00:00Z"}, "2025-03-02", "2025-03-02"),
        ({"resourceType": "Observation", "effectiveDateTime": 5}, None, None),
        ({"resourceType": "Patient", "period": {"start": "2025-03-01"}}, None, None),
        ({"resourceType": "Coverage", "period": {"start": "2025-03-01"}}, None, None),
        ({"resourceType": "QuestionnaireResponse", "authored": "2025-03-02"}, "2025-03-02", "2025-03-02"),
        ({"resourceType": "MedicationDispense", "whenHandedOver": "2025-03-02"}, "2025-03-02", "2025-03-02"),
        ({"resourceType": "Device"}, None, None),
    ],
)
def test_from_when_a_resource_is_known(resource: dict[str, Any], known: str | None, happened: str | None) -> None:
    """A resource is known from when it was written down, else from when what it tells of had ended."""
    assert known_from(resource) == (date.fromisoformat(known) if known else None)
    assert happened_by(resource) == (date.fromisoformat(happened) if happened else None)


def weeks(**more: Any) -> dict[str, Any]:
    """Twelve weeks of pregnancy, measured before the order and issued after it."""
    code = {"coding": [{"system": "http://loinc.org", "code": "11884-4"}]}
    value = {"value": 12, "system": "http://unitsofmeasure.org", "code": "wk"}
    made = {"resourceType": "Observation", "id": "w", "status": "final", "code": code, "valueQuantity": value} | ABOUT
    return made | {"effectiveDateTime": "2025-06-01", "issued": "2025-06-20T15:00:00Z"} | more


def test_a_result_counts_from_when_it_was_issued(tmp_path: Path) -> None:
    """A result that was issued after the signing decides nothing, unless all that had happened is let count."""
    export(tmp_path, [patient(), order(), weeks()])
    (then,), (now,) = (of(decided(tmp_path, terms(as_known=how)), "decision") for how in ("signed", "now"))
    assert "gestational_age" in then["asks"]
    assert "gestational_age" not in now["asks"]


def first(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The row of the first order."""
    return next(row for row in of(rows, "decision") if row["order"] == "ServiceRequest/o1")


def test_orders_of_one_signing_are_no_evidence_for_each_other(tmp_path: Path) -> None:
    """A second screen of the same day and signer changes nothing for the first; one that was ordered the week before does."""
    how = terms(searched=SEARCHED)
    alone, together, before = (
        first(decided(export(tmp_path / name, [patient(), weeks(issued="2025-05-01"), order("o1"), *more]), how))
        for name, more in (
            ("alone", []),
            ("same", [order("o2")]),
            ("before", [order("o2", authoredOn="2025-05-26", status="completed")]),
        )
    )
    assert together == alone
    assert before["because"] != alone["because"]


def test_what_dates_are_asked_for_changes_no_decision(tmp_path: Path) -> None:
    """An order outside the dates is not judged, and was signed with the others all the same."""
    export(tmp_path, [patient(), weeks(issued="2025-06-01"), order("o1"), order("o2", occurrenceDateTime="2026-02-01")])
    whole = {row["order"]: row for row in of(decided(tmp_path, terms()), "decision")}
    part = {row["order"]: row for row in of(decided(tmp_path, terms(until=date(2025, 12, 31))), "decision")}
    assert part == {"ServiceRequest/o1": whole["ServiceRequest/o1"]}
    assert len(whole) == 2


def test_a_payer_that_stands_apart_is_found(tmp_path: Path) -> None:
    """A Coverage whose payor is an Organization of nobody in particular is recognised: only its payer's policies govern."""
    payor = {
        "resourceType": "Organization",
        "id": "org",
        "name": "Blue Care Network",
        "identifier": [{"system": "urn:x", "value": "9"}],
    }
    for named in (
        {"reference": "Organization/org"},
        {"reference": "urn:uuid:org"},
        {"identifier": {"system": "urn:x", "value": "9"}},
    ):
        coverage = {
            "resourceType": "Coverage",
            "id": "c",
            "status": "active",
            "beneficiary": {"reference": "Patient/a"},
            "payor": [named],
        }
        rows = decided(export(tmp_path, [payor, patient(), coverage, order()]), terms())
        assert [row["reason"] for row in of(rows, "order")] == [NOT_GOVERNED]


def test_an_order_that_only_words_name_has_a_row(tmp_path: Path) -> None:
    """What order-sign says of an order without a code stands in a row as well."""
    named = order(code={"text": "Panorama prenatal cell-free DNA screening (NIPT)"})
    rows = decided(export(tmp_path, [patient(), named]), terms())
    assert [(row["outcome"], row["because"]) for row in of(rows, "decision")] == [("not-addressed", ["named-in-words"])]


def test_the_insurance_that_an_order_holds_is_read(tmp_path: Path) -> None:
    """A Coverage inside the order, which the chart does not hold, tells the payer as it does over HTTP."""
    inside = {
        "resourceType": "Coverage",
        "id": "c",
        "status": "active",
        "beneficiary": {"reference": "Patient/a"},
        "payor": [{"display": "Carelon Medical Benefits Management"}],
    }
    named = order(contained=[inside], insurance=[{"reference": "#c"}], code={"coding": [{"system": CPT, "code": "27280"}]})
    rows = decided(export(tmp_path, [patient(), named]), terms())
    assert [row["reason"] for row in of(rows, "order")] == [NOT_GOVERNED]


def test_pseudonyms_stand_for_ids(tmp_path: Path) -> None:
    """Without --keep-ids no row holds an id; the same key gives the same pseudonyms, and another gives others."""
    export(tmp_path, [patient("person-77"), order("order-77", "Patient/person-77")])
    one, again, other = (decided(tmp_path, terms(keep_ids=False, key=key)) for key in (b"k" * 20, b"k" * 20, b"l" * 20))
    assert one == again
    assert one != other
    assert "77" not in str([(row["patient"], row["order"]) for row in one])
    assert one[0]["order"].startswith("ServiceRequest/")


def test_values_are_kept_only_when_asked_for(tmp_path: Path) -> None:
    """A row tells kinds and ages of evidence; what it says is there with --values alone."""
    export(tmp_path, [patient(), order(), weeks(issued="2025-06-01")])
    (without,), (with_values,) = (of(decided(tmp_path, terms(values=how, searched=SEARCHED)), "decision") for how in (False, True))
    assert not any(one["value"] for one in without["evidence"])
    assert any(one["value"] for one in with_values["evidence"])
    assert any(one["age_days"] == 1 for one in without["evidence"])
