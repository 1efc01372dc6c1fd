"""Evidence said again by a rule: with the value it has for the computed fact, or as doubtful with the reason."""

from __future__ import annotations

from collections.abc import Iterable

from cds_service.policy.model import Evidence, Fact, Standing
from cds_service.policy.values import Value


def usable(fact: Fact) -> list[Evidence]:
    """The evidence of a fact that decides."""
    return [e for e in fact.evidence if e.standing is Standing.USABLE]


def spoken(fact: Fact) -> list[Evidence]:
    """The evidence of a fact that decides or leaves it open, and does not say no."""
    return [e for e in fact.evidence if e.standing is not Standing.DISCOUNTED and e.value is not False]


def but(evidence: Evidence, value: Value, shown: str = "") -> Evidence:
    """The same evidence with another value, as usable."""
    return Evidence(value, evidence.when, evidence.resource, evidence.kind, Standing.USABLE, "", shown or evidence.shown)


def doubtful(evidence: Evidence, note: str, value: Value | None = None) -> Evidence:
    """The same evidence as doubtful, for the reason in ``note``; one that is doubtful for a reason of its own keeps it too."""
    said = "; ".join(dict.fromkeys([part for part in (evidence.note, note) if part]))
    return Evidence(value, evidence.when, evidence.resource, evidence.kind, Standing.UNCERTAIN, said, evidence.shown)


def silenced(evidence: Evidence, note: str) -> Evidence:
    """The same evidence as one that is named and does nothing, for the reason in ``note``."""
    return Evidence(None, evidence.when, evidence.resource, evidence.kind, Standing.DISCOUNTED, note, evidence.shown)


def latest_day(evidence: Iterable[Evidence]) -> list[Evidence]:
    """Those of the latest day; what carries no day comes with them."""
    held = list(evidence)
    last = max([e.when.last for e in held if e.when is not None], default=None)
    return [e for e in held if e.when is None or e.when.last == last]
