"""Cultures that grew something, as hints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from cds_service.facts.found.cultures import grew, grown
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.declaration import yes_or_no
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.policy.entry import Words
from cds_service.policy.evidence import Evidence
from cds_service.policy.values import Value
from cds_service.sitting import DatedChart


class CultureEvidence(EvidenceKind):
    """A culture with a code in ``codes`` that grew something.

    It may be a result or a report, and say it by a coded organism, its interpretation, or words. A culture is no
    diagnosis: it ends the silence and decides nothing. One of urine, stool or the airways says nothing here, unless
    with ``anywhere`` its codes are of such a place; nor does one of what ``not_of`` names. A chart without results
    counts as searched all the same.
    """

    declared: ClassVar = yes_or_no("culture")
    uncertain: ClassVar = True

    codes: str
    anywhere: bool = False
    not_of: list[Words] = []

    def in_chart(self, seen: DatedChart, wanted: Wanted) -> Iterable[Evidence]:
        return list(grown(self.codes, seen, self.anywhere, self.not_of))

    def would_read(self, holder: Mapping[str, Any], wanted: Wanted, seen: DatedChart) -> Value | None:
        """Return whether a culture whose code is not known grew something."""
        return grew(holder, dict(holder), self.anywhere, self.not_of)

    def speaks_by(self) -> frozenset[str] | None:
        return frozenset({self.codes})

    def needs(self) -> tuple[Need, ...]:
        return (Need("Observation", (self.codes,), beside=True), Need("DiagnosticReport", beside=True))

    def value_sets(self) -> tuple[str, ...]:
        return (self.codes,)

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        raise CannotImagine("a culture only hints")
