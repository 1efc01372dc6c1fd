"""Sessions of the SMART app, kept for all workers.

They are sealed text under a digest, which says nothing to who reads the database.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CursorResult, Engine, delete, insert, select

from cds_service.store.database import reading
from cds_service.store.failures import failures_told
from cds_service.store.tables import SmartSessionRow


def keep(engine: Engine, id_: str, sealed: str, expires: datetime, now: datetime) -> None:
    """Keep a session, and forget those that have ended. Raises StoreFailed."""
    with failures_told(), engine.begin() as connection:
        connection.execute(delete(SmartSessionRow).where(SmartSessionRow.expires <= now))
        connection.execute(insert(SmartSessionRow).values(id=id_, sealed=sealed, expires=expires))


def held(engine: Engine, id_: str, now: datetime) -> str | None:
    """Return what was kept of a session.

    None for one that has ended, or never was. Raises StoreFailed.
    """
    with reading(engine) as connection:
        wanted = select(SmartSessionRow.sealed).where(SmartSessionRow.id == id_, SmartSessionRow.expires > now)
        return connection.execute(wanted).scalar_one_or_none()


def forget(engine: Engine, id_: str) -> None:
    """Forget one session. Raises StoreFailed."""
    with failures_told(), engine.begin() as connection:
        connection.execute(delete(SmartSessionRow).where(SmartSessionRow.id == id_))


def forget_ended(engine: Engine, now: datetime) -> int:
    """Forget the sessions that have ended, and say how many. Raises StoreFailed."""
    with failures_told(), engine.begin() as connection:
        result: CursorResult[object] = connection.execute(delete(SmartSessionRow).where(SmartSessionRow.expires <= now))
        return result.rowcount
