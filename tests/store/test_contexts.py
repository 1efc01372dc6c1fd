"""Contexts in both databases: whose they are, and how they are found."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from cds_service.store.contexts import ContextsWanted
from cds_service.store.store import Store

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
