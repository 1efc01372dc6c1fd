"""The contexts: what the chart said of orders that are asked about.

They are found again by the id of the assertion that asked, or by the order, and by the client alone that they were kept
for.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Engine, and_, delete, select, update
from sqlalchemy.orm import Session

from cds_service.store.database import insert_new, reading
from cds_service.store.tables import ContextRow

KEPT_DAYS: Final = 30
"""Days for which contexts are kept where nobody says otherwise."""


class ContextsWanted(NamedTuple):
    """Contexts that are looked for by what a call names: references ``Type/id``.

    One of the orders, one of the coverages and one of the patients is that of a context.
    """

    orders: Collection[str]
    coverages: Collection[str]
    patients: Collection[str]


def keep(connection: Connection, rows: Sequence[dict[str, Any]], days: int) -> None:
    """Keep contexts, each in the place of an earlier one.

    The earlier one has its client, id and policy. A context without facts only ends an earlier one. Those that were
    kept for ``days`` go at the same time, and those of an order that has come under other policies since.
    """
    if rows:
        connection.execute(delete(ContextRow).where(ContextRow.kept_at < rows[-1]["kept_at"] - timedelta(days=days)))
    together: dict[tuple[Any, ...], set[str]] = {}
    for row in rows:
        together.setdefault((row["issuer"], row["id"], row["kept_at"]), set()).add(row["policy"])
    for (issuer, id_, _), policies in together.items():
        one = and_(ContextRow.issuer == issuer, ContextRow.id == id_)
        connection.execute(delete(ContextRow).where(one, ContextRow.policy.not_in(policies)))
    for row in rows:
        same = and_(ContextRow.issuer == row["issuer"], ContextRow.id == row["id"], ContextRow.policy == row["policy"])
        if row["facts"] is None:
            connection.execute(update(ContextRow).where(same).values(row))
            continue
        connection.execute(delete(ContextRow).where(same))
        insert_new(connection, ContextRow, [row])


def of_assertion(engine: Engine, issuer: str, id_: str, since: datetime) -> list[ContextRow]:
    """Return a client's contexts under an id, one a policy.

    Raises StoreFailed.
    """
    return _found(engine, issuer, since, ContextRow.id == id_)


def of_orders(engine: Engine, issuer: str, wanted: ContextsWanted, since: datetime) -> list[ContextRow]:
    """Return a client's contexts of some orders.

    Where the client has the same ids on several servers, nothing tells which are meant, and none is returned. Raises
    StoreFailed.
    """
    columns = (ContextRow.order_reference, ContextRow.coverage, ContextRow.patient)
    named = [[name for name in names if "\0" not in name] for names in wanted]  # which no database keeps
    rows = _found(engine, issuer, since, *(column.in_(names) for column, names in zip(columns, named, strict=True)))
    ids: dict[tuple[str, ...], set[str]] = {}
    for row in rows:
        ids.setdefault(_named(row), set()).add(row.id)
    return [row for row in rows if len(ids[_named(row)]) == 1]


def _named(row: ContextRow) -> tuple[str, ...]:
    return row.order_reference, row.coverage, row.patient, row.payer


def _found(engine: Engine, issuer: str, since: datetime, *where: ColumnElement[bool]) -> list[ContextRow]:
    own = (ContextRow.issuer == issuer, ContextRow.kept_at >= since)
    wanted = select(ContextRow).where(*own, *where).order_by(ContextRow.id, ContextRow.policy)
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
