"""What every kind of evidence can do.

It finds itself in a chart, says what to search for, and imagines itself for a vignette.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, ClassVar

from pydantic import model_validator

from cds_service.case import Case
from cds_service.facts.imagined_chart import CannotImagine, ImaginedChart
from cds_service.facts.kinds.declaration import Declaration, ValueType
from cds_service.facts.kinds.settled import SettledEntry
from cds_service.facts.shelf_life import ShelfLife
from cds_service.facts.wanted import Need, Wanted
from cds_service.policy.evidence import Evidence
from cds_service.policy.values import LookBack, Value
from cds_service.sitting import DatedChart

__all__ = ["CannotImagine", "EvidenceKind", "Need", "Wanted"]


ALWAYS = "always"
LEAST = "is the least"
"""What is written of a number that only grows.

Older evidence says how much it is at least.
"""


def shelf_life_of(speaks_for: str, older: str) -> ShelfLife | None:
    """Read the shelf life that a file writes in two fields.

    Returns None for what speaks always. Raises ValueError for what is no shelf life.
    """
    if older not in ("asks", "says nothing", LEAST) and not older.startswith("asks for "):
        raise ValueError(f"older: '{older}' is none of: asks, says nothing, asks for 12 months, {LEAST}")
    asks = LookBack.parse(older.removeprefix("asks for ")) if older.startswith("asks for ") else None
    if speaks_for in ("", ALWAYS):
        return None
    speaks = LookBack.parse(speaks_for)
    return ShelfLife(speaks, speaks if older == "says nothing" else asks, older == LEAST)


class EvidenceKind(SettledEntry):
    """One way a chart can document a fact.

    ``speaks_for`` says how long it speaks, counted back from the date of service: a look-back (``30 days``), or
    ``always`` for what lasts and for events whose day the criterion or the rule weighs. Such spans are ours, no
    payer's. Older evidence decides nothing: with ``older: asks`` it ends the silence, with ``older: asks for 12
    months`` as long as that, with ``older: says nothing`` never. Of a number that only grows (pack-years), what is older
    is with ``older: is the least`` the least that it is now: it can be enough, and never too little.
    """

    declared: ClassVar[Declaration]

    speaks_for: str = ""
    older: str = "asks"

    @model_validator(mode="after")
    def _readable(self) -> EvidenceKind:
        shelf_life_of(self.speaks_for, self.older)
        return self

    @cached_property
    def shelf_life(self) -> ShelfLife | None:
        """How long it speaks; None for what speaks always."""
        return shelf_life_of(self.speaks_for, self.older)

    @property
    def lasts(self) -> bool:
        """Tell whether what it says has no end by its nature.

        A later "no" that somebody answers contradicts such a record, while it stands.
        """
        return False

    def find(self, case: Case, wanted: Wanted) -> list[Evidence]:
        """Find everything in the case that documents the fact.

        Each piece of evidence comes with its standing. Never raises on odd resources.
        """
        return self.with_order(case, wanted, list(self.in_chart(case.seen, wanted)))

    def in_chart(self, seen: DatedChart, wanted: Wanted) -> Iterable[Evidence]:
        """Find what the chart says of the fact, whichever order is judged.

        It is read once for all orders of a call.
        """
        return ()

    def of_order(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        """Find what the order says of the fact.

        What is signed together with it is read too.
        """
        return ()

    def with_order(self, case: Case, wanted: Wanted, in_chart: list[Evidence]) -> list[Evidence]:
        """Return what the chart says, with what the order adds.

        Returns the very list ``in_chart`` where the order adds nothing.
        """
        more = list(self.of_order(case, wanted))
        return [*in_chart, *more] if more else in_chart

    def would_read(self, holder: Mapping[str, Any], wanted: Wanted, seen: DatedChart) -> Value | None:
        """Return the value of a measurement known by its name.

        It may be an Observation or a component. Returns None where no value can be read, or none is read by its name.
        """
        return None

    @classmethod
    def looks_at_orders(cls) -> bool:
        """Tell whether it finds anything in orders.

        Orders are the one judged and those signed together with it. A kind that does not look at them finds evidence in
        charts alone.
        """
        return cls.of_order is not EvidenceKind.of_order or cls.with_order is not EvidenceKind.with_order

    @classmethod
    def finds_anything(cls) -> bool:
        """Tell whether it has a way to find anything at all."""
        return cls.looks_at_orders() or cls.in_chart is not EvidenceKind.in_chart

    def can_give(self) -> frozenset[ValueType]:
        """Return the types of value that it can give.

        They may depend on what the file says of it.
        """
        return self.declared.gives

    def writes(self) -> tuple[bool | str, ...]:
        """Return the values that the file itself makes it give.

        They do not depend on what a record carries.
        """
        return ()

    @abstractmethod
    def needs(self) -> tuple[Need, ...]:
        """Return what must be searched before silence means anything."""

    @abstractmethod
    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        """Add to a chart what would be found as this evidence.

        Raises CannotImagine when nothing would.
        """

    def speaks_by(self) -> frozenset[str] | None:
        """Return the value sets that index this evidence.

        Where a case mentions no code of them, there is nothing of it. None if it can be found without codes: words,
        statuses or the absence of something can document the fact as well.
        """
        return None

    def value_sets(self) -> tuple[str, ...]:
        """Return the ids of the value sets it names."""
        return ()

    def qualifying(self) -> tuple[str, ...]:
        """Return those of its value sets that only qualify a record.

        Their codes do not say what a record of the fact means.
        """
        return ()
