"""Risk assessments as evidence: a stated probability of an outcome."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cds_service.chart import Case, Hit
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Unreadable, Wanted, carried_value, in_unit
from cds_service.facts.kinds.fhir_value import partial_date
from cds_service.fhir.elements import codings, first_days, own_reference
from cds_service.policy.model import Evidence, Standing
from cds_service.policy.values import Interval, Value


class RiskEvidence(EvidenceKind):
    """A RiskAssessment that predicts an outcome with a code in ``outcome``; its probability in per cent.

    R4 states a decimal in per cent; as many clients write a share of one, what is below 1 is read as a share.
    With ``levels`` it is the qualitative risk instead: what its code carries in that value set.
    """

    outcome: str
    levels: str = ""

    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        return [
            self._read(hit, case, wanted)
            for hit in case.chart.coded("RiskAssessment", self.outcome)
            if hit.resource.get("status") in ("final", "amended", "corrected", "preliminary") and self._speaks(hit.holder)
        ]

    def _speaks(self, prediction: Mapping[str, Any]) -> bool:
        """Whether a prediction says what is wanted of it: a level of risk, or a number."""
        if self.levels:
            return bool(prediction.get("qualitativeRisk"))
        return not prediction.get("qualitativeRisk") or _states_number(prediction)

    def _read(self, hit: Hit, case: Case, wanted: Wanted) -> Evidence:
        said, shown = own_reference(hit.resource), hit.coding.text
        when = first_days(hit.resource, "occurrenceDateTime", "occurrencePeriod")
        try:
            value = self._value(hit.holder, case, wanted)
        except Unreadable as error:
            return Evidence(None, when, said, standing=Standing.UNCERTAIN, note=str(error))
        standing = Standing.USABLE if when else Standing.UNCERTAIN
        return Evidence(value, when, said, standing=standing, note="" if when else "it carries no date", shown=shown)

    def _value(self, prediction: Mapping[str, Any], case: Case, wanted: Wanted) -> Value:
        if not self.levels:
            return in_unit(_probability(prediction), "%", wanted)
        holding = case.chart.terminology.holding
        held = [holding(*coding) for coding in codings(prediction.get("qualitativeRisk"))]
        return carried_value(next((sets[self.levels] for sets in held if self.levels in sets), None), wanted)

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


def _states_number(prediction: Mapping[str, Any]) -> bool:
    return "probabilityDecimal" in prediction or "probabilityRange" in prediction


def _probability(prediction: Mapping[str, Any]) -> Interval:
    number = prediction.get("probabilityDecimal")
    if isinstance(number, int | float) and not isinstance(number, bool):
        return Interval.exactly(round(number * 100.0, 9) if number < 1 else float(number))
    bounds = prediction.get("probabilityRange")
    if isinstance(bounds, dict):
        low, high = bounds.get("low"), bounds.get("high")
        least = low.get("value", 0) if isinstance(low, dict) else 0
        most = high.get("value", 100) if isinstance(high, dict) else 100
        if isinstance(least, int | float) and isinstance(most, int | float) and least <= most:
            return Interval(float(least), float(most))
    raise Unreadable("it states no probability")
