"""Value sets expanded by a terminology server: HAPI FHIR with a small code system in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cds_service.analysis.value_sets import classification
from cds_service.analysis.value_sets.expansion import FOLDER, contained
from cds_service.cli import app, value_sets
from tests.analysis.value_sets.small import SMALL, family_set, septic
from tests.integration.ehr import TOKEN, Door, Ehr

Json = dict[str, Any]
SYSTEM = "urn:cds-service:oxygen-devices"
CONCEPTS = [{"code": "tank"}, {"code": "concentrator", "concept": [{"code": "portable"}, {"code": "stationary"}]}]


@pytest.fixture
def folder(tmp_path: Path, entrance: Door, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A content folder with a set of a code system that the server holds, and one of a system that it does not."""
    for module in (value_sets, classification):
        monkeypatch.setattr(module, "whole_classification", lambda: SMALL)
    monkeypatch.setenv("CDS_SERVICE_TERMINOLOGY_AUTHORIZATION", f"Bearer {TOKEN}")
    about = {"id": "oxygen-devices", "url": SYSTEM, "version": "1", "status": "active", "content": "fragment"}
    Ehr(entrance.url).put({"resourceType": "CodeSystem", **about, "hierarchyMeaning": "is-a", "concept": CONCEPTS})
    devices = family_set("devices")
    devices["compose"]["include"] = [{"system": SYSTEM, "concept": [{"code": "tank", "display": "a tank"}, {"code": "portable"}]}]
    return septic(tmp_path, devices, family_set("sepsis", "A41"))


def expanded(folder: Path, server: str, *names: str) -> tuple[int, str]:
    """How the command ends, and what it says went wrong."""
    arguments = ["value-sets", "expand", *names, "--server", server, "--development", "--content", str(folder)]
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.stderr


def test_a_set_is_expanded_by_the_server(folder: Path, entrance: Door) -> None:
    """The server is asked for ValueSet/$expand, and what it gives is written with our own labels."""
    assert expanded(folder, entrance.url, "devices") == (0, "devices: 2 codes\n")
    read = json.loads((folder / FOLDER / "devices.json").read_text(encoding="utf-8"))
    assert contained(read) == [(SYSTEM, "portable", ""), (SYSTEM, "tank", "a tank")]
    assert f"expanded by {entrance.url}" in {one["valueString"] for one in read["expansion"]["parameter"]}
    assert entrance.passed[-1].path.endswith("/ValueSet/$expand")


def test_a_set_of_a_system_that_the_server_lacks_is_told(folder: Path, entrance: Door) -> None:
    """What the server cannot expand is told with its own words, and nothing is written."""
    code, said = expanded(folder, entrance.url, "devices", "sepsis")
    assert code == 1
    assert "value_sets/sepsis.json: the server answered" in said
    assert not (folder / FOLDER).exists()
