"""The decision log: every decision is written once, and no trouble of the database reaches an answer."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from cds_service.serving.app import CALLS
from cds_service.store.database import engine_for
from cds_service.store.decision_log import AT_ONCE, DecisionLog
from cds_service.store.store import Store
from cds_service.store.tables import DecisionRow
from tests.exchange import order, request, sign
from tests.store.service import TRIPLETS, Service, accepted, kept_in, rows


def row(id_: str = "d1", **more: Any) -> dict[str, Any]:
    """A row of the decision log."""
    texts = {"hook_instance": "h", "service": "s", "order_reference": "o", "policy": "p", "version": "v", "revision": "r"}
    lists: dict[str, Any] = {"because": [], "asks": [], "assumed": [], "resources": []}
    return (
        {"id": id_, "decided_at": datetime.now(UTC), "outcome": "necessary", "evidence": None, "card": None} | texts | lists | more
    )


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Another program holds the tables of a database."""
    engine = engine_for(url)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("LOCK TABLE decision, feedback IN ACCESS EXCLUSIVE MODE"))
        yield
    engine.dispose()


@contextmanager
def asked_by_threads(engine: Engine) -> Iterator[set[threading.Thread]]:
    """The threads that send a database a statement or ask for a connection."""
    askers: set[threading.Thread] = set()

    def note(*_: object) -> None:
        askers.add(threading.current_thread())

    for happening in ("engine_connect", "before_cursor_execute"):
        event.listen(engine, happening, note)
    yield askers
    for happening in ("engine_connect", "before_cursor_execute"):
        event.remove(engine, happening, note)


def test_a_locked_database_neither_fails_nor_slows_an_answer(url: str, serving: Callable[..., Service]) -> None:
    """While another program holds the database, orders are answered without asking it, and feedback is 503; then all is written."""
    service = serving(url)
    with locked(url):
        with asked_by_threads(service.store.engine) as askers:
            for number in range(20):
                sign(service.client, order(id_=f"o{number}"))
        assert threading.current_thread() not in askers
        assert service.report(accepted()).status_code == 503
        assert not service.store.decisions.flush(0)
    assert len(service.decisions()) == 20
    assert service.report(accepted()).status_code == 200
    assert service.store.lost == 0


def test_a_database_out_of_reach_is_told_and_counted(serving: Callable[..., Service], caplog: pytest.LogCaptureFixture) -> None:
    """Orders are answered, the log says once that it is not written, and what never was is counted when the service ends."""
    service = serving("postgresql://nobody:secret@127.0.0.1:9/none")
    for number in range(3):
        sign(service.client, order(id_=f"o{number}"), chart=TRIPLETS)
    service.store.close()
    assert service.store.lost == 3
    told = [record for record in caplog.records if record.msg == "the decision log is not written"]
    assert len(told) == 1
    assert "secret" not in "".join(str(record.__dict__) for record in caplog.records)


def test_a_read_only_database_is_told(sqlite_file: Path, serving: Callable[..., Service], caplog: pytest.LogCaptureFixture) -> None:
    """Orders are answered, feedback is 503, and the log names the database's code."""
    service = serving(f"sqlite:///file:{sqlite_file}?mode=ro&uri=true")
    sign(service.client, order())
    assert service.report(accepted()).status_code == 503
    service.store.close()
    assert service.store.lost == 1
    assert {record.__dict__["why"] for record in caplog.records if hasattr(record, "why")} == {"SQLITE_READONLY"}


