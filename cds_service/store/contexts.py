"""The contexts: what the chart said of orders that are asked about.

They are found again by the id of the assertion that asked, or by the order, and by the client alone that they were kept
for.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Engine, and_, bindparam, delete, select, update
from sqlalchemy.orm import Session

from cds_service.store.database import reading, replace_rows
from cds_service.store.tables import ContextRow

_SAME_ORDER: Final = (ContextRow.issuer == bindparam("of_issuer"), ContextRow.id == bindparam("of_id"))
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
    kept for ``days`` go at the same time, and those of an order that has come under other policies since. All rows share
    a statement of each kind; an order that several policies govern takes one more.
    """
    if not rows:
        return
    connection.execute(delete(ContextRow).where(ContextRow.kept_at < rows[-1]["kept_at"] - timedelta(days=days)))
    orders = _latest(rows)
    alone = [
        {"of_issuer": issuer, "of_id": id_, "of_policy": next(iter(kept))}
        for (issuer, id_), kept in orders.items()
        if len(kept) == 1
    ]
    if alone:
        connection.execute(delete(ContextRow).where(*_SAME_ORDER, ContextRow.policy != bindparam("of_policy")), alone)
    for (issuer, id_), kept in orders.items():
        if len(kept) > 1:
            one = and_(ContextRow.issuer == issuer, ContextRow.id == id_)
            connection.execute(delete(ContextRow).where(one, ContextRow.policy.not_in(kept)))
    found = [one for kept in orders.values() for one in kept.values()]
    replace_rows(connection, ContextRow, [one.row for one in found if one.is_new])
    ended = [
        {"of_issuer": one.row["issuer"], "of_id": one.row["id"], "of_policy": one.row["policy"], **one.row}
        for one in found
        if not one.is_new
    ]
    if ended:
        connection.execute(update(ContextRow).where(*_SAME_ORDER, ContextRow.policy == bindparam("of_policy")), ended)


class _Latest(NamedTuple):
    """The last row of an order and policy.

    ``is_new`` tells whether it is kept where none was: it has facts, or ends one of these very rows that has.
    """

    row: dict[str, Any]
    is_new: bool


def _latest(rows: Sequence[dict[str, Any]]) -> dict[tuple[str, str], dict[str, _Latest]]:
    """Return what is left of each order, by policy.

    Orders are told by client and id. It is what its last call asked to keep.
    """
    calls: dict[tuple[str, str], tuple[datetime, dict[str, _Latest], dict[str, _Latest]]] = {}
    for row in rows:
        key = (row["issuer"], row["id"])
        call = calls.get(key)
        if call is None or call[0] != row["kept_at"]:
            call = calls[key] = (row["kept_at"], call[2] if call else {}, {})
        _, before, now = call
        earlier = now.get(row["policy"]) or before.get(row["policy"])
        now[row["policy"]] = _Latest(row, row["facts"] is not None or (earlier is not None and earlier.is_new))
    return {key: now for key, (_, _, now) in calls.items()}


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
