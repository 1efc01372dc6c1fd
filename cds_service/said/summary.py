"""A decision in one sentence or two.

They say what is ordered, the outcome, and the one thing that matters most.
"""

from __future__ import annotations

from typing import Final

from cds_service.content.content import Content
from cds_service.content.wording import finding_in_words
from cds_service.decision import Decision, DecisionOutcome
from cds_service.said.asked import Way, way
from cds_service.said.markdown import cut
from cds_service.said.ordered import Ordered, ordered
from cds_service.said.outcome import number

LONGEST_SUMMARY: Final = 139


def summary(decision: Decision, content: Content, what: Ordered | None = None, found: Way | None = None) -> str:
    """Write a summary of fewer than 140 characters.

    A question stands in it whole or not at all. A caller may pass ``what`` is ordered and the questions ``found`` if it
    has them already.
    """
    what = what or ordered(decision.coding, decision.policy, content)
    match decision.outcome:
        case DecisionOutcome.NOT_NECESSARY:
            return _first_that_fits(_against(decision, what))
        case DecisionOutcome.REFERRED:
            governs = decision.settled_by.referred_to if decision.settled_by else ""
            return _first_that_fits([f"{what.short}: another policy governs it, {governs}."])
        case _:
            return _first_that_fits(_open(found or way(decision, content), what))


def _names(what: Ordered) -> list[str]:
    """Return what an order may be called, from fullest to shortest."""
    code = what.short if what.known_by_name else what.code or what.short
    return list(dict.fromkeys([what.short, what.name or what.short, code]))


def _first_that_fits(said: list[str]) -> str:
    return next((one for one in said if len(one) <= LONGEST_SUMMARY), cut(said[-1], LONGEST_SUMMARY))


def _against(decision: Decision, what: Ordered) -> list[str]:
    """Return the ways to say it, from the fullest to the shortest."""
    reason = next((finding_in_words(finding.criterion, finding.outcome) for finding in decision.reasons), "")
    names = _names(what)
    verdicts = ("not medically necessary as documented", "not necessary as documented")
    said = [f"{name}: {verdict}. {reason}".rstrip() for name in names for verdict in verdicts]
    return [*said, f"{what.short}: {verdicts[0]}; the reason stands below."]


def _open(found: Way, what: Ordered) -> list[str]:
    together = 1 if found.any_one else len(found.questions) + found.left
    counts = dict.fromkeys([f" (1 of {together} answers)" if together > 1 else "", ""])
    said = [
        f"{name}: not yet documented{count}. {asked.words}"
        for asked in found.questions
        for name in _names(what)
        for count in counts
    ]
    return [*said, f"{what.short}: not yet documented. {number(together, 'answer is', 'answers are')} missing."]
