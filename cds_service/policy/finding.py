"""What was found for one criterion, and what it rests on.

Also what a criterion comes to where a chart says nothing of it.
"""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from typing import Final

from cds_service.policy.criterion import AtLeast, Check, Criterion, NoneOf, Outcome, walk
from cds_service.policy.evidence import Evidence

MET: Final = Outcome.MET
NOT_MET: Final = Outcome.NOT_MET
NOT_DOCUMENTED: Final = Outcome.NOT_DOCUMENTED
MOST_CRITERIA: Final = 65_536
"""The most criteria whose outcome in silence is remembered.

A large policy has some hundreds.
"""


class Basis(Enum):
    """What the outcome of a check rests on."""

    DOCUMENTED = "documented"
    PRESUMED = "presumed"
    SILENT = "searched and nothing found"
    NOT_SEARCHED = "not searched"
    UNCERTAIN = "found, but nothing certain"
    STRADDLES = "the value leaves the test open"
    CONTRADICTORY = "same-day values disagree"
    LEFT_OPEN = "the document leaves it to a person when the test fails"

    __hash__ = object.__hash__  # as of ``Outcome``


class Finding:
    """What was found for one criterion.

    It holds the outcome, the findings of the parts, and for a check the evidence and its basis.

    ``silent`` says that everything was searched and nothing found, for every part: such a finding is always the same
    for its criterion, and readers may keep what they read of it. A finding is never changed; it is no dataclass because
    a decision makes a hundred of them, and a frozen dataclass takes four times as long to make (seen once).
    """

    __slots__ = ("basis", "criterion", "evidence", "outcome", "parts", "silent", "unsearched")

    def __init__(
        self,
        criterion: Criterion,
        outcome: Outcome,
        parts: tuple[Finding, ...] = (),
        evidence: tuple[Evidence, ...] = (),
        basis: Basis | None = None,
        unsearched: tuple[str, ...] = (),
        silent: bool = False,
    ) -> None:
        self.criterion: Final = criterion
        self.outcome: Final = outcome
        self.parts: Final = parts
        self.evidence: Final = evidence
        self.basis: Final = basis
        self.unsearched: Final = unsearched
        self.silent: Final = silent


class Silence:
    """A criterion with parts, on a chart that says nothing of it.

    The chart was searched; ``finding`` is what the criterion then comes to.

    ``facts`` are the facts that the checks below it test: a chart that is silent on all of them has this finding. Most
    of a large policy is silent on most charts, so judging one pays for what its chart speaks of. ``gate`` says that the
    first part, where it is documented as not met, settles the criterion alone. ``ids`` are those of the criterion and
    all below it; ``presumes`` says that the policy presumes something of silence in one of them.
    """

    __slots__ = ("criterion", "facts", "finding", "gate", "ids", "parts", "presumes")

    def __init__(self, criterion: AtLeast | NoneOf) -> None:
        self.criterion = criterion
        checks = [below for below in walk(criterion) if isinstance(below, Check)]
        self.facts = frozenset([check.fact for check in checks])
        self.ids = frozenset([below.id for below in walk(criterion)])
        self.presumes = any(check.presumption is not None for check in checks)
        self.parts: tuple[SilentPart, ...] = tuple([SilentPart(part) for part in criterion.parts])
        self.finding = counted(criterion, tuple([part.finding for part in self.parts]), silent=True)
        everything = isinstance(criterion, AtLeast) and criterion.count == len(criterion.parts) > 1
        self.gate = everything and bool(criterion.as_one)


class SilentPart:
    """A part of a criterion in silence, with its finding and facts.

    The facts are those that it rests on. The part is a ``check``, or has parts ``below``.
    """

    __slots__ = ("below", "check", "facts", "finding")
    below: Silence

    def __init__(self, criterion: Criterion) -> None:
        self.check = criterion if isinstance(criterion, Check) else None
        if isinstance(criterion, Check):
            self.facts = frozenset([criterion.fact])
            self.finding = silent_check(criterion, ())
        else:
            self.below = silence_of(criterion)
            self.facts = self.below.facts
            self.finding = self.below.finding


@lru_cache(maxsize=MOST_CRITERIA)
def silence_of(criterion: AtLeast | NoneOf) -> Silence:
    """Return what a criterion with parts comes to in silence.

    It is made once for each criterion.
    """
    return Silence(criterion)


@lru_cache(maxsize=MOST_CRITERIA)
def silent_check(check: Check, unsearched: tuple[str, ...]) -> Finding:
    """Return the finding of a check of which nothing was found.

    ``unsearched`` are resource types that were not searched.
    """
    presumption = check.presumption
    silent = not unsearched
    if presumption and (presumption.always or silent):
        return Finding(check, presumption.treat_as, (), (), Basis.PRESUMED, unsearched, silent)
    return Finding(check, NOT_DOCUMENTED, (), (), Basis.SILENT if silent else Basis.NOT_SEARCHED, unsearched, silent)


def counted(criterion: AtLeast | NoneOf, parts: tuple[Finding, ...], *, silent: bool = False) -> Finding:
    """Make a criterion's finding by counting its parts' outcomes.

    This is Kleene's logic: an open part leaves open what it could still change.
    """
    met = left_open = 0
    for part in parts:
        if part.outcome is MET:
            met += 1
        elif part.outcome is NOT_DOCUMENTED:
            left_open += 1
    return Finding(criterion, criterion.come_to(met, left_open), parts, (), None, (), silent)
