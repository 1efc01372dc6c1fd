"""How a stated risk is found among RiskAssessments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cds_service.facts.found.dated import dated
from cds_service.facts.wanted import Unreadable, Wanted, carried_value, in_unit
from cds_service.fhir.codes_of_records import Hit
from cds_service.fhir.elements import codings, first_days, own_reference
from cds_service.fhir.resource_types import TYPES
from cds_service.policy.evidence import Evidence, Standing
from cds_service.policy.values import Interval, Value
from cds_service.sitting import DatedChart

_STATED: Final = TYPES["RiskAssessment"].evidence


@dataclass(frozen=True, slots=True)
class SoughtRisk:
    """The stated risks that document a fact.

    A risk is of one outcome, and is a number, or a level in the value set ``levels``.
    """

    outcome: str
    levels: str


def risks(sought: SoughtRisk, seen: DatedChart, wanted: Wanted) -> Iterable[Evidence]:
    """Find the predictions of the outcome that is sought."""
    return [
        _read(sought, hit, seen, wanted)
        for hit in seen.chart.coded("RiskAssessment", sought.outcome)
        if hit.resource.get("status") in _STATED and _speaks(sought, hit.holder)
    ]


def _speaks(sought: SoughtRisk, prediction: Mapping[str, Any]) -> bool:
    """Tell whether a prediction states what is sought.

    That is a level of risk where levels are named, else a number.
    """
    if sought.levels:
        return bool(prediction.get("qualitativeRisk"))
    return not prediction.get("qualitativeRisk") or _states_number(prediction)


def _read(sought: SoughtRisk, hit: Hit, seen: DatedChart, wanted: Wanted) -> Evidence:
    said, shown = own_reference(hit.resource), hit.coding.text
    when = first_days(hit.resource, "occurrenceDateTime", "occurrencePeriod")
    try:
        value = _value(sought, hit.holder, seen, wanted)
    except Unreadable as error:
        return Evidence(None, when, said, standing=Standing.UNCERTAIN, note=str(error))
    return dated(value, when, said, shown)


def _value(sought: SoughtRisk, prediction: Mapping[str, Any], seen: DatedChart, wanted: Wanted) -> Value:
    if not sought.levels:
        return in_unit(_probability(prediction), "%", wanted)
    holding = seen.chart.terminology.holding
    held = [holding(*coding) for coding in codings(prediction.get("qualitativeRisk"))]
    return carried_value(next((sets[sought.levels] for sets in held if sought.levels in sets), None), wanted)


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
