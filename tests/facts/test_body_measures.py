"""The body mass index and the creatinine clearance that are computed where nobody recorded them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.facts.computed.body_measures import body_mass_index, creatinine_clearance
from cds_service.policy.evidence import ONLY_WORDS, Evidence, Fact, Standing
from cds_service.policy.values import Days, Interval, Value

AS_OF = date(2025, 5, 1)
NAMES = ("creatinine", "weight", "height", "age", "sex")


def ago(days: int) -> Days:
    """A day before the date of service."""
    return Days.on(AS_OF - timedelta(days))


def number(value: float, days: int = 5, standing: Standing = Standing.USABLE) -> Evidence:
    """A number that was measured so many days ago."""
    return Evidence(Interval.exactly(value), ago(days), f"Observation/{value}", standing=standing)


def facts(**given: Evidence | list[Evidence] | Value) -> dict[str, Fact]:
    """Facts by name; of the others nothing is said."""
    found: dict[str, Fact] = {}
    for name in NAMES:
        one = given.get(name, [])
        evidence = one if isinstance(one, list) else [one] if isinstance(one, Evidence) else [Evidence(one, ago(0))]
        found[name] = Fact(name, tuple(evidence))
    return found


def value_of(found: list[Evidence]) -> Interval:
    """The one number that is computed."""
    (one,) = found
    assert isinstance(one.value, Interval)
    return one.value


@given(
    age=st.integers(18, 100),
    kilograms=st.floats(35, 200),
    milligrams=st.floats(0.3, 8),
    centimetres=st.floats(140, 210),
    sex=st.sampled_from(["male", "female"]),
)
def test_the_clearance_is_cockcroft_and_gault_s(
    age: int, kilograms: float, milligrams: float, centimetres: float, sex: str
) -> None:
    """By the whole weight it is the formula's own; by a leaner one it is less, and never more than that."""
    found = value_of(
        creatinine_clearance(
            facts(
                creatinine=number(milligrams),
                weight=number(kilograms),
                height=number(centimetres, 1000 if age > 22 else 3),
                age=Interval.exactly(float(age)),
                sex=sex,
            ),
            AS_OF,
        )
    )
    whole = (140 - age) * kilograms / (72 * milligrams) * (0.85 if sex == "female" else 1)
    assert found.high == pytest.approx(whole, abs=0.06)
    assert found.low <= found.high


@given(kilograms=st.floats(35, 200), centimetres=st.floats(140, 210))
def test_the_body_mass_index_is_weight_by_height_squared(kilograms: float, centimetres: float) -> None:
    """It is as exact as records round it."""
    measured = facts(weight=number(kilograms), height=number(centimetres, 1000), age=Interval.exactly(60.0))
    found = value_of(body_mass_index(measured, AS_OF))
    assert found.low <= kilograms / (centimetres / 100) ** 2 <= found.high
    assert found.high - found.low <= 0.12


@pytest.mark.parametrize(
    ("weight", "height", "age"),
    [
        pytest.param(number(60, 91), number(170), 60, id="a weight that is too old"),
        pytest.param([], number(170), 60, id="no weight"),
        pytest.param(number(60), [], 60, id="no height"),
        pytest.param(number(60), number(120, 1500), 20, id="a height of childhood"),
        pytest.param(number(30), number(120), 12, id="a child"),
        pytest.param([number(60, 20), number(600, 3, Standing.UNCERTAIN)], number(170), 60, id="a newer weight that is not read"),
        pytest.param(number(60), [number(170, 20), number(17, 3, Standing.UNCERTAIN)], 60, id="a newer height that is not read"),
        pytest.param(number(60, -3), number(170), 60, id="a weight to come"),
    ],
)
def test_what_does_not_speak_computes_nothing(
    weight: Evidence | list[Evidence], height: Evidence | list[Evidence], age: int
) -> None:
    """No body mass index comes of it."""
    assert body_mass_index(facts(weight=weight, height=height, age=Interval.exactly(float(age))), AS_OF) == []


def test_what_only_words_name_computes_what_decides_nothing() -> None:
    """A weight whose code is not read gives an index, which asks."""
    named = number(60)._replace(standing=Standing.UNCERTAIN, note=ONLY_WORDS)
    (found,) = body_mass_index(facts(weight=[named, number(90, 30)], height=number(170), age=Interval.exactly(60.0)), AS_OF)
    assert (found.standing, found.note) == (Standing.UNCERTAIN, ONLY_WORDS)
    assert found.shown == "computed from 60 kg and 170 cm"


def test_weights_of_one_day_are_taken_together() -> None:
    """The index lies between what they give."""
    both = facts(weight=[number(50), number(70)], height=number(170), age=Interval.exactly(60.0))
    found = value_of(body_mass_index(both, AS_OF))
    assert (found.low, found.high) == (17.25, 24.27)


def test_of_no_stated_sex_the_clearance_is_that_of_either() -> None:
    """It lies between what the two would have, and without a height the least that a body weighs without its fat."""

    def of(**sex: str) -> Interval:
        measured = facts(creatinine=number(1.0), weight=number(72.0), age=Interval.exactly(60.0), **sex)
        return value_of(creatinine_clearance(measured, AS_OF))

    either, of_her, of_him = of(), of(sex="female"), of(sex="male")
    assert (either.low, either.high) == (of_her.low, of_him.high)
    assert of_him.high == 80.0
    assert of_him.low == pytest.approx(44.4, abs=0.06)
