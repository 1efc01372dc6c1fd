"""The operations page: who may see it, and what it counts."""

from __future__ import annotations

import html
import re
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from cds_service.security.operators import OPERATORS
from cds_service.serving.app import create_app
from cds_service.store.statistics import statistics
from cds_service.store.tables import DecisionRow, FeedbackRow
from cds_service.web.charts import rows, stacked
from tests.conftest import TODAY, held_content
from tests.exchange import ADDRESS, Json, gestational_age, order, request
from tests.store.service import TRIPLETS, Service, accepted, overridden

PAGE = {"Accept": "text/html"}
AT_THEIR_PORT = {OPERATORS: "1"}
"""What the operators' own port says of a request."""
TOKEN = "CDS_SERVICE_METRICS_TOKEN"  # noqa: S105 - the name of a variable


def signed(service: Service, number: int, *chart: Json) -> str:
    """Signs an order in a call of its own and gives the UUID of its card, once it is logged; empty without a card."""
    made = request(order(), chart=chart) | {"hookInstance": f"00000000-0000-4000-8000-{number:012}"}
    cards = service.client.post(ADDRESS, json=made).get_json()["cards"]
    assert service.store.decisions.flush(10)
    return str(cards[0]["uuid"]) if cards else ""


def test_numbers_are_counted(service: Service) -> None:
    """Decisions by day, policy and outcome; facts that were asked for; overrides by criterion and reason; latency: in SQL."""
    for number in range(3):
        card = signed(service, number, *TRIPLETS)
        service.report(overridden(card) if number else accepted(card))
    for number in range(3, 5):
        signed(service, number)
    signed(service, 5, gestational_age(70, "2025-05-01"))
    counted = statistics(service.store.engine, datetime.now(UTC) - timedelta(days=1))
    assert {one.outcome: one.times for one in counted.decided} == {"not-necessary": 3, "not-documented": 2, "necessary": 1}
    assert {one.policy for one in counted.decided} == {"carelon/prenatal-cfdna-screening"}
    assert [(one.fact, one.times) for one in counted.blocking] == [("gestational_age", 2)]
    (one,) = counted.overridden
    assert (one.criterion, one.shown, one.accepted, one.overridden) == ("higher-order-gestation", 3, 1, 2)
    assert one.rate == pytest.approx(2 / 3)
    assert one.reasons == (("patient-pays", 2),)
    assert counted.latency.calls == 6
    assert sum(counted.latency.groups) == 6
    assert counted.latency.p50 is not None
    assert counted.latency.p99 is not None
    assert 0 < counted.latency.p50 <= counted.latency.p99


def test_the_page_shows_the_range(service: Service) -> None:
    """Only decisions and feedback of the chosen days count; a range that is not offered is thirty days."""
    card = signed(service, 0, *TRIPLETS)
    service.report(overridden(card))
    with service.store.engine.begin() as connection:
        connection.execute(update(DecisionRow).values(decided_at=datetime.now(UTC) - timedelta(days=20)))
        connection.execute(update(FeedbackRow).values(received_at=datetime.now(UTC) - timedelta(days=20)))
    signed(service, 1)
    for days, decisions in (("7", 1), ("30", 2), ("90", 2), ("", 2), ("999999999999", 2), ("x", 2)):
        page = html.unescape(
            service.client.get(f"/stats?days={days}", headers=PAGE, environ_overrides=AT_THEIR_PORT).get_data(as_text=True)
        )
        assert f"Of {decisions} decision{'' if decisions == 1 else 's'} in " in page
        assert ("The patient knows and accepts the cost (1)" in page) == (days != "7")
    assert page.count("<svg") == page.count("</svg>")
    assert len(re.findall(r'role="img" aria-labelledby', page)) == 3


def test_the_numbers_of_one_policy(service: Service) -> None:
    """The page of one policy counts its decisions alone; a policy that is not held is all of them."""
    signed(service, 0, *TRIPLETS)
    for policy, decisions in (("carelon/prenatal-cfdna-screening", 1), ("bcbsm/colony-stimulating-factors", 0), ("nobody/none", 1)):
        answer = service.client.get(f"/stats?policy={policy}", headers=PAGE, environ_overrides=AT_THEIR_PORT)
        page = html.unescape(answer.get_data(as_text=True))
        assert ("Of 1 decision in 30 days, 1 (100%) were not necessary as documented." in page) == bool(decisions)
        assert ("Nothing was decided since" in page) != bool(decisions)


