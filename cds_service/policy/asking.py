"""What could still settle an open finding: the facts to ask for, and the shortest way to *met*."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from cds_service.policy.finding import MET, MOST_CRITERIA, NOT_DOCUMENTED, NOT_MET, Finding, silence_of
from cds_service.policy.model import AtLeast, Check, NoneOf, Outcome


def asks(finding: Finding) -> tuple[str, ...]:
    """The facts whose answer could still settle an open finding, each once: the shortest way to *met* first, then the rest."""
    if finding.outcome is not NOT_DOCUMENTED:
        return ()
    everything: dict[str, None] = {}
    _add_open(finding, everything)
    first = dict.fromkeys(shortest(finding))
    return tuple(first) + tuple([fact for fact in everything if fact not in first])


def _add_open(finding: Finding, found: dict[str, None]) -> None:
    """Adds the facts of the checks that are open below an open finding, in reading order."""
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
    """The fewest facts that, answered favourably, could make a finding *met*; empty when it is met or cannot be.

    Facts that serve several criteria count once only when one criterion asks for all of them; the rest is greedy,
    which is exact for the trees that policies are (a fact rarely stands in two branches).
    """
    return _shortest(finding, MET) or ()


def _shortest(finding: Finding, wanted: Outcome) -> tuple[str, ...] | None:
    """The facts to answer so that a finding becomes ``wanted``; None when no answer can."""
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
    """The union of the ``needed`` cheapest parts, in reading order."""
    ways = [(index, way) for index, part in enumerate(finding.parts) if (way := _shortest(part, wanted)) is not None]
    if len(ways) < needed:
        return None
    chosen = sorted(sorted(ways, key=lambda way: len(way[1]))[:needed])
    return tuple(dict.fromkeys(fact for _, way in chosen for fact in way))
