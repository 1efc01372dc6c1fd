"""Vignettes of a policy that judges a questionnaire: read, run twice, and noticing mistakes in the policy."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cds_service.cli import app
from cds_service.content.content import Content, shipped_content
from cds_service.content_files.problems import ContentError
from cds_service.proposal import judge_response
from cds_service.vignettes.read import read_vignettes
from cds_service.vignettes.responses import ResponseVignette, differences_as_response, read_response_vignettes, response_of

POLICY = "ptac/pfpm-proposal"
HEAD = f"policy: {POLICY}\nversion: 2017-03-07\nas_of: 2017-06-01\nvignettes:\n"


def command(*words: str) -> Result:
    """The command line, run to its end."""
    return CliRunner().invoke(app, ["policy", *words])


def held(folder: Path, text: str, content: Content, head: str = HEAD) -> list[ResponseVignette]:
    """The vignettes of a file with this text."""
    file = folder / "2017-03-07.yaml"
    file.write_text(head + text, encoding="utf-8")
    assert read_vignettes(file, "v", content) == []
    return read_response_vignettes(file, "v", content)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the shipped content with this policy alone, and its vignettes."""
    root = shipped_content()
    for folder in ("facts", "value_sets"):
        shutil.copytree(root / folder, tmp_path / folder)
    for source, target in ((root / "policies", "policies"), (root / "tests" / "vignettes", "vignettes")):
        shutil.copytree(source / POLICY, tmp_path / target / POLICY)
    return tmp_path


def changed(copied: Path, old: str, new: str) -> int:
    """Replaces the first such words of the policy; answers the line on which they stood."""
    file = copied / "policies" / POLICY / "2017-03-07.yaml"
    text = file.read_text(encoding="utf-8")
    at = text.index(old)
    file.write_text(text[:at] + new + text[at + len(old) :], encoding="utf-8")
    return text[:at].count("\n") + 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "meant"),
    [
        (
            'id: quality-stays\n                  says: Quality stays the same.\n                  cite: {source: cfr, at: "Quality and cost"}\n'
            "                  fact: pfpm_quality_effect\n                  is: stays the same",
            'id: quality-stays\n                  says: Quality stays the same.\n                  cite: {source: cfr, at: "Quality and cost"}\n'
            "                  fact: pfpm_quality_effect\n                  is: goes down",
            "'quality-stays': is 'stays the same' and not 'goes down'",
        ),
        (
            "id: is-pfpm\n      says: The model is a physician-focused payment model.\n"
            '      cite: {source: faq, at: "What a physician-focused payment model is"}\n      reported_as_one: true\n      all:',
            "id: is-pfpm\n      says: The model is a physician-focused payment model.\n"
            '      cite: {source: faq, at: "What a physician-focused payment model is"}\n      reported_as_one: true\n      any:',
            "'is-pfpm': all for any (4 of 4 and not 1)",
        ),
    ],
    ids=["another answer", "any for all"],
)
def test_a_mistake_in_the_policy_is_caught_where_it_stands(copied: Path, old: str, new: str, meant: str) -> None:
    """Another answer than meant, or any for all, fails vignettes, and the check names the criterion and its line."""
    line = changed(copied, old, new)
    said = command("check", "--mutants", "--content", str(copied))
    assert said.exit_code == 1
    assert re.search(rf"vignettes/{POLICY}/2017-03-07.yaml:\d+: .*: expected ", said.output)
    assert f"policies/{POLICY}/2017-03-07.yaml:{line}: every vignette comes right when {meant}" in said.output


@pytest.mark.slow
def test_a_mistake_that_nobody_notices_is_named(copied: Path) -> None:
    """Without the vignettes of what payments are replaced, a dropped part survives and is named; the solver drafts no response."""
    file = copied / "vignettes" / POLICY / "2017-03-07.yaml"
    text = file.read_text(encoding="utf-8")
    start, end = text.index("  - name: All payments for a condition"), text.index("  - name: Spending outside")
    file.write_text(text[:start] + text[end:], encoding="utf-8")
    said = command("check", "--draft-vignettes", str(copied / "drafts.yaml"), "--content", str(copied))
    assert said.exit_code == 1
    assert "'replaces-payments': the part 'payments-for-a-population' is dropped: no vignette would notice" in said.output
    assert "no vignette is missing that the solver could draft" in said.output


