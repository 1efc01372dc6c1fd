"""Mistakes in criteria about time: every one that an author might make is made, and said in words."""

from __future__ import annotations

import pytest

from cds_service.analysis.criterion_mutants import changes_of
from cds_service.content_files.problems import ContentError
from tests.spec.harness import FOLDER, read_chapter, read_snippet

CHAPTER = read_chapter(FOLDER / "4-time.yaml")
HEAD = "id: c\nsays: It is so.\n"


@pytest.mark.parametrize(
    ("snippet", "said"),
    [
        (
            "fact: surgery\nis_at_most: 15 years ago\n",
            [
                "below 15 years ago and not at most 15 years ago",
                "above 15 years ago and not at most 15 years ago",
                "it is 30 years ago and not 15 years ago",
                "it is 16 years ago and not 15 years ago",
                "it is 14 years ago and not 15 years ago",
            ],
        ),
        (
            "fact: last_scan\ntimes: {is_at_least: 2}\nwithin: 6 months\n",
            [
                "the look-back is 12 months and not 6 months",
                "the look-back is 7 months and not 6 months",
                "the look-back is 5 months and not 6 months",
                "on above 2 days and not on at least 2",
                "on below 2 days and not on at least 2",
                "on at least 3 days and not on at least 2",
                "on at least 1 days and not on at least 2",
                "the look-back (6 months) is dropped",
            ],
        ),
        ("fact: scan_clear\nis: true\ntake: first\n", ["is no and not yes", "the latest decides, and not the first"]),
        (
            "fact: last_scan\nwithin: 11 full months\n",
            [
                "the look-back is 22 full months and not 11 full months",
                "the look-back is 12 full months and not 11 full months",
                "the look-back is 10 full months and not 11 full months",
            ],
        ),
    ],
)
def test_the_mistakes_that_can_be_made_about_time(snippet: str, said: list[str]) -> None:
    """Another comparison, a span one longer or shorter, a number of times off by one, the wrong end of several."""
    policy = read_snippet(HEAD + snippet, False, CHAPTER.catalogue, {})
    made = [change.said.removeprefix("'c': ") for change in changes_of(policy.necessary_when, policy, CHAPTER.catalogue)]
    assert made == said


@pytest.mark.parametrize(
    ("snippet", "said"),
    [
        ("fact: scan_clear\nis_at_most: 15 years ago\n", "'15 years ago' is the test of a day, and 'scan_clear' is a boolean"),
        ("fact: surgery\nis_at_most: 15 yrs ago\n", "'15 yrs' is not a length of time"),
        ("fact: surgery\nis: 15 years ago\n", "'is' would be one day alone"),
        ("fact: surgery\nis_at_most: 15 years ago\nwithin: 1 year\n", "leave out 'within', 'since' and 'times'"),
        ("fact: surgery\nwithin: 0 calendar years\n", "no time at all; this year is '1 calendar year'"),
        ("fact: last_scan\ntimes: {is_at_least: 0}\n", "fewer than 0 times"),
        ("fact: last_scan\ntimes: {is_at_least: 1, is_at_most: 2}\n", "'times' makes one comparison"),
        ("fact: last_scan\ntimes: {is_at_least: 2}\ntake: first\n", "one of the two is meant"),
        (
            "fact: last_scan\ntimes: {is_at_least: 2}\nif_not_documented: {treat_as: met, because: So.}\n",
            "that is 'not met'; silence cannot mean the opposite",
        ),
    ],
)
def test_what_cannot_be_meant_about_time_is_refused_in_words(snippet: str, said: str) -> None:
    """A criterion about time that compares nothing, or two things, says what was meant."""
    with pytest.raises(ContentError) as told:
        read_snippet(HEAD + snippet, False, CHAPTER.catalogue, {})
    assert said in str(told.value)
