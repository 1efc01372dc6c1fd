"""A service with a store, and what tests ask of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from cds_service.hooks.answered.cards import OVERRIDES
from cds_service.store.database import engine_for
from cds_service.store.store import Store
from cds_service.store.tables import DecisionRow, FeedbackRow, Table
from tests.exchange import ADDRESS, Json, fetuses, gestational_age, order, sign

Row = TypeVar("Row", bound=Table)
FEEDBACK = f"{ADDRESS}/feedback"
CARD = "07bc9814-9d2a-41ee-8c90-0242ac120002"
SUGGESTION = "e56e1945-20b3-4393-8503-a1a20fd73152"
TRIPLETS = (gestational_age(77, "2025-05-01"), fetuses(3, "2025-05-01"))
"""A chart on which the screen is not necessary."""


def accepted(card: str = CARD, at: str = "2026-03-26T10:05:31Z", **more: Any) -> Json:
    """A report that a card's suggestion was accepted."""
    return {"card": card, "outcome": "accepted", "acceptedSuggestions": [{"id": SUGGESTION}], "outcomeTimestamp": at} | more


def overridden(card: str = CARD, at: str = "2026-03-26T10:06:00Z", code: str = "patient-pays", **more: Any) -> Json:
    """A report that a card was overridden for a reason."""
    reason = {"reason": {"code": code, "system": OVERRIDES}}
    return {"card": card, "outcome": "overridden", "overrideReason": reason, "outcomeTimestamp": at} | more


@dataclass(frozen=True, slots=True)
class Service:
    """A client of a service, and the service's store."""

    client: FlaskClient
    store: Store

    def card(self) -> str:
        """Signs an order that is not necessary and gives the UUID of its card, once the decision is logged."""
        (card,) = sign(self.client, order(), chart=TRIPLETS)["cards"]
        assert self.store.decisions.flush(10)
        return str(card["uuid"])

    def report(self, *reports: Any) -> TestResponse:
        """Sends feedback."""
        return self.client.post(FEEDBACK, json={"feedback": list(reports)})

    def decisions(self) -> list[DecisionRow]:
        """All logged decisions, once they are written."""
        assert self.store.decisions.flush(10)
        return rows(self.store, DecisionRow)

    def feedback(self) -> list[FeedbackRow]:
        """All feedback that is kept."""
        return rows(self.store, FeedbackRow)


def rows(store: Store, table: type[Row]) -> list[Row]:
    """All rows of a table."""
    with Session(store.engine) as session:
        return list(session.scalars(select(table)))


def kept_in(url: str) -> list[tuple[str, str]]:
    """The card and outcome of all feedback in a database, read with connections of its own."""
    engine = engine_for(url)
    with Session(engine) as session:
        found = [(row.card, row.outcome) for row in session.scalars(select(FeedbackRow).order_by(FeedbackRow.id))]
    engine.dispose()
    return found
