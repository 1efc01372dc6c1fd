"""A measurement with a hospital's own code alone is asked about by its name; it never decides, and is not heard beside a known code."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.exchange import LOINC, decisions, fetuses, gestational_age, observation, order, sign

Json = dict[str, Any]
HOSPITAL = "urn:oid:1.2.840.114350.1.13.0.1.7.2"


def named(words: str, *codings: Json, **more: Any) -> Json:
    """An Observation of the day before with these words and codings, three of what it counts."""
    one = observation("named", "0", "2025-04-30", **({"valueInteger": 3} | more))
    return one | {"code": {"text": words, "coding": [{"system": HOSPITAL, "code": "12"}, *codings]}}


def decided(client: FlaskClient, *chart: Json) -> Json:
    """The decision on a cfDNA screen at eleven weeks with this chart besides."""
    return decisions(sign(client, order(), chart=(gestational_age(77, "2025-04-30"), *chart)))[0]


def test_a_measurement_by_name_alone_is_asked_about(client: FlaskClient) -> None:
    """Three fetuses under a hospital's own code are not silence, and are no three fetuses."""
    assert decided(client)["outcome"] == "necessary"
    found = decided(client, named("Number of fetuses"))
    assert found["outcome"] == "not-documented"
    assert found["asks"] == ["number_of_fetuses"]


def test_a_component_by_name_alone_is_asked_about(client: FlaskClient) -> None:
    """The name may stand in a part of a panel."""
    part = {"code": {"text": "Fetal number"}, "valueInteger": 3}
    panel = named("Ultrasound", valueInteger=None, component=[part])
    panel.pop("valueInteger")
    assert decided(client, panel)["asks"] == ["number_of_fetuses"]


@pytest.mark.parametrize(
    "beside",
    [
        named("Number of fetuses", {"system": LOINC, "code": "8302-2"}),
        named("Body height"),
        named("Maternal family history of number of fetuses"),
        named("Number of fetuses", status="entered-in-error"),
        named("Number of fetuses", dataAbsentReason={"text": "not asked"}),
    ],
    ids=["a known code", "another name", "of the family", "withdrawn", "no value"],
)
def test_what_does_not_name_the_measurement_says_nothing(client: FlaskClient, beside: Json) -> None:
    """A code of a known system says what is measured; other names, negations and values that are absent leave the silence."""
    assert decided(client, beside)["outcome"] == "necessary"


def test_a_newer_reading_answers(client: FlaskClient) -> None:
    """What is read and is newer stands; where it is less, the other fetus is asked about, as when both are read."""
    earlier = named("Number of fetuses", effectiveDateTime="2025-04-01", valueInteger=1)
    assert decided(client, earlier, fetuses(2, "2025-04-30"))["outcome"] == "necessary"
    more = named("Number of fetuses", effectiveDateTime="2025-04-01")
    assert decided(client, more, fetuses(1, "2025-04-30"))["asks"] == ["co_twin_demise"]


def test_what_says_the_same_is_not_asked_about(client: FlaskClient) -> None:
    """A measurement by name alone asks only where its value would change something."""
    same = named("Number of fetuses", valueInteger=1)
    assert decided(client, same, fetuses(1, "2025-04-30"))["outcome"] == "necessary"
    assert decided(client, same, fetuses(1, "2025-04-29"))["outcome"] == "necessary"
