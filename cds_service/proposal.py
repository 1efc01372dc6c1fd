"""A proposal for a physician-focused payment model (PFPM).

The module holds its questionnaire, what its answers come to, and the committee's calendar. Source: PTAC, *Frequently
Asked Questions*, last updated 2017-03-07. Pure: the day of today is an argument.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from cds_service.content.content import Content
from cds_service.facts.found.answers import answers, read_answers
from cds_service.facts.found.forms import OURS
from cds_service.fhir.elements import days
from cds_service.fhir.validation import faults
from cds_service.policy import asking
from cds_service.policy.criterion import AtLeast, Check, Criterion, facts_of, walk
from cds_service.policy.evidence import Fact, Standing
from cds_service.policy.finding import NOT_DOCUMENTED, NOT_MET, Finding
from cds_service.policy.judge import judge
from cds_service.policy.model import Policy
from cds_service.questionnaires.items import item_of

POLICY_ID = "ptac/pfpm-proposal"
FIRST_LETTER, FIRST_PROPOSAL = date(2016, 10, 1), date(2016, 12, 1)
"""The first days that a letter and a proposal were taken.

The letter is the letter of intent.
"""
LETTER_BEFORE_PROPOSAL = timedelta(days=30)
PROPOSAL_BEFORE_MEETING = timedelta(weeks=16)
NOTICE_BEFORE_MEETING = timedelta(days=15)


class UnusableResponse(ValueError):
    """A file that is no QuestionnaireResponse that can be judged.

    ``element`` names where it is wrong.
    """

    def __init__(self, element: str, said: str) -> None:
        self.element = element
        super().__init__(f"{element}: {said}")


class NoSuchMeeting(ValueError):
    """A meeting that no proposal can reach.

    The message says why.
    """


@dataclass(frozen=True, slots=True)
class Calendar:
    """The latest days before a meeting, or the earliest from a day.

    Letter to proposal and notice are fixed; proposal to meeting is what the committee says holds in general.
    """

    letter: date
    proposal: date
    notice: date
    meeting: date


@dataclass(frozen=True, slots=True)
class JudgedProposal:
    """One criterion of a proposal under the heading it stands at.

    ``required`` tells whether the whole needs it answered.
    """

    heading: str
    finding: Finding
    required: bool

    @property
    def asks(self) -> tuple[str, ...]:
        """The facts whose answers are missing for it."""
        return asking.asks(self.finding)


CONTENT = "content"
"""The id of the part of the policy on a proposal's content.

That part says what a proposal must hold.
"""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the answers of a response come to.

    ``ignored`` are linkIds that no criterion asks for, ``unusable`` the answers that could not be read with the reason;
    ``unfinished`` says that the response is still in progress.
    """

    policy: Policy
    criteria: tuple[JudgedProposal, ...]
    ignored: tuple[str, ...]
    unusable: Mapping[str, str]
    unfinished: bool

    @property
    def missing(self) -> tuple[JudgedProposal, ...]:
        """The criteria that keep the proposal incomplete.

        They are those that are not documented, and content that it must hold and does not.
        """
        held = {criterion.id for part in self.policy.criteria() if part.id == CONTENT for criterion in walk(part)}
        return tuple(
            one
            for one in self.criteria
            if one.required
            and (one.finding.outcome is NOT_DOCUMENTED or (one.finding.outcome is NOT_MET and one.finding.criterion.id in held))
        )

    @property
    def outcome(self) -> Literal["complete", "incomplete"]:
        """The outcome of the proposal: complete or incomplete.

        It is complete when every criterion is answered, whatever the answer, and the content is there; never a
        recommendation.
        """
        return "incomplete" if self.missing or self.unfinished else "complete"


def judge_response(response: object, policy: Policy, content: Content, today: date) -> Judgement:
    """Judge the answers of a QuestionnaireResponse.

    They are judged as of the day it was authored (``today`` when it does not say). Raises UnusableResponse, naming the
    element, for anything that is not a valid response with its answers.
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


def judge_answers(policy: Policy, facts: Mapping[str, Fact], as_of: date) -> tuple[JudgedProposal, ...]:
    """Judge every reported criterion on the facts that answers document."""
    return tuple(
        JudgedProposal(heading, judge(criterion, facts, as_of), required) for heading, criterion, required in criteria_of(policy)
    )


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
    """Yield the criteria that are reported, each once.

    Each comes with its heading and whether the whole needs it answered.
    """
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
    """Make the FHIR R4 Questionnaire of a policy.

    It asks for every fact of the policy once, grouped by criterion; linkId is the fact's name.
    """
    groups: list[dict[str, Any]] = []
    asked: set[str] = set()
    for _, criterion, required in criteria_of(policy):
        names = [name for name in facts_of(walk(criterion)) if name not in asked]
        asked |= set(names)
        if names:
            items = [item_of(content.catalogue[name], OURS) for name in names]
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
    from fhir.resources.R4B.questionnaire import Questionnaire  # noqa: PLC0415 - megabytes, of use to this one command alone

    Questionnaire.model_validate(made)
    return made


def before_meeting(meeting: date) -> Calendar:
    """Return the latest days for a meeting.

    Raises NoSuchMeeting when they lie before the first days there were.
    """
    earliest = FIRST_PROPOSAL + PROPOSAL_BEFORE_MEETING
    if meeting < earliest:
        raise NoSuchMeeting(f"no proposal was taken before {FIRST_PROPOSAL}, so in general no meeting before {earliest}")
    proposal = meeting - PROPOSAL_BEFORE_MEETING
    return Calendar(proposal - LETTER_BEFORE_PROPOSAL, proposal, meeting - NOTICE_BEFORE_MEETING, meeting)


def from_today(today: date) -> Calendar:
    """Return the earliest days for who starts with the letter today.

    Raises NoSuchMeeting when the calendar ends before.
    """
    try:
        letter = max(today, FIRST_LETTER)
        proposal = max(letter + LETTER_BEFORE_PROPOSAL, FIRST_PROPOSAL)
        meeting = proposal + PROPOSAL_BEFORE_MEETING
    except OverflowError:
        raise NoSuchMeeting(f"the calendar ends before a meeting that could follow {today}") from None
    return Calendar(letter, proposal, meeting - NOTICE_BEFORE_MEETING, meeting)


def proposal_policy(content: Content) -> Policy | None:
    """Return the policy that proposals are judged by.

    It is the latest version held; None when the content has none.
    """
    found = content.library.version(POLICY_ID)
    return found if found and found.subject == "questionnaire-response" and isinstance(found.necessary_when, AtLeast) else None
