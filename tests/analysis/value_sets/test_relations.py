"""What value sets owe to each other: sets that must agree are compared code by code and family by family."""

from __future__ import annotations

from pathlib import Path

import pytest

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.rules.code_wider_than_its_site import RULE as WIDER
from cds_service.analysis.lint.rules.states_disagree import RULE as AGREE
from cds_service.analysis.value_sets.relations import FILE
from cds_service.content.content import read_content
from cds_service.content_files.problems import ContentError
from tests.analysis.lint.home_oxygen import TODAY
from tests.analysis.value_sets.small import FACT, SEPSIS, Json, family_set, septic


def told(folder: Path, relations: str, *sets: Json, facts: str = SEPSIS) -> list[str]:
    """What the two rules say of a folder with these relations."""
    septic(folder, *sets, facts=facts)
    (folder / FILE).write_text(relations, encoding="utf-8")
    files = ContentFiles(read_content(folder), TODAY)
    return [str(issue) for rule in (AGREE, WIDER) for issue in rule.issues(files)]


WITHIN = "within:\n  - {value_set: sepsis, within: [wide, other], because: One state.}\n"
APART = "apart:\n  - {apart: [sepsis, other], because: Not both.}\n"
OTHER = family_set("other", "S32")


@pytest.mark.parametrize(
    ("sepsis", "wide", "lacking"),
    [
        (family_set("sepsis", "A41.0"), family_set("wide", "A41"), []),
        (family_set("sepsis", "A41"), family_set("wide", "A41.0"), ["A41"]),
        (family_set("sepsis", codes=("A41.01",)), family_set("wide", "A41"), []),
        (family_set("sepsis", "S32.1", "A40"), family_set("wide", "A41"), ["A40"]),
        (family_set("sepsis", "A41.0"), family_set("wide", "A41", excluded=("A41.0",)), ["A410"]),
        (family_set("sepsis", "A41", codes=("A41.9",), excluded=("A41.9",)), family_set("wide", "A41"), []),
    ],
)
def test_a_set_within_others_is_held_by_them(tmp_path: Path, sepsis: Json, wide: Json, lacking: list[str]) -> None:
    """Each code and family is held whole by one of the others; what a set takes out again is not asked for, and does not hold."""
    found = told(tmp_path, WITHIN, sepsis, wide, OTHER)
    assert found == [
        f"{FILE}:2: error states-disagree: 'sepsis' holds {code}, and wide or other does not "
        "(put the code into the set where it is missing, or take it out of the other)"
        for code in lacking
    ]


@pytest.mark.parametrize(
    ("sepsis", "other", "both"),
    [
        (family_set("sepsis", "A41"), family_set("other", "A40"), []),
        (family_set("sepsis", "A41"), family_set("other", "A41.0"), ["A410"]),
        (family_set("sepsis", "A41.0"), family_set("other", "A41"), ["A410"]),
        (family_set("sepsis", "A41", excluded=("A41.0",)), family_set("other", "A41.0"), []),
        (family_set("sepsis", "A41"), family_set("other", codes=("A41.9",)), ["A419"]),
    ],
)
def test_sets_that_are_apart_share_no_code(tmp_path: Path, sepsis: Json, other: Json, both: list[str]) -> None:
    """A code of two of them is told; one that a set takes out again is not."""
    found = told(tmp_path, APART, sepsis, other)
    assert [issue.split(" both hold ")[1].split()[0] for issue in found] == both


WIDE = "wider:\n  - {facts: [sepsis], codes: [ICD-10-CM A41.9], because: it covers any organism.}\n"


@pytest.mark.parametrize(
    ("entry", "decides"),
    [
        ("condition: {codes: sepsis, speaks_for: always}", True),
        ("condition: {codes: sepsis, uncertain: yes, speaks_for: always}", False),
        ("condition: {codes: sepsis, body_site: sites, speaks_for: always}", False),
        ("order_reason: {codes: sepsis}", True),
        ("order_reason: {codes: sepsis, by: reference, body_site: sites}", False),
    ],
)
def test_a_wide_code_may_hint_and_not_decide(tmp_path: Path, entry: str, decides: bool) -> None:
    """A wide code decides neither as a diagnosis nor as a reason; it may hint, or decide with a body site."""
    facts = SEPSIS.partition("    - ")[0] + f"    - {entry}\n"
    found = told(tmp_path, WIDE, family_set("sepsis", "A41"), family_set("sites", "A40"), facts=facts)
    assert len(found) == decides
    if decides:
        assert found[0].startswith(f"{FACT}:6: error code-wider-than-its-site: ICD-10-CM A41.9 decides 'sepsis' by 'sepsis'")


def test_what_is_declared_and_not_there_is_told(tmp_path: Path) -> None:
    """A set, a fact or a code that there is not is told, and nothing breaks."""
    relations = WITHIN + "wider:\n  - {facts: [flu, sepsis], codes: [A41.9], because: it is wide.}\n"
    found = told(tmp_path, relations, family_set("sepsis", "A41"), family_set("wide", "A41"))
    assert sorted(issue.split(": ", 2)[2].split(" (")[0].split(";")[0] for issue in found) == [
        "'A41.9' is not a code",
        "there is no fact 'flu'",
        "there is no value set 'other'",
    ]


def test_relations_are_of_their_grammar(tmp_path: Path) -> None:
    """A relation without a reason is refused, with its line."""
    with pytest.raises(ContentError, match=r"value_sets/relations\.yaml:2"):
        told(tmp_path, "apart:\n  - {apart: [sepsis, edema]}\n", family_set("sepsis", "A41"))
