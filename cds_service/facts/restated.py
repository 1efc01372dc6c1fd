"""Evidence that a rule restates for a computed fact.

It gets the value it has for that fact, or becomes doubtful with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable

from cds_service.policy.evidence import Evidence, Fact, Standing
from cds_service.policy.values import Value


def usable(fact: Fact) -> list[Evidence]:
    """Return the evidence of a fact that decides."""
    return [e for e in fact.evidence if e.standing is Standing.USABLE]


def spoken(fact: Fact) -> list[Evidence]:
    """Return the evidence that decides or leaves open, and is not "no"."""
    return [e for e in fact.evidence if e.standing is not Standing.DISCOUNTED and e.value is not False]


def but(evidence: Evidence, value: Value, shown: str = "") -> Evidence:
    """Return the same evidence with another value, as usable."""
    return Evidence(value, evidence.when, evidence.resource, evidence.kind, Standing.USABLE, "", shown or evidence.shown)


def doubtful(evidence: Evidence, note: str, value: Value | None = None) -> Evidence:
    """Return the same evidence as doubtful, for the reason in ``note``.

    Evidence that is doubtful for a reason of its own keeps that reason too.
    """
    said = "; ".join(dict.fromkeys([part for part in (evidence.note, note) if part]))
    return Evidence(value, evidence.when, evidence.resource, evidence.kind, Standing.UNCERTAIN, said, evidence.shown)


def silenced(evidence: Evidence, note: str) -> Evidence:
    """Return the same evidence as named, but without effect.

    ``note`` gives the reason.
    """
    return Evidence(None, evidence.when, evidence.resource, evidence.kind, Standing.DISCOUNTED, note, evidence.shown)


def latest_day(evidence: Iterable[Evidence]) -> list[Evidence]:
    """Return the evidence of the latest day.

    Evidence without a day comes with it.
    """
    held = list(evidence)
    last = max([e.when.last for e in held if e.when is not None], default=None)
    return [e for e in held if e.when is None or e.when.last == last]
