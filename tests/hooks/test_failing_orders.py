"""One order that fails is answered as not decided, with the id to search for; the others of the call are answered as ever."""

from __future__ import annotations

import logging
import math
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cds_service.case import Case
from cds_service.content.content import Content
from cds_service.decision import Decision
from cds_service.hooks import answer
from cds_service.hooks.answered import cards
from cds_service.judgement import decide
from cds_service.policy.values import Interval
from tests.exchange import condition, decisions, gestational_age, observation, order, sign

Json = dict[str, Any]
CHART = (gestational_age(80, "2025-04-30"), condition("O30.101"))


def of(answered: Json) -> dict[str, list[str]]:
    """What settled each order of an answer."""
    return {decision["order"]: decision["because"] for decision in decisions(answered)}


def test_an_order_that_cannot_be_decided_leaves_the_others_answered(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault in deciding one order shows one card that says so, logs the id of the call, and decides the other order."""

    def failing(case: Case, *rest: Any) -> list[Decision]:
        if case.order.reference.endswith("o1"):
            raise RuntimeError("triplets of p1")
        return decide(case, *rest)

    monkeypatch.setattr(answer, "decide", failing)
    with caplog.at_level(logging.ERROR):
        answered = sign(client, order(), order(id_="o2"), chart=CHART)
    assert of(answered) == {"ServiceRequest/o1": ["not-decided"], "ServiceRequest/o2": ["higher-order-gestation"]}
    assert any("could not be checked" in card["summary"] for card in answered["cards"])
    assert [record.hook_instance for record in caplog.records if "could not be decided" in record.message]  # type: ignore[attr-defined]


def test_an_order_of_which_no_card_can_be_written_leaves_the_others_answered(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault in writing the card of one order shows that it was not checked; the other order keeps its card."""
    written = cards._card

    def failing(case: Case, *rest: Any, **more: Any) -> Json:
        if case.order.reference.endswith("o1"):
            raise OverflowError
        return written(case, *rest, **more)

    monkeypatch.setattr(cards, "_card", failing)
    summaries = [card["summary"] for card in sign(client, order(), order(id_="o2"), chart=CHART)["cards"]]
    assert len(summaries) == 2
    assert any("not medically necessary" in said for said in summaries)
    assert any("could not be checked" in said for said in summaries)


def test_an_open_ended_age_can_be_shown(client: FlaskClient) -> None:
    """An age of more than nine weeks, said long ago, is answered and shown as what it is."""
    quantity = {"value": 63, "comparator": ">", "unit": "d", "system": "http://unitsofmeasure.org", "code": "d"}
    answered = sign(client, order(), chart=(observation("ga", "18185-9", "2025-01-01", valueQuantity=quantity), *CHART[1:]))
    assert decisions(answered)[0]["outcome"] in ("not-necessary", "not-documented")


BOUNDS = st.one_of(st.floats(0, 400), st.just(math.inf))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.tuples(BOUNDS, BOUNDS))
def test_every_interval_of_every_fact_can_be_shown(content: Content, bounds: tuple[float, float]) -> None:
    """Whatever interval a chart leaves, every fact has words for it."""
    low, high = sorted(bounds)
    intervals = [Interval(-low, high), Interval(-math.inf, high)] + ([Interval(low, high)] if low < math.inf else [])
    for definition in content.catalogue.facts.values():
        for interval in intervals if definition.entry.type == "quantity" else ():
            assert definition.show(interval)
