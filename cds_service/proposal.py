"""A proposal for a physician-focused payment model: its questionnaire, what its answers come to, and the committee's calendar.

Source: PTAC, *Frequently Asked Questions*, last updated 2017-03-07. Pure: the day of today is an argument.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from fhir.resources.R4B.questionnaire import Questionnaire

from cds_service.content import Content
from cds_service.facts.definition import FactEntry
from cds_service.facts.found.answers import answers, read_answers
from cds_service.fhir.elements import days
from cds_service.fhir.validation import faults
from cds_service.policy import asking
from cds_service.policy.finding import NOT_DOCUMENTED, NOT_MET, Finding
from cds_service.policy.judge import judge
from cds_service.policy.model import AtLeast, Check, Criterion, Fact, Policy, Standing, facts_of, walk

POLICY_ID = "ptac/pfpm-proposal"
FIRST_LETTER, FIRST_PROPOSAL = date(2016, 10, 1), date(2016, 12, 1)
"""The first days that a letter of intent and a proposal were taken."""
LETTER_BEFORE_PROPOSAL = timedelta(days=30)
PROPOSAL_BEFORE_MEETING = timedelta(weeks=16)
NOTICE_BEFORE_MEETING = timedelta(days=15)
_ITEM_TYPES = {"boolean": "boolean", "quantity": "quantity", "date": "date", "choice": "choice", "code": "choice"}


class UnusableResponse(ValueError):
    """A file is no QuestionnaireResponse that can be judged; ``element`` names where it is wrong."""

    def __init__(self, element: str, said: str) -> None:
        self.element = element
        super().__init__(f"{element}: {said}")


class NoSuchMeeting(ValueError):
    """No proposal can reach a meeting on this day; the message says why."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """The latest days before a meeting, or the earliest days from a day on. Letter to proposal and notice are fixed;
    proposal to meeting is what the committee says holds in general.
    """

    letter: date
    proposal: date
    notice: date
    meeting: date


@dataclass(frozen=True, slots=True)
class Judged:
    """One criterion of a proposal under the heading it stands at; ``required`` tells whether the whole needs it answered."""

    heading: str
    finding: Finding
    required: bool

    @property
    def asks(self) -> tuple[str, ...]:
        """The facts whose answers are missing for it."""
        return asking.asks(self.finding)


CONTENT = "content"
"""The id of the part of the policy that says what a proposal must hold."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the answers of a response come to. ``ignored`` are linkIds that no criterion asks for, ``unusable`` the answers
    that could not be read with the reason; ``unfinished`` says that the response is still in progress.
    """

    policy: Policy
    criteria: tuple[Judged, ...]
    ignored: tuple[str, ...]
    unusable: Mapping[str, str]
    unfinished: bool

    @property
    def missing(self) -> tuple[Judged, ...]:
        """What keeps the proposal incomplete: criteria that are not documented, and content that it must hold and does not."""
        held = {criterion.id for part in self.policy.criteria() if part.id == CONTENT for criterion in walk(part)}
        return tuple(
            one
            for one in self.criteria
            if one.required
            and (one.finding.outcome is NOT_DOCUMENTED or (one.finding.outcome is NOT_MET and one.finding.criterion.id in held))
        )

    @property
    def outcome(self) -> Literal["complete", "incomplete"]:
        """Complete when every criterion is answered, whatever the answer, and the content is there; never a recommendation."""
        return "incomplete" if self.missing or self.unfinished else "complete"


def judge_response(response: object, policy: Policy, content: Content, today: date) -> Judgement:
    """What the answers of a QuestionnaireResponse come to, as of the day it was authored (``today`` when it does not say).

    Raises UnusableResponse, naming the element, for anything that is not a valid response with its answers.
    """
    held = _usable(response)
    unfinished = held["status"] == "in-progress"
    authored = days(held.get("authored"))
    as_of = authored.last if authored else today
    found = answers([held | {"status": "completed", "authored": held["authored"] if authored else today.isoformat()}])
    facts: dict[str, Fact] = {}
    unusable: dict[str, str] = {}
    for name in policy.facts:
        evidence = tuple(read_answers(found.get(name, ()), content.terminology, content.catalogue[name].wanted))
        facts[name] = Fact(name, evidence)
        notes = [one.note for one in evidence if one.standing is not Standing.USABLE]
        if notes:
            unusable[name] = "; ".join(notes)
    ignored = tuple(name for name in found if name not in facts)
    return Judgement(policy, judge_answers(policy, facts, as_of), ignored, unusable, unfinished)


def judge_answers(policy: Policy, facts: Mapping[str, Fact], as_of: date) -> tuple[Judged, ...]:
    """Every reported criterion judged on the facts that answers document."""
    return tuple(Judged(heading, judge(criterion, facts, as_of), required) for heading, criterion, required in criteria_of(policy))


def _usable(response: object) -> dict[str, Any]:
    if not isinstance(response, dict) or response.get("resourceType") != "QuestionnaireResponse":
        raise UnusableResponse("resourceType", "a QuestionnaireResponse is meant, and this is something else")
    if response.get("status") not in ("completed", "amended", "in-progress"):
        raise UnusableResponse("status", "it is completed, amended or in-progress in a response that can be judged")
    if not isinstance(response.get("item"), list) or not response["item"]:
        raise UnusableResponse("item", "it holds no answers")
    if found := faults(response):
        raise UnusableResponse(found[0].element or "QuestionnaireResponse", found[0].said)
    return response


def criteria_of(policy: Policy) -> Iterator[tuple[str, Criterion, bool]]:
    """The criteria that are reported, each once, with the heading and whether the whole needs it answered."""
    yield from _reported(policy.necessary_when, policy.title, True)
    for tree, required in ((policy.not_necessary_when, True), (policy.more_likely_when, False)):
        if tree:
            yield from _reported(tree, tree.says, required)


def _reported(criterion: Criterion, heading: str, required: bool) -> Iterator[tuple[str, Criterion, bool]]:
    if isinstance(criterion, Check) or criterion.as_one:
        yield heading, criterion, required
        return
    for part in criterion.parts:
        yield from _reported(part, criterion.says, required)


def questionnaire(policy: Policy, content: Content) -> dict[str, Any]:
    """The FHIR R4 Questionnaire that asks for every fact of a policy once, grouped by criterion; linkId is the fact's name."""
    groups: list[dict[str, Any]] = []
    asked: set[str] = set()
    for _, criterion, required in criteria_of(policy):
        names = [name for name in facts_of(walk(criterion)) if name not in asked]
        asked |= set(names)
        if names:
            items = [_item(name, content.catalogue[name].entry) for name in names]
            text = criterion.says if required else f"{criterion.says} (more likely to be recommended; not required)"
            groups.append({"linkId": criterion.id, "text": text, "type": "group", "item": items})
    made = {
        "resourceType": "Questionnaire",
        "name": "".join(word.capitalize() for word in policy.id.replace("/", "-").split("-")),
        "title": policy.title,
        "version": policy.version.isoformat(),
        "status": "active",
        "item": groups,
    }
    Questionnaire.model_validate(made)
    return made


