"""How long a call about a form waits for what is still to be written: once, not for a log that fails, and few calls at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from threading import Event

import pytest
from sqlalchemy import event

from cds_service.store import store as waiting
from cds_service.store.database import file_of
from cds_service.store.decision_log import DecisionLog
from tests.dtr.conftest import CONTEXT, PUMP, Asking, ordered
from tests.exchange import order

UNKNOWN = "1b4e28ba-2fa1-51d2-883f-0016d3cca427"
"""An id such as ours, of no assertion."""


@contextmanager
def locked(asking: Asking) -> Iterator[None]:
    """The store's file while another program writes it."""
    file = file_of(asking.store.engine)
    assert file
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_a_call_waits_for_the_log_once(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many orders it names."""
    waits: list[float] = []
    wait = DecisionLog.settle

    def counted(log: DecisionLog, seconds: float) -> bool:
        waits.append(seconds)
        return wait(log, seconds)

    monkeypatch.setattr(DecisionLog, "settle", counted)
    asking.package(*(ordered(order("62362", f"o{at}", on="2025-07-01")) for at in range(5)))
    assert len(waits) == 1


def test_no_call_waits_for_a_log_that_is_not_written(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the database takes no rows, forms are made of what it holds, at once: a wait of ten minutes would not end."""
    monkeypatch.setattr("cds_service.store.database.PATIENCE", 0.05)
    monkeypatch.setattr(waiting, "WAITS", 600)
    monkeypatch.setattr(waiting, "ELSEWHERE", 600)
    asking.form()
    with locked(asking):
        asking.sign(signed=PUMP | {"id": "o2"})
        assert asking.package(CONTEXT(asking.context))["parameter"]
        assert asking.package(ordered(PUMP))["parameter"]
        asking.package(CONTEXT(UNKNOWN), status=404)
    assert asking.store.decisions.flush(10)


@pytest.mark.parametrize("id_", ["nope", "x" * 36, "a\0b", UNKNOWN.upper(), "00000000-0000-4000-8000-000000000000"])
def test_an_id_that_is_none_of_ours_is_not_looked_for(asking: Asking, id_: str) -> None:
    """The store is not asked, so nobody waits for it."""
    said: list[str] = []
    event.listen(asking.store.engine, "before_cursor_execute", lambda *call: said.append(call[2]))
    asking.package(CONTEXT(id_), status=404)
    assert not any("FROM context" in one for one in said)


def test_few_calls_wait_for_another_process_at_a_time(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contexts that nobody will write cannot hold all threads: beyond a few, a call is told at once that none is held."""
    asking.form()
    goes_on, sleeping = Event(), [Event() for _ in range(waiting.LOOKERS)]
    awake = iter(sleeping)

    def sleep(_: float) -> None:
        next(awake).set()
        assert goes_on.wait(60)

    monkeypatch.setattr(waiting, "ELSEWHERE", 600)
    monkeypatch.setattr("cds_service.store.store.time.sleep", sleep)
    with ThreadPoolExecutor(waiting.LOOKERS) as pool:
        calls = [pool.submit(asking.package, CONTEXT(UNKNOWN), status=404) for _ in sleeping]
        assert all(one.wait(60) for one in sleeping)
        asking.package(CONTEXT(UNKNOWN), status=404)
        monkeypatch.setattr("cds_service.store.store.time.monotonic", lambda: float("inf"))
        goes_on.set()
        for call in calls:
            call.result()
