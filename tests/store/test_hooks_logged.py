"""What the store knows of the hook that decided, and of the card that proposed another order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from cds_service.content.content import read_content
from cds_service.serving.app import create_app
from cds_service.store.database import engine_for, make_file
from cds_service.store.store import Store
from cds_service.store.tables import DecisionRow
from cds_service.store.upgrade import _config, upgrade
from tests.conftest import TODAY
from tests.content.test_content import folder
from tests.exchange import ADDRESS, Json, order, request
from tests.hook_calls import booking, dispatching, post, selecting
from tests.hooks.test_coverage_information import oxygen, oxygen_signed
from tests.store.service import FEEDBACK, TRIPLETS, Service, accepted, overridden, rows

__all__ = ["folder"]
MADE = request(order(), chart=TRIPLETS)


@pytest.mark.parametrize(
    "call", [MADE, selecting(MADE), dispatching(MADE), booking(MADE, "2025-05-01T09:00:00Z")], ids=lambda c: str(c["hook"])
)
def test_every_hook_is_logged_and_takes_feedback(service: Service, call: Json) -> None:
    """A decision is logged with its hook, and feedback on its card finds it."""
    (card,) = post(service.client, call)["cards"]
    (found,) = service.decisions()
    assert (found.hook, found.card, found.proposal) == (call["hook"], card["uuid"], None)
    assert service.report(overridden(card["uuid"])).status_code == 200
    (kept,) = service.feedback()
    assert (kept.policy, kept.because) == (found.policy, found.because)


def test_feedback_on_a_proposal_finds_its_decision(url: str, folder: Path) -> None:
    """Accepting the order that a CRD card proposes counts for the decision that led to it."""
    oxygen(folder)
    store = Store(url)
    client = create_app(read_content(folder), None, lambda: TODAY, store).test_client()
    _, proposal = client.post(ADDRESS, data=json.dumps(oxygen_signed(95))).get_json()["cards"]
    service = Service(client, store)
    (found,) = service.decisions()
    assert found.proposal == proposal["uuid"]
    assert client.post(FEEDBACK, json={"feedback": [accepted(proposal["uuid"])]}).status_code == 200
    (kept,) = service.feedback()
    assert (kept.policy, kept.because) == ("meadowlark/home-oxygen", found.because)
    store.close()


def test_decisions_of_before_are_of_order_sign(empty: str) -> None:
    """A store that held decisions before the hook was logged keeps them, as order-sign's."""
    engine = engine_for(empty)
    make_file(engine)
    config = _config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            text(
                "INSERT INTO decision (id, decided_at, hook_instance, service, order_reference, policy, version, revision, outcome,"
                " because, asks, assumed, resources) VALUES ('1', '2026-01-01 00:00:00', 'h', 's', 'o', '', '', 'r', 'necessary',"
                " '[]', '[]', '[]', '[]')"
            )
        )
    upgrade(engine)
    engine.dispose()
    store = Store(empty)

    (found,) = rows(store, DecisionRow)
    assert (found.hook, found.proposal) == ("order-sign", None)
    store.close()
