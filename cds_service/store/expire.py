"""Retention: what is older than the operator wants is deleted.

It is deleted a little at a time, so that nobody waits for it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import CursorResult, Delete, Engine, delete, select

from cds_service.store.contexts import KEPT_DAYS, forget
from cds_service.store.failures import failures_told
from cds_service.store.smart_sessions import forget_ended
from cds_service.store.tables import DecisionRow, FeedbackRow, SeenToken

AT_ONCE = 1000
SKEW = timedelta(days=1)
"""How long a token is remembered after it expired.

The clocks of the processes may differ.
"""


def expire(engine: Engine, before: datetime, now: datetime, context_days: int = KEPT_DAYS) -> dict[str, int]:
    """Delete what is older than a moment, and what has expired.

    That is decisions and feedback of before the moment, and tokens, contexts and sessions that have expired. Contexts
    are kept for ``context_days``. Decisions count by when they were made, feedback by when it was received. Returns how
    many rows of each were deleted. Raises StoreFailed; what was deleted until then stays deleted.
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
        contexts, sessions = forget(engine, now, context_days), forget_ended(engine, now)
        return counted | {"tokens": tokens.rowcount, "contexts": contexts, "sessions": sessions}


def _all(engine: Engine, some: Delete) -> int:
    """Repeat a deletion of at most ``AT_ONCE`` rows until none is left."""
    total = 0
    while True:
        with engine.begin() as connection:
            result: CursorResult[object] = connection.execute(some)
        total += result.rowcount
        if result.rowcount < AT_ONCE:
            return total
