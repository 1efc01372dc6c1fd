"""The recoding property: charts of the vignettes, rewritten in ways that mean the same, are judged the same.

A part of all pairs is judged here, the same each time; ``python -m bench.recoding`` judges all of them.
"""

from __future__ import annotations

import pytest

from bench.recoding.ageing import aged
from bench.recoding.kinds import otherwise
from bench.recoding.places import Json, again
from bench.recoding.rewrite import Rewrite
from bench.recoding.run import REFUSED, REWRITES, Outcome, Posed, compared, fault_of, posed
from bench.recoding.strangers import strangers
from bench.recoding.unreading import unread
from tests.conftest import held_content

pytestmark = pytest.mark.slow

EVERY = 8
"""One vignette in so many is rewritten in each way."""


@pytest.fixture(scope="module")
def charts() -> list[Posed]:
    """Every vignette as a request, with its outcome."""
    return posed(held_content())


@pytest.mark.parametrize("rewrite", REWRITES, ids=[rewrite.name for rewrite in REWRITES])
def test_a_chart_written_otherwise_is_judged_the_same(rewrite: Rewrite, charts: list[Posed]) -> None:
    """The outcome is the same, or asked where a rule allows it; never reversed, never newly decided, and no order is lost."""
    offset = REWRITES.index(rewrite) % EVERY
    found = [pair for one in charts[offset::EVERY] if (pair := compared(one, rewrite)) is not None]
    faults = [pair.told() for pair in found if pair.fault]
    assert not faults, "\n".join(faults)


def test_every_rewriting_changes_some_chart(charts: list[Posed]) -> None:
    """A rewriting that finds nothing to change would prove nothing."""
    idle = [rewrite.name for rewrite in REWRITES if all(compared(one, rewrite) is None for one in charts)]
    assert not idle


def test_old_evidence_of_a_state_never_decides(charts: list[Posed]) -> None:
    """Moved past its window, evidence decides nothing that the chart would not decide without it."""
    faults = [case for one in charts for case in aged(one) if case.fault]
    assert not faults, "\n".join(case.told() for case in faults)


def test_a_record_that_cannot_be_read_never_decides(charts: list[Posed]) -> None:
    """A code that nobody knows, with the same words, never turns a question or a *no* into a *yes*, nor a question into a *no*."""
    faults = [case for one in charts for case in unread(one) if case.fault]
    assert not faults, "\n".join(case.told() for case in faults)


def test_what_is_another_patients_changes_nothing(charts: list[Posed]) -> None:
    """Another patient's records beside the patient's own, in every search, leave the outcome and its reasons as they are."""
    beside = strangers(charts)
    faults = [case for one in charts[::EVERY] for case in beside(one) if case.fault]
    assert not faults, "\n".join(case.told() for case in faults)


def test_a_fact_documented_by_another_kind_of_record_is_judged_the_same(charts: list[Posed]) -> None:
    """A procedure instead of a diagnosis, where the catalogue reads both."""
    faults = [case for one in charts for case in otherwise(one) if case.fault]
    assert not faults, "\n".join(case.told() for case in faults)


@pytest.mark.parametrize(
    ("before", "after", "may_ask", "fault"),
    [
        ("necessary", "necessary", False, ""),
        ("necessary", "not-necessary", True, "reversed"),
        ("not-necessary", "necessary", True, "reversed"),
        ("necessary", "not-documented", True, ""),
        ("necessary", "not-documented", False, "asked again"),
        ("not-documented", "necessary", True, "newly decided"),
        ("not-documented", "not-necessary", True, "newly decided"),
        ("necessary", "not-addressed", True, "lost"),
        ("necessary", REFUSED, True, "lost"),
        ("not-addressed", "necessary", False, "newly decided"),
    ],
)
def test_what_is_a_fault_of_a_rewriting(before: str, after: str, may_ask: bool, fault: str) -> None:
    """Only a question may take a decision's place, and only where a rule allows it."""
    assert fault_of(Outcome(before, ("a",)), Outcome(after), may_ask) == fault


def test_a_rewriting_is_made_in_a_copy(charts: list[Posed]) -> None:
    """The vignette's own request stays what it was."""
    one = charts[0]
    before: Json = again(one.request)
    assert compared(one, REWRITES[0]) is not None
    assert one.request == before
