"""``cds-service store``: upgrade the store's tables, expire what is old, count what clinicians did with cards."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated

import orjson
import typer
from rich.table import Table
from sqlalchemy import Engine

from cds_service.cli.terminal import refuse, to_stdout
from cds_service.store.database import ENVIRONMENT, NONE, StoreFailed, WrongAddress, default_url, engine_for, file_of, shown
from cds_service.store.expire import expire
from cds_service.store.feedback import counts
from cds_service.store.same_file import FILE, named
from cds_service.store.upgrade import known, newest, revision_of, upgrade

StoreUrl = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="URL",
        envvar=ENVIRONMENT,
        help="Database of decisions and feedback: sqlite:////folder/store.sqlite, postgresql://user@host/name, "
        "or 'none'; without it, a file in the user's data folder.",
    ),
]
log = logging.getLogger("cds_service")
store_commands = typer.Typer(name="store", help="Look after the database of decisions and feedback.", no_args_is_help=True)


@contextmanager
def opened(store: str | None) -> Iterator[tuple[Engine, str]]:
    """The engine of a store and its URL as it may be shown. Ends the command with status 1 and the reason when it fails."""
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
    with opened(store) as (engine, name):
        _refuse_outdated(engine, name)
        gone = expire(engine, now - timedelta(days=older_than), now)
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


def _refuse_later(engine: Engine, name: str) -> str:
    """The store's revision, where this version knows it."""
    at = revision_of(engine)
    if at not in known():
        refuse(f"{name}: a later version of cds-service made its tables; use that version, or another store")
    return at


def _refuse_outdated(engine: Engine, name: str) -> None:
    if _refuse_later(engine, name) != newest():
        refuse(f"{name}: its tables are not those of this version; run: cds-service store upgrade")


def ready_store(store: str | None) -> str:
    """The URL that the service's workers use, its tables made where it is the default file.

    Ends the command where the operator has to do something. A database that is out of reach is told in the log and does not keep
    the service from starting: answers do not need it, and it may come back.
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


def settle_file(store: str) -> None:
    """Tells the workers which file a SQLite store is, so that also one that starts later notices when another takes its place."""
    file = None
    if store != NONE:
        engine = engine_for(store)
        file = file_of(engine)
        engine.dispose()
    os.environ[FILE] = named(file) if file else ""
