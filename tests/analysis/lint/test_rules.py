"""Every rule: a seeded mistake is told once, in the right file at the right line; and every rule has its page."""

from __future__ import annotations

from pathlib import Path

import pytest

from cds_service.analysis.lint.at_reading import AT_READING as NAMES_AT_READING
from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import LintFinding
from cds_service.analysis.lint.lint import lint, rule_names
from cds_service.analysis.lint.pages import INDEX, folder_of_pages, index
from cds_service.analysis.lint.rules import all_rules
from cds_service.analysis.value_sets.classification import is_installed
from cds_service.content.content import Content, read_content
from cds_service.content_files.problems import ContentError
from tests.analysis.lint.home_oxygen import TODAY, lay_out
from tests.analysis.lint.seeds import AT_READING, LINTED, Seed
from tests.conftest import TODAY as DAY_OF_TESTS


def linted(folder: Path) -> tuple[LintFinding, ...]:
    """What lint finds in a content folder."""
    return lint(ContentFiles(read_content(folder), TODAY)).issues


def sown(folder: Path, seed: Seed) -> list[tuple[str, int]]:
    """Makes the mistake in sound content; gives the files and lines at which it must be told."""
    lay_out(folder)
    for file, old, new in seed.edits:
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        assert old in text
        path.write_text(text.replace(old, new, 1) if old else new, encoding="utf-8")
    text = (folder / seed.file).read_text(encoding="utf-8")
    lines = []
    for at in seed.at.split("|"):
        assert text.count(at) == 1 or not at, f"{at!r} does not stand once in {seed.file}"
        first = at.split("\n", maxsplit=1)[0] if at.startswith(("- id", "says")) else at
        lines.append((seed.file, text[: text.index(at) + len(first)].count("\n") + 1 if at else 0))
    return lines


def test_sound_content_has_no_issue(tmp_path: Path) -> None:
    """Lint finds nothing, not even an info, in the content that mistakes are seeded into."""
    assert linted(lay_out(tmp_path)) == ()


@pytest.mark.parametrize("seed", LINTED, ids=lambda seed: seed.rule)
def test_a_seeded_mistake_is_told_at_its_line(seed: Seed, tmp_path: Path) -> None:
    """The rule finds its mistake in the right file at the right line, and no rule finds anything else."""
    if seed.rule == "family-with-holes" and not is_installed():
        pytest.skip("the whole ICD-10-CM is not installed (pip install 'cds-service[dev]')")
    expected = sown(tmp_path, seed)
    assert [(i.rule, i.file, i.line) for i in linted(tmp_path)] == [(seed.rule, *place) for place in expected]


@pytest.mark.parametrize("seed", AT_READING, ids=lambda seed: seed.rule)
def test_a_mistake_that_reading_refuses_is_told_at_its_line(seed: Seed, tmp_path: Path) -> None:
    """Of the rules enforced at reading, the mistake is the one problem told, with its file and line."""
    expected = sown(tmp_path, seed)
    with pytest.raises(ContentError) as told:
        read_content(tmp_path)
    assert [(problem.file, problem.line) for problem in told.value.problems] == expected


def test_every_rule_has_a_seed() -> None:
    """There is a seeded mistake for each rule, and a file named like each rule that searches."""
    assert sorted(seed.rule for seed in (*LINTED, *AT_READING)) == sorted(rule_names())
    assert {seed.rule for seed in AT_READING} == set(NAMES_AT_READING)
    for rule in all_rules():
        assert rule.find.__module__.endswith(f".{rule.name.replace('-', '_')}")


def test_every_rule_has_its_page_and_every_page_its_rule() -> None:
    """Each page has the four headings with something under each; there is none without a rule, and the index is current."""
    pages = {path.stem: path.read_text(encoding="utf-8") for path in folder_of_pages().glob("*.md") if path.name != INDEX}
    assert set(pages) == set(rule_names())
    for name, text in pages.items():
        parts = [part.strip() for part in text.split("\n## ")]
        assert parts[0] == f"# {name}"
        assert [part.split("\n")[0] for part in parts[1:]] == ["Summary", "Avoid", "Prefer", "Rationale"]
        assert all(len(part.split("\n", 1)[1].strip()) > 10 for part in parts[1:])
    assert (folder_of_pages() / INDEX).read_text(encoding="utf-8") == index(), "run: cds-service policy lint --write-index"


@pytest.mark.slow
def test_the_shipped_content_has_no_issue_but_known_duties(content: Content) -> None:
    """No error and no warning beyond the exclusions; the infos are of readers and of boundaries that are still to come."""
    corrected = [one.on for policy in content.policies for one in policy.corrections]
    report = lint(ContentFiles(content, max(DAY_OF_TESTS, *corrected)))
    assert [str(issue) for issue in report.issues if issue.severity != "info"] == []
    assert {issue.rule for issue in report.issues} <= {"no-second-reader", "boundary-untested"}
    assert report.excluded


def test_an_exclusion_excuses_only_what_it_names(tmp_path: Path) -> None:
    """An exclusion with a reason takes away the issue about the fact that it names, and leaves the other."""
    lay_out(tmp_path)
    facts = tmp_path / "facts/oxygen.yaml"
    more = "{means: A sign., type: boolean, ask: Is there a sign?, from: [{answer: {}}]}"
    facts.write_text(facts.read_text(encoding="utf-8") + f"cough: {more}\nfever: {more}\n", encoding="utf-8")
    excluded = "exclusions:\n  - {rule: unused-fact, file: facts/*.yaml, about: cough, because: The next version needs it.}\n"
    (tmp_path / "policies/lint-exclusions.yaml").write_text(excluded, encoding="utf-8")
    assert [(issue.rule, issue.about) for issue in linted(tmp_path)] == [("unused-fact", "fever")]
