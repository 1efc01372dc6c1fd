"""Numbers of our own: how files say whose a number is, what lint refuses, and how it is shown apart from the payer's place."""

from __future__ import annotations

from pathlib import Path

import pytest

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.lint import lint
from cds_service.content import read_content
from cds_service.policy.ours import gives_threshold, gives_window, names_threshold, names_window
from cds_service.policy.values import LookBack
from cds_service.problems import ContentError
from tests.lint.home_oxygen import POLICY, TODAY, lay_out

SEEN = "gives: [6 months, 9 months, 60 years]}\n      fact: visit_date\n      within: 6 months\n"
SMOKES = "      fact: smokes\n      is: false\n      if_not_documented:\n        treat_as: not met\n"
OURS = '      ours: 88 % is our reading of "low".\n'
LOW = "is_at_most: 88 %\n"
NORMAL = "at: II.A, gives: [88 %, 90 %]}\n      fact: oxygen_saturation\n      is_above: 88 %\n"
OPEN = "      if_not_met: {treat_as: not documented, because: A person says what is low.}\n"

MISTAKES = {
    "a look-back that nobody gives": ((("gives: [6 months, 9 months, 60 years]", "gives: [6 weeks]"),), "threshold-without-origin", "within: 6 months"),
    "a number that both give": (((LOW, LOW + OURS + OPEN),), "threshold-without-origin", "'ours' says that it is ours"),
    "ours in the payer's sentence": (
        ((", gives: [88 %], quote: saturation of 88 percent or less", ""), (LOW, LOW + OURS + OPEN)),
        "threshold-without-origin",
        "the sentence stands under d1, I.A and says 88 %",
    ),
    "a look-back of ours in the payer's sentence": (
        ((SEEN, SEEN.replace("gives: [6 months, 9 months, 60 years]", "gives: [9 months]") + "      ours: The 6 months are ours.\n"),),
        "threshold-without-origin",
        "says 6 months",
    ),
    "a sentence that names nothing": (((LOW, LOW + '      ours: It is our reading of "low".\n'),), "threshold-without-origin", "names no number"),
    "an exclusion by our number": (
        (("at rest is above 88 %", "is high"), (NORMAL, NORMAL.replace(", gives: [88 %, 90 %]", "") + OURS.replace("low", "high"))),
        "denies-by-our-number",
        "a chart that passes 'is_above: 88 %' denies the order",
    ),
    "a presumption that holds beside what is older": (
        (
            (SMOKES, SMOKES.replace("      if_not", "      within: 2 years\n      ours: The 2 years are ours.\n      if_not") + "        always: true\n"),
        ),
        "denies-by-our-number",
        "presumed not met always",
    ),
}  # fmt: skip


@pytest.mark.parametrize("said", MISTAKES)
def test_a_number_without_its_origin_is_told(said: str, tmp_path: Path) -> None:
    """Each mistake about whose a number is has one message, in words for the author."""
    edits, rule, message = MISTAKES[said]
    path = lay_out(tmp_path) / POLICY
    text = path.read_text(encoding="utf-8")
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    (issue,) = lint(ContentFiles(read_content(tmp_path), TODAY)).issues
    assert issue.rule == rule
    assert message in issue.message


def test_a_number_of_ours_that_asks_is_sound(tmp_path: Path) -> None:
    """Ours said apart, the sentence without the number, and a test that fails left open: lint has nothing to say."""
    path = lay_out(tmp_path) / POLICY
    text = path.read_text(encoding="utf-8")
    for old, new in (
        (", gives: [88 %], quote: saturation of 88 percent or less", ""),
        ("at rest is at most 88 %", "at rest is low"),
        (LOW, LOW + OURS + OPEN),
    ):
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    assert lint(ContentFiles(read_content(tmp_path), TODAY)).issues == ()


def test_what_the_document_gives_is_a_number(tmp_path: Path) -> None:
    """``gives`` holds numbers with their units; anything else is refused on reading, with what was meant."""
    path = lay_out(tmp_path) / POLICY
    path.write_text(path.read_text(encoding="utf-8").replace("[88 %, 90 %]", "[low]"), encoding="utf-8")
    with pytest.raises(
        ContentError, match="'low' is not a number with its unit; write what the document gives as '9 weeks' or '2'"
    ):
        read_content(tmp_path)


NAMES = [
    ("the last 60 days", 60, "", False),
    ("the last 60 days", 60, "days", True),
    ("7 of 10 is ours", 7, "", True),
    ("7 of 10 is ours", 7, "%", True),
    ("1,500 per uL", 1500, "/uL", True),
    ("9 weeks", 9, "week", True),
    ("9 weeks", 9, "days", False),
    ("nothing", 7, "", False),
]


@pytest.mark.parametrize(("words", "number", "unit", "named"), NAMES)
def test_words_name_a_threshold(words: str, number: float, unit: str, named: bool) -> None:
    """A threshold is named in figures; a length of time only where the threshold is one."""
    assert names_threshold(words, number, unit) is named


def test_the_document_gives_a_number_in_its_unit_or_bare() -> None:
    """A bare number that the document gives is any unit's; one with a unit is that unit's."""
    assert gives_threshold(("1500",), 1500, "/uL")
    assert gives_threshold(("9 weeks", "2"), 9, "week")
    assert not gives_threshold(("9 weeks",), 9, "days")
    assert gives_window(("60 days",), LookBack(60, "day"))
    assert not gives_window(("60",), LookBack(60, "day"))
    assert names_window("within the last 6 months", LookBack(6, "month"))
