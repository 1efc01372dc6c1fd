"""Policies proven: every mistake would be noticed, every criterion is seen, and the check says where a clinical mistake stands."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cds_service.analysis.criterion_mutants import changes_of
from cds_service.cli import app
from cds_service.content.content import Content, shipped_content
from cds_service.content_files.problems import ContentError
from cds_service.fhir.value_set_files import read_written
from cds_service.policy.criterion import Criterion
from cds_service.vignettes.read import read_vignettes
from cds_service.vignettes.run import differences_as_facts

CSF = "bcbsm/colony-stimulating-factors"
CSF_FILE = f"policies/{CSF}/2024-04-11.yaml"
SI = "medica-central/open-si-joint-fusion"
PROVEN = "cds_service/proven"
"""Where pytest's cache keeps the key of what was proven last."""


def command(*words: str) -> Result:
    """The command line, run to its end."""
    return CliRunner().invoke(app, ["policy", *words])


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the shipped content with no policies and no vignettes; ``take`` adds one."""
    root = shipped_content()
    for folder in ("facts", "value_sets"):
        shutil.copytree(root / folder, tmp_path / folder)
    (tmp_path / "policies").mkdir()
    return tmp_path


def take(copied: Path, policy: str, version: str) -> Path:
    """Copies one version of a policy with its vignettes; answers where the policy is."""
    root = shipped_content()
    for source, target in ((root / "policies", copied / "policies"), (root / "tests" / "vignettes", copied / "vignettes")):
        (target / policy).mkdir(parents=True)
        shutil.copy(source / policy / f"{version}.yaml", target / policy)
    return copied / "policies" / policy / f"{version}.yaml"


def changed(file: Path, old: str, new: str, times: int = 1) -> None:
    """Replaces words of a file that stand in it so many times."""
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == times
    file.write_text(text.replace(old, new), encoding="utf-8")


def line_of(file: Path, words: str) -> int:
    """The first line with these words."""
    return next(number for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1) if words in line)


def all_that_proves() -> str:
    """A key of everything that what is shown depends on: content, vignettes, code and the page."""
    root = shipped_content()
    folders = ("policies", "facts", "value_sets", "tests/vignettes", "cds_service")
    files = [root / "docs" / "policies-proven.md", *(file for name in folders for file in (root / name).rglob("*.*"))]
    key = hashlib.sha256()
    for file in sorted(file for file in files if file.is_file() and file.suffix in (".py", ".yaml", ".json", ".csv", ".md")):
        key.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return key.hexdigest()


@pytest.mark.slow
def test_no_mutant_of_an_active_policy_survives_and_every_criterion_is_seen(pytestconfig: pytest.Config) -> None:
    """The page of what is shown is up to date, and on it nothing survives and every criterion of every policy is seen."""
    key, cache = all_that_proves(), getattr(pytestconfig, "cache", None)
    if cache and cache.get(PROVEN, "") == key:
        pytest.skip("content, vignettes and code are those with which it passed here last; pytest --cache-clear runs it again")
    made = command("table", "--check")
    assert made.exit_code == 0, made.output
    rows = [
        [cell.strip() for cell in line.strip("| ").split("|")]
        for line in (shipped_content() / "docs" / "policies-proven.md").read_text(encoding="utf-8").splitlines()
        if re.match(r"\| [a-z-]+/", line)
    ]
    assert len(rows) == 8
    for row in rows:
        seen, of = row[6].split(" of ")
        assert seen == of == row[2]
        assert int(row[7]) == int(row[8]) + int(row[9])
        assert row[10] == "0"
    if cache:
        cache.set(PROVEN, key)


@pytest.mark.slow
def test_a_swapped_threshold_is_caught_where_it_stands(copied: Path) -> None:
    """Above for below in the clearance of creatinine, at both its places, fails vignettes; no change of one word mends all."""
    file = take(copied, CSF, "2024-04-11")
    changed(file, "is_below: 50 mL/min", "is_above: 50 mL/min", 2)
    said = command("check", "--mutants", "--content", str(copied))
    assert said.exit_code == 1
    assert re.search(rf"vignettes/{CSF}/2024-04-11.yaml:\d+: Every risk factor just reached, intermediate risk: ", said.output)
    assert "comes right" not in said.output


@pytest.mark.slow
def test_any_for_all_is_caught_where_it_stands(copied: Path) -> None:
    """Any for all in the intermediate risk fails vignettes, and the check says that all of the parts puts it right."""
    file = take(copied, CSF, "2024-04-11")
    text = file.read_text(encoding="utf-8")
    at = text.index("id: intermediate-risk-with-factor")
    file.write_text(text[:at] + text[at:].replace("all:", "any:", 1), encoding="utf-8")
    said = command("check", "--mutants", "--content", str(copied))
    assert said.exit_code == 1
    place = f"{CSF_FILE}:{line_of(file, 'id: intermediate-risk-with-factor')}"
    assert (
        f"{place}: every vignette comes right when 'intermediate-risk-with-factor': all for any (2 of 2 and not 1)" in said.output
    )


def test_a_dropped_exclusion_is_caught(copied: Path) -> None:
    """Without the exclusion of those who had prophylaxis before, vignettes name a criterion that the policy no longer has."""
    file = take(copied, CSF, "2024-04-11")
    text = file.read_text(encoding="utf-8")
    start, end = (
        text.index("            - id: no-primary-prophylaxis-before"),
        text.index("            - id: regimen-change-compromises"),
    )
    file.write_text(text[:start] + text[end:], encoding="utf-8")
    said = command("check", "--mutants", "--content", str(copied))
    assert said.exit_code == 1
    assert re.search(
        rf"vignettes/{CSF}/2024-04-11.yaml:\d+: the policy has no criterion 'no-primary-prophylaxis-before'", said.output
    )


@pytest.mark.slow
def test_a_survivor_is_named_and_a_vignette_drafted_for_a_person(copied: Path) -> None:
    """A mistake that no vignette notices is told by file and line; the chart that tells it is drafted, and refused until answered."""
    file = take(copied, SI, "2024-10-01")
    vignettes = copied / "vignettes" / SI / "2024-10-01.yaml"
    text = vignettes.read_text(encoding="utf-8")
    start, end = (
        text.index("  - name: Infection, antibiotics a year ago to the day"),
        text.index("  - name: Minimally invasive fusion without"),
    )
    vignettes.write_text(text[:start] + text[end:], encoding="utf-8")
    drafts = copied / "drafts" / SI / "2024-10-01.yaml"
    drafts.parent.mkdir(parents=True)
    said = command("check", "--draft-vignettes", str(drafts), "--content", str(copied))
    assert said.exit_code == 1
    line = line_of(file, "id: with-medical-treatment")
    assert (
        f"2024-10-01.yaml:{line}: 'with-medical-treatment': the look-back is 13 months and not 12 months: no vignette"
        in said.output
    )
    refused = command("test", SI, "--vignettes", str(copied / "drafts"), "--content", str(copied))
    assert refused.exit_code == 1
    assert "nobody has said yet what is right here; 'outcome' is one of necessary, not necessary, " in refused.output


@pytest.mark.slow
def test_what_is_excused_without_need_is_named(copied: Path) -> None:
    """An excuse that nothing needs is a problem at its own line."""
    take(copied, SI, "2024-10-01")
    (copied / "policies" / "excused.yaml").write_text(
        (shipped_content() / "policies" / "excused.yaml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    said = command("check", "--mutants", "--content", str(copied))
    assert said.exit_code == 1
    assert re.search(r"policies/excused.yaml:\d+: it excuses nothing any more; take it out", said.output)


def test_cover_prints_what_was_never_seen(copied: Path) -> None:
    """A criterion that no vignette shows in a way that it can have is marked, by its line."""
    take(copied, SI, "2024-10-01")
    said = command("cover", SI, "--content", str(copied))
    assert said.exit_code == 0
    assert re.search(r" \d+ +tumor-and-sacrectomy +\d+ +\d+ +\d+ +\d+", said.output)
    assert re.search(r" \d+ +minimally-invasive +\d+ +\d+ +MISSING +\d+", said.output)


def criterion(content: Content, policy: str, id_: str) -> Criterion:
    """A criterion of the policy in force last, by its id."""
    held = content.library.version(policy)
    assert held
    return next(one for one in held.criteria() if one.id == id_)


@pytest.mark.parametrize(
    ("policy", "id_", "said"),
    [
        (
            "carelon/prenatal-cfdna-screening",
            "nine-weeks",
            [
                "'nine-weeks': above 9 weeks and not at least 9 weeks",
                "'nine-weeks': below 9 weeks and not at least 9 weeks",
                "'nine-weeks': the threshold is 1 day more than 9 weeks",
                "'nine-weeks': the threshold is 1 day less than 9 weeks",
            ],
        ),
        (
            CSF,
            "two-risk-factors",
            [
                "'two-risk-factors': one fewer is enough (1 of 11 and not 2)",
                "'two-risk-factors': one more is needed (3 of 11 and not 2)",
            ],
        ),
        (
            "carelon/prenatal-cfdna-screening",
            "pregnant",
            [
                "'pregnant': is no and not yes",
                "'pregnant': the presumption is dropped",
                "'pregnant': silence is presumed not met, not met",
                "'pregnant': the presumption holds only after a search",
            ],
        ),
        ("lhcc/implantable-intrathecal-epidural-pain-pump", "no-contraindication", ["'no-contraindication': any for none"]),
    ],
)
def test_the_mistakes_of_a_criterion_are_said_in_words(policy: str, id_: str, said: list[str], content: Content) -> None:
    """A criterion is changed in the small ways that its author may have got wrong, each said in words."""
    held = content.library.version(policy)
    assert held
    made = [change.said for change in changes_of(criterion(content, policy, id_), held, content.catalogue)]
    assert [one for one in said if one not in made] == []
    assert len(made) == len(set(made))


def vignette_file(folder: Path, text: str) -> Path:
    """A file of vignettes for the open fusion."""
    file = folder / "2024-10-01.yaml"
    file.write_text(f"policy: {SI}\nversion: 2024-10-01\nas_of: 2025-05-01\norder: CPT 27280\n{text}", encoding="utf-8")
    return file


def test_one_vignette_is_tried_for_each_of_several_codes(tmp_path: Path, content: Content) -> None:
    """``each_code`` makes a vignette of each code, named by it."""
    text = "vignettes:\n  - {name: Any, story: x, each_code: [CPT 27279, CPT 27278], expect: {outcome: referred}}\n"
    read = read_vignettes(vignette_file(tmp_path, text), "v", content)
    assert [(one.name, differences_as_facts(one, content)) for one in read] == [("Any (CPT 27279)", []), ("Any (CPT 27278)", [])]


def test_a_vignette_may_say_what_is_right_of_authorization_and_advice(tmp_path: Path, content: Content) -> None:
    """What the document says of authorization is compared where a vignette expects it."""
    text = "vignettes:\n  - {name: A, story: x, order: CPT 27279, expect: {outcome: referred, authorization: needed, advice: [emergent]}}\n"
    (one,) = read_vignettes(vignette_file(tmp_path, text), "v", content)
    assert differences_as_facts(one, content) == [
        "authorization: expected needed, found not said",
        "advice: expected ['emergent'], found []",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("repeats: {version: 2020-01-01, days_earlier: 3}\nvignettes: []\n", "there is no file 2020-01-01.yaml beside this one"),
        (
            "vignettes:\n  - {name: A, story: x, own_lists: {nowhere: [CPT 1]}, expect: {outcome: referred}}\n",
            "own_lists: there is no value set 'nowhere' in value_sets/",
        ),
        ("vignettes:\n  - {name: A, story: x, expect: {outcome: }}\n", "nobody has said yet what is right here"),
    ],
)
def test_what_a_vignette_file_gets_wrong_is_said(text: str, said: str, tmp_path: Path, content: Content) -> None:
    """A file that repeats nothing, fills an unknown list, or waits for an answer is refused in words."""
    with pytest.raises(ContentError, match=re.escape(said)):
        read_vignettes(vignette_file(tmp_path, text), "v", content)


NEW = ("new", "acme/knee-brace", "--from", "2027-01-01", "--title", "Knee braces", "--code", "HCPCS L1833")


@pytest.mark.slow
def test_a_new_policy_says_what_is_left_to_do_and_then_is_decided_by_a_person(copied: Path) -> None:
    """The skeleton reads, each thing left to do is named by file and line, and its vignettes wait for a person's answer."""
    take(copied, SI, "2024-10-01")
    assert command(*NEW, "--content", str(copied)).exit_code == 0
    left = command("check", "--content", str(copied))
    assert left.exit_code == 1
    assert "policies/acme/knee-brace/2027-01-01.yaml:18: still to do: title and number of the document\n" in left.output
    waits = command("test", "acme/knee-brace", "--content", str(copied))
    assert "vignettes/acme/knee-brace/2027-01-01.yaml:12: nobody has said yet what is right here" in waits.output
    policy = copied / "policies" / "acme" / "knee-brace" / "2027-01-01.yaml"
    policy.write_text(
        policy.read_text(encoding="utf-8").replace("TODO", "done").replace("status: draft ", "status: active"), encoding="utf-8"
    )
    payer = copied / "policies" / "acme" / "payer.yaml"
    payer.write_text(payer.read_text(encoding="utf-8").replace("TODO: the payer's name", "Acme Health Plan"), encoding="utf-8")
    vignettes = copied / "vignettes" / "acme" / "knee-brace" / "2027-01-01.yaml"
    answers = iter(["necessary", "not necessary", "not documented"])
    text = re.sub(r"outcome: }", lambda _: f"outcome: {next(answers)}}}", vignettes.read_text(encoding="utf-8"))
    vignettes.write_text(text, encoding="utf-8")
    assert command("check", "--content", str(copied)).exit_code == 0
    tried = command("test", "acme/knee-brace", "--content", str(copied))
    assert tried.exit_code == 0, tried.output
    assert "3 vignettes run twice: 6 as expected" in tried.output


def test_a_new_policy_overwrites_nothing(copied: Path) -> None:
    """Where one of its files is there already, nothing is written."""
    take(copied, SI, "2024-10-01")
    shipped = read_written(copied / "value_sets" / "si-open-fusions.csv", "si-open-fusions").raw
    (copied / "value_sets" / "knee-brace-orders.json").write_text(
        json.dumps(shipped | {"id": "knee-brace-orders"}), encoding="utf-8"
    )
    said = command(*NEW, "--content", str(copied))
    assert said.exit_code == 1
    assert "knee-brace-orders.json: it is there already, and is left as it is; nothing was written" in said.output
    assert not (copied / "policies" / "acme").exists()
