"""Risk assessments as evidence: a stated probability of an outcome."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any, ClassVar

from cds_service.facts.fhir_value import partial_date
from cds_service.facts.found.risks import SoughtRisk, risks
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.declaration import CODED, Declaration, ValueType
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.policy.evidence import Evidence
from cds_service.policy.values import Interval
from cds_service.sitting import DatedChart


class RiskEvidence(EvidenceKind):
    """A RiskAssessment that predicts an outcome with a code in ``outcome``.

    It gives the probability in per cent. R4 states a decimal in per cent; as many clients write a share of one, what is
    below 1 is read as a share. With ``levels`` it is the qualitative risk instead: what its code carries in that value
    set.
    """

    declared: ClassVar = Declaration("risk", CODED)

    outcome: str
    levels: str = ""

    @cached_property
    def sought(self) -> SoughtRisk:
        """What the finder is given."""
        return SoughtRisk(self.outcome, self.levels)

    def in_chart(self, seen: DatedChart, wanted: Wanted) -> Iterable[Evidence]:
        return risks(self.sought, seen, wanted)

    def speaks_by(self) -> frozenset[str] | None:
        return frozenset({self.outcome})

    def can_give(self) -> frozenset[ValueType]:
        return self.declared.gives if self.levels else frozenset({"quantity"})

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
