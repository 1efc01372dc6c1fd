"""The database behind the store: a SQLite file, or PostgreSQL.

The store's URL says which (``address.py``).
"""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import orjson
from sqlalchemy import Connection, CursorResult, Engine, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import ExceptionContext

from cds_service.store.address import address
from cds_service.store.failures import failures_told
from cds_service.store.same_file import SameFile
from cds_service.store.tables import Table

_READS = "cds_service_reads"
PATIENCE = 3
"""Seconds to wait for the database.

A statement waits so long for another writer, and a connection for an answer. A call may take five in all.
"""
LOOKS: Final = (0.001, 0.005)
"""Seconds, least and most, between two tries to lock a SQLite file.

SQLite's own tries are soon 0.1 s apart: who waits beside busy writers then seldom sees their gaps, and is refused in
the end. Of many that try often and at random, each has its turn.
"""


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


_ALWAYS: Final[dict[str, Any]] = {
    "hide_parameters": True,
    "pool_timeout": PATIENCE,
    "json_serializer": _json,
    "json_deserializer": orjson.loads,
}
"""How engines of both databases are made.

Five lists of a decision are JSON, so it is written fast.
"""


def engine_for(written: str, file_at_start: str = "") -> Engine:
    """Make the engine of a store; nothing is opened yet.

    ``file_at_start`` says which file a SQLite store was when the service started. Raises WrongAddress.
    """
    url = address(written)
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, **_ALWAYS, connect_args={"timeout": PATIENCE})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_to_write)
        event.listen(engine, "handle_error", _open_anew)
        file = file_of(engine)
        if file:
            same = SameFile(file, file_at_start)
            event.listen(engine, "do_connect", same.before_opening)
            event.listen(engine, "checkout", same.before_use)
        return engine
    waits = {"connect_timeout": PATIENCE, "tcp_user_timeout": PATIENCE * 1000}
    engine = create_engine(url, **_ALWAYS, pool_pre_ping=True, connect_args=waits)
    event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _: object) -> None:
    """Prepare a SQLite connection that was opened.

    Transactions are begun by the engine; a commit is on the disk before it returns.
    """
    connection.isolation_level = None
    connection.execute("PRAGMA synchronous=FULL").close()


def _open_anew(context: ExceptionContext) -> None:
    """Discard a connection that failed.

    One that was opened while its file was read-only stays read-only.
    """
    code = getattr(context.original_exception, "sqlite_errorname", None)
    if code and not code.startswith(("SQLITE_BUSY", "SQLITE_CONSTRAINT")):
        context.is_disconnect = True


def _begin_to_write(connection: Connection) -> None:
    """Begin a transaction that writes, unless it says otherwise.

    Taking the lock at once makes it wait instead of failing half way.
    """
    if connection.get_execution_options().get(_READS):
        connection.exec_driver_sql("BEGIN")
        return
    file: Any = connection.connection.dbapi_connection
    ends = time.monotonic() + PATIENCE
    file.execute("PRAGMA busy_timeout=0").close()
    try:
        while time.monotonic() < ends:
            try:
                file.execute("BEGIN IMMEDIATE").close()
            except sqlite3.OperationalError as error:
                if not error.sqlite_errorname.startswith("SQLITE_BUSY"):
                    break
            else:
                return
            time.sleep(random.uniform(*LOOKS))  # noqa: S311 - no secret
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # whose error is told as any other's
    finally:
        file.execute(f"PRAGMA busy_timeout={PATIENCE * 1000}").close()


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that only reads.

    Nobody who writes waits for it. Raises StoreFailed.
    """
    with failures_told(), engine.connect().execution_options(**{_READS: True}) as connection, connection.begin():
        yield connection


def _prepare_postgresql(connection: Any, _: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{PATIENCE}s'; SET statement_timeout = '{PATIENCE + 1}s'")
    connection.commit()


def make_file(engine: Engine) -> None:
    """Make the file of a SQLite store, and its folder.

    Only their owner may read them. Does nothing where the file is there.
    """
    path = file_of(engine)
    if path:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def file_of(engine: Engine) -> Path | None:
    """Return the file of a SQLite store.

    Returns None for PostgreSQL, and where the URL names its file by SQLite's own ``file:`` address.
    """
    name = engine.url.database
    return Path(name) if engine.dialect.name == "sqlite" and name and not name.startswith("file:") else None


def copy_file(held: Path, to: Path) -> None:
    """Copy a SQLite store, as it was at one moment.

    Only the owner may read the new file, ``to``. What is in the write-ahead log is copied too, and nobody who writes
    waits. Raises OSError, sqlite3.Error.
    """
    os.close(os.open(to, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    with closing(sqlite3.connect(held)) as source, closing(sqlite3.connect(to)) as copy:
        source.backup(copy)


def replace_rows(connection: Connection, table: type[Table], rows: Sequence[dict[str, Any]]) -> None:
    """Write rows of all columns, each in place of its key's."""
    if not rows:
        return
    made = postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
    key = [column.name for column in made.table.primary_key]
    replacing = {column.name: column for column in made.excluded if column.name not in key}
    connection.execute(made.inline().on_conflict_do_update(index_elements=key, set_=replacing), list(rows))


def insert_new(connection: Connection, table: type[Table], rows: Sequence[dict[str, Any]]) -> int:
    """Insert the rows whose keys are new, and return their number.

    All rows have the same columns. The statement is the same for any rows, so SQLAlchemy makes its text once: made for
    each row, that took most of the time.
    """
    if not rows:
        return 0
    into = postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
    statement = into.inline().on_conflict_do_nothing()
    result: CursorResult[Any] = connection.execute(statement, list(rows), execution_options={"preserve_rowcount": True})
    return result.rowcount
