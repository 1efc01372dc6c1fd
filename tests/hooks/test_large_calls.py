"""Calls of many orders: the chart is read once for all of them, each is decided as if alone, and a call ends in its time."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import orjson
import pytest

from cds_service.content.content import Content
from cds_service.decision import OUT_OF_TIME
from cds_service.facts.computed import febrile_neutropenia, one_pregnancy
from cds_service.facts.found import diagnoses, measurements
from cds_service.hooks.answer import Turn, answer, decide_request
from cds_service.hooks.calls import FEW
from cds_service.hooks.received.messages import EXTENSION, parse_request
from cds_service.hooks.settings import Settings
from cds_service.judgement import decide
from cds_service.policy import look_back
from cds_service.policy.evidence import Evidence, Fact
from cds_service.policy.values import Days, Interval
from cds_service.said.as_data import as_data
from cds_service.serving.app import CALLS, create_app
from cds_service.serving.reception import Patience, Reception
from tests.conftest import TODAY
from tests.exchange import condition, gestational_age, observation, order, request
from tests.hook_calls import vignettes
from tests.serving.test_reception import Scope, receive

Json = dict[str, Any]
CHART = (
    *(condition("O30.101", id_=f"c{n}") for n in range(20)),
    *(gestational_age(70 + n, f"2025-04-{n + 1:02}") for n in range(20)),
)
COVERAGE = {
    "resourceType": "Coverage",
    "id": "coverage-1",
    "status": "active",
    "beneficiary": {"reference": "Patient/p1"},
    "payor": [{"identifier": {"system": "urn:cds-service:payer", "value": "carelon"}}],
}


def call(orders: int, chart: tuple[Json, ...] = CHART, reason: Any = None) -> bytes:
    """An order-sign request with so many orders of one code."""
    return orjson.dumps(request(*(order(id_=f"o{n}", reasonCode=[reason] if reason else []) for n in range(orders)), chart=chart))


def counted(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> Iterator[int]:
    """Counts the calls of a function of a module from now on; ``next`` gives those since it was asked last."""
    made, told = [0], [0]
    written = getattr(module, name)

    def counting(*given: Any, **named: Any) -> Any:
        made[0] += 1
        return written(*given, **named)

    monkeypatch.setattr(module, name, counting)

    def since() -> Iterator[int]:
        while True:
            found = made[0] - told[0]
            told[0] = made[0]
            yield found

    return since()


def decided_together(content: Content, calls: Iterator[int]) -> list[int]:
    """What was counted while two orders were decided together, and while ten were, once what stays of a first time is there."""
    seen = []
    for number in (2, 10, 2, 10):
        decide_request(parse_request(call(number)), content, TODAY, Settings())
        seen.append(next(calls))
    return seen[2:]


@pytest.mark.parametrize(("module", "name"), [(diagnoses, "_condition"), (measurements, "_read")])
def test_the_chart_is_read_once_for_all_orders(module: Any, name: str, content: Content, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten orders of one policy read no record more often than two do."""
    of_two, of_ten = decided_together(content, counted(monkeypatch, module, name))
    assert of_two == of_ten > 0


def test_the_evidence_of_the_chart_is_weighed_once_for_all_orders(content: Content, monkeypatch: pytest.MonkeyPatch) -> None:
    """What each further order has weighed is what it says itself: less than one kind of record in the chart."""
    of_two, of_ten = decided_together(content, counted(monkeypatch, look_back, "as_seen"))
    assert of_two > 20
    assert (of_ten - of_two) / 8 < 10


def test_reasons_of_the_orders_do_not_have_the_chart_read_again(content: Content, monkeypatch: pytest.MonkeyPatch) -> None:
    """Orders that each give a diagnosis as their reason read the diagnoses of the chart once together."""
    calls = counted(monkeypatch, diagnoses, "_condition")
    seen = []
    for number in (2, 10):
        decide_request(parse_request(call(number, reason=condition("O30.101")["code"])), content, TODAY, Settings())
        seen.append(next(calls))
    assert seen[0] == seen[1] > 0


@pytest.mark.slow
def test_orders_decided_together_are_decided_as_if_each_read_for_itself(content: Content) -> None:
    """What is shared between the orders of a call changes no decision: not with other reasons, days, codes, forms or priorities."""
    looked = 0
    for number, (vignette, made) in enumerate(vignettes(content)):
        if number % 12 or vignette.own_lists:
            continue
        entries = made["context"]["draftOrders"]["entry"]
        own = next(entry["resource"] for entry in entries if entry["resource"]["id"] == "order-1")
        others = [
            own | {"id": "again"},
            own
            | {"id": "because", "reasonCode": [condition("O30.101")["code"], {"text": "twin pregnancy, miscarriage, infection"}]},
            own | {"id": "later", "authoredOn": "2026-06-01", "occurrenceDateTime": "2026-06-01"},
            own | {"id": "replacing", "basedOn": [{"reference": "ServiceRequest/imagined-1"}], "priority": "stat"},
            {name: said for name, said in own.items() if name not in ("reasonCode", "orderDetail")} | {"id": "bare"},
            own | {"id": "supported", "supportingInfo": [{"reference": "QuestionnaireResponse/imagined-1"}]},
        ]
        entries += [{"resource": one} for one in others]
        for case, decision in decide_request(parse_request(orjson.dumps(made)), content, TODAY, Settings()):
            assert case.sitting is not None
            alone = decide(replace(case, coding=None, sitting=None), content)
            mine = next(one for one in alone if one.policy_id == decision.policy_id)
            assert as_data(decision, content) == as_data(mine, content), (vignette.name, decision.order)
            looked += 1
    assert looked > 500


