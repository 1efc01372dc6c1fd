"""Retention: what is older than the operator wants is deleted, a little at a time so that nobody waits for it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import CursorResult, Delete, Engine, delete, select

from cds_service.store.database import failures_told
from cds_service.store.tables import DecisionRow, FeedbackRow, SeenToken

AT_ONCE = 1000
SKEW = timedelta(days=1)
"""How long a token is remembered after it expired, whatever the clocks of the processes say."""


def expire(engine: Engine, before: datetime, now: datetime) -> dict[str, int]:
    """Deletes decisions made and feedback received before a moment, and tokens that have expired; tells how many rows of each.

    Raises StoreFailed; what was deleted until then stays deleted.
    """
    with failures_told():
        decisions = select(DecisionRow.id).where(DecisionRow.decided_at < before).limit(AT_ONCE)
        feedback = select(FeedbackRow.id).where(FeedbackRow.received_at < before).limit(AT_ONCE)
        counted = {
            "decisions": _all(engine, delete(DecisionRow).where(DecisionRow.id.in_(decisions))),
            "feedback": _all(engine, delete(FeedbackRow).where(FeedbackRow.id.in_(feedback))),
        }
        with engine.begin() as connection:
            tokens: CursorResult[object] = connection.execute(delete(SeenToken).where(SeenToken.expires < now - SKEW))
        return counted | {"tokens": tokens.rowcount}


def _all(engine: Engine, some: Delete) -> int:
    """Repeats a deletion of at most ``AT_ONCE`` rows until nothing is left to delete."""
    total = 0
    while True:
        with engine.begin() as connection:
            result: CursorResult[object] = connection.execute(some)
        total += result.rowcount
        if result.rowcount < AT_ONCE:
            return total