def test_a_day_is_a_day_in_utc(service: Service) -> None:
    """A decision just before midnight UTC is counted on that day, on either database."""
    signed(service, 0, *TRIPLETS)
    at = datetime(2026, 3, 8, 23, 59, 59, 999000, tzinfo=UTC)
    with service.store.engine.begin() as connection:
        connection.execute(update(DecisionRow).values(decided_at=at))
    (one,) = statistics(service.store.engine, at - timedelta(days=1)).decided
    assert one.day == at.date()


def test_nothing_was_decided(sqlite_file: Path, serving: Callable[..., Service]) -> None:
    """An empty store has an empty page, and a service without one says that nothing is counted."""
    page = serving(f"sqlite:///{sqlite_file}").client.get("/stats", headers=PAGE, environ_overrides=AT_THEIR_PORT)
    assert page.status_code == 200
    assert "Nothing was decided since" in page.get_data(as_text=True)
    without = (
        create_app(held_content(), today=lambda: TODAY).test_client().get("/stats", headers=PAGE, environ_overrides=AT_THEIR_PORT)
    )
    assert without.status_code == 404
    assert "without a store" in without.get_data(as_text=True)


def test_a_store_out_of_reach(sqlite_file: Path, serving: Callable[..., Service]) -> None:
    """Where the store does not answer, the page says so with 503."""
    service = serving(f"sqlite:///{sqlite_file}")
    with service.store.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE decision RENAME TO elsewhere")
    assert service.client.get("/stats", headers=PAGE, environ_overrides=AT_THEIR_PORT).status_code == 503


def test_strangers_see_no_numbers(sqlite_file: Path, serving: Callable[..., Service], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a token only the operators' port has the page, by a name of this machine; with one, its bearer and password do."""
    client = serving(f"sqlite:///{sqlite_file}").client
    assert client.get("/stats", headers=PAGE).status_code == 403
    assert client.get("/stats", environ_base={"REMOTE_ADDR": "192.0.2.7"}, headers=PAGE).status_code == 403
    assert client.get("/stats", environ_overrides=AT_THEIR_PORT, headers=PAGE | {"Host": "evil.example"}).status_code == 403
    assert "Access-Control-Allow-Origin" not in client.get("/stats", headers=PAGE | {"Origin": "https://evil.example"}).headers
    monkeypatch.setenv(TOKEN, "the operator's word")
    client = serving(f"sqlite:///{sqlite_file}").client
    asked = client.get("/stats", headers=PAGE)
    assert asked.status_code == 401
    assert asked.headers["WWW-Authenticate"].startswith("Basic ")
    for given in ("Bearer wrong", "Basic !!", f"Basic {b64encode(b'me:wrong').decode()}", "Bearer", ""):
        assert client.get("/stats", headers=PAGE | {"Authorization": given}).status_code == 401
    for given in ("Bearer the operator's word", f"Basic {b64encode(b'me:the operator' + bytes([39]) + b's word').decode()}"):
        there = client.get("/stats", headers=PAGE | {"Authorization": given}, environ_base={"REMOTE_ADDR": "192.0.2.7"})
        assert there.status_code == 200


def test_charts_are_drawn_to_scale() -> None:
    """The parts of a column stand on each other without a gap, and the highest column stays under the top line."""
    chart = stacked([("a", {"x": 3, "y": 1}), ("b", {}), ("c", {"y": 8})], ("x", "y"))
    lower, upper, high = chart.boxes
    assert upper.y + upper.height == pytest.approx(lower.y)
    assert lower.height == pytest.approx(3 * upper.height)
    assert high.y == pytest.approx(min(line.y for line in chart.lines))
    assert [box.said for box in rows([("a", {"bar": 2}), ("b", {"bar": 1})], ("bar",)).boxes] == ["a: 2", "b: 1"]
    assert stacked([], ("x",)).boxes == ()
    assert rows([], ("x",)).boxes == ()
