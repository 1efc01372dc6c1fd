"""What every kind of evidence can do: find itself in a chart, say what to search for, and imagine itself for a vignette."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from functools import cached_property

from pydantic import model_validator

from cds_service.chart import Case
from cds_service.facts.imagined_chart import CannotImagine, ImaginedChart
from cds_service.facts.shelf_life import ShelfLife
from cds_service.facts.wanted import Need, Wanted
from cds_service.policy.grammar import Entry
from cds_service.policy.model import Evidence
from cds_service.policy.values import LookBack

__all__ = ["CannotImagine", "EvidenceKind", "Need", "Wanted"]


ALWAYS = "always"


def shelf_life_of(speaks_for: str, older: str) -> ShelfLife | None:
    """The shelf life that a file writes in two words; None for what speaks always. Raises ValueError for what is none."""
    if older not in ("asks", "says nothing") and not older.startswith("asks for "):
        raise ValueError(f"older: '{older}' is none of: asks, says nothing, asks for 12 months")
    asks = LookBack.parse(older.removeprefix("asks for ")) if older.startswith("asks for ") else None
    if speaks_for in ("", ALWAYS):
        return None
    speaks = LookBack.parse(speaks_for)
    return ShelfLife(speaks, speaks if older == "says nothing" else asks)


class EvidenceKind(Entry):
    """One way a chart can document a fact.

    ``speaks_for`` says how long it speaks, counted back from the date of service: a look-back (``30 days``), or ``always`` for
    what lasts and for events whose day the criterion or the rule weighs. Such spans are ours, no payer's. Older evidence decides
    nothing: with ``older: asks`` it ends the silence, with ``older: asks for 12 months`` as long as that, with
    ``older: says nothing`` never.
    """

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

    @abstractmethod
    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        """Everything in the case that speaks of the fact, with its standing; never raises on odd resources."""

    @abstractmethod
    def needs(self) -> tuple[Need, ...]:
        """What must have been searched before silence means anything."""

    @abstractmethod
    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        """Adds to an imagined chart what would be found as this evidence. Raises CannotImagine when nothing would."""

    def speaks_by(self) -> frozenset[str] | None:
        """The value sets by whose codes alone it is found: where a case mentions none of them, there is nothing of it.

        None where words, statuses or the absence of something can speak as well.
        """
        return None

    def value_sets(self) -> tuple[str, ...]:
        """The ids of the value sets it names."""
        return ()
