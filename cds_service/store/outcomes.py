"""The outcomes of a decision's criteria in the store: one sign each, in the policy's order, and the tree made of them again.

A policy has hundreds of criteria, so their ids are not written; a digest of them says whether the policy that is held now still
has the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from cds_service.decision import Decision
from cds_service.policy.finding import Finding
from cds_service.policy.model import Check, Criterion, Outcome, Policy, walk

SIGNS = {Outcome.MET: "+", Outcome.NOT_MET: "-", Outcome.NOT_DOCUMENTED: "?"}
UNSEEN = "."
"""A criterion that was not looked at, because a gate before it was not met."""
_MOST_DIGESTS = 4096
_digests: dict[tuple[int, ...], tuple[tuple[Criterion, ...], str]] = {}
"""Digests by the identity of their criteria, which are held so that no others take it."""
_OUTCOMES = {sign: outcome for outcome, sign in SIGNS.items()}


@dataclass(frozen=True, slots=True)
class Judged:
    """A criterion with its outcome as it was logged, None where it was not looked at."""

    criterion: Criterion
    outcome: Outcome | None
    parts: tuple[Judged, ...]


def written_outcomes(decision: Decision) -> str | None:
    """The outcomes of a decision's trees as one text; None where no policy was judged."""
    if decision.policy is None:
        return None
    roots = _roots(decision.policy, decision.because_ids)
    findings = decision.because if decision.settled_by else [f for f in (decision.necessary, decision.exclusions) if f]
    if len(findings) != len(roots):
        return None
    signs: list[str] = []
    for root, finding in zip(roots, findings, strict=True):
        _sign(root, finding, signs)
    return f"{_digest(roots)}:{''.join(signs)}"


def read_outcomes(written: str | None, policy: Policy, because: list[str]) -> tuple[Judged, ...]:
    """The trees that a text was written from; none where there is no text, or the policy has other criteria by now."""
    digest, _, signs = (written or "").partition(":")
    roots = _roots(policy, tuple(because))
    if not signs or digest != _digest(roots):
        return ()
    left = iter(signs)
    return tuple(_judged(root, left) for root in roots)


def _roots(policy: Policy, because: tuple[str, ...]) -> list[Criterion]:
    """The criteria at the top of a decision: the rule that settled it first, else the criteria and the exclusions."""
    rules: list[Criterion] = [rule.when for rule in policy.settled_first if because == (rule.when.id,)]
    trees = (policy.necessary_when, policy.not_necessary_when)
    return rules[:1] or [tree for tree in trees if tree is not None]


def _parts(criterion: Criterion) -> tuple[Criterion, ...]:
    return () if isinstance(criterion, Check) else criterion.parts


def _sign(criterion: Criterion, finding: Finding | None, signs: list[str]) -> None:
    signs.append(SIGNS[finding.outcome] if finding else UNSEEN)
    looked_at = finding.parts if finding else ()
    for number, part in enumerate(_parts(criterion)):
        _sign(part, looked_at[number] if number < len(looked_at) else None, signs)


def _judged(criterion: Criterion, signs: Iterator[str]) -> Judged:
    outcome = _OUTCOMES.get(next(signs, UNSEEN))
    return Judged(criterion, outcome, tuple([_judged(part, signs) for part in _parts(criterion)]))


def _digest(roots: list[Criterion]) -> str:
    """A digest of all ids below some criteria, computed once for the same criteria: a decision is logged with every order."""
    key = tuple(id(root) for root in roots)
    known = _digests.get(key)
    if known is None:
        ids = "\n".join(criterion.id for root in roots for criterion in walk(root))
        if len(_digests) >= _MOST_DIGESTS:
            _digests.clear()
        known = _digests[key] = (tuple(roots), sha256(ids.encode()).hexdigest()[:8])
    return known[1]
