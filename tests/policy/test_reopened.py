"""What is uncertain beside what decides: newer evidence reopens, and of the same day only what nobody could read."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from cds_service.policy.criterion import Check, Citation, Outcome
from cds_service.policy.criterion import Test as Question
from cds_service.policy.evidence import NAMED_ONLY, NOT_RECOGNISED, NOT_SENT, ONLY_WORDS, UNPLACED, Evidence, Fact, Standing
from cds_service.policy.judge import judge
from cds_service.policy.values import Days

AS_OF = date(2026, 6, 15)
FEVER = Check("fever", "There is fever.", Citation("document", "somewhere"), "fever", Question("is", True))
PROVISIONAL = "the diagnosis is provisional"


def outcome(note: str, days_later: int) -> Outcome:
    """Judge a fever that is certain beside an uncertain record that says otherwise, both as a chart calls them."""
    certain = Evidence(True, Days.on(AS_OF - timedelta(7)), "Observation/certain", shown="Fever")
    doubt = Evidence(
        False,
        Days.on(AS_OF - timedelta(7 - days_later)),
        "Condition/doubt",
        standing=Standing.UNCERTAIN,
        note=note,
        shown="No fever",
    )
    return judge(FEVER, {"fever": Fact("fever", (certain, doubt))}, AS_OF).outcome


@pytest.mark.parametrize("note", [ONLY_WORDS, NAMED_ONLY, NOT_RECOGNISED, NOT_SENT, UNPLACED])
def test_what_nobody_could_read_reopens_on_the_same_day(note: str) -> None:
    """Of two records of a day nobody can tell which is the surer one, where one of them could not be read."""
    assert outcome(note, 0) is Outcome.NOT_DOCUMENTED


def test_what_is_provisional_reopens_only_where_it_is_newer() -> None:
    """A doubt of the same day or an earlier one says nothing beside what is certain, whatever the chart calls it."""
    assert [outcome(PROVISIONAL, days) for days in (-1, 0, 1)] == [Outcome.MET, Outcome.MET, Outcome.NOT_DOCUMENTED]
