"""What a policy's criteria and exclusions come to together.

That is the outcome with its reasons, and what to ask.
"""

from __future__ import annotations

from cds_service.policy import asking, explain
from cds_service.policy.criterion import AtLeast, NoneOf, Outcome
from cds_service.policy.finding import MET, NOT_DOCUMENTED, NOT_MET, Finding


def weighed(necessary: Finding, exclusions: Finding | None) -> tuple[Outcome, tuple[Finding, ...]]:
    """Weigh both trees: the outcome and the findings that settle it.

    The outcome tells whether the order is necessary; where it is open, the findings are those that could still settle
    it. A met exclusion beats all; else every criterion must be met, and nothing may be open among the exclusions.
    """
    if exclusions and exclusions.outcome is MET:
        return NOT_MET, explain.reasons(exclusions)
    if necessary.outcome is NOT_MET:
        return NOT_MET, explain.reasons(necessary)
    settled = explain.reasons(necessary) if necessary.outcome is MET else ()
    if necessary.outcome is MET and (exclusions is None or exclusions.outcome is NOT_MET):
        return MET, settled + (explain.reasons(exclusions) if exclusions else ())
    open_ = [tree for tree in (necessary, exclusions) if tree and tree.outcome is NOT_DOCUMENTED]
    return NOT_DOCUMENTED, tuple([finding for tree in open_ for finding in explain.reasons(tree)])


def asked(necessary: Finding, exclusions: Finding | None) -> asking.AskedFacts:
    """Return the questions of both trees as one.

    What makes the order necessary in the fewest answers comes first.
    """
    return asking.asked(_whole(necessary, exclusions))


def alone(asks: tuple[str, ...], necessary: Finding, exclusions: Finding | None) -> tuple[str, ...]:
    """Return those questions that could each by itself make the order necessary."""
    trees = _to_answer(necessary, exclusions) if asks else ()
    found = [asking.alone(tree, wanted) for tree, wanted in trees if tree.outcome is NOT_DOCUMENTED]
    enough = frozenset.intersection(*found) if found else frozenset[str]()
    return tuple([fact for fact in asks if fact in enough])


def _to_answer(necessary: Finding, exclusions: Finding | None) -> tuple[tuple[Finding, Outcome], ...]:
    """Return both trees as answers could still settle them.

    Each comes with the outcome that makes the order necessary.
    """
    whole = asking.to_answer(_whole(necessary, exclusions))
    return ((whole, MET),) if exclusions is None else ((whole.parts[0], MET), (whole.parts[1].parts[0], NOT_MET))


def _whole(necessary: Finding, exclusions: Finding | None) -> Finding:
    """Join both trees to one open finding.

    It says: everything met, and nothing excluded.
    """
    if exclusions is None:
        return necessary
    cite = necessary.criterion.cite
    nothing_excludes = NoneOf("nothing-excludes", "", cite, (exclusions.criterion,))
    opposite = {MET: NOT_MET, NOT_MET: MET, NOT_DOCUMENTED: NOT_DOCUMENTED}[exclusions.outcome]
    whole = AtLeast("whole", "", cite, 2, (necessary.criterion, nothing_excludes))
    return Finding(whole, NOT_DOCUMENTED, (necessary, Finding(nothing_excludes, opposite, (exclusions,))))
