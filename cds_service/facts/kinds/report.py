"""Evidence that there is a report.

It says that a test was done and reported, whatever it found.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import ClassVar

from cds_service.facts.fhir_value import partial_date
from cds_service.facts.found.reports import SoughtReport, reports
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.declaration import Declaration, ValueType
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.policy.evidence import Evidence
from cds_service.policy.values import Days
from cds_service.sitting import DatedChart


class ReportEvidence(EvidenceKind):
    """A report with a code in ``codes``.

    It gives yes, or for a fact that is a day, the day of what the report tells. A report that is not final only ends
    the silence. With ``results``, a single result (an Observation) with such a code counts too. With ``uncertain`` the
    report only hints: it ends the silence and decides nothing, also of a number.
    """

    declared: ClassVar = Declaration("report", frozenset({"boolean", "date", "quantity"}))

    codes: str
    results: bool = False
    uncertain: bool = False

    @cached_property
    def sought(self) -> SoughtReport:
        """What finding is given of it."""
        return SoughtReport(self.codes, self.results, self.uncertain)

    def in_chart(self, seen: DatedChart, wanted: Wanted) -> Iterable[Evidence]:
        return reports(self.sought, seen, wanted)

    def speaks_by(self) -> frozenset[str] | None:
        return frozenset({self.codes})

    def can_give(self) -> frozenset[ValueType]:
        return self.declared.gives if self.uncertain else self.declared.gives - {"quantity"}

    def needs(self) -> tuple[Need, ...]:
        report = Need("DiagnosticReport")
        return (report, Need("Observation", (self.codes,))) if self.results else (report,)

    def value_sets(self) -> tuple[str, ...]:
        return (self.codes,)

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        if self.uncertain:
            raise CannotImagine("this report only hints")
        of_day = isinstance(evidence.value, Days)
        on = evidence.value if isinstance(evidence.value, Days) else evidence.when
        if not of_day and evidence.value is not True:
            raise CannotImagine("a report is there, or there is none")
        code = chart.any_concept(self.codes)
        chart.add("DiagnosticReport", status="final", code=code, effectiveDateTime=partial_date(on) if on else None)
