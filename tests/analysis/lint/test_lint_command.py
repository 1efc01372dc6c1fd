"""``policy lint`` and ``policy check`` at the command line: what they print, what they leave out, how they end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cds_service.analysis.lint.pages import page
from cds_service.cli import app
from tests.analysis.lint.home_oxygen import FACTS, POLICY, lay_out


def said(*arguments: str) -> Result:
    """Runs the command line."""
    return CliRunner().invoke(app, ["policy", *arguments])


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """Content with an error (a comparison that contradicts its sentence), a warning (an unused fact) and an info (no reader)."""
    lay_out(tmp_path)
    policy, facts = tmp_path / POLICY, tmp_path / FACTS
    text = policy.read_text(encoding="utf-8").replace("is at most 88 %", "is less than 88 %")
    policy.write_text(text.replace("second_reader: desk two", "second_reader: none yet"), encoding="utf-8")
    with facts.open("a", encoding="utf-8") as file:
        file.write("cough: {means: A cough., type: boolean, ask: Is there a cough?, from: [{answer: {}}]}\n")
    return tmp_path


def rules(result: Result) -> list[str]:
    """The rules of the issues printed."""
    return [line.split(": ")[1].split()[1] for line in result.stdout.splitlines() if not line.startswith("Lint")]


def test_lint_prints_place_severity_rule_and_what_to_do(broken: Path) -> None:
    """Each issue is a line; warnings and errors are shown, infos only counted; the status is 1."""
    result = said("lint", "--content", str(broken))
    assert result.exit_code == 1
    line = next(line for line in result.stdout.splitlines() if "comparison" in line)
    assert line.startswith(f"{POLICY}:68: error comparison-contradicts-says: ")
    assert line.endswith("(the document decides which of the two is right)")
    assert rules(result) == ["unused-fact", "comparison-contradicts-says"]
    assert result.stdout.splitlines()[-1].startswith("Lint: 1 error, 1 warning, 1 info; 0 excluded")


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("--severity", "error"), ["comparison-contradicts-says"]),
        (("--severity", "info"), ["unused-fact", "no-second-reader", "comparison-contradicts-says"]),
        (("--rule", "unused-fact"), ["unused-fact"]),
        (("--rule", "unused-fact", "--rule", "comparison-contradicts-says"), ["unused-fact", "comparison-contradicts-says"]),
        (("meadowlark/home-oxygen",), ["comparison-contradicts-says"]),
        (("oxygen_saturation",), ["unused-fact"]),
        (("saturation",), []),
    ],
)
def test_lint_shows_what_is_asked_for(broken: Path, arguments: tuple[str, ...], shown: list[str]) -> None:
    """Severity, rules and names narrow what is shown; the status is 1 only when an issue is."""
    result = said("lint", "--content", str(broken), *arguments)
    assert rules(result) == shown
    assert result.exit_code == bool(shown)


def test_lint_as_json_has_every_part_of_an_issue(broken: Path) -> None:
    """With --json the issues are objects, for programs."""
    result = said("lint", "--json", "--rule", "unused-fact", "--content", str(broken))
    (issue,) = json.loads(result.stdout)["issues"]
    assert {key: issue[key] for key in ("rule", "severity", "file", "about")} == {
        "rule": "unused-fact",
        "severity": "warning",
        "file": FACTS,
        "about": "cough",
    }
    assert issue["line"] > 0
    assert issue["hint"]


def test_check_fails_on_errors_and_counts_the_rest(broken: Path) -> None:
    """``policy check`` prints errors and fails; warnings are counted, and printed with --verbose."""
    result = said("check", "--content", str(broken))
    assert result.exit_code == 1
    assert "comparison-contradicts-says" in result.stderr
    assert "unused-fact" not in result.output
    assert "Lint: 1 error, 1 warning, 1 info" in result.stdout
    assert "unused-fact" in said("check", "--verbose", "--content", str(broken)).stderr
    policy = broken / POLICY
    policy.write_text(policy.read_text(encoding="utf-8").replace("is less than 88 %", "is at most 88 %"), encoding="utf-8")
    assert said("check", "--content", str(broken)).exit_code == 0


def test_explain_prints_the_page() -> None:
    """``--explain`` prints the page of a rule, whether lint or reading enforces it."""
    assert said("lint", "--explain", "unused-fact").stdout == page("unused-fact")
    assert "## Rationale" in said("lint", "--explain", "unknown-fact").stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--rule", "unused-facts"), "there is no rule 'unused-facts'; is 'unused-fact' meant?"),
        (("--explain", "nothing-like-it"), "there is no rule 'nothing-like-it'"),
        (("--severity", "grave"), "--severity is one of error, warning, info"),
        (("nobody/nothing",), "'nobody/nothing' is no policy, fact, value set or file"),
    ],
)
def test_lint_says_what_it_does_not_know(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    """Unknown rules, severities and names end the command with status 2 and a sentence."""
    result = said("lint", "--content", str(lay_out(tmp_path)), *arguments)
    assert result.exit_code == 2
    assert told in result.stderr


def test_vignettes_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    """A vignette file with a mistake ends lint with its file and line."""
    lay_out(tmp_path)
    vignettes = next((tmp_path / "tests/vignettes").rglob("*.yaml"))
    vignettes.write_text(vignettes.read_text(encoding="utf-8").replace("oxygen_saturation: 90", "oxygen: 90"), encoding="utf-8")
    result = said("lint", "--content", str(tmp_path))
    assert result.exit_code == 1
    assert "home-oxygen/2026-01-01.yaml:12: " in result.stderr
