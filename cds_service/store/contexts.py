"""The contexts: what the chart said of orders that are asked about.

They are found again by the id of the assertion that asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, delete, select, update
from sqlalchemy.orm import Session

from cds_service.store.database import insert_new, reading
from cds_service.store.tables import ContextRow

KEPT_DAYS: Final = 30
"""Days for which contexts are kept where nobody says otherwise."""


def keep(connection: Connection, rows: Sequence[dict[str, Any]], days: int) -> None:
    """Keep contexts, each in the place of an earlier one.

    The earlier one has its id and policy. A context without facts only ends an earlier one. Those that were kept for
    ``days`` go at the same time.
    """
    if rows:
        connection.execute(delete(ContextRow).where(ContextRow.kept_at < rows[-1]["kept_at"] - timedelta(days=days)))
    for row in rows:
        same = (ContextRow.id == row["id"]) & (ContextRow.policy == row["policy"])
        if row["facts"] is None:
            connection.execute(update(ContextRow).where(same).values(row))
            continue
        connection.execute(delete(ContextRow).where(same))
        insert_new(connection, ContextRow, [row])


def contexts(engine: Engine, id_: str, now: datetime, days: int) -> list[ContextRow]:
    """Return the contexts under an id, one for each policy.

    They are those kept for some ``days``. Raises StoreFailed.
    """
    since = now - timedelta(days=days)
    wanted = select(ContextRow).where(ContextRow.id == id_, ContextRow.kept_at >= since).order_by(ContextRow.policy)
    with reading(engine) as connection, Session(connection, expire_on_commit=False) as session:
        found = list(session.scalars(wanted))
        session.expunge_all()
        return found


def forget(engine: Engine, now: datetime, days: int) -> int:
    """Delete the contexts that were kept for ``days``.

    Returns how many those were.
    """
    with engine.begin() as connection:
        return connection.execute(delete(ContextRow).where(ContextRow.kept_at < now - timedelta(days=days))).rowcount
