"""How a stated risk is found among the RiskAssessments of the chart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from cds_service.chart import Case, Hit
from cds_service.facts.found.dated import dated
from cds_service.facts.wanted import Unreadable, Wanted, carried_value, in_unit
from cds_service.fhir.elements import codings, first_days, own_reference
from cds_service.policy.model import Evidence, Standing
from cds_service.policy.values import Interval, Value

if TYPE_CHECKING:
    from cds_service.facts.kinds.risk import RiskEvidence


def risks(kind: RiskEvidence, case: Case, wanted: Wanted) -> Iterable[Evidence]:
    """The predictions of a case of the outcome that its kind names."""
    return [
        _read(kind, hit, case, wanted)
        for hit in case.chart.coded("RiskAssessment", kind.outcome)
        if hit.resource.get("status") in ("final", "amended", "corrected", "preliminary") and _speaks(kind, hit.holder)
    ]


def _speaks(kind: RiskEvidence, prediction: Mapping[str, Any]) -> bool:
    """Whether a prediction says what is wanted of it: a level of risk, or a number."""
    if kind.levels:
        return bool(prediction.get("qualitativeRisk"))
    return not prediction.get("qualitativeRisk") or _states_number(prediction)


def _read(kind: RiskEvidence, hit: Hit, case: Case, wanted: Wanted) -> Evidence:
    said, shown = own_reference(hit.resource), hit.coding.text
    when = first_days(hit.resource, "occurrenceDateTime", "occurrencePeriod")
    try:
        value = _value(kind, hit.holder, case, wanted)
    except Unreadable as error:
        return Evidence(None, when, said, standing=Standing.UNCERTAIN, note=str(error))
    return dated(value, when, said, shown)


def _value(kind: RiskEvidence, prediction: Mapping[str, Any], case: Case, wanted: Wanted) -> Value:
    if not kind.levels:
        return in_unit(_probability(prediction), "%", wanted)
    holding = case.chart.terminology.holding
    held = [holding(*coding) for coding in codings(prediction.get("qualitativeRisk"))]
    return carried_value(next((sets[kind.levels] for sets in held if kind.levels in sets), None), wanted)


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