def _item(name: str, entry: FactEntry) -> dict[str, Any]:
    item: dict[str, Any] = {"linkId": name, "text": entry.ask, "type": _ITEM_TYPES[entry.type]}
    if entry.choices:
        item["answerOption"] = [{"valueString": choice} for choice in entry.choices]
    return item


def before_meeting(meeting: date) -> Calendar:
    """The latest days for a meeting. Raises NoSuchMeeting when they lie before the first days there were."""
    earliest = FIRST_PROPOSAL + PROPOSAL_BEFORE_MEETING
    if meeting < earliest:
        raise NoSuchMeeting(f"no proposal was taken before {FIRST_PROPOSAL}, so in general no meeting before {earliest}")
    proposal = meeting - PROPOSAL_BEFORE_MEETING
    return Calendar(proposal - LETTER_BEFORE_PROPOSAL, proposal, meeting - NOTICE_BEFORE_MEETING, meeting)


def from_today(today: date) -> Calendar:
    """The earliest days for who starts with the letter today. Raises NoSuchMeeting when the calendar ends before."""
    try:
        letter = max(today, FIRST_LETTER)
        proposal = max(letter + LETTER_BEFORE_PROPOSAL, FIRST_PROPOSAL)
        meeting = proposal + PROPOSAL_BEFORE_MEETING
    except OverflowError:
        raise NoSuchMeeting(f"the calendar ends before a meeting that could follow {today}") from None
    return Calendar(letter, proposal, meeting - NOTICE_BEFORE_MEETING, meeting)


def proposal_policy(content: Content) -> Policy | None:
    """The policy that proposals are judged by, the latest version held; None when the content has none."""
    found = content.library.version(POLICY_ID)
    return found if found and found.subject == "questionnaire-response" and isinstance(found.necessary_when, AtLeast) else None
