"""Items of claims as orders, and claims as evidence: what was billed on its day, for its diagnoses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cds_service.replay import ledger
from cds_service.replay.terms import Terms
from tests.replay.direct import decided, export, of, terms
from tests.replay.test_sources import CPT, SCREEN, patient

ICD = "http://hl7.org/fhir/sid/icd-10-cm"


def item(sequence: int, code: Any = SCREEN, on: str = "2025-06-02", **more: Any) -> dict[str, Any]:
    """An item of a claim."""
    return {"sequence": sequence, "productOrService": code, "servicedDate": on} | more


def claim(*held: dict[str, Any], kind: str = "ExplanationOfBenefit", id_: str = "e1", **more: Any) -> dict[str, Any]:
    """A claim of the patient, made three weeks later."""
    diagnosis = [{"sequence": 1, "diagnosisCodeableConcept": {"coding": [{"system": ICD, "code": "O30.111"}]}}]
    whole = {"resourceType": kind, "id": id_, "status": "active", "use": "claim", "patient": {"reference": "Patient/a"}}
    return (
        whole
        | {"created": "2025-06-23", "diagnosis": diagnosis, "item": list(held), "provider": {"reference": "Organization/lab"}}
        | more
    )


def how(**more: Any) -> Terms:
    """Terms of claims."""
    return terms(orders="claims", **more)


def test_each_item_with_a_governed_code_is_an_order(tmp_path: Path) -> None:
    """An item is judged on its day for its diagnoses: triplets make the screen not necessary; other items are in the ledger."""
    other = {"coding": [{"system": CPT, "code": "99213"}]}
    held = claim(item(1, diagnosisSequence=[1]), item(2, other), item(3, {"text": "sundries"}), item(4, on="soon"))
    rows = decided(export(tmp_path, [patient(), held]), how())
    (row,) = of(rows, "decision")
    assert (str(row["day"]), row["order"], row["code"]) == ("2025-06-02", "ServiceRequest/e1-1", "81420")
    assert (row["outcome"], row["because"]) == ("not-necessary", ["higher-order-gestation"])
    assert {one["order"]: one["reason"] for one in of(rows, "order")} == {
        "ServiceRequest/e1-2": ledger.NOT_GOVERNED,
        "ServiceRequest/e1-3": ledger.NO_CODE,
        "ServiceRequest/e1-4": ledger.NO_DAY,
    }


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"status": "cancelled"}, ledger.WITHDRAWN),
        ({"status": "entered-in-error"}, ledger.IN_ERROR),
        ({"use": "preauthorization"}, ledger.NOT_A_CLAIM),
    ],
)
def test_what_bills_nothing_is_no_order(tmp_path: Path, more: dict[str, Any], reason: str) -> None:
    """A claim that was withdrawn, or that only asks, gives no order and no evidence."""
    rows = decided(export(tmp_path, [patient(), claim(item(1), **more)]), how())
    assert [one["reason"] for one in of(rows, "order")] == [reason]
    assert of(rows, "decision") == []


def test_a_claim_and_what_adjudicates_it_are_one(tmp_path: Path) -> None:
    """A Claim whose ExplanationOfBenefit is in the source is not judged twice."""
    asked = claim(item(1), kind="Claim", id_="c1")
    paid = claim(item(1), claim={"reference": "Claim/c1"})
    rows = decided(export(tmp_path, [patient(), asked, paid]), how())
    assert [one["order"] for one in of(rows, "decision")] == ["ServiceRequest/e1-1"]
    assert [one["reason"] for one in of(rows, "order")] == [ledger.ADJUDICATED]


def test_other_claims_are_evidence_from_when_they_were_made(tmp_path: Path) -> None:
    """A screen that was billed before is an earlier screen once its claim was made; the claim of an order is none against it."""
    first, second = claim(item(1)), claim(item(1, on="2025-07-10"), id_="e2", created="2025-07-30")
    rows = {str(row["day"]): row for row in of(decided(export(tmp_path / "a", [patient(), first, second]), how()), "decision")}
    alone = of(decided(export(tmp_path / "b", [patient(), first]), how()), "decision")
    assert rows["2025-06-02"] == alone[0]
    evidence = [one for row in of(decided(tmp_path / "a", how(as_known="now")), "decision") for one in row["evidence"]]
    assert evidence


def test_claims_never_say_that_something_was_not_done(tmp_path: Path) -> None:
    """What claims alone do not hold was not searched: an order is open for it, and no presumption is made of it."""
    (row,) = of(decided(export(tmp_path, [patient(), claim(item(1), diagnosis=[])]), how()), "decision")
    assert row["outcome"] == "not-documented"
    assert {"Observation", "Condition", "Procedure"} & set(row["unsearched"])


def test_claims_are_not_read_where_requests_are_orders(tmp_path: Path) -> None:
    """Order-sign would not have read them: without --orders claims they are lines of the ledger."""
    rows = decided(export(tmp_path, [patient(), claim(item(1))]), terms())
    assert [one["reason"] for one in rows] == [ledger.NOT_READ]