def test_a_vignette_that_comes_out_otherwise_is_said_both_ways(copied: Path) -> None:
    """What is expected wrongly is said of the facts and of the response, with what was found."""
    file = copied / "vignettes" / POLICY / "2017-03-07.yaml"
    expect = "{outcome: complete, met: [flexibility], not_met: [scope], because: [], asks: []}"
    one = f"  - {{name: Wrong, story: x, chart: {{pfpm_flexibility: no}}, expect: {expect}}}\n"
    file.write_text(HEAD + one, encoding="utf-8")
    said = command("test", POLICY, "--content", str(copied))
    assert said.exit_code == 1
    for way in ("as facts", "as a response"):
        told = f"Wrong [{way}]: outcome: expected complete, found incomplete; met: expected ['flexibility'], found []; not_met: "
        assert told in " ".join(said.output.split())
    assert "1 vignettes run twice: 0 as expected, 2 otherwise" in said.output


def test_the_second_run_reads_the_answers_from_the_response(tmp_path: Path, content: Content) -> None:
    """The response carries each answer under the fact's name, and those that it leaves out are questions without an answer."""
    text = "  - {name: A, story: x, chart: {pfpm_flexibility: yes, pfpm_quality_effect: goes up}, expect: {outcome: incomplete}}\n"
    (one,) = held(tmp_path, text, content)
    made = response_of(one, content)
    items = {item["linkId"]: item.get("answer") for group in made["item"] for item in group["item"]}
    assert set(items) == set(one.policy.facts)
    assert {name: answer for name, answer in items.items() if answer} == {
        "pfpm_flexibility": [{"valueBoolean": True}],
        "pfpm_quality_effect": [{"valueString": "goes up"}],
    }
    judged = judge_response(made, one.policy, content, one.as_of)
    assert [j.finding.criterion.id for j in judged.criteria if j.finding.outcome.value == "met"] == ["flexibility"]
    assert differences_as_response(one, content) == []


WRONG = [
    ("{pfpm_flexibility: yes}", "{outcome: complete, met: [nowhere]}", "the policy reports on no criterion 'nowhere'"),
    ("{pfpm_flexibility: yes}", "{outcome: complete, because: [cost-falls]}", "the policy reports on no criterion 'cost-falls'"),
    ("{pfpm_flexibility: yes}", "{outcome: complete, asks: [age]}", "no criterion of the policy rests on 'age'"),
    ("{pfpm_flexibility: maybe}", "{outcome: complete}", "'pfpm_flexibility' is yes or no, and 'maybe' is not a value of it"),
    ("{gestational_age: 9 wk}", "{outcome: complete}", "no criterion of the policy rests on 'gestational_age'"),
    ("{pfpm_flexibility: yes on 2017-01-01}", "{outcome: complete}", "an answer is of the day of its response and certain"),
    ("{pfpm_flexibility: provisional yes}", "{outcome: complete}", "an answer is of the day of its response and certain"),
    ("{}", "{outcome: }", "nobody has said yet what is right here; 'outcome' is one of complete, incomplete"),
    ("{}", "{outcome: necessary}", "'outcome'"),
]


@pytest.mark.parametrize(("chart", "expect", "said"), WRONG, ids=[said for *_, said in WRONG[:5]] + ["day", "sure", "open", "word"])
def test_what_a_file_gets_wrong_is_said(chart: str, expect: str, said: str, tmp_path: Path, content: Content) -> None:
    """Unknown criteria and facts, answers of another day, and outcomes of orders are refused in words, at their line."""
    with pytest.raises(ContentError) as refused:
        held(tmp_path, f"  - {{name: A, story: x, chart: {chart}, expect: {expect}}}\n", content)
    (problem,) = refused.value.problems
    assert said in problem.message
    assert (problem.file, problem.line) == ("v", 5)


def test_two_of_one_name_and_a_version_that_is_not_held_are_said(tmp_path: Path, content: Content) -> None:
    """A name stands once in a file, and the version is one that the content holds."""
    one = "  - {name: A, story: x, expect: {outcome: incomplete}}\n"
    with pytest.raises(ContentError, match="another vignette is named 'A'"):
        held(tmp_path, one + one, content)
    with pytest.raises(ContentError, match=f"no policy {POLICY} with version 2018-01-01 is held"):
        held(tmp_path, one, content, HEAD.replace("2017-03-07", "2018-01-01"))
