"""Numbers of our own: how files say whose a number is, what lint refuses, and how it is shown apart from the payer's place."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from flask.testing import FlaskClient
from rich.console import Console

from cds_service.analysis.compare import _check_changes
from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.lint import lint
from cds_service.case import Case
from cds_service.cli.check import show_decision
from cds_service.cli.outline import outline
from cds_service.content.content import Content, read_content
from cds_service.content_files.problems import ContentError
from cds_service.decision import Decision
from cds_service.hooks.answer import decide_request
from cds_service.hooks.answered.coverage_reasons import reasons
from cds_service.hooks.received.messages import parse_request
from cds_service.hooks.settings import Settings
from cds_service.policy.criterion import Check
from cds_service.policy.ours import gives_threshold, gives_window, names_threshold, names_window
from cds_service.policy.values import LookBack
from tests.analysis.lint.home_oxygen import POLICY, TODAY, lay_out
from tests.exchange import ADDRESS, Json, order, request
from tests.facts.test_pain_pump import IMPLANT_FOR_OTHER_PAIN, ON, answers

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


def severe(score: int) -> Json:
    """An order of a pump for other pain, with a score before the trial."""
    told = answers(**(IMPLANT_FOR_OTHER_PAIN | {"pain_before_trial": score}))
    return request(order("62362", on=ON), chart=(told,))


def decided(score: int, content: Content) -> tuple[Case, Decision]:
    """The decision on it."""
    ((case, decision),) = decide_request(parse_request(orjson.dumps(severe(score))), content, TODAY, Settings())
    return case, decision


def test_our_number_stands_apart_from_the_payer_s_place(client: FlaskClient, content: Content) -> None:
    """Cards, pages and the command line say which number is ours; the payer's sentence and its place do not hold it."""
    (card,) = client.post(ADDRESS, json=severe(5)).get_json()["cards"]
    blocks = card["detail"].split("\n\n")
    (ours,) = [block for block in blocks if "7 of 10" in block]
    assert ours.startswith("Our number: "), "in a paragraph of its own"
    assert "How strong was the pain before the trial, from 0 to 10? [II.A.2]" in card["detail"]
    case, decision = decided(5, content)
    printed = io.StringIO()
    show_decision(Console(file=printed, width=10_000), case, decision, content, values=True)
    assert "Our number: " in printed.getvalue()
    policy = decision.policy
    assert policy is not None
    page = client.get(f"/policies/{policy.id}/{policy.version}").get_data(as_text=True)
    assert "at least 7 (ours)" in page
    assert "Our number: " in page
    explained = io.StringIO()
    for part in outline(policy, content):
        Console(file=explained, width=10_000).print(part)
    assert "pain_before_trial: at least 7 (ours)" in explained.getvalue()
    assert "Our number: " in explained.getvalue()
    told = " ".join(reasons(decision, [], content))
    assert re.search(r"The pain before the trial was severe\. \[II\.A\.2\] \(Our number: [^)]*7 of 10", told)


def test_a_number_of_ours_never_denies_alone(content: Content) -> None:
    """A lower score is asked about; only the score that we take for severe settles it."""
    assert decided(5, content)[1].outcome.value == "not-documented"
    assert decided(7, content)[1].outcome.value != "not-necessary"


def test_a_version_that_says_whose_a_number_is_has_changed(content: Content) -> None:
    """``policy compare`` names what is now said to be ours, and what is not any more."""
    policy = next(one for one in content.policies if one.id.endswith("pain-pump"))
    check = next(one for one in policy.criteria() if one.id == "severe-pain")
    assert isinstance(check, Check)
    other = replace(check, ours="")
    assert "no number of it is said to be ours any more" in list(_check_changes(check, other, content))
    assert any(said.startswith("now says which number is ours: ") for said in _check_changes(other, check, content))
