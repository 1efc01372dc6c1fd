"""A policy's parts in words for people.

They are tests, silence, places and value sets. The command line and the pages say them alike.
"""

from __future__ import annotations

from cds_service.fhir.codes import Coding
from cds_service.fhir.value_sets import Terminology
from cds_service.policy.criterion import AtLeast, Check, Citation, Criterion, NoneOf, Outcome, Test
from cds_service.policy.model import Policy

COMPARED = {"is_at_least": "at least", "is_above": "more than", "is_at_most": "at most", "is_below": "less than", "is": "is"}
_BEFORE = {
    Outcome.MET: "",
    Outcome.NOT_MET: "Not met: ",
    Outcome.NOT_DOCUMENTED: "Not documented: ",
    None: "Not kept whether it was met: ",
}
OURS = " (ours)"
"""What follows a number that the document does not give."""
UNREAD = "none yet"
"""The value of ``review.second_reader`` where there is no such reader.

No person has read the encoding against the document yet.
"""


def place_of(cite: Citation, policy: Policy) -> str:
    """Write the place of a citation in brackets.

    The source's key stands before it where a policy has several sources.
    """
    return f"[{cite.source}: {cite.at}]" if len(policy.sources) > 1 else f"[{cite.at}]"


def effective(policy: Policy) -> str:
    """Write the dates of service that a version covers."""
    return f"{policy.effective_from} to {policy.effective_until}" if policy.effective_until else f"from {policy.effective_from}"


def review(policy: Policy) -> str:
    """Say who has read the encoding against the document."""
    return "not clinically reviewed" if policy.second_reader == UNREAD else f"read by {policy.second_reader}"


def value_set(id_: str, terminology: Terminology, *, codes: bool = False) -> str:
    """Write a value set by its id and title.

    Its codes are added where ``codes`` asks for them.
    """
    held = terminology.sets.get(id_)
    if held is None:
        return id_
    listed = [f"{Coding(system, '').text.strip()} {', '.join(found)}" for system, found in held.systems.items()] if codes else []
    return f"{id_} ({held.title}){': ' if listed else ''}{'; '.join(listed)}"


def counted(criterion: AtLeast | NoneOf) -> str:
    """Say how many of its parts a criterion wants."""
    match criterion:
        case NoneOf():
            return "none of these"
        case AtLeast(count=count, parts=parts) if count == len(parts):
            return "all of these"
        case AtLeast(count=1):
            return "any of these"
        case AtLeast(count=count):
            return f"at least {count} of these"


def test_in_words(check: Check, terminology: Terminology) -> str:
    """Write the test of a check as a person says it.

    For example: ``gestational_age: at least 9 weeks, since pregnancy_start``.
    """
    words = [_compared(check.test, terminology) + (OURS if check.our_threshold else "")]
    if check.first:
        words[0] = f"the first {words[0]}"
    if check.times:
        words.append(f"on {COMPARED[check.times.compare]} {check.times.written} {'day' if check.times.written == '1' else 'days'}")
    if check.since:
        words.append(f"since {check.since}")
    if check.within:
        unknown = " when that day is unknown" if check.since else ""
        words.append(f"within {check.within}{unknown}{OURS if check.our_window else ''}")
    return f"{check.fact}: {', '.join(word for word in words if word)}"


def _compared(test: Test, terminology: Terminology) -> str:
    match test.compare:
        case "documented":
            return "a day"
        case "in":
            return f"in {value_set(test.written, terminology)}"
        case "is" if isinstance(test.value, str):
            return f"is '{test.written}'"
        case compare:
            return f"{COMPARED[compare]} {test.written}"


def finding_in_words(criterion: Criterion, outcome: Outcome | None) -> str:
    """Write a criterion's sentence with what was found of it.

    One that is not met or open never reads as if it were met: it has its own sentence where it would else deny twice.
    ``outcome`` is None where it is not known any more. Cards, reasons, pages, the command line and the log say it so.
    """
    if outcome is Outcome.NOT_MET and criterion.otherwise:
        return criterion.otherwise
    return f"{_BEFORE[outcome]}{criterion.says}"


def ours_in_words(criterion: Criterion) -> str:
    """Say in a sentence which number of a criterion is our own.

    The sentence stands apart from the payer's place. It is empty where no number is ours.
    """
    return f"Our number: {criterion.ours}" if isinstance(criterion, Check) and criterion.ours else ""


def silence_in_words(check: Check) -> str:
    """Say what a chart's silence on the fact of a check means."""
    presumption = check.presumption
    if presumption is None:
        return "silence means: not documented"
    reach = ", even where nothing was searched" if presumption.always else ""
    return f"silence means: {presumption.treat_as.value}{reach}. {presumption.because}"
