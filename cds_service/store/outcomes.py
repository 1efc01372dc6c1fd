"""The outcomes of a decision's criteria in the store: one sign each, in the policy's order, and the tree made of them again.

A policy has hundreds of criteria, so their ids are not written; a digest of them says whether the policy that is held now still
has the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from cds_service.decision import Decision
from cds_service.policy.judge import Finding
from cds_service.policy.model import Check, Criterion, Outcome, Policy, walk

SIGNS = {Outcome.MET: "+", Outcome.NOT_MET: "-", Outcome.NOT_DOCUMENTED: "?"}
UNSEEN = "."
"""A criterion that was not looked at, because a gate before it was not met."""
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
    signs = "".join(sign for root, finding in zip(roots, findings, strict=True) for sign in _signs(root, finding))
    return f"{_digest(roots)}:{signs}"


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


def _signs(criterion: Criterion, finding: Finding | None) -> Iterator[str]:
    yield SIGNS[finding.outcome] if finding else UNSEEN
    looked_at = finding.parts if finding else ()
    for number, part in enumerate(_parts(criterion)):
        yield from _signs(part, looked_at[number] if number < len(looked_at) else None)


def _judged(criterion: Criterion, signs: Iterator[str]) -> Judged:
    outcome = _OUTCOMES.get(next(signs, UNSEEN))
    return Judged(criterion, outcome, tuple([_judged(part, signs) for part in _parts(criterion)]))


def _digest(roots: list[Criterion]) -> str:
    ids = "\n".join(criterion.id for root in roots for criterion in walk(root))
    return sha256(ids.encode()).hexdigest()[:8]
