"""What was found for one order and holds for others.

These are the orders of one call: the same evidence is never read or judged twice. What was found is kept by the
identity of what it rests on, which is kept with it: a fact that an order adds something to is another fact.
"""

from __future__ import annotations

from typing import Final

from cds_service.policy.criterion import Check
from cds_service.policy.evidence import Evidence, Fact
from cds_service.policy.finding import Finding


class FoundEvidence:
    """What a chart says of a fact in one way.

    ``read`` is the evidence as it is found, ``aged`` the same as old as it is on the day.
    """

    __slots__ = ("aged", "read")

    def __init__(self, read: list[Evidence], aged: list[Evidence]) -> None:
        self.read: Final = read
        self.aged: Final = aged


class Known:
    """What is known of a chart on one day.

    It belongs to one call and one thread. The keys of the first three mappings are what the finder names.
    """

    __slots__ = ("_computed", "_judged", "answered", "documented", "found")

    def __init__(self) -> None:
        self.found: Final[dict[object, FoundEvidence]] = {}
        self.documented: Final[dict[object, Fact]] = {}
        self.answered: Final[dict[object, tuple[Evidence, ...]]] = {}
        self._computed: Final[dict[tuple[object, ...], tuple[tuple[Fact, ...], Fact]]] = {}
        self._judged: Final[dict[tuple[int, int, int], tuple[Check, Fact, Fact | None, Finding]]] = {}

    def computed(self, name: object, taken: tuple[Fact, ...]) -> Fact | None:
        """Return the fact that was computed from just these facts.

        Returns None where none was.
        """
        held = self._computed.get((name, *[id(fact) for fact in taken]))
        return held[1] if held is not None else None

    def keep_computed(self, name: object, taken: tuple[Fact, ...], fact: Fact) -> None:
        """Keep a fact that was computed from others."""
        self._computed[(name, *[id(one) for one in taken])] = (taken, fact)

    def judged(self, check: Check, fact: Fact, since: Fact | None) -> Finding | None:
        """Return the finding of a check on just this fact.

        ``since`` is the fact that gives the day from which the check counts. Returns None where no such finding was
        made.
        """
        held = self._judged.get((id(check), id(fact), id(since)))
        return held[3] if held is not None else None

    def keep_judged(self, check: Check, fact: Fact, since: Fact | None, finding: Finding) -> None:
        """Keep the finding of a check."""
        self._judged[(id(check), id(fact), id(since))] = (check, fact, since, finding)
