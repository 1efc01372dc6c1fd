"""Feedback is of the client alone whose card it is about: nobody else's report is in that card's numbers, or keeps one out of them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from cds_service.hooks.settings import Settings
from cds_service.security.access import Access
from cds_service.security.clients import read_clients
from cds_service.security.outbound import Outbound
from cds_service.serving.app import create_app
from cds_service.store.feedback import Count, counts
from cds_service.store.store import Store
from cds_service.store.tables import FeedbackRow
from cds_service.store.upgrade import upgrade
from tests.conftest import TODAY, held_content
from tests.exchange import ADDRESS, Json, order, request
from tests.security.signing import NOW, PUBLIC_URL, key, key_set, token
from tests.store.service import FEEDBACK, TRIPLETS, Service, accepted, overridden, rows
from tests.store.test_upgrades import of_the_first_version

OURS, THEIRS = "https://one.example", "https://two.example"
POLICY, CRITERION = "carelon/prenatal-cfdna-screening", "higher-order-gestation"


@dataclass(frozen=True, slots=True)
class Apart:
    """A service of two clients."""

    client: FlaskClient
    store: Store

    def card(self, issuer: str, **more: Json | str) -> str:
        """Signs an order that is not necessary as a client, always by the same ids; the UUID of its card, once that is logged."""
        answered = self.client.post(ADDRESS, json=request(order(), chart=TRIPLETS) | more, headers=bearer(issuer))
        assert answered.status_code == 200, answered.get_data(as_text=True)
        assert self.store.decisions.flush(10)
        (card,) = answered.get_json()["cards"]
        return str(card["uuid"])

    def report(self, issuer: str, *reports: Json) -> tuple[int, Json]:
        """Sends feedback as a client."""
        answered = self.client.post(FEEDBACK, json={"feedback": list(reports)}, headers=bearer(issuer))
        return answered.status_code, answered.get_json()

    def counted(self) -> set[Count]:
        """What ``store feedback`` counts."""
        return set(counts(self.store.engine))


def bearer(issuer: str) -> dict[str, str]:
    """The header with a token of a client."""
    return {"Authorization": f"Bearer {token(key(issuer), {'kid': issuer}, iss=issuer)}"}


def serving_clients(url: str, folder: Path) -> Apart:
    """A service for two clients of equal standing."""
    path = folder / "clients.yaml"
    named = [{"issuer": one, "keys": key_set(key(one))} for one in (OURS, THEIRS)]
    path.write_text(json.dumps({"clients": named}), encoding="utf-8")
    clients = read_clients(path, development=True)
    access = Access(Outbound(development=True), clients, PUBLIC_URL, now=lambda: datetime.fromtimestamp(NOW, UTC))
    store = Store(url)
    app = create_app(held_content(), Settings(public_url=PUBLIC_URL), lambda: TODAY, store, access=access)
    return Apart(app.test_client(), store)


@pytest.fixture
def apart(url: str, tmp_path: Path) -> Iterator[Apart]:
    """A service of two clients, on either database."""
    made = serving_clients(url, tmp_path)
    yield made
    made.store.close()


@pytest.mark.verifies("feedback-own")
def test_another_client_s_report_is_in_nobody_s_numbers(apart: Apart) -> None:
    """Who learns a card's UUID may report on it as on any that is unknown: it counts without policy and criterion."""
    card = apart.card(OURS)
    assert apart.report(THEIRS, overridden(card)) == (200, {})
    assert apart.counted() == {Count("", "", "overridden", "patient-pays", 1)}
    (kept,) = rows(apart.store, FeedbackRow)
    assert (kept.issuer, kept.policy, kept.version, kept.because) == (THEIRS, None, None, None)


@pytest.mark.verifies("feedback-own")
def test_another_client_s_report_keeps_none_of_the_own_out(apart: Apart) -> None:
    """The very same report, card, outcome and time, is kept for the client whose card it is; again it is kept once."""
    card = apart.card(OURS)
    for issuer in (THEIRS, OURS, OURS, THEIRS):
        assert apart.report(issuer, overridden(card)) == (200, {})
    assert apart.counted() == {
        Count(POLICY, CRITERION, "overridden", "patient-pays", 1),
        Count("", "", "overridden", "patient-pays", 1),
    }


@pytest.mark.verifies("feedback-own")
def test_a_client_is_not_told_whether_another_s_card_is_known(apart: Apart, caplog: pytest.LogCaptureFixture) -> None:
    """The answer to a report on another's card is that to a report on no card at all, and so is the line of the log."""
    card = apart.card(OURS)
    with caplog.at_level(logging.INFO):
        told = [apart.report(THEIRS, accepted(one)) for one in (card, card.replace(card[:8], "00000000"))]
    assert told[0] == told[1] == (200, {})
    lines = [(line.reports, line.new, line.unknown) for line in caplog.records if line.msg == "feedback"]  # type: ignore[attr-defined]
    assert lines == [(1, 1, 1), (1, 1, 1)]


@pytest.mark.verifies("feedback-own")
def test_two_clients_whose_ids_are_the_same_have_two_cards(apart: Apart) -> None:
    """The call's name and the order's id are the clients' own. Each one's report is on its own card."""
    ours, theirs = apart.card(OURS), apart.card(THEIRS)
    assert ours != theirs
    assert apart.card(OURS) == ours, "a call that is repeated has the same cards"
    north, south = (apart.card(OURS, fhirServer=f"https://{name}.example/fhir") for name in ("north", "south"))
    assert len({ours, theirs, north, south}) == 4
    apart.report(OURS, overridden(ours), overridden(north))
    apart.report(THEIRS, overridden(theirs, code="x"))
    assert apart.counted() == {
        Count(POLICY, CRITERION, "overridden", "patient-pays", 2),
        Count(POLICY, CRITERION, "overridden", "x", 1),
    }


def test_of_cards_shown_before_the_upgrade_no_client_is_known(empty: str, tmp_path: Path, serving: Callable[..., Service]) -> None:
    """Whose they were, nothing says: a client's report on one counts alone. Where anyone may call, it counts as ever."""
    card = "07bc9814-9d2a-41ee-8c90-0242ac120002"
    engine = of_the_first_version(empty, card)
    upgrade(engine)
    engine.dispose()
    made = serving_clients(empty, tmp_path)
    assert {(row.card, row.issuer) for row in rows(made.store, FeedbackRow)} == {(card, "")}
    assert made.report(OURS, overridden(card, code="new")) == (200, {})
    made.store.close()
    open_ = serving(empty)
    assert open_.report(overridden(card, code="open", at="2026-03-27T10:06:00Z")).status_code == 200
    assert set(counts(open_.store.engine)) == {
        Count(POLICY, CRITERION, "overridden", "patient-pays", 1),
        Count("", "", "overridden", "new", 1),
        Count(POLICY, CRITERION, "overridden", "open", 1),
    }
