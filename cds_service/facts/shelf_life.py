"""How long evidence of a state speaks.

What is older never denies: it ends the silence, or says nothing. A number that only grows (pack-years) is the least
that it can be by now.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from cds_service.policy.evidence import Evidence, Standing
from cds_service.policy.values import Days, Interval, LookBack, at_least


class ShelfLife:
    """The span for which evidence speaks, back from the date of service.

    ``asks`` is the span in which older evidence still ends the silence. It is None where that has no limit, and no
    longer than ``speaks`` where older evidence says nothing at once. ``grows`` tells whether an older number is the least
    that it is by now.
    """

    __slots__ = ("asks", "grows", "speaks")

    def __init__(self, speaks: LookBack, asks: LookBack | None, grows: bool = False) -> None:
        self.speaks: Final = speaks
        self.asks: Final = asks
        self.grows: Final = grows

    def seen(self, evidence: Evidence, as_of: date) -> Evidence:
        """Return the evidence as it stands on the date of service."""
        standing, when = evidence.standing, evidence.when
        if standing is Standing.DISCOUNTED:
            return evidence
        if when is None:
            return _but(evidence, Standing.UNCERTAIN, "it carries no date")
        since = self.speaks.start(as_of)
        if when.first >= since:
            return evidence
        if self.grows:
            return _the_least(evidence)
        if when.last >= since:
            return _but(evidence, Standing.UNCERTAIN, f"its date leaves open whether it is of the last {self.speaks}")
        note = f"{when.text()} is more than {self.speaks} ago, and may be over"
        if standing is Standing.UNCERTAIN or (self.asks is not None and when.last < self.asks.start(as_of)):
            return _but(evidence, Standing.DISCOUNTED, note)
        return _but(evidence, Standing.UNCERTAIN, note)

    def is_past(self, when: Days, as_of: date) -> bool:
        """Tell whether what is of that day no longer ends the silence."""
        return self.asks is not None and when.last < self.asks.start(as_of)


class Past:
    """Whether what is over ends the silence, and for how long.

    The time counts from its end. The longest of some spans holds; None stands for no limit.
    """

    __slots__ = ("counts", "spans")

    def __init__(self, counts: bool, spans: Sequence[LookBack | None]) -> None:
        self.counts: Final = counts
        self.spans: Final = tuple(spans)

    def asks(self, ended: Days, as_of: date) -> bool:
        """Tell whether what ended then still ends the silence."""
        return self.counts and True in [span is None or ended.last >= span.start(as_of) for span in self.spans]


def never_fallen(found: list[Evidence]) -> list[Evidence]:
    """Return numbers that only grow, as earlier records leave them.

    A number that is lower than an earlier record says contradicts it: one of the two is a mistake, and neither says which.
    Beside an earlier record that may say more, and that nobody has read, it is the least.
    """
    return [_beside_earlier(e, found) for e in found]


def _beside_earlier(evidence: Evidence, found: list[Evidence]) -> Evidence:
    value, now = evidence.value, evidence.when
    if evidence.standing is not Standing.USABLE or not isinstance(value, Interval) or now is None:
        return evidence
    earlier = [e for e in found if e.when is not None and e.when.last < now.first]
    if any(e.standing is Standing.USABLE and isinstance(e.value, Interval) and e.value.low > value.high for e in earlier):
        return _but(evidence, Standing.UNCERTAIN, "an earlier record says more, and such a number only grows")
    unread = [e.value for e in earlier if e.standing is Standing.UNCERTAIN]
    return _the_least(evidence) if any(not isinstance(one, Interval) or one.high > value.high for one in unread) else evidence


def _the_least(evidence: Evidence) -> Evidence:
    """Return an older number as the least it is by now."""
    return evidence._replace(value=at_least(evidence.value)) if isinstance(evidence.value, Interval) else evidence


def _but(evidence: Evidence, standing: Standing, note: str) -> Evidence:
    said = "; ".join([part for part in (evidence.note, note) if part])
    return Evidence(evidence.value, evidence.when, evidence.resource, evidence.kind, standing, said, evidence.shown)
