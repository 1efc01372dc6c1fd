"""What every kind of evidence can do: find itself in a chart, say what to search for, and imagine itself for a vignette."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable

from cds_service.chart import Case
from cds_service.facts.imagined_chart import CannotImagine, ImaginedChart
from cds_service.facts.wanted import Need, Wanted
from cds_service.policy.grammar import Entry
from cds_service.policy.model import Evidence

__all__ = ["CannotImagine", "EvidenceKind", "Need", "Wanted"]


class EvidenceKind(Entry):
    """One way a chart can document a fact."""

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