def test_a_failure_of_ours_does_not_fail_an_answer(
    url: str, serving: Callable[..., Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong in making a row, the answer goes out."""
    service = serving(url)
    monkeypatch.setattr("cds_service.store.store.decision_row", lambda *_: 1 / 0)
    sign(service.client, order())
    assert service.store.lost == 1


def test_what_finds_no_room_is_lost_and_counted(url: str) -> None:
    """The rows that wait are bounded: more are let go before any is written, so no call waits for room."""
    log = DecisionLog(engine_for("postgresql://nobody@127.0.0.1:9/none"), room=5)
    log.put([row(str(number)) for number in range(8)])
    assert log.lost == 3
    log.close(1)
    assert log.lost == 8


def test_a_row_that_no_database_takes_is_lost_alone(url: str) -> None:
    """A row with values of the wrong type does not hold up the others."""
    store = Store(url)
    store.decisions.put([row("a"), row("b", decided_at=datetime(2026, 1, 1)), row("c")])  # noqa: DTZ001 - a moment without zone
    assert store.decisions.flush(10)
    assert {found.id for found in rows(store, DecisionRow)} == {"a", "c"}
    assert store.lost == 1
    store.close()


def test_many_threads_log_all_their_decisions(url: str) -> None:
    """Rows put by many threads at once are all written, once each."""
    store = Store(url)
    threads = [threading.Thread(target=store.decisions.put, args=([row(f"{t}-{n}") for n in range(50)],)) for t in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.decisions.flush(30)
    assert len(rows(store, DecisionRow)) == 1000
    assert store.lost == 0
    store.close()


def test_feedback_waits_for_no_decision(service: Service, url: str) -> None:
    """Feedback that comes before its decision is written is kept all the same."""
    assert service.report(accepted()).status_code == 200
    assert kept_in(url) == [(accepted()["card"], "accepted")]


def test_rows_that_gather_do_not_wake_the_thread_that_writes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The thread is woken for the first row and for a full batch: each waking between them would cost an order more than its row."""
    log = DecisionLog(engine_for(f"sqlite:///{tmp_path / 'none.sqlite'}"))
    monkeypatch.setattr(log, "_write_on", lambda: time.sleep(60))
    woken: list[int] = []
    monkeypatch.setattr(log._changed, "notify_all", lambda: woken.append(len(log._waiting)), raising=False)
    for number in range(AT_ONCE + 5):
        log.put([row(f"d{number}")])
    assert woken == [1, AT_ONCE]


def test_calls_wait_for_a_database_that_writes_slowly(sqlite_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Orders come faster than they are written, for longer than there is room: each call waits a little, and no decision is lost."""
    store = Store(f"sqlite:///{sqlite_file}")
    store.decisions = DecisionLog(store.engine, room=60, crowd=20)
    insert = store.decisions._insert

    def slowly(batch: Sequence[Any]) -> None:
        time.sleep(0.05)
        insert(batch)

    def orders(client: int) -> None:
        for number in range(40):
            store.decisions.put([row(f"{client}-{number}")])

    monkeypatch.setattr(store.decisions, "_insert", slowly)
    threads = [threading.Thread(target=orders, args=(client,)) for client in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.decisions.flush(30)
    assert (store.lost, len(rows(store, DecisionRow))) == (0, 320)
    store.close()


def test_no_call_waits_long_for_a_database_that_hangs(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A write that never ends keeps a call waiting for a bounded time; then rows are kept while there is room, and lost aloud."""
    log = DecisionLog(engine_for("postgresql://nobody@127.0.0.1:9/none"), room=3, crowd=2)
    hangs = threading.Event()
    monkeypatch.setattr(log, "_insert", lambda _: hangs.wait(30))
    monkeypatch.setattr("cds_service.store.decision_log.WAITS", 0.05)
    for number in range(5):
        log.put([row(str(number))])
    assert log.lost == 2
    assert [record.__dict__["lost"] for record in caplog.records if record.msg == "the decision log is not written"] == [1]
    hangs.set()
    log.close(5)


def test_a_crowded_log_never_waits_on_the_event_loop(service: Service) -> None:
    """What would wait for the log is answered by a thread: the event loop, which has all other calls to see to, lets it go."""
    calls = service.client.application.extensions[CALLS]
    body = json.dumps(request(order())).encode()
    assert calls.at_once(body).status == 200
    service.store.decisions._crowd = 0
    assert calls.at_once(body) is None


def test_who_waits_for_a_busy_file_sees_its_gaps(sqlite_file: Path) -> None:
    """Another program holds the file nearly all of the time, with gaps of some milliseconds: tokens find them, as feedback does."""
    store, ended = Store(f"sqlite:///{sqlite_file}"), threading.Event()

    def hold() -> None:
        with closing(sqlite3.connect(sqlite_file, isolation_level=None)) as other:
            while not ended.is_set():
                other.execute("BEGIN IMMEDIATE")
                time.sleep(0.5)
                other.execute("ROLLBACK")
                time.sleep(0.006)

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        for number in range(4):
            time.sleep(0.1)  # or the next one comes in the gap of the last
            assert store.first_use(f"t{number}", "i", datetime(2030, 1, 1, tzinfo=UTC))
    finally:
        ended.set()
        holder.join()
        store.close()
