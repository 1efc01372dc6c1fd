"""Brings the tables of a store to what this version of the service needs.

alembic is read where it is used: workers never upgrade, and it takes eight megabytes.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, text

from cds_service.store.database import PATIENCE, failures_told, file_of, make_file

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

_LOCK = 0x6364735F73746F72
"""The key of PostgreSQL's advisory lock under which upgrades run one after another ("cds_stor")."""


def upgrade(engine: Engine) -> tuple[str, str]:
    """Applies the migrations that are missing, all or none, and tells the revision before and after.

    Several processes may call it at once. Raises StoreFailed when the database cannot be reached or written.
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
            if before != newest():
                from alembic import command  # noqa: PLC0415

                config = _config()
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
            return before, _revision(connection)


def revision_of(engine: Engine) -> str:
    """The revision that a store is at, the empty string for an empty one or a file that is not there. Raises StoreFailed."""
    file = file_of(engine)
    if file and not file.exists():
        return ""
    with failures_told(), engine.begin() as connection:
        return _revision(connection)


def newest() -> str:
    """The revision that this version of the service needs."""
    return _scripts().get_current_head() or ""


def known() -> frozenset[str]:
    """The revisions that this version of the service knows; a store at another was made by a later one."""
    return frozenset(script.revision for script in _scripts().walk_revisions()) | {""}


def _revision(connection: Connection) -> str:
    from alembic.migration import MigrationContext  # noqa: PLC0415

    return MigrationContext.configure(connection).get_current_revision() or ""


def _scripts() -> ScriptDirectory:
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _write_ahead(engine: Engine) -> None:
    """Turns on write-ahead logging, so that readers and a writer do not wait for each other. The file remembers it.

    SQLite does not wait its busy time for this one; so several processes that make the same file try again for that long.
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
