"""``cds-service store``: the work of an operator on the store.

It upgrades the store's tables, expires what is old, and counts what clinicians did with cards.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.table import Table
from sqlalchemy import Engine

from cds_service.cli.options import StoreUrl
from cds_service.cli.terminal import refuse, to_stdout
from cds_service.configuration.environment import read_configuration
from cds_service.store.address import NONE, WrongAddress, default_url, shown
from cds_service.store.database import copy_file, engine_for, file_of
from cds_service.store.expire import expire
from cds_service.store.failures import StoreFailed, reason
from cds_service.store.feedback import counts
from cds_service.store.same_file import named
from cds_service.store.upgrade import known, newest, revision_of, upgrade

log = logging.getLogger("cds_service")
store_commands = typer.Typer(name="store", help="Look after the database of decisions and feedback.", no_args_is_help=True)


@contextmanager
def opened(store: str | None) -> Iterator[tuple[Engine, str]]:
    """Open a store for a command.

    Yields its engine, and its URL as it may be shown. Ends the command with status 1 and the reason when it fails.
    """
    url = store or default_url()
    if url == NONE:
        refuse("there is no store to look after: it is 'none'; name one with --store")
    try:
        engine = engine_for(url)
    except WrongAddress as error:
        refuse(str(error))
    try:
        yield engine, shown(url)
    except StoreFailed as error:
        refuse(f"{shown(url)}: the database failed: {error.why}")
    finally:
        engine.dispose()


@store_commands.command("upgrade")
def upgrade_(store: StoreUrl = None) -> None:
    """Make the tables, or bring them to what this version needs. All or nothing; harmless when there is nothing to do."""
    with opened(store) as (engine, name):
        _refuse_later(engine, name)
        before, after = upgrade(engine)
    done = f"is at revision {after} already" if before == after else f"upgraded from {before or 'empty'} to revision {after}"
    to_stdout().print(f"{name}: {done}", soft_wrap=True)


@store_commands.command("expire")
def expire_(
    older_than: Annotated[int, typer.Option("--older-than", min=0, max=36500, metavar="DAYS", help="Age of what is deleted.")],
    store: StoreUrl = None,
) -> None:
    """Delete decisions and feedback older than some days, and tokens that have expired."""
    now = datetime.now(UTC)
    try:
        days = read_configuration().context_days
    except ValueError as error:
        refuse(str(error).splitlines())
    with opened(store) as (engine, name):
        _refuse_outdated(engine, name)
        gone = expire(engine, now - timedelta(days=older_than), now, days)
    said = ", ".join(f"{number} {what}" for what, number in gone.items())
    to_stdout().print(f"{name}: deleted {said}", soft_wrap=True)


@store_commands.command("feedback")
def feedback_(
    store: StoreUrl = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Count accepted and overridden cards by policy, criterion and override reason. No patient and no comment is shown."""
    with opened(store) as (engine, name):
        _refuse_outdated(engine, name)
        found = counts(engine)
    if as_json:
        typer.echo(orjson.dumps([count._asdict() for count in found], option=orjson.OPT_INDENT_2).decode())
        return
    if not found:
        to_stdout().print(f"{name}: no feedback yet", soft_wrap=True)
        return
    table = Table("times", "policy", "criterion", "outcome", "reason")
    for count in found:
        table.add_row(str(count.times), count.policy or "not known", count.criterion, count.outcome, count.reason)
    to_stdout().print(table)


@store_commands.command("backup")
def backup_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the copy is written; nothing may be there.")],
    store: StoreUrl = None,
) -> None:
    """Copy a SQLite store to a file, whole, beside the running service. PostgreSQL is copied by pg_dump."""
    with opened(store) as (engine, name):
        held = file_of(engine)
        if held is None:
            refuse(f"{name}: it is no SQLite file; pg_dump copies a PostgreSQL store")
        if not held.exists():
            refuse(f"{name}: there is no such file")
        if file.exists():
            refuse(f"{file}: something is there already")
        try:
            copy_file(held, file)
        except (OSError, sqlite3.Error) as error:
            refuse(f"{file}: the copy was not made: {reason(error)}")
    to_stdout().print(f"{file}: a copy of {name}", soft_wrap=True)


def _refuse_later(engine: Engine, name: str) -> str:
    """Return the store's revision, where this version knows it.

    Ends the command where it does not.
    """
    at = revision_of(engine)
    if at not in known():
        refuse(f"{name}: a later version of cds-service made its tables; use that version, or another store")
    return at


def _refuse_outdated(engine: Engine, name: str) -> None:
    if _refuse_later(engine, name) != newest():
        refuse(f"{name}: its tables are not those of this version; run: cds-service store upgrade")


def ready_store(store: str | None) -> str:
    """Return the URL of a store that the service's workers use.

    Its tables are made where it is the default file. Ends the command where the operator has to do something. A
    database that is out of reach is told in the log and does not keep the service from starting: answers do not need
    it, and it may come back.
    """
    if store == NONE:
        return NONE
    url = store or default_url()
    try:
        engine = engine_for(url)
    except WrongAddress as error:
        refuse(str(error))
    try:
        if url == default_url():
            _refuse_later(engine, shown(url))
            upgrade(engine)
        _refuse_outdated(engine, shown(url))
    except StoreFailed as error:
        log.error("the store cannot be used now", extra={"store": shown(url), "why": error.why})  # noqa: TRY400 - no values
    finally:
        engine.dispose()
    return url


def file_at_start(store: str) -> str:
    """Return which file a SQLite store is, for the workers.

    One that starts later also then notices when another takes its place.
    """
    if store == NONE:
        return ""
    engine = engine_for(store)
    file = file_of(engine)
    engine.dispose()
    return named(file) if file else ""