def late(content: Content, orders: int, judged: int, chart: tuple[Json, ...] = (*CHART, COVERAGE)) -> Json:
    """The answer to a call whose time is over after so many orders, by a clock that goes one second at every look."""
    ticks = count()
    turn = Turn(lambda: float(next(ticks)))
    return answer(call(orders, chart), content, TODAY, Settings(seconds=judged + 0.5), turn=turn)


@pytest.mark.verifies("found-2")
def test_what_is_not_judged_in_the_time_of_a_call_is_not_documented(content: Content, caplog: pytest.LogCaptureFixture) -> None:
    """When the time is over, the orders left are not documented, for nothing was searched; the log tells how many there are."""
    with caplog.at_level(logging.WARNING, logger="cds_service"):
        answered = late(content, orders=5, judged=2)
    decided = answered["extension"][EXTENSION]
    assert [one["because"] == [OUT_OF_TIME] for one in decided] == [False, False, True, True, True]
    assert {one["outcome"] for one in decided[2:]} == {"not-documented"}
    assert all("Condition" in one["searched"] and "Observation" in one["searched"] for one in decided[2:])
    told = next(record for record in caplog.records if "time of the call was over" in record.getMessage())
    assert (told.orders, told.not_judged) == (5, 3)  # type: ignore[attr-defined]


def test_an_answer_says_that_the_time_was_over(content: Content) -> None:
    """A card says of each order left that it was not checked, and its coverage-information is open for a technical reason."""
    answered = late(content, orders=3, judged=2)
    assert [card["summary"] for card in answered["cards"] if "time of the call was over" in card["summary"]]
    (left,) = [one["resource"] for one in answered["systemActions"] if orjson.loads(orjson.dumps(one))["resource"]["id"] == "o2"]
    (extension,) = orjson.loads(orjson.dumps(left))["extension"]
    parts = {part["url"]: part for part in extension["extension"]}
    assert parts["doc-needed"]["valueCode"] == "indeterminate"
    reasons = [part["valueCodeableConcept"]["text"] for part in extension["extension"] if part["url"] == "reason"]
    assert any(said.startswith("Technical: the time of the call was over") for said in reasons)


def test_a_call_that_ends_in_its_time_says_nothing_of_it(content: Content, caplog: pytest.LogCaptureFixture) -> None:
    """As long as there is time, every order is judged."""
    answered = late(content, orders=3, judged=4)
    assert OUT_OF_TIME not in orjson.dumps(answered["extension"]).decode()
    assert not [record for record in caplog.records if "time of the call" in record.getMessage()]


def test_calls_of_many_orders_get_a_thread(content: Content) -> None:
    """A worker answers a few orders between two turns of its event loop; more are handed to the application, with the same reply."""
    handed: list[int] = []
    app = create_app(content, Settings(), lambda: TODAY)
    given = app.wsgi_app

    def handing(*rest: Any) -> Any:
        handed.append(1)
        return given(*rest)

    app.wsgi_app = handing  # type: ignore[method-assign, assignment]
    for orders, by_thread in ((FEW, 0), (FEW + 1, 1)):
        body = call(orders)
        wire = receive(Reception(app, Patience(), app.extensions[CALLS]), Scope(), body)
        assert (wire.status, len(handed)) == (200, by_thread)
        assert wire.answer == app.extensions[CALLS].reply(body).body


def test_a_monitor_that_measures_every_minute_does_not_multiply(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each fever is compared with the last normal value of a day, and not with all of them."""

    as_of = TODAY
    today = Days.on(as_of)

    def measured(value: float, minute: int) -> Evidence:
        return Evidence(Interval.exactly(value), today, "Observation/x", instant=f"{as_of}T{minute // 60:02}:{minute % 60:02}:00Z")

    silent = Fact("")
    facts = dict.fromkeys(("coded", "neutropenia", "fever"), silent)
    calls = counted(monkeypatch, febrile_neutropenia, "after")
    seen = []
    for cool in (10, 1000):
        temperatures = (measured(39.0, 1200), *(measured(36.8, minute) for minute in range(cool)))
        facts |= {"temperature": Fact("", temperatures), "neutrophils": Fact("", (measured(100, 1200),))}
        (found,) = febrile_neutropenia.febrile_neutropenia_now(facts, as_of)
        assert found.value is True
        seen.append(next(calls))
    assert seen[0] == seen[1] > 0


def test_datings_that_are_repeated_at_every_visit_do_not_multiply(content: Content, monkeypatch: pytest.MonkeyPatch) -> None:
    """A last period that is asked for again and again is compared as the one age that it gives, beside a due date as often."""
    compared = counted(monkeypatch, one_pregnancy, "_younger")
    seen = []
    for visits in (10, 100):
        periods = [
            observation(f"lmp-{n}", "8665-2", "2025-04-28", valueDateTime="2025-02-01") | {"id": f"lmp-{n}"} for n in range(visits)
        ]
        due = [
            observation(f"edd-{n}", "11779-6", "2025-04-20", valueDateTime="2025-12-20") | {"id": f"edd-{n}"} for n in range(visits)
        ]
        decide_request(parse_request(call(1, (*periods, *due))), content, TODAY, Settings())
        seen.append(next(compared))
    assert 0 < seen[1] <= 10 * seen[0]
