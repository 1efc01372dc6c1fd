"""Whole order-sign requests in the shapes real EHRs send them, each beside the answer it must get (``tests/requests``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.hooks.discovery import SERVICE_ID
from cds_service.hooks.received.messages import EXTENSION

CASES = sorted(path.parent for path in Path(__file__).parent.parent.glob("requests/*/request.json"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_request_is_answered_as_its_case_says(case: Path, client: FlaskClient) -> None:
    """The request of each case gets the decisions, or the refusal naming the elements at fault, that the case expects."""
    expected = json.loads((case / "expected.json").read_bytes())
    response = client.post(f"/cds-services/{SERVICE_ID}", data=(case / "request.json").read_bytes())
    answer = response.get_json()
    assert response.status_code == expected["status"], f"{expected['says']} Answered: {answer}"
    if expected["status"] == 200:
        assert differences(expected["decisions"], answer["extension"][EXTENSION]) == [], expected["says"]
    else:
        assert [element for issue in answer["issue"] for element in issue["expression"]] == expected["elements"], expected["says"]


def test_every_case_says_its_behaviour() -> None:
    """Every case states the behaviour it shows in one sentence, no two cases the same one."""
    said = [json.loads((case / "expected.json").read_bytes())["says"] for case in CASES]
    assert len(set(said)) == len(CASES) >= 14
    assert all(sentence.endswith(".") for sentence in said)


def differences(expected: list[dict[str, Any]], found: list[dict[str, Any]]) -> list[str]:
    """What decisions say other than expected: as many of them, each with the members that are named.

    Lists are compared whole, except ``evidence``: every row expected is among the rows found.
    """
    if len(expected) != len(found):
        return [f"expected {len(expected)} decisions, found {len(found)}: {found}"]
    said: list[str] = []
    for wanted, decision in zip(expected, found, strict=True):
        rows = decision.get("evidence", [])
        said += [f"no evidence row has {row}; the rows: {rows}" for row in wanted.get("evidence", []) if not _among(row, rows)]
        said += [
            f"{name}: expected {value}, found {decision.get(name)}"
            for name, value in wanted.items()
            if name != "evidence" and decision.get(name) != value
        ]
    return said


def _among(row: dict[str, Any], rows: list[dict[str, Any]]) -> bool:
    return any(row.items() <= found.items() for found in rows)
