"""The specification of the policy language, row by row; ``docs/language.md`` is the same for reading."""

from __future__ import annotations

import pytest

from cds_service.content_files.problems import ContentError
from cds_service.facts.entry import FactEntry
from cds_service.facts.words import read_interval
from cds_service.policy.criterion import Outcome
from cds_service.policy.finding import Basis
from cds_service.policy.values import Interval
from tests.spec import harness, render
from tests.spec.harness import Chapter, Row, Section


@pytest.mark.parametrize(
    ("row", "section", "chapter"),
    [pytest.param(row, section, chapter, id=harness.sentence(row, section)) for row, section, chapter in harness.rows()],
)
def test_row(row: Row, section: Section, chapter: Chapter) -> None:
    """From what the chart says in a row of a table follows what the row says."""
    assert harness.follows(row, section, chapter) == dict(row.follows)


def test_every_row_says_something_of_its_own() -> None:
    """No sentence stands twice: a row that repeats another, or contradicts it, is a slip of the author."""
    said = [harness.sentence(row, section).rpartition(" then ")[0] for row, section, _ in harness.rows()]
    assert [one for one in said if said.count(one) > 1] == []


def test_every_outcome_and_every_basis_has_a_row() -> None:
    """The tables leave none of the three outcomes and none of the ways to come by them out."""
    told = {word for row, _, _ in harness.rows() for word in row.follows.values()}
    assert {outcome.value for outcome in Outcome} | {basis.value for basis in Basis} <= told


def test_reference_is_the_rendering_of_the_chapters() -> None:
    """docs/language.md says what the chapters say; `python -m tests.spec.render` writes it anew."""
    assert render.REFERENCE.read_text(encoding="utf-8") == render.rendered()


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("12", Interval(12, 12)),
        ("-1.5", Interval(-1.5, -1.5)),
        ("56 to 62", Interval(56, 62)),
        ("above 5 to below 9", Interval(5, 9, low_open=True, high_open=True)),
        ("8 weeks 6 days", Interval(62, 62)),
        ("9 weeks", Interval(63, 63)),
    ],
)
def test_numbers_are_read_as_they_are_written(text: str, interval: Interval) -> None:
    """A cell's number means what a nurse would take it to mean, in the unit of its fact (here days)."""
    assert read_interval(text, "d") == interval


@pytest.mark.parametrize("text", ["maybe", "yes on Monday", "yes on 2026-13-01", "yes, perhaps", ""])
def test_words_that_mean_nothing_are_refused(text: str) -> None:
    """A slip in a table fails loudly instead of testing something else."""
    entry = FactEntry.model_validate({"means": "it", "type": "boolean", "from": [{"observation": {"codes": "anything"}}]})
    with pytest.raises(ValueError, match="is not a"):
        harness.read_fact("it", text, entry, {}, harness.read_chapters()[0].as_of)


def test_snippets_go_through_the_reader_of_policies() -> None:
    """A criterion with two tests is refused here as it is in a policy file."""
    snippet = "{id: a, says: A., fact: fever, is: true, is_at_least: 3}"
    with pytest.raises(ContentError, match="one criterion makes one test"):
        harness.read_snippet(snippet, False, harness.read_chapters()[0].catalogue, {})


def test_snippets_are_bound_to_their_facts() -> None:
    """A test that does not fit the type of its fact is refused here as it is in a policy file."""
    with pytest.raises(ContentError, match="does not fit 'fever'"):
        harness.read_snippet("{id: a, says: A., fact: fever, is_at_least: 3}", False, harness.read_chapters()[0].catalogue, {})
