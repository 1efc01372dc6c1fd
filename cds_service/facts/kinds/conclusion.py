"""What reports conclude, as hints."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import ClassVar

from cds_service.facts.found.reports import SoughtReport, conclusions
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.declaration import yes_or_no
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.policy.evidence import Evidence
from cds_service.sitting import DatedChart


class ConclusionEvidence(EvidenceKind):
    """A report that concludes with a code in ``codes``.

    A report is no diagnosis: it ends the silence and decides nothing. A chart without reports counts as searched all
    the same.
    """

    declared: ClassVar = yes_or_no("conclusion")
    uncertain: ClassVar = True

    codes: str

    @cached_property
    def sought(self) -> SoughtReport:
        """What finding is given of it."""
        return SoughtReport(self.codes)

    def in_chart(self, seen: DatedChart, wanted: Wanted) -> Iterable[Evidence]:
        return conclusions(self.sought, seen)

    def needs(self) -> tuple[Need, ...]:
        return (Need("DiagnosticReport", beside=True),)

    def value_sets(self) -> tuple[str, ...]:
        return (self.codes,)

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        raise CannotImagine("a report only hints")
