"""The outcomes of a decision's criteria, as the store keeps them.

They are one sign each, in the policy's order; the tree is made of them again. A policy has hundreds of criteria, so
their ids are not written; a digest of them says whether the policy that is held now still has the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from cds_service.decision import Decision
from cds_service.policy.criterion import Check, Criterion, Outcome, walk
from cds_service.policy.finding import MET, NOT_MET, Finding
from cds_service.policy.judged_trees import Reading
from cds_service.policy.memory import Memory
from cds_service.policy.model import Policy
from cds_service.policy.remembered import MOST_READINGS

UNSEEN = "."
"""The sign of a criterion that was not looked at.

It was not, because a gate before it was not met.
"""
_MOST_KNOWN = 4096
_OUTCOMES = {"+": Outcome.MET, "-": Outcome.NOT_MET, "?": Outcome.NOT_DOCUMENTED}


@dataclass(frozen=True, slots=True)
class Roots:
    """The criteria at the top of a decision, prepared for writing.

    ``digest`` is of all ids below them. ``unseen`` and ``silent`` are by the identity of the criteria, which no other
    object can get while ``trees`` holds them. ``unseen`` has the signs of the parts that were not looked at, by how many were.
    ``silent`` has the signs of a criterion of which the chart says nothing, which are always the same
    (``Finding.silent``).
    """

    trees: tuple[Criterion, ...]
    digest: str
    unseen: dict[int, tuple[str, ...]]
    silent: dict[int, str] = field(default_factory=dict)


_known: dict[tuple[int, ...], Roots] = {}
"""What is known of roots, by their identity."""


_patterns: Memory[Reading, str | None] = Memory(MOST_READINGS)
"""What is written of the patterns of findings that policies come to."""


@dataclass(frozen=True, slots=True)
class LoggedCriterion:
    """A criterion with the outcome that was logged.

    The outcome is None where the criterion was not looked at.
    """

    criterion: Criterion
    outcome: Outcome | None
    parts: tuple[LoggedCriterion, ...]


def written_outcomes(decision: Decision) -> str | None:
    """Write the outcomes of a decision's trees as one text.

    Returns None where no policy was judged.
    """
    policy = decision.policy
    if policy is None:
        return None
    if decision.trees is None:
        return _written(decision, policy)
    reading = decision.trees.reading
    return _patterns.get(reading) or _patterns.keep(reading, lambda: _written(decision, policy))


def _written(decision: Decision, policy: Policy) -> str | None:
    roots = _roots(policy, decision.because_ids)
    findings = decision.because if decision.settled_by else [f for f in (decision.necessary, decision.exclusions) if f]
    if len(findings) != len(roots.trees):
        return None
    signs: list[str] = []
    for root, finding in zip(roots.trees, findings, strict=True):
        _sign(root, finding, signs, roots)
    return f"{roots.digest}:{''.join(signs)}"


def read_outcomes(written: str | None, policy: Policy, because: list[str]) -> tuple[LoggedCriterion, ...]:
    """Read the trees that a text was written from.

    Returns none where there is no text, or where the policy has other criteria by now.
    """
    digest, _, signs = (written or "").partition(":")
    roots = _roots(policy, tuple(because))
    if not signs or digest != roots.digest:
        return ()
    left = iter(signs)
    return tuple(_judged(root, left) for root in roots.trees)


def _roots(policy: Policy, because: tuple[str, ...]) -> Roots:
    """Return the criteria at the top of a decision.

    They are the rule that settled it first, else the criteria and the exclusions. What is known of them is computed
    once for the same criteria: a decision is logged with every order.
    """
    for rule in policy.settled_first:
        if because == (rule.when.id,):
            return _of((rule.when,))
    return _of(tuple([tree for tree in (policy.necessary_when, policy.not_necessary_when) if tree is not None]))


def _of(trees: tuple[Criterion, ...]) -> Roots:
    key = tuple([id(tree) for tree in trees])
    known = _known.get(key)
    if known is None:
        all_ = [criterion for tree in trees for criterion in walk(tree)]
        unseen = {id(criterion): _unseen(criterion) for criterion in all_}
        digest = sha256("\n".join(criterion.id for criterion in all_).encode()).hexdigest()[:8]
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        known = _known[key] = Roots(trees, digest, unseen)
    return known


def _unseen(criterion: Criterion) -> tuple[str, ...]:
    parts = _parts(criterion)
    return tuple([UNSEEN * sum(1 for part in parts[seen:] for _ in walk(part)) for seen in range(len(parts))])


def _parts(criterion: Criterion) -> tuple[Criterion, ...]:
    return () if isinstance(criterion, Check) else criterion.parts


def _sign(criterion: Criterion, finding: Finding, signs: list[str], roots: Roots) -> None:
    """Add the signs of a criterion and of all below it.

    A decision has more than a hundred, so checks cost no call.
    """
    outcome = finding.outcome
    signs.append("+" if outcome is MET else "-" if outcome is NOT_MET else "?")
    if isinstance(criterion, Check):
        return
    parts, silent = finding.parts, roots.silent
    for found in parts:
        if not found.parts:
            outcome = found.outcome
            signs.append("+" if outcome is MET else "-" if outcome is NOT_MET else "?")
            continue
        below = found.criterion
        if found.silent:
            signs.append(silent.get(id(below)) or _silent(below, found, roots))
        else:
            _sign(below, found, signs, roots)
    if len(parts) < len(criterion.parts):
        signs.append(roots.unseen[id(criterion)][len(parts)])


def _silent(criterion: Criterion, finding: Finding, roots: Roots) -> str:
    signs: list[str] = []
    _sign(criterion, finding, signs, roots)
    roots.silent[id(criterion)] = "".join(signs)
    return roots.silent[id(criterion)]


def _judged(criterion: Criterion, signs: Iterator[str]) -> LoggedCriterion:
    outcome = _OUTCOMES.get(next(signs, UNSEEN))
    return LoggedCriterion(criterion, outcome, tuple([_judged(part, signs) for part in _parts(criterion)]))
