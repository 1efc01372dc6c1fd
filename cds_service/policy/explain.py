"""Readings of a finding tree: why it came out so, and what of it was presumed. What could still settle it is in ``asking``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache

from cds_service.policy.finding import MET, MOST_CRITERIA, NOT_DOCUMENTED, NOT_MET, Basis, Finding, count, silence_of
from cds_service.policy.model import AtLeast, Check, Criterion, NoneOf, Outcome, walk


def reasons(finding: Finding) -> tuple[Finding, ...]:
    """The findings that settle the outcome, in the document's order; for an open one, those still open that could settle it.

    A criterion marked ``as_one`` stands for its parts. Why a branch applies is no reason; of branches that do not apply, nothing
    is said where another does, and else only why they do not.
    """
    found: dict[str, Finding] = {}
    _add_reasons(finding, found)
    return tuple(found.values())


def closed(finding: Finding) -> bool:
    """Whether a finding is of a branch that does not apply to this order or patient."""
    criterion = finding.criterion
    return isinstance(criterion, AtLeast) and criterion.guarded and finding.parts[0].outcome is NOT_MET


def _add_reasons(finding: Finding, found: dict[str, Finding]) -> None:
    """Adds the findings that settle an outcome, each once by its criterion's id."""
    criterion = finding.criterion
    if isinstance(criterion, Check) or _as_one(finding):
        found.setdefault(criterion.id, finding)
        return
    decisive = finding.outcome
    if isinstance(criterion, NoneOf) and decisive is not NOT_DOCUMENTED:
        decisive = NOT_MET if decisive is MET else MET
    parts: Sequence[Finding] = finding.parts
    if isinstance(criterion, AtLeast) and criterion.guarded:
        parts = parts[:1] if closed(finding) else parts[1:] if parts[0].outcome is MET else parts
    else:
        parts = [part for part in parts if not closed(part)] or parts
    for part in parts:
        if part.outcome is decisive:
            _add_reasons(part, found)


def _as_one(finding: Finding) -> bool:
    criterion = finding.criterion
    if isinstance(criterion, Check) or criterion.as_one != "when not met":
        return not isinstance(criterion, Check) and bool(criterion.as_one)
    return finding.outcome is NOT_MET


def leaves(finding: Finding) -> list[Finding]:
    """The findings of the checks, in reading order."""
    found: list[Finding] = []
    _add_leaves(finding, found)
    return found


def _add_leaves(finding: Finding, found: list[Finding]) -> None:
    if not finding.parts:
        found.append(finding)
        return
    for part in finding.parts[:1] if closed(finding) else finding.parts:
        if not part.parts:
            found.append(part)
        elif part.silent:
            found.extend(_leaves_in_silence(part.criterion))
        else:
            _add_leaves(part, found)


@lru_cache(maxsize=MOST_CRITERIA)
def _leaves_in_silence(criterion: Criterion) -> list[Finding]:
    found: list[Finding] = []
    if isinstance(criterion, Check):
        return found
    finding = silence_of(criterion).finding
    for part in finding.parts[:1] if closed(finding) else finding.parts:
        _add_leaves(part, found)
    return found


def assumed(finding: Finding) -> tuple[str, ...]:
    """The ids of the criteria that a presumption settled, in reading order."""
    found: dict[str, bool] = {}
    _settled_by_presumption(finding, _told_twice(finding.criterion), found)
    return tuple([id_ for id_, presumed in found.items() if presumed])


def _settled_by_presumption(finding: Finding, twice: frozenset[str], found: dict[str, bool]) -> None:
    """Adds for each named leaf whether a presumption settled it. Of several with one id (``twice``) the first counts.

    What presumes nothing is passed over, unless another of the same id does.
    """
    criterion = finding.criterion
    if isinstance(criterion, Check):
        if criterion.id not in found and (criterion.presumption is not None or criterion.id in twice):
            found[criterion.id] = finding.basis is Basis.PRESUMED and finding.outcome is not NOT_DOCUMENTED
        return
    silence = silence_of(criterion)
    if not silence.presumes and (not twice or twice.isdisjoint(silence.ids)):
        return
    if finding.silent and not twice:
        found.update(_presumed_in_silence(criterion))
    elif _as_one(finding):
        if criterion.id not in found:
            found[criterion.id] = rests_on_presumption(finding)
    else:
        for part in finding.parts[:1] if closed(finding) else finding.parts:
            _settled_by_presumption(part, twice, found)


@lru_cache(maxsize=MOST_CRITERIA)
def _presumed_in_silence(criterion: AtLeast | NoneOf) -> Mapping[str, bool]:
    """What a presumption settles of a criterion on a chart that says nothing of it: always the same."""
    finding = silence_of(criterion).finding
    found: dict[str, bool] = {}
    if _as_one(finding):
        found[criterion.id] = rests_on_presumption(finding)
    else:
        for part in finding.parts[:1] if closed(finding) else finding.parts:
            _settled_by_presumption(part, frozenset(), found)
    return {id_: True for id_, presumed in found.items() if presumed}


@lru_cache(maxsize=MOST_CRITERIA)
def _told_twice(criterion: Criterion) -> frozenset[str]:
    """The ids that several criteria at or below this one have, of which any presumes something: only the first counts."""
    ids: Counter[str] = Counter()
    presuming: set[str] = set()
    for below in walk(criterion):
        ids[below.id] += 1
        if below.presumption is not None if isinstance(below, Check) else silence_of(below).presumes:
            presuming.add(below.id)
    return frozenset(id_ for id_ in presuming if ids[id_] > 1)


def rests_on_presumption(finding: Finding) -> bool:
    """Whether the outcome of a criterion would be open without the presumptions in it."""
    return finding.outcome is not NOT_DOCUMENTED and _unpresumed(finding) is not finding.outcome


def _unpresumed(finding: Finding) -> Outcome:
    """The outcome if every presumed check were left open (the same counting as in ``judge``)."""
    criterion = finding.criterion
    if isinstance(criterion, Check):
        return NOT_DOCUMENTED if finding.basis is Basis.PRESUMED else finding.outcome
    if not silence_of(criterion).presumes:
        return finding.outcome
    if finding.silent:
        return _unpresumed_in_silence(criterion)
    return _without_presumptions(finding, criterion)


@lru_cache(maxsize=MOST_CRITERIA)
def _unpresumed_in_silence(criterion: AtLeast | NoneOf) -> Outcome:
    return _without_presumptions(silence_of(criterion).finding, criterion)


def _without_presumptions(finding: Finding, criterion: AtLeast | NoneOf) -> Outcome:
    met = left_open = 0
    for part in finding.parts:
        outcome = _unpresumed(part)
        if outcome is MET:
            met += 1
        elif outcome is NOT_DOCUMENTED:
            left_open += 1
    return count(criterion, met, left_open)


def find(finding: Finding, criterion_id: str) -> Finding | None:
    """The finding of a criterion by its id, wherever it stands in the tree."""
    if finding.criterion.id == criterion_id:
        return finding
    for part in finding.parts:
        if (found := find(part, criterion_id)) is not None:
            return found
    return None
