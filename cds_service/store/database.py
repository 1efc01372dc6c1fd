"""The database behind the store: a SQLite file, or PostgreSQL by its URL; and how its failures are told without its values."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import orjson
from platformdirs import user_data_path
from sqlalchemy import URL, Connection, CursorResult, Engine, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError

from cds_service.store.same_file import SameFile
from cds_service.store.tables import Table

ENVIRONMENT = "CDS_SERVICE_STORE"
"""The environment variable with the store's URL, for the service's worker processes and for every command."""
NONE = "none"
"""The word that stands for no store."""
_READS = "cds_service_reads"
PATIENCE = 3
"""Seconds that a statement waits for another writer, and a connection for an answer. A call may take five in all."""


class WrongAddress(Exception):
    """The store's URL cannot be used as it is written; the message says what is meant."""


class StoreFailed(Exception):
    """The database did not do what it was asked; nothing was kept. ``why`` is the database's own code, never a value."""

    def __init__(self, error: BaseException) -> None:
        self.why = reason(error)
        super().__init__(self.why)


def reason(error: BaseException) -> str:
    """What failed, by its code: ``SQLITE_BUSY``, PostgreSQL's SQLSTATE, or the name of the error. Its words may quote values."""
    original = getattr(error, "orig", None) or error
    for name in ("sqlite_errorname", "sqlstate"):
        code = getattr(original, name, None)
        if code:
            return str(code)
    return type(original).__name__


@contextmanager
def failures_told() -> Iterator[None]:
    """Turns whatever goes wrong with the database into StoreFailed."""
    try:
        yield
    except StoreFailed:
        raise
    except Exception as error:
        raise StoreFailed(error) from None


def default_url() -> str:
    """The URL of the SQLite file in the data folder of the user who runs the service."""
    return URL.create("sqlite", database=str(user_data_path("cds-service", appauthor=False) / "store.sqlite")).render_as_string()


def shown(url: str) -> str:
    """The URL without its password."""
    return address(url).render_as_string(hide_password=True)


def address(written: str) -> URL:
    """The URL as it is used. Raises WrongAddress for one that is no URL, or of a database that the store does not keep in."""
    try:
        url = make_url(written)
    except (ArgumentError, ValueError):
        raise WrongAddress("the store is not a URL; one is sqlite:////folder/store.sqlite or postgresql://user@host/name") from None
    kind = url.get_backend_name()
    if kind == "sqlite":
        if not url.database or ":memory:" in url.database:
            raise WrongAddress("a SQLite store is a file, and its URL names none; sqlite:////folder/store.sqlite does")
        return url.set(drivername="sqlite")
    if kind not in ("postgresql", "postgres"):
        raise WrongAddress(f"the store is kept in SQLite or PostgreSQL, not in {kind}")
    if find_spec("psycopg") is None:
        raise WrongAddress("PostgreSQL needs its driver; install cds-service[postgresql]")
    return url.set(drivername="postgresql+psycopg")


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


_ALWAYS: Final[dict[str, Any]] = {
    "hide_parameters": True,
    "pool_timeout": PATIENCE,
    "json_serializer": _json,
    "json_deserializer": orjson.loads,
}
"""How engines of both databases are made. Five lists of a decision are JSON, so it is written fast."""


def engine_for(written: str) -> Engine:
    """The engine of a store. Nothing is opened yet. Raises WrongAddress."""
    url = address(written)
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, **_ALWAYS, connect_args={"timeout": PATIENCE})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_to_write)
        event.listen(engine, "handle_error", _open_anew)
        file = file_of(engine)
        if file:
            same = SameFile(file)
            event.listen(engine, "do_connect", same.before_opening)
            event.listen(engine, "checkout", same.before_use)
        return engine
    waits = {"connect_timeout": PATIENCE, "tcp_user_timeout": PATIENCE * 1000}
    engine = create_engine(url, **_ALWAYS, pool_pre_ping=True, connect_args=waits)
    event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _: object) -> None:
    """Transactions are begun by the engine; a commit is on the disk before it returns."""
    connection.isolation_level = None
    connection.execute("PRAGMA synchronous=FULL").close()


def _open_anew(context: ExceptionContext) -> None:
    """Has a connection that failed not used again: one that was opened while its file was read-only stays read-only."""
    code = getattr(context.original_exception, "sqlite_errorname", None)
    if code and not code.startswith(("SQLITE_BUSY", "SQLITE_CONSTRAINT")):
        context.is_disconnect = True


def _begin_to_write(connection: Connection) -> None:
    """Transactions write unless they say otherwise; taking the lock at once makes one wait instead of failing half way."""
    connection.exec_driver_sql("BEGIN" if connection.get_execution_options().get(_READS) else "BEGIN IMMEDIATE")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that only reads, so that nobody who writes waits for it. Raises StoreFailed."""
    with failures_told(), engine.connect().execution_options(**{_READS: True}) as connection, connection.begin():
        yield connection


def _prepare_postgresql(connection: Any, _: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{PATIENCE}s'; SET statement_timeout = '{PATIENCE + 1}s'")
    connection.commit()


def make_file(engine: Engine) -> None:
    """Makes the file of a SQLite store, and its folder, for its owner's eyes only. Does nothing where it is there."""
    path = file_of(engine)
    if path:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def file_of(engine: Engine) -> Path | None:
    """The file of a SQLite store; None for PostgreSQL, and where the URL names its file by SQLite's own ``file:`` address."""
    name = engine.url.database
    return Path(name) if engine.dialect.name == "sqlite" and name and not name.startswith("file:") else None


def insert_new(connection: Connection, table: type[Table], rows: Sequence[dict[str, Any]]) -> int:
    """Inserts the rows whose keys are not there yet, and says how many those were. All rows have the same columns.

    The statement is the same for any rows, so SQLAlchemy makes its text once: made for each row, that took most of the time.
    """
    if not rows:
        return 0
    into = postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
    statement = into.inline().on_conflict_do_nothing()
    result: CursorResult[Any] = connection.execute(statement, list(rows), execution_options={"preserve_rowcount": True})
    return result.rowcount
