"""Risk assessments as evidence: a stated probability of an outcome."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cds_service.chart import Case
from cds_service.facts.found.risks import risks
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.facts.kinds.fhir_value import partial_date
from cds_service.policy.model import Evidence
from cds_service.policy.values import Interval


class RiskEvidence(EvidenceKind):
    """A RiskAssessment that predicts an outcome with a code in ``outcome``; its probability in per cent.

    R4 states a decimal in per cent; as many clients write a share of one, what is below 1 is read as a share.
    With ``levels`` it is the qualitative risk instead: what its code carries in that value set.
    """

    outcome: str
    levels: str = ""

    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        return risks(self, case, wanted)

    def speaks_by(self) -> frozenset[str] | None:
        return frozenset({self.outcome})

    def needs(self) -> tuple[Need, ...]:
        return (Need("RiskAssessment"),)

    def value_sets(self) -> tuple[str, ...]:
        return (self.outcome, self.levels) if self.levels else (self.outcome,)

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        value = evidence.value
        if self.levels:
            level = chart.concept(self.levels, value) if isinstance(value, str) else None
            if level is None:
                raise CannotImagine("no qualitative risk says it")
            self._add(evidence, {"qualitativeRisk": level}, chart)
            return
        if not isinstance(value, Interval) or value.low != value.high:
            raise CannotImagine("a risk assessment states one probability")
        self._add(evidence, {"probabilityDecimal": value.low if value.low > 1 else value.low / 100}, chart)

    def _add(self, evidence: Evidence, stated: dict[str, Any], chart: ImaginedChart) -> None:
        chart.add(
            "RiskAssessment",
            status="final",
            occurrenceDateTime=partial_date(evidence.when) if evidence.when else None,
            prediction=[{"outcome": chart.any_concept(self.outcome), **stated}],
        )
