"""Expansions: what a value set means, written out beside it; what does not agree is told; a server may expand instead."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.valueset import ValueSet
from typer.testing import CliRunner, Result

from cds_service.analysis.value_sets import check, classification
from cds_service.analysis.value_sets.check import problems_of
from cds_service.analysis.value_sets.expansion import FOLDER, Expanded, as_value_set, contained, meant, written
from cds_service.cli import app, value_sets
from cds_service.content.content import read_content
from cds_service.fhir.code_systems import ICD10CM, SNOMED
from tests.analysis.value_sets.small import SMALL, family_set, keep, septic
from tests.security.server import Server, says

Json = dict[str, Any]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands take the small classification."""
    for module in (value_sets, classification):
        monkeypatch.setattr(module, "whole_classification", lambda: SMALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A content folder whose fact of sepsis reads a whole family."""
    return septic(tmp_path, family_set("sepsis", "A41"))


def run(*arguments: str) -> Result:
    """Runs the command line."""
    return CliRunner().invoke(app, ["value-sets", *arguments])


def codes_of(path: Path) -> list[str]:
    """The codes of an expansion's file."""
    found = contained(json.loads(path.read_text(encoding="utf-8")))
    assert found is not None
    return [one.code for one in found]


def test_families_become_billable_codes_without_what_is_excluded() -> None:
    """Families are written out with their titles, codes of other systems as listed; exclusions go, and each code stands once."""
    wide = family_set("sepsis", "A41", "A40.0", codes=("A40.0",), excluded=("A41.0",))
    wide["compose"]["include"].append({"system": SNOMED, "concept": [{"code": "91302008", "display": "sepsis"}]})
    assert meant(wide, SMALL) == [
        Expanded(ICD10CM, "A40.0", "Sepsis due to group A"),
        Expanded(ICD10CM, "A41.9", "Sepsis, unspecified organism"),
        Expanded(SNOMED, "91302008", "sepsis"),
    ]


def test_an_expansion_is_a_fhir_value_set() -> None:
    """What is written is valid FHIR R4, a code a line, the same for the same set; one without codes as well."""
    for value_set in (family_set("sepsis", "A41"), family_set("sepsis", "A41", excluded=("A41",))):
        text = written(as_value_set(value_set, meant(value_set, SMALL), ("a small release",)))
        read = json.loads(text)
        ValueSet.model_validate(read)
        assert read["expansion"]["total"] == len(read["expansion"]["contains"]) == text.count('"code"')
        assert text == written(as_value_set(value_set, meant(value_set, SMALL), ("a small release",)))


def test_the_service_does_not_read_expansions(folder: Path) -> None:
    """What is in the folder of expansions is no value set of the content, and does not change its revision."""
    before = read_content(folder)
    (folder / FOLDER).mkdir()
    (folder / FOLDER / "nonsense.json").write_text("no JSON", encoding="utf-8")
    after = read_content(folder)
    assert (after.revision, set(after.terminology.sets)) == (before.revision, set(before.terminology.sets))


def test_the_command_writes_expansions_that_agree(folder: Path) -> None:
    """Every set gets its file, and the check has nothing to say of them."""
    result = run("expand", "--content", str(folder))
    assert (result.exit_code, result.stdout) == (0, "5 expansions written to value_sets/expansions.\n")
    assert codes_of(folder / FOLDER / "sepsis.json") == ["A41.01", "A41.02", "A41.9"]
    assert problems_of(read_content(folder), SMALL) == []
    assert run("check", "--content", str(folder)).stdout == "5 value sets agree with ICD-10-CM (a small release).\n"


def test_one_set_alone_is_expanded(folder: Path) -> None:
    """A name on the command line leaves the others; one that is not there is refused."""
    assert run("expand", "sepsis", "--content", str(folder)).exit_code == 0
    assert [path.name for path in (folder / FOLDER).iterdir()] == ["sepsis.json"]
    result = run("expand", "flu", "--content", str(folder))
    assert (result.exit_code, result.stderr) == (2, "there is no value set 'flu' in value_sets/\n")


def test_what_does_not_agree_is_told_all_at_once(folder: Path) -> None:
    """An expansion that lacks a code, has another, is missing, is none, or expands nothing that there is."""
    run("expand", "--content", str(folder))
    keep(folder, family_set("sepsis", "A41.0", "A40"))
    place = folder / FOLDER
    (place / "edema.json").unlink()
    (place / "saturation.json").write_text("[]", encoding="utf-8")
    (place / "flu.json").write_text("{}", encoding="utf-8")
    told = {problem.file.split("/")[-1]: problem.message for problem in problems_of(read_content(folder), SMALL)}
    assert told["sepsis.json"].startswith("it lacks A40.0, A40.1 and has A41.9, not meant, beside value_sets/sepsis.json;")
    assert told["edema.json"].startswith("the expansion is missing")
    assert told["saturation.json"].startswith("it is no ValueSet with an expansion")
    assert told["flu.json"].startswith("it expands no value set")
    result = run("check", "--content", str(folder))
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == len(told) + 1


def test_many_codes_are_counted() -> None:
    """A line names some codes and counts the others."""
    assert check._some([str(number) for number in range(20)]).endswith("11 and 8 more")


def expanding(request: BaseHTTPRequestHandler, seen: list[Json]) -> Json:
    """What a terminology server answers to the set it was sent: its listed codes, and one more below each family."""
    asked = json.loads(request.rfile.read(int(request.headers["Content-Length"])))
    seen.append(asked)
    value_set = next(one["resource"] for one in asked["parameter"] if one["name"] == "valueSet")
    contains = []
    for part in value_set["compose"]["include"]:
        codes = [one["code"] for one in part.get("concept", [])] + [f"{one['value']}9" for one in part.get("filter", [])]
        contains += [{"system": part["system"], "code": code, "display": "the publisher's own name"} for code in codes]
    version = {"name": "version", "valueUri": f"{ICD10CM}|2026"}
    return {"resourceType": "ValueSet", "status": "active", "expansion": {"parameter": [version], "contains": contains}}


class Terminology(Server):
    """A terminology server on this machine, with what it was asked."""

    def __init__(self, answer: Any = None) -> None:
        self.asked: list[Json] = []

        def expand(request: BaseHTTPRequestHandler) -> None:
            body = json.dumps(expanding(request, self.asked)).encode()
            (answer or says(body, Content_Type="application/fhir+json"))(request)

        super().__init__(expand)

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.port}/fhir"


