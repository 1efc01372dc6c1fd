"""Days that words state, and phrases that count where nothing else is said."""

from __future__ import annotations

from datetime import date

import pytest

from cds_service.fhir.elements import days
from cds_service.fhir.stated_days import stated_day, written_day
from cds_service.fhir.vocabulary import SpokenWords, Vocabulary
from cds_service.policy.values import Days

ENDED = SpokenWords((), (), frozenset(), frozenset(), False, alone=("delivered", "TOP"), status_post=True)
PAST = ENDED._replace(status_post=False, say=("cesarean section",), alone=())


@pytest.mark.parametrize(
    ("words", "stated"),
    [
        ("Miscarriage x2 (2019, 2021)", "2021"),
        ("Ectopic 05/2020", "2020-05"),
        ("Ectopic 5/14/2020", "2020-05"),
        ("D&C on March 3, 2024", "2024-03"),
        ("Loss, Sept 2022", "2022-09"),
        ("Delivered 2023-04-05", "2023-04"),
        ("SAB 2022, NSVD 2024", "2024"),
        ("Birth weight 3200 g", ""),
        ("At 2.2019 units", ""),
        ("G3P1011", ""),
        ("", ""),
    ],
)
def test_the_latest_month_or_year_is_stated(words: str, stated: str) -> None:
    """A year, or a month of it, however it is written; no number that is none."""
    expected: Days | None = days(stated) if stated else None
    assert stated_day(words) == expected


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [
        ("12/29/2025", "2025-12-29", ""),
        ("12/29/25", "2025-12-29", ""),
        ("12-29-2025", "2025-12-29", ""),
        ("29.12.2025", "2025-12-29", ""),
        ("29/12/2025", "2025-12-29", ""),
        ("Dec 29, 2025", "2025-12-29", ""),
        ("December 29th 2025", "2025-12-29", ""),
        ("29-Dec-2025", "2025-12-29", ""),
        ("29 dec 2025", "2025-12-29", ""),
        ("Mon, Dec 29 2025", "2025-12-29", ""),
        ("20251229", "2025-12-29", ""),
        ("20251229083000", "2025-12-29", ""),
        ("2025/12/29", "2025-12-29", ""),
        ("12/29/2025 12:00 AM", "2025-12-29", ""),
        ("11/12/2025", "2025-11-12", "2025-12-11"),
        ("11/11/2025", "2025-11-11", ""),
        ("13/13/2025", "", ""),
        ("25/12/29", "", ""),
        ("02/30/2025", "", ""),
        ("12/2025", "", ""),
        ("12/29/2025 by ultrasound", "", ""),
        ("about 12/29/2025", "", ""),
        ("12w3d", "", ""),
        ("", "", ""),
        ("1" * 200, "", ""),
    ],
)
def test_a_text_that_is_nothing_but_a_day_is_read(words: str, first: str, last: str) -> None:
    """By name or in numbers; where month and day may be either, every day between the two is left open."""
    expected = Days(date.fromisoformat(first), date.fromisoformat(last or first)) if first else None
    assert written_day(words) == expected


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("Delivered", True),
        ("delivered 2 weeks ago", True),
        ("Status: post TOP 3 wks", True),
        ("TOP 11/10/2026", True),
        ("Top of foot", False),
        ("Medicine delivered to the home", False),
        ("Not delivered", False),
    ],
)
def test_a_phrase_alone_counts_where_nothing_else_is_said(text: str, heard: bool) -> None:
    """Besides it only when it was so may be said."""
    assert bool(Vocabulary({"ended": ENDED}).heard[text]) is heard


def test_what_has_just_been_counts_where_the_fact_says_so() -> None:
    """Status post is past for most facts; history always is."""
    counts, past = Vocabulary({"it": PAST._replace(status_post=True)}), Vocabulary({"it": PAST})
    assert counts.heard["S/p cesarean section"]
    assert not past.heard["S/p cesarean section"]
    assert not counts.heard["History of cesarean section"]
