"""Contexts in both databases: whose they are, and how they are found."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, event, select

from cds_service.store.contexts import ContextsWanted, keep
from cds_service.store.database import engine_for
from cds_service.store.store import Store
from cds_service.store.tables import ContextRow
from cds_service.store.upgrade import upgrade

NOW = datetime(2026, 3, 2, tzinfo=UTC)
WANTED = ContextsWanted({"ServiceRequest/1"}, {"Coverage/1"}, {"Patient/1"})


def row(issuer: str, id_: str = "id-1", facts: Any = ()) -> dict[str, Any]:
    """What is kept of one order for a client."""
    return {
        "issuer": issuer,
        "id": id_,
        "policy": "lhcc/pump",
        "version": "2025-06-14",
        "kept_at": NOW,
        "order_reference": "ServiceRequest/1",
        "coverage": "Coverage/1",
        "patient": "Patient/1",
        "payer": "lhcc",
        "code": "",
        "date_of_service": date(2026, 3, 2),
        "outcome": "not-documented",
        "unsearched": [],
        "facts": None if facts is None else list(facts),
    }


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """A store in each database."""
    made = Store(url)
    yield made
    made.close()


def test_a_row_is_its_client_s(store: Store) -> None:
    """Two clients with everything alike have two rows; the end of one is not the end of the other."""
    store.keep_contexts([row("a", facts=[{"fact": "x"}]), row("b", facts=[{"fact": "y"}])])
    store.keep_contexts([row("b", facts=None)])
    for issuer, facts in (("a", [[{"fact": "x"}]]), ("b", [None]), ("", [])):
        assert [one.facts for one in store.contexts(issuer, "id-1", NOW)] == facts
        assert [one.facts for one in store.contexts_of(issuer, WANTED, NOW)] == facts


def test_ids_that_mean_two_orders_find_neither(store: Store) -> None:
    """A client that kept the same references under two assertions has them on two servers."""
    store.keep_contexts([row("a", "id-1"), row("a", "id-2")])
    assert store.contexts_of("a", WANTED, NOW) == []
    assert [one.id for one in store.contexts("a", "id-2", NOW)] == ["id-2"]


def test_a_name_that_no_database_keeps_finds_nothing(store: Store) -> None:
    """A reference with NUL in it is looked for in vain, and is no fault of the database."""
    store.keep_contexts([row("a")])
    odd = ContextsWanted({"ServiceRequest/1", "ServiceRequest/\0"}, {"Coverage/1"}, {"Patient/1"})
    assert [one.id for one in store.contexts_of("a", odd, NOW)] == ["id-1"]
    assert store.contexts_of("a", odd._replace(orders={"\0"}), NOW) == []


CALLS = st.lists(
    st.tuples(
        st.sampled_from("ab"),
        st.sampled_from(["id-1", "id-2"]),
        st.dictionaries(st.sampled_from(["lhcc/pump", "cms/oxygen", "medica/fusion"]), st.booleans(), min_size=1),
    ),
    max_size=12,
)
"""Calls: the client, the order, and its policies, each with facts or without."""


def rows_of(calls: list[tuple[str, str, dict[str, bool]]]) -> list[list[dict[str, Any]]]:
    """The rows of each call, a second after the one before."""
    return [
        [
            row(issuer, id_, [{"fact": str(number)}] if asked else None)
            | {"policy": policy, "kept_at": NOW + timedelta(seconds=number)}
            for policy, asked in policies.items()
        ]
        for number, (issuer, id_, policies) in enumerate(calls)
    ]


def kept(engine: Engine, batches: list[list[dict[str, Any]]]) -> list[tuple[Any, ...]]:
    """What is there after these batches, each in a transaction of its own, on a table without rows."""
    columns = (ContextRow.issuer, ContextRow.id, ContextRow.policy, ContextRow.kept_at, ContextRow.facts)
    with engine.begin() as connection:
        connection.execute(delete(ContextRow))
    for batch in batches:
        with engine.begin() as connection:
            keep(connection, batch, 30)
    with engine.connect() as connection:
        return sorted(tuple(map(str, found)) for found in connection.execute(select(*columns)))


@pytest.fixture(scope="module")
def sqlite_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A database with the tables."""
    engine = engine_for(f"sqlite:///{tmp_path_factory.mktemp('store')}/store.sqlite")
    upgrade(engine)
    yield engine
    engine.dispose()


@given(calls=CALLS)
def test_rows_kept_together_are_those_kept_one_call_after_another(sqlite_engine: Engine, calls: list[Any]) -> None:
    """How many calls share a transaction changes nothing: earlier contexts are replaced, ended, and let go."""
    batches = rows_of(calls)
    assert kept(sqlite_engine, [[one for batch in batches for one in batch]]) == kept(sqlite_engine, batches)


def test_many_rows_take_as_few_statements_as_two(store: Store) -> None:
    """A transaction has a statement of each kind for all rows, since each costs more than a row."""
    counted: list[int] = []
    for many in (2, 100):
        said: list[str] = []
        heard = partial(_note, said)
        event.listen(store.engine, "before_cursor_execute", heard)
        with store.engine.begin() as connection:
            keep(connection, [row("a", f"id-{many}-{number}", None if number % 2 else ["x"]) for number in range(many)], 30)
        event.remove(store.engine, "before_cursor_execute", heard)
        counted.append(len(said))
    assert counted[0] == counted[1]


def _note(said: list[str], *executed: Any) -> None:
    said.append(executed[2])
