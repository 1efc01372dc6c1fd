"""The upgrade of a store's tables to what this version needs.

alembic is read only where there is something to migrate: workers take over what the server has loaded, and it takes eight
megabytes. A store that is empty gets its tables as the classes say; tests hold that migrations lead to the same.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Column, Connection, Engine, MetaData, PrimaryKeyConstraint, String, insert, inspect, select, text
from sqlalchemy import Table as Described

from cds_service.store.database import PATIENCE, file_of, make_file
from cds_service.store.failures import failures_told
from cds_service.store.tables import Table

if TYPE_CHECKING:
    from alembic.config import Config

REVISIONS: Final = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008")
"""The revisions that the tables had, the newest last.

There is one for each module in ``migrations/versions``.
"""
_VERSION: Final = Described(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""The table in which alembic notes a database's revision."""
_LOCK = 0x6364735F73746F72
"""The key of PostgreSQL's advisory lock for upgrades ("cds_stor").

Under it upgrades run one after another.
"""


def upgrade(engine: Engine) -> tuple[str, str]:
    """Apply the migrations that are missing, all or none.

    Returns the revision before and after. Several processes may call it at once. Raises StoreFailed when the database
    cannot be reached or written.
    """
    with failures_told():
        make_file(engine)
        if engine.dialect.name == "sqlite":
            _write_ahead(engine)
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text("SET LOCAL lock_timeout = '60s'; SET LOCAL statement_timeout = 0"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            before = _revision(connection)
            if before == "":
                _make_tables(connection)
            elif before != newest():
                migrate(connection)
            return before, _revision(connection)


def migrate(connection: Connection, to: str = "head") -> None:
    """Apply the migrations that are missing, up to a revision."""
    from alembic import command  # noqa: PLC0415

    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def _make_tables(connection: Connection) -> None:
    """Make all tables of an empty store at once.

    A table that is there already, whoever made it, is a failure, as it is to a migration.
    """
    Table.metadata.create_all(connection, checkfirst=False)
    _VERSION.create(connection, checkfirst=True)
    connection.execute(insert(_VERSION).values(version_num=newest()))


def revision_of(engine: Engine) -> str:
    """Return the revision that a store is at.

    It is the empty string for an empty store or a file that is not there. Raises StoreFailed.
    """
    file = file_of(engine)
    if file and not file.exists():
        return ""
    with failures_told(), engine.begin() as connection:
        return _revision(connection)


def newest() -> str:
    """Return the revision that this version of the service needs."""
    return REVISIONS[-1]


def known() -> frozenset[str]:
    """Return the revisions that this version of the service knows.

    A store at another was made by a later version.
    """
    return frozenset({*REVISIONS, ""})


def _revision(connection: Connection) -> str:
    if not inspect(connection).has_table(_VERSION.name):
        return ""
    return connection.execute(select(_VERSION.c.version_num)).scalar_one_or_none() or ""


def _config() -> Config:
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _write_ahead(engine: Engine) -> None:
    """Turn on write-ahead logging.

    With it readers and a writer do not wait for each other. The file remembers it. SQLite does not wait its busy time
    for this one; so several processes that make the same file try again for that long.
    """
    until = time.monotonic() + PATIENCE
    while True:
        connection = engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return
        finally:
            connection.close()
