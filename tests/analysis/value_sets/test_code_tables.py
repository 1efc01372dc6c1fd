"""Codes one to a line: what a table of codes means as a FHIR ValueSet, and what is told of one that means nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cds_service.content.content import read_content, shipped_content
from cds_service.content_files.problems import ContentError
from cds_service.fhir.code_systems import HCPCS, ICD10CM, LOINC
from cds_service.fhir.value_set_files import read_value_set
from cds_service.policy.values import Interval
from tests.analysis.lint.home_oxygen import lay_out

HEAD = "# title: Smoking\n# version: 2026-11-29\n"
SMOKING = f"""{HEAD}# purpose: Whoever smokes, or smoked.
system,code,label,meaning
# a remark of the author
ICD-10-CM,F17.2*,nicotine dependence,yes
not ICD-10-CM,F17.211,in remission,
ICD-10-CM,Z87.891,"smoked once, and stopped",no
LOINC,72166-2,tobacco status,
HCPCS,G9016,2 packs,2 or more {{packs}}
"""


def read(folder: Path, text: str) -> dict[str, object]:
    """The FHIR ValueSet of a table, and that the reader takes it."""
    (folder / "smoking.csv").write_text(text, encoding="utf-8")
    held = read_value_set(folder / "smoking.csv", "value_sets/smoking.csv")
    return {
        "title": held.title,
        "codes": {key.code: carried.value if carried else None for key, carried in held.codes.items()},
        "families": {key.code: carried.value if carried else None for key, carried in held.categories.items()},
        "left out": {key.code for key in held.excluded},
        "systems": set(held.systems),
    }


def test_a_line_is_a_code_a_family_or_a_code_that_is_left_out(tmp_path: Path) -> None:
    """Families are named by how they begin, meanings are words, and labels with a comma stand in quotes."""
    assert read(tmp_path, SMOKING) == {
        "title": "Smoking",
        "codes": {"Z87891": False, "72166-2": None, "G9016": Interval(2, float("inf"))},
        "families": {"F172": True},
        "left out": {"F17211"},
        "systems": {ICD10CM, LOINC, HCPCS},
    }


@pytest.mark.parametrize(
    ("was", "becomes", "line", "said"),
    [
        ("# title: Smoking\n", "", 1, "'# title: …' is missing"),
        ("version: 2026-11-29", "version: 7", 2, "'7' is not a day"),
        ("system,code,label,meaning", "code,meaning", 4, "begins with a line of its columns"),
        ("LOINC,72166-2", "LOINK,72166-2", 9, "'LOINK' is no code system"),
        ("LOINC,72166-2", "LOINC,72166-3", 9, "check digit"),
        ("LOINC,72166-2", "LOINC,7216*", 9, "only families of ICD-10-CM"),
        ("LOINC,72166-2", "LOINC,", 9, "a code of LOINC is missing"),
        ('"smoked once, and stopped"', "smoked once, and stopped", 8, "5 cells and 4 columns"),
        ("# purpose: Whoever smokes, or smoked.\n", "# title: Twice\n", 3, "'title' stands already at line 1"),
    ],
)
def test_every_mistake_is_told_with_its_line(tmp_path: Path, was: str, becomes: str, line: int, said: str) -> None:
    """What a table cannot mean is refused where it stands, in words."""
    assert was in SMOKING
    (tmp_path / "smoking.csv").write_text(SMOKING.replace(was, becomes), encoding="utf-8")
    with pytest.raises(ContentError) as told:
        read_value_set(tmp_path / "smoking.csv", "value_sets/smoking.csv")
    problem = told.value.problems[0]
    assert (problem.line, said in problem.message) == (line, True), str(problem)


def test_a_set_that_a_plan_fills_is_empty_on_purpose(tmp_path: Path) -> None:
    """Without a code, the line 'empty' says that it is meant so."""
    assert read(tmp_path, f"{HEAD}# empty: until a plan fills it\nsystem,code\n")["codes"] == {}
    with pytest.raises(ContentError, match="holds no codes"):
        read(tmp_path, f"{HEAD}system,code\n")


def test_one_id_is_one_file(tmp_path: Path) -> None:
    """A set that stands as JSON and as a table is an error that names both."""
    lay_out(tmp_path)
    (tmp_path / "value_sets/edema.csv").write_text(f"{HEAD}system,code\nSNOMED,267038008\n", encoding="utf-8")
    with pytest.raises(ContentError) as told:
        read_content(tmp_path)
    said = str(told.value)
    assert "value_sets/edema.json" in said
    assert "value_sets/edema.csv" in said


def test_a_folder_of_ones_own_adds_to_what_is_shipped(tmp_path: Path) -> None:
    """It needs only policies; shipped facts and value sets are there, and a name that stands twice is told with both places."""
    (tmp_path / "policies").mkdir()
    (tmp_path / "content.yaml").write_text("layers_over: shipped\n", encoding="utf-8")
    held, shipped = read_content(tmp_path), read_content(shipped_content())
    assert set(held.catalogue) == set(shipped.catalogue)
    assert set(held.terminology.sets) == set(shipped.terminology.sets)
    assert held.policies == ()
    assert held.revision != shipped.revision
    name = next(iter(shipped.catalogue))
    (tmp_path / "facts").mkdir()
    (tmp_path / "facts/mine.yaml").write_text(
        f"{name}: {{means: Mine., type: boolean, ask: Is it?, from: [{{answer: {{}}}}]}}\n", encoding="utf-8"
    )
    with pytest.raises(ContentError) as told:
        read_content(tmp_path)
    first = shipped.catalogue[name]
    assert str(told.value) == f"facts/mine.yaml:1: the fact '{name}' is already in shipped/{first.file}:{first.line}"


def test_what_a_folder_lies_over_is_said_in_words(tmp_path: Path) -> None:
    """Anything but the shipped content is refused; a folder without the file is told of it."""
    (tmp_path / "policies").mkdir()
    with pytest.raises(ContentError, match="'layers_over: shipped' it needs only its policies"):
        read_content(tmp_path)
    (tmp_path / "content.yaml").write_text("layers_over: something\n", encoding="utf-8")
    with pytest.raises(ContentError, match=r"content.yaml:1: 'layers_over'"):
        read_content(tmp_path)


def test_sets_are_exported_as_fhir_however_they_are_written(tmp_path: Path) -> None:
    """A table and a JSON file come out as ValueSets that read back to the same set."""
    from typer.testing import CliRunner

    from cds_service.cli import app

    lay_out(tmp_path)
    (tmp_path / "value_sets/edema.json").unlink()
    (tmp_path / "value_sets/edema.csv").write_text(f"{HEAD}system,code,label\nSNOMED,267038008,edema\n", encoding="utf-8")
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["value-sets", "export", "--to", str(out), "--content", str(tmp_path)])
    assert done.exit_code == 0, done.output
    held = read_content(tmp_path).terminology.sets
    assert {path.stem for path in out.glob("*.json")} == set(held)
    for id_, one in held.items():
        again = read_value_set(out / f"{id_}.json", id_)
        assert (again.codes, again.categories, again.title) == (one.codes, one.categories, one.title)
    shown = CliRunner().invoke(app, ["value-sets", "export", "edema", "--content", str(tmp_path)])
    assert json.loads(shown.output)["compose"]["include"][0]["concept"] == [{"code": "267038008", "display": "edema"}]