def test_a_server_expands_the_sets(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The set goes to ValueSet/$expand as it is written; codes come back with our own labels, and the versions with them."""
    server = Terminology()
    monkeypatch.setenv("CDS_SERVICE_TERMINOLOGY_AUTHORIZATION", "Bearer secret")
    result = run("expand", "sepsis", "edema", "--server", server.url, "--development", "--content", str(folder))
    assert (result.exit_code, result.stdout) == (0, "2 expansions written to value_sets/expansions.\n")
    paths, headers = [one[0] for one in server.seen], [one[1] for one in server.seen]
    assert paths == ["/fhir/ValueSet/$expand"] * 2
    assert {one["Authorization"] for one in headers} == {"Bearer secret"}
    read = json.loads((folder / FOLDER / "sepsis.json").read_text(encoding="utf-8"))
    assert [one["code"] for one in read["expansion"]["contains"]] == ["A419"]
    assert {one["valueString"] for one in read["expansion"]["parameter"]} == {f"expanded by {server.url}", f"{ICD10CM}|2026"}
    text = (folder / FOLDER / "edema.json").read_text(encoding="utf-8")
    assert "the publisher's own name" not in text
    server.close()


REFUSED = {"resourceType": "OperationOutcome", "issue": [{"diagnostics": "unknown code system"}]}
SHORT = {"resourceType": "ValueSet", "expansion": {"total": 9, "contains": [{"system": ICD10CM, "code": "A41.9"}]}}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (says(json.dumps(REFUSED).encode(), 422), "the server answered 422: unknown code system"),
        (says(b"<html>", 502), "the server answered 502 and no JSON"),
        (says(b"{}"), "the server answered with something that is no expansion"),
        (says(json.dumps(SHORT).encode()), "the server gave 1 of 9 codes"),
        (says(b"", 302, Location="/elsewhere"), "the server could not be asked: redirect"),
    ],
)
def test_a_server_that_expands_one_set_less_writes_nothing(folder: Path, answer: Any, said: str) -> None:
    """What a server refuses is told for every set, and no file is written."""
    server = Terminology(answer)
    result = run("expand", "sepsis", "edema", "--server", server.url, "--development", "--content", str(folder))
    assert result.exit_code == 1
    assert [line for line in result.stderr.splitlines() if line.startswith("value_sets/")] == [
        f"value_sets/edema.json: {said}",
        f"value_sets/sepsis.json: {said}",
    ]
    assert not (folder / FOLDER).exists()
    server.close()


def test_a_server_of_this_machine_is_asked_only_in_development(folder: Path) -> None:
    """The guard of outbound calls holds for terminology servers as for any other."""
    server = Terminology()
    result = run("expand", "sepsis", "--server", server.url, "--content", str(folder))
    assert (result.exit_code, server.seen) == (1, [])
    assert "https is required" in result.stderr
    server.close()
