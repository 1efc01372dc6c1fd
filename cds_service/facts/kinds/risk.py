"""Risk assessments as evidence: a stated probability of an outcome."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from cds_service.chart import Case
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Unreadable, Wanted, carried_value, in_unit
from cds_service.facts.kinds.fhir_value import partial_date
from cds_service.fhir.elements import Resource, codings, first_days, items, own_reference
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
        return list(self._found(case, wanted))

    def _found(self, case: Case, wanted: Wanted) -> Iterator[Evidence]:
        for assessment in case.chart.of("RiskAssessment"):
            if assessment.get("status") not in ("final", "amended", "corrected", "preliminary"):
                continue
            for prediction in (p for p in items(assessment.get("prediction")) if isinstance(p, dict)):
                held = [c for c in codings(prediction.get("outcome")) if self.outcome in case.chart.terminology.holding(*c)]
                if held:
                    if self.levels and not prediction.get("qualitativeRisk"):
                        continue
                    if not self.levels and prediction.get("qualitativeRisk") and not _states_number(prediction):
                        continue
                    yield self._read(prediction, held[0].text, assessment, case, wanted)

    def _read(self, prediction: Resource, shown: str, assessment: Resource, case: Case, wanted: Wanted) -> Evidence:
        said = own_reference(assessment)
        when = first_days(assessment, "occurrenceDateTime", "occurrencePeriod")
        try:
            value = self._value(prediction, case, wanted)
        except Unreadable as error:
            return Evidence(None, when, said, standing=Standing.UNCERTAIN, note=str(error))
        standing = Standing.USABLE if when else Standing.UNCERTAIN
        return Evidence(value, when, said, standing=standing, note="" if when else "it carries no date", shown=shown)

    def _value(self, prediction: Resource, case: Case, wanted: Wanted) -> Value:
        if not self.levels:
            return in_unit(_probability(prediction), "%", wanted)
        holding = case.chart.terminology.holding
        held = [holding(*coding) for coding in codings(prediction.get("qualitativeRisk"))]
        return carried_value(next((sets[self.levels] for sets in held if self.levels in sets), None), wanted)

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


def _states_number(prediction: Resource) -> bool:
    return "probabilityDecimal" in prediction or "probabilityRange" in prediction


def _probability(prediction: Resource) -> Interval:
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
