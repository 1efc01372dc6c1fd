"""A policy's parts in words for people: tests, silence, places, value sets. The command line and the pages say them alike."""

from __future__ import annotations

from cds_service.fhir.codes import Coding
from cds_service.fhir.value_sets import Terminology
from cds_service.policy.model import AtLeast, Check, Citation, Criterion, NoneOf, Outcome, Policy, Test

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
"""What ``review.second_reader`` says while no person has read the encoding against the document."""


def place_of(cite: Citation, policy: Policy) -> str:
    """The place of a citation in brackets, with the source's key where a policy has several sources."""
    return f"[{cite.source}: {cite.at}]" if len(policy.sources) > 1 else f"[{cite.at}]"


def effective(policy: Policy) -> str:
    """The dates of service that a version covers, in words."""
    return f"{policy.effective_from} to {policy.effective_until}" if policy.effective_until else f"from {policy.effective_from}"


def review(policy: Policy) -> str:
    """Who has read the encoding against the document."""
    return "not clinically reviewed" if policy.second_reader == UNREAD else f"read by {policy.second_reader}"


def value_set(id_: str, terminology: Terminology, *, codes: bool = False) -> str:
    """A value set by its id and title, with its codes when they are asked for."""
    held = terminology.sets.get(id_)
    if held is None:
        return id_
    listed = [f"{Coding(system, '').text.strip()} {', '.join(found)}" for system, found in held.systems.items()] if codes else []
    return f"{id_} ({held.title}){': ' if listed else ''}{'; '.join(listed)}"


def counted(criterion: AtLeast | NoneOf) -> str:
    """How many of its parts a criterion wants."""
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
    """The test of a check as a person says it: ``gestational_age: at least 9 weeks, since pregnancy_start``."""
    words = [_compared(check.test, terminology) + (OURS if check.our_threshold else "")]
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
    """A criterion's sentence with what was found of it: one that is not met or open never reads as if it were met.

    ``outcome`` is None where it is not known any more. Cards, reasons, pages, the command line and the log say it so.
    """
    return f"{_BEFORE[outcome]}{criterion.says}"


def ours_in_words(criterion: Criterion) -> str:
    """Which number of a criterion is our own, in a sentence that stands apart from the payer's place; empty where none is."""
    return f"Our number: {criterion.ours}" if isinstance(criterion, Check) and criterion.ours else ""


def silence_in_words(check: Check) -> str:
    """What a chart's silence on the fact of a check means."""
    presumption = check.presumption
    if presumption is None:
        return "silence means: not documented"
    reach = ", even where nothing was searched" if presumption.always else ""
    return f"silence means: {presumption.treat_as.value}{reach}. {presumption.because}"
