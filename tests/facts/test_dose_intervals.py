"""How many days lie between two doses is read from the timing of an order alone."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service.facts.found.dose_intervals import days_between_doses
from cds_service.facts.wanted import Unreadable

Json = dict[str, Any]


def every(period: Any, unit: str = "d", **more: Any) -> Json:
    """A timing with one dose in each period."""
    return {"repeat": {"period": period, "periodUnit": unit, **more}}


def order(*timings: Any) -> Json:
    """An order of a medicine with these timings."""
    return {"resourceType": "MedicationRequest", "dosageInstruction": [{"timing": timing} for timing in timings]}


@pytest.mark.parametrize(
    ("timing", "days"),
    [
        pytest.param(every(21), 21, id="21 days"),
        pytest.param(every(3, "wk", frequency=1, count=6), 21, id="3 weeks, 6 times"),
        pytest.param(every(336, "h"), 14, id="336 hours"),
        pytest.param(every(1, "wk", dayOfWeek=["mon"]), 7, id="every Monday"),
        pytest.param(every(14, boundsPeriod={"start": "2026-05-01", "end": "2026-07-31"}), 14, id="within bounds"),
        pytest.param(every(14, boundsPeriod={"start": "2026-05-01"}), 14, id="from a day on"),
        pytest.param(every(14, boundsDuration={"value": 12, "code": "wk"}), 14, id="for twelve weeks"),
        pytest.param({"event": ["2026-05-01", "2026-05-22", "2026-06-12"]}, 21, id="days that are named"),
        pytest.param({"event": ["2026-05-22T09:00:00Z", "2026-05-01"]}, 21, id="days in another order"),
        pytest.param({"code": {"text": "Q21D"}}, 21, id="Q21D"),
        pytest.param({"code": {"text": "Every 2 weeks"}}, 14, id="every 2 weeks"),
        pytest.param({"code": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation", "code": "WK"}]}}, 7, id="WK"),
        pytest.param({"code": {"coding": [{"code": "201"}], "text": "Q3W"}}, 21, id="a code of their own beside a name"),
        pytest.param({**every(21), "code": {"text": "per protocol"}}, 21, id="beside words that say nothing of it"),
    ],
)  # fmt: skip
def test_an_order_says_how_many_days_lie_between_doses(timing: Json, days: int) -> None:
    """By its period, by the days that it names, or by a customary abbreviation."""
    assert days_between_doses(order(timing)) == days
    assert days_between_doses({"resourceType": "ServiceRequest", "occurrenceTiming": timing}) == days


@pytest.mark.parametrize(
    "resource",
    [
        pytest.param({}, id="no dosage"),
        pytest.param(order(), id="an empty list"),
        pytest.param(order(None), id="no timing"),
        pytest.param(order("Q21D"), id="a timing that is a text"),
        pytest.param(order({"event": ["2026-05-01"]}), id="one day"),
        pytest.param(order({"event": ["2026-05-01", "2026-05-15", "2026-06-12"]}), id="days unlike each other"),
        pytest.param(order({"event": ["2026-05", "2026-06"]}), id="months"),
        pytest.param(order(every(21), every(21)), id="two dosages"),
        pytest.param(order(every(28, frequency=3)), id="three doses in a period"),
        pytest.param(order(every(21, periodMax=28)), id="a range"),
        pytest.param(order(every(1, "wk", dayOfWeek=["mon", "thu"])), id="twice a week"),
        pytest.param(order(every(21, count=1)), id="one dose"),
        pytest.param(order(every(21, boundsPeriod={"start": "2026-05-01", "end": "2026-05-01"})), id="over before the next"),
        pytest.param(order(every(21, boundsDuration={"value": 1, "unit": "d"})), id="lasting a day"),
        pytest.param(order(every(1, "mo")), id="a month"),
        pytest.param(order(every(21, "")), id="no unit"),
        pytest.param(order(every("21")), id="a number in a text"),
        pytest.param(order(every(True)), id="a truth for a number"),
        pytest.param(order(every(1e300)), id="a number beyond reach"),
        pytest.param(order(every(90)), id="longer than is believed"),
        pytest.param(order(every(10.5)), id="half a day"),
        pytest.param(order({**every(21), "code": {"text": "Q14D"}}), id="two that differ"),
        pytest.param(order({"code": {"text": "Q14D", "coding": [{"code": "Q21D"}]}}), id="two names that differ"),
        pytest.param(order({"code": {"text": "Day 1 of a 21-day cycle"}}), id="other words"),
        pytest.param({"dosageInstruction": [{"text": "every 21 days"}]}, id="words of the dosage"),
    ],
)
def test_an_order_that_does_not_say_it_is_not_guessed_at(resource: Json) -> None:
    """Several doses in a period, a single dose, and words are no cycle."""
    with pytest.raises(Unreadable):
        days_between_doses(resource)
