"""What of a finding rests on presumptions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

from cds_service.policy.criterion import AtLeast, Check, Criterion, NoneOf, Outcome, walk
from cds_service.policy.explain import as_one, closed
from cds_service.policy.finding import MET, MOST_CRITERIA, NOT_DOCUMENTED, Basis, Finding, silence_of


def assumed(finding: Finding) -> tuple[str, ...]:
    """Return the ids of the criteria that a presumption settled.

    They come in reading order.
    """
    found: dict[str, bool] = {}
    _settled_by_presumption(finding, _told_twice(finding.criterion), found)
    return tuple([id_ for id_, presumed in found.items() if presumed])


def _settled_by_presumption(finding: Finding, twice: frozenset[str], found: dict[str, bool]) -> None:
    """Add for each named check whether a presumption settled it.

    Of several with one id (``twice``) the first counts. What presumes nothing is passed over, unless another of the
    same id does.
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
    elif as_one(finding):
        if criterion.id not in found:
            found[criterion.id] = rests_on_presumption(finding)
    else:
        for part in finding.parts[:1] if closed(finding) else finding.parts:
            _settled_by_presumption(part, twice, found)


@lru_cache(maxsize=MOST_CRITERIA)
def _presumed_in_silence(criterion: AtLeast | NoneOf) -> Mapping[str, bool]:
    """Return what presumptions settle of a criterion in silence.

    On a chart that says nothing of the criterion that is always the same.
    """
    finding = silence_of(criterion).finding
    found: dict[str, bool] = {}
    if as_one(finding):
        found[criterion.id] = rests_on_presumption(finding)
    else:
        for part in finding.parts[:1] if closed(finding) else finding.parts:
            _settled_by_presumption(part, frozenset(), found)
    return {id_: True for id_, presumed in found.items() if presumed}


@lru_cache(maxsize=MOST_CRITERIA)
def _told_twice(criterion: Criterion) -> frozenset[str]:
    """Return the ids that occur more than once, with a presumption.

    They are ids of criteria at or below this one, where one of that id presumes something. Only the first of an id
    counts.
    """
    ids: Counter[str] = Counter()
    presuming: set[str] = set()
    for below in walk(criterion):
        ids[below.id] += 1
        if below.presumption is not None if isinstance(below, Check) else silence_of(below).presumes:
            presuming.add(below.id)
    return frozenset(id_ for id_ in presuming if ids[id_] > 1)


def rests_on_presumption(finding: Finding) -> bool:
    """Tell whether the outcome would be open without presumptions.

    That is, without those in the criterion.
    """
    return finding.outcome is not NOT_DOCUMENTED and _unpresumed(finding) is not finding.outcome


def _unpresumed(finding: Finding) -> Outcome:
    """Return the outcome with every presumed check left open.

    The parts are counted as in ``judge``.
    """
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
    return criterion.come_to(met, left_open)
