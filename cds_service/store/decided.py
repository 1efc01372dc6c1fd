"""One logged decision, found by the card that showed it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine, or_, select
from sqlalchemy.orm import Session

from cds_service.store.database import reading
from cds_service.store.tables import DecisionRow


def decision_of_card(engine: Engine, card: str, since: datetime) -> DecisionRow | None:
    """Return the first decision since a moment that a card showed.

    A card that the decision made propose another order counts too. Returns None where no decision is logged. A call
    that is repeated has the same cards, so the moment tells its decisions apart. Raises StoreFailed.
    """
    shown = or_(DecisionRow.card == card, DecisionRow.proposal == card)
    wanted = select(DecisionRow).where(shown, DecisionRow.decided_at >= since).order_by(DecisionRow.decided_at).limit(1)
    with reading(engine) as connection, Session(connection, expire_on_commit=False) as session:
        found = session.scalars(wanted).first()
        if found is not None:
            session.expunge(found)
        return found
