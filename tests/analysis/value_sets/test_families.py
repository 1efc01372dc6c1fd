"""Families with holes: what lies beside what a fact reads is named in as few families as can be, unless it is excused."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cds_service.analysis.value_sets import classification
from cds_service.analysis.value_sets.check import holes_of, problems_of
from cds_service.analysis.value_sets.classification import is_installed, whole_classification
from cds_service.analysis.value_sets.excuses import FILE, HEADER, read_excuses
from cds_service.cli import app
from cds_service.content.content import read_content, shipped_content
from cds_service.content_files.problems import ContentError
from tests.analysis.value_sets.small import FACT, SEPSIS, SMALL, family_set, septic


def told(folder: Path) -> list[str]:
    """What is wrong with the value sets of a folder."""
    return [str(problem) for problem in problems_of(read_content(folder), SMALL)]


def test_a_classification_is_read_by_its_codes_alone() -> None:
    """A code is known in any case, with or without its dot; what has nothing below it is billable; chapters and blocks are none."""
    assert SMALL.knows("s32.1xxa")
    assert SMALL.knows("S321")
    assert not SMALL.knows("A40-A41")
    assert not SMALL.knows("1")
    assert SMALL.billable("A41") == ("A41.01", "A41.02", "A41.9")
    assert SMALL.billable("S32") == ("S32.1XXA", "S32.1XXS", "S32.2")
    assert SMALL.billable("A40.0") == ("A40.0",)
    assert SMALL.billable("Z99") == ()
    assert [SMALL.is_billable(code) for code in ("A41.01", "A41.0", "A41.7")] == [True, False, False]


@pytest.mark.parametrize(
    ("codes", "families"),
    [
        (["A41.01", "A41.02", "A41.9"], ("A41",)),
        (["A41.01", "A41.02"], ("A41.0",)),
        (["A41.02", "A41.9"], ("A41.02", "A41.9")),
        ([], ()),
        (["S32.2"], ()),
    ],
)
def test_billable_codes_are_named_by_the_fewest_families(codes: list[str], families: tuple[str, ...]) -> None:
    """What fills a family is named by it; what lies elsewhere is not named."""
    assert SMALL.families(codes, "A41") == families


def test_a_family_that_is_whole_has_no_hole(tmp_path: Path) -> None:
    """A fact that reads a whole category, and nothing of another, leaves nothing out."""
    assert told(septic(tmp_path, family_set("sepsis", "A41"))) == []


def test_a_hole_is_named_with_the_fact_and_its_families(tmp_path: Path) -> None:
    """What is left out of a category of which a part is read is told, with the sets, the families and what to do."""
    said, other = told(septic(tmp_path, family_set("sepsis", "A41.0", codes=("A40.0",))))
    assert said.startswith(f"{FACT}:1: 'sepsis' reads a part of A40 (Streptococcal sepsis) by sepsis, and nothing of A40.1 (1);")
    assert FILE in said
    assert "nothing of A41.9 (1)" in other


def test_a_sibling_set_fills_a_hole(tmp_path: Path) -> None:
    """A set of the same fact that only hints, one whose codes only say what words mean, and what a set excludes by name count."""
    hints = SEPSIS + "    - condition: {codes: hints, uncertain: yes, speaks_for: 30 days}\n"
    assert told(septic(tmp_path, family_set("sepsis", "A41.0"), family_set("hints", "A41.9"), facts=hints)) == []
    read = SEPSIS + "  words: {say: [sepsis], read_by: [hints]}\n"
    assert told(septic(tmp_path, facts=read)) == []
    assert told(septic(tmp_path, family_set("sepsis", "A41", excluded=("A41.9",)))) == []


def test_what_a_rule_takes_together_is_read_together(tmp_path: Path) -> None:
    """What one of the facts reads that a rule takes together, it reads for the other too."""
    more = SEPSIS + SEPSIS.replace("sepsis:\n", "shock:\n", 1).replace("codes: sepsis", "codes: shock")
    sets = (family_set("sepsis", "A41.0"), family_set("shock", "A41.9"))
    assert len(told(septic(tmp_path, *sets, facts=more))) == 2
    together = "both: {means: Both., type: boolean, derived: {rule: loss look-back, takes: {age: sepsis, delivery: shock}}}\n"
    assert told(septic(tmp_path, facts=more + together)) == []


def excused(folder: Path, text: str) -> Path:
    """The content with a hole at A41.9 and this file of excuses."""
    septic(folder, family_set("sepsis", "A41.0"))
    (folder / FILE).write_text(text, encoding="utf-8")
    return folder


def test_an_excuse_fills_a_hole_with_a_reason(tmp_path: Path) -> None:
    """A family is excused for some facts or for all; a question mark stands for any character."""
    for families in ("[A41.9]", "[A41.?]", "[A4?.9]"):
        assert told(excused(tmp_path, f"excused:\n  - {{facts: [sepsis], families: {families}, because: Too wide.}}\n")) == []
    assert told(excused(tmp_path, "excused:\n  - {families: [A41.9], because: Too wide.}\n")) == []
    other = "excused:\n  - {facts: [edema], families: [A41.9], because: Too wide.}\n"
    assert len(told(excused(tmp_path, other))) == 2


@pytest.mark.parametrize(
    ("entry", "place", "said"),
    [
        ("{families: [A41.9, A40.0], because: Too wide.}", 2, "A40.0 excuses nothing any more"),
        ("{families: [A41.9, A47], because: Too wide.}", 2, "there is no code A47 in ICD-10-CM"),
        ("{facts: [sepsis, flu], families: [A41.9], because: Too wide.}", 2, "there is no fact 'flu'"),
    ],
)
def test_an_excuse_that_is_none_is_told(tmp_path: Path, entry: str, place: int, said: str) -> None:
    """What an excuse names and is not there, or is not left out any more, is told with its line."""
    (problem,) = told(excused(tmp_path, f"excused:\n  - {entry}\n"))
    assert problem.startswith(f"{FILE}:{place}: ")
    assert said in problem


@pytest.mark.parametrize("entry", ["{families: [A41.9]}", "{families: [], because: x}", "{families: [sepsis], because: x}"])
def test_an_excuse_has_families_and_a_reason(tmp_path: Path, entry: str) -> None:
    """Without a reason, without a family, or with what is none, the file is refused."""
    with pytest.raises(ContentError, match=r"value_sets/excused\.yaml"):
        told(excused(tmp_path, f"excused:\n  - {entry}\n"))


def test_excuses_are_drafted_anew_with_what_is_new_and_without_what_is_idle(tmp_path: Path) -> None:
    """The draft keeps what is needed with its reason, adds the holes with the reason given, and is what the check accepts."""
    excused(tmp_path, "excused:\n  - {facts: [sepsis], families: [A41.9, A40.0], because: 'Too wide: any organism.'}\n")
    (tmp_path / FACT).write_text(SEPSIS + SEPSIS.replace("sepsis:\n", "shock:\n", 1), encoding="utf-8")
    excuses, content = read_excuses(tmp_path), read_content(tmp_path)
    text = excuses.redrafted(holes_of(content, SMALL, excuses), "Not judged.")
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    kept, new = read_excuses(tmp_path).entries
    assert (kept.facts, kept.families, kept.because) == (["sepsis"], ["A41.9"], "Too wide: any organism.")
    assert (new.facts, new.families, new.because) == (["shock"], ["A41.9"], "Not judged.")
    assert told(tmp_path) == []
    unreasoned = read_excuses(tmp_path).redrafted([], "")
    assert unreasoned.rstrip() == HEADER.rstrip()


def test_codes_that_are_none_are_told_at_their_line(tmp_path: Path) -> None:
    """A code, a family and a category listed as a code are told, all at once."""
    told_ = told(septic(tmp_path, family_set("sepsis", "A41", "A47", codes=("A47.1", "A40"))))
    problems = [one for one in told_ if one.startswith("value_sets/sepsis.json:")]
    assert [one.split(": ", 1)[1].split(" in ICD")[0] for one in problems] == [
        "there is no family A47",
        "there is no code A47.1",
        "A40 is a family, and listed as a code it holds nothing below; write a filter (concept is-a A40)",
    ]


def test_the_command_says_how_to_get_the_classification(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package both commands say what to install, and nothing else."""
    monkeypatch.setattr(classification, "PACKAGE", "not_there_at_all")
    whole_classification.cache_clear()
    for command in ("check", "expand"):
        result = CliRunner().invoke(app, ["value-sets", command])
        assert result.exit_code == 1
        assert "pip install" in result.output
    whole_classification.cache_clear()


@pytest.mark.skipif(not is_installed(), reason="the whole ICD-10-CM is not installed (pip install 'cds-service[dev]')")
def test_the_shipped_value_sets_agree_with_the_whole_classification() -> None:
    """No code is unknown, no family has a hole without an excuse, no excuse is idle, and no expansion disagrees."""
    result = CliRunner().invoke(app, ["value-sets", "check", "--content", str(shipped_content())])
    assert result.exit_code == 0, result.output
