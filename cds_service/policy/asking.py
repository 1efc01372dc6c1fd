"""The facts to ask for that could still settle an open finding.

Among them is the shortest way to *met*.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from cds_service.policy.criterion import AtLeast, Check, NoneOf, Outcome
from cds_service.policy.finding import MET, MOST_CRITERIA, NOT_DOCUMENTED, NOT_MET, Basis, Finding, counted, silence_of


def asks(finding: Finding) -> tuple[str, ...]:
    """Return the facts whose answer could still settle an open finding.

    Each comes once: the shortest way to *met* first, then the rest.
    """
    return asked(finding).all


class AskedFacts(NamedTuple):
    """The facts that could settle an open finding.

    ``all`` holds all of them; the first ``shortest`` of these are the shortest way to *met*.
    """

    all: tuple[str, ...] = ()
    shortest: int = 0


NOTHING: Final = AskedFacts()
"""What is asked for a settled finding: nothing."""


def asked(finding: Finding) -> AskedFacts:
    """Return the facts that could settle a finding, the shortest way first.

    The result tells also how many of them the shortest way to *met* takes.
    """
    if finding.outcome is not NOT_DOCUMENTED:
        return AskedFacts()
    finding = to_answer(finding)
    everything: dict[str, None] = {}
    _add_open(finding, everything)
    first = dict.fromkeys(_shortest(finding, MET) or ())
    return AskedFacts(tuple(first) + tuple([fact for fact in everything if fact not in first]), len(first))


def to_answer(finding: Finding) -> Finding:
    """Return an open finding as far as answers could settle it.

    A test that fails on record, and that the document leaves to a person, is not asked again while other answers could
    still make the finding met. Where none could, it is all that is left to ask.
    """
    pessimistic = _without_a_person(finding, NOT_MET)
    return pessimistic if pessimistic.outcome is NOT_DOCUMENTED else finding


def _without_a_person(finding: Finding, otherwise: Outcome) -> Finding:
    """Return a finding without what is left to a person.

    Each such test comes to what helps least: ``otherwise``.
    """
    criterion = finding.criterion
    if finding.outcome is not NOT_DOCUMENTED or finding.silent:
        return finding
    if isinstance(criterion, Check):
        if finding.basis is not Basis.LEFT_OPEN:
            return finding
        return Finding(criterion, otherwise, (), finding.evidence, finding.basis, finding.unsearched)
    if isinstance(criterion, NoneOf):
        otherwise = MET if otherwise is NOT_MET else NOT_MET
    parts = tuple([_without_a_person(part, otherwise) for part in finding.parts])
    changed = any(new is not old for new, old in zip(parts, finding.parts, strict=True))
    return counted(criterion, parts) if changed else finding


def alone(finding: Finding, wanted: Outcome = MET) -> frozenset[str]:
    """Return the facts that could each settle an open finding alone.

    Each of them, answered favourably, could by itself give the finding the ``wanted`` outcome.
    """
    criterion = finding.criterion
    if isinstance(criterion, Check):
        return frozenset([criterion.fact])
    return _alone_in_silence(criterion, wanted) if finding.silent else _alone_below(finding, criterion, wanted)


@lru_cache(maxsize=MOST_CRITERIA)
def _alone_in_silence(criterion: AtLeast | NoneOf, wanted: Outcome) -> frozenset[str]:
    return _alone_below(silence_of(criterion).finding, criterion, wanted)


def _alone_below(finding: Finding, criterion: AtLeast | NoneOf, wanted: Outcome) -> frozenset[str]:
    parts, below = finding.parts, wanted
    if isinstance(criterion, NoneOf):
        below = NOT_MET if wanted is MET else MET
        needed = len(parts) if wanted is MET else 1
    else:
        needed = criterion.count if wanted is MET else len(parts) - criterion.count + 1
    left = [part for part in parts if part.outcome is NOT_DOCUMENTED]
    for part in parts:
        needed -= part.outcome is below
    if needed > len(left):
        return frozenset()
    found = [alone(part, below) for part in left]
    if needed == 1:
        return frozenset[str]().union(*found)
    counts = Counter([fact for facts in found for fact in facts])
    return frozenset([fact for fact, times in counts.items() if times >= needed])


def _add_open(finding: Finding, found: dict[str, None]) -> None:
    """Add the facts of the open checks below an open finding.

    They are added in reading order.
    """
    criterion = finding.criterion
    if finding.outcome is not NOT_DOCUMENTED:
        return
    if isinstance(criterion, Check):
        found[criterion.fact] = None
    elif finding.silent:
        found.update(_open_in_silence(criterion))
    else:
        for part in finding.parts:
            _add_open(part, found)


@lru_cache(maxsize=MOST_CRITERIA)
def _open_in_silence(criterion: AtLeast | NoneOf) -> Mapping[str, None]:
    found: dict[str, None] = {}
    for part in silence_of(criterion).finding.parts:
        _add_open(part, found)
    return found


def shortest(finding: Finding) -> tuple[str, ...]:
    """Return the fewest facts whose favourable answers could make a finding *met*.

    Returns nothing when the finding is met or cannot be.

    Facts that serve several criteria count once only when one criterion asks for all of them; the rest is greedy, which
    is exact for the trees that policies are (a fact rarely stands in two branches).
    """
    return _shortest(to_answer(finding), MET) or ()


def _shortest(finding: Finding, wanted: Outcome) -> tuple[str, ...] | None:
    """Return the facts to answer so that a finding becomes ``wanted``.

    Returns None when no answer can make it so.
    """
    if finding.outcome is wanted:
        return ()
    criterion = finding.criterion
    if finding.silent and not isinstance(criterion, Check):
        return _shortest_in_silence(criterion, wanted)
    return _way(finding, wanted)


@lru_cache(maxsize=MOST_CRITERIA)
def _shortest_in_silence(criterion: AtLeast | NoneOf, wanted: Outcome) -> tuple[str, ...] | None:
    return _way(silence_of(criterion).finding, wanted)


def _way(finding: Finding, wanted: Outcome) -> tuple[str, ...] | None:
    criterion = finding.criterion
    match criterion:
        case Check():
            return (criterion.fact,) if finding.outcome is NOT_DOCUMENTED else None
        case AtLeast():
            needed = criterion.count if wanted is MET else len(finding.parts) - criterion.count + 1
            return _cheapest(finding, wanted, needed)
        case NoneOf():
            return _cheapest(finding, NOT_MET, len(finding.parts)) if wanted is MET else _cheapest(finding, MET, 1)


def _cheapest(finding: Finding, wanted: Outcome, needed: int) -> tuple[str, ...] | None:
    """Return the facts of the ``needed`` cheapest parts, in reading order.

    The facts of all these parts are joined. Most parts are checks, which are looked at without a further call.
    """
    ways: list[tuple[int, tuple[str, ...]]] = []
    for index, part in enumerate(finding.parts):
        criterion = part.criterion
        way: tuple[str, ...] | None
        if part.outcome is wanted:
            way = ()
        elif isinstance(criterion, Check):
            way = (criterion.fact,) if part.outcome is NOT_DOCUMENTED else None
        else:
            way = _shortest_in_silence(criterion, wanted) if part.silent else _way(part, wanted)
        if way is not None:
            ways.append((index, way))
    if len(ways) < needed:
        return None
    if needed == 1:
        return min([way for _, way in ways], key=len)
    chosen = ways if len(ways) == needed else sorted(sorted(ways, key=lambda way: len(way[1]))[:needed])
    return tuple(dict.fromkeys([fact for _, way in chosen for fact in way]))
