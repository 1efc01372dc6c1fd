"""Why a finding came out so.

What could still settle it is in ``asking``, and what of it was presumed in ``presumed``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from cds_service.policy.criterion import AtLeast, Check, Criterion, NoneOf
from cds_service.policy.finding import MET, MOST_CRITERIA, NOT_DOCUMENTED, NOT_MET, Finding, silence_of


def reasons(finding: Finding) -> tuple[Finding, ...]:
    """Return the findings that settle the outcome, in the document's order.

    For an open finding, return those still open that could settle it.

    A criterion marked ``as_one`` stands for its parts. Why a branch applies is no reason; of branches that do not
    apply, nothing is said where another does, and else only why they do not.
    """
    found: dict[str, Finding] = {}
    _add_reasons(finding, found)
    return tuple(found.values())


def enough(finding: Finding) -> tuple[Finding, ...]:
    """Return the findings that each settle the outcome alone.

    They are as far down the tree as that is so, and each comes once. One of them that still has parts rests on several
    of those together, as where none of several ways is open.
    """
    found: dict[str, Finding] = {}
    _add_enough(finding, found)
    return tuple(found.values())


def _add_enough(finding: Finding, found: dict[str, Finding]) -> None:
    parts = _settling(finding)
    if not parts or (len(parts) > 1 and not _each_settles(finding)):
        found.setdefault(finding.criterion.id, finding)
        return
    for part in parts:
        _add_enough(part, found)


def _each_settles(finding: Finding) -> bool:
    """Tell whether any one of the settling parts would do alone."""
    criterion = finding.criterion
    if isinstance(criterion, NoneOf):
        return finding.outcome is NOT_MET
    if isinstance(criterion, AtLeast):
        return criterion.count == (1 if finding.outcome is MET else len(criterion.parts))
    return True


def ways(finding: Finding) -> tuple[Finding, ...]:
    """Return the findings that a finding rests on together.

    For each of several parts, that is the highest finding that says it.
    """
    return tuple([one for part in _settling(finding) for one in enough(part)[:1]]) or (finding,)


def deciding(finding: Finding) -> list[Finding]:
    """Return the findings of the checks that settle an outcome.

    Those below a criterion that is reported as one count too. They come in reading order.
    """
    if not finding.parts:
        return [finding]
    return [leaf for part in _settling(finding, whole=True) for leaf in deciding(part)]


def closed(finding: Finding) -> bool:
    """Tell whether a finding's branch does not apply.

    It does not apply to this order or this patient.
    """
    criterion = finding.criterion
    return isinstance(criterion, AtLeast) and criterion.guarded and finding.parts[0].outcome is NOT_MET


def _add_reasons(finding: Finding, found: dict[str, Finding]) -> None:
    """Add the findings that settle an outcome, once per criterion id."""
    criterion = finding.criterion
    if not finding.parts or as_one(finding):
        found.setdefault(criterion.id, finding)
        return
    for part in _settling(finding, whole=True):
        _add_reasons(part, found)


def _settling(finding: Finding, *, whole: bool = False) -> list[Finding]:
    """Return the parts by which an outcome came about.

    A check has none, nor has a criterion that is reported as one, unless the ``whole`` is wanted.
    """
    parts: Sequence[Finding] = finding.parts
    if not parts or (not whole and as_one(finding)):
        return []
    criterion = finding.criterion
    decisive = finding.outcome
    if isinstance(criterion, NoneOf) and decisive is not NOT_DOCUMENTED:
        decisive = NOT_MET if decisive is MET else MET
    if isinstance(criterion, AtLeast) and criterion.guarded:
        parts = parts[:1] if parts[0].outcome is NOT_MET else parts[1:] if parts[0].outcome is MET else parts
    else:
        parts = [part for part in parts if not (part.parts and closed(part))] or parts
    return [part for part in parts if part.outcome is decisive]


def as_one(finding: Finding) -> bool:
    """Tell whether a finding is reported for its parts."""
    criterion = finding.criterion
    if isinstance(criterion, Check) or criterion.as_one != "when not met":
        return not isinstance(criterion, Check) and bool(criterion.as_one)
    return finding.outcome is NOT_MET


def leaves(finding: Finding) -> list[Finding]:
    """Return the findings of the checks, in reading order."""
    if not finding.parts:
        return [finding]
    found: list[Finding] = []
    _add_leaves(finding, found)
    return found


def _add_leaves(finding: Finding, found: list[Finding]) -> None:
    parts = finding.parts
    if not parts:
        found.append(finding)
        return
    criterion = finding.criterion
    if isinstance(criterion, AtLeast) and criterion.guarded and parts[0].outcome is NOT_MET:  # as in ``closed``, without a call
        parts = parts[:1]
    for part in parts:
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
