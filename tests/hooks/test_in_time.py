"""Answers are in time, shown without a clock: their work is bounded and counted, they wait for nothing, and reading ends by its limit.

How long an answer takes on a machine is measured by ``python -m bench.answers``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, ModuleType, SimpleNamespace
from typing import Any

import orjson
import pytest

from cds_service.fhir.server import Limits
from cds_service.hooks.calls import Calls
from cds_service.hooks.gathered import client_server
from cds_service.hooks.gathered.client_server import ClientServers
from cds_service.hooks.settings import Settings
from cds_service.security.access import Access
from cds_service.security.outbound import Outbound
from cds_service.serving.app import CALLS, create_app
from cds_service.serving.warm_up import warm_up
from cds_service.store.store import Store
from cds_service.store.upgrade import upgrade
from tests.conftest import TODAY, held_content
from tests.exchange import ADDRESS, decisions, order, request
from tests.hooks.test_statements import asked

CRD_SECONDS, SOON_SECONDS = 5, 0.5
"""What CRD allows at order-sign, and CDS Hooks' word for soon."""
USUAL, MOST = 20_000, 500_000
"""Function calls of nine answers in ten, and of any.

Half a second leaves 25 microseconds to each of the first, and five seconds leave ten to each of the others, for whose answer a
worker reads what no order had needed before. A call takes less than one, but how long is no test's to say.
"""
READ_OR_WAIT = {"_io", "io", "_socket", "_ssl", "select", "posix", "sqlite3", "psycopg", "subprocess", "_posixsubprocess", "time"}
"""Modules of C functions that read, write or wait."""
HARMLESS = {"time.perf_counter", "time.time", "time.monotonic", "posix.urandom", "posix.getpid"}
"""Those of them that do none of it."""
WAITS = {"Condition.wait", "Condition.wait_for", "Event.wait", "Thread.join", "Thread.start", "Barrier.wait", "Future.result"}
"""Functions of Python that wait for another thread."""


class Counted:
    """What one thread called: how often anything, and everything that reads, writes or waits."""

    def __init__(self) -> None:
        self.calls = 0
        self.waited: set[str] = set()

    def __call__(self, frame: FrameType, event: str, called: Any) -> None:
        """Takes note of a call."""
        if event == "call":
            self.calls += 1
            if frame.f_code.co_qualname in WAITS:
                self.waited.add(frame.f_code.co_qualname)
        elif event == "c_call":
            self.calls += 1
            owner = getattr(called, "__self__", None)
            home = owner.__name__ if isinstance(owner, ModuleType) else type(owner).__module__
            name = f"{home}.{called.__name__}"
            if (home.partition(".")[0] in READ_OR_WAIT and name not in HARMLESS) or name == "builtins.open":
                self.waited.add(name)


def counted(work: Callable[[], object]) -> Counted:
    """What this thread calls while it works."""
    found = Counted()
    sys.setprofile(found)
    try:
        work()
    finally:
        sys.setprofile(None)
    return found


@pytest.fixture
def calls(tmp_path: Path) -> Iterator[Calls]:
    """What answers in a worker with a store, as it is when the worker begins to take calls."""
    store = Store(f"sqlite:///{tmp_path}/store.sqlite")
    upgrade(store.engine)
    made: Calls = create_app(held_content(), Settings(), lambda: TODAY, store).extensions[CALLS]
    warm_up(made)
    made.at_once(orjson.dumps(request(order())))
    yield made
    store.close()


def bodies(first: int = 0) -> list[bytes]:
    """More than a hundred calls, of the vignettes of all policies."""
    return [orjson.dumps(made) for made in asked()[first :: len(asked()) // 110]]


@pytest.mark.slow
@pytest.mark.verifies("found-2", "answers-soon")
def test_nine_answers_in_ten_are_little_work_and_none_is_much(calls: Calls) -> None:
    """Of the calls of all vignettes, each answered for the first time, the work is counted: it leaves time in plenty."""
    # models of FHIR types that were not met before are read once in a worker, whichever tests ran in it
    new, found = [
        sorted(counted(lambda body=body: _answered(calls, body)).calls for body in bodies(first))  # type: ignore[misc]
        for first in (7, 0)
    ]
    assert len(found) > 100
    assert found[0] > 500, "the work is what is counted"
    assert found[len(found) * 9 // 10] < USUAL
    assert max(new[-1], found[-1]) < MOST


@pytest.mark.slow
@pytest.mark.verifies("found-2", "answers-soon")
def test_an_answer_waits_for_nothing(calls: Calls) -> None:
    """The thread that answers an order whose chart was prefetched reads no file, asks no database, and waits for no other thread."""
    for body in bodies():
        _answered(calls, body)  # models of FHIR types that were not met before are read from the disk, once in a worker
        assert counted(lambda body=body: _answered(calls, body)).waited == set()  # type: ignore[misc]
    assert calls.store
    assert calls.store.decisions.flush(60)


def test_what_waits_is_noticed(tmp_path: Path) -> None:
    """The proof above would see a file, a database, a pause and another thread."""
    store = Store(f"sqlite:///{tmp_path}/store.sqlite")
    upgrade(store.engine)
    seen = [
        counted(lambda: (tmp_path / "x").write_text("x", encoding="utf-8")).waited,
        counted(lambda: store.engine.connect().close()).waited,
        counted(lambda: __import__("time").sleep(0)).waited,
        counted(lambda: store.decisions.flush(0)).waited,
    ]
    store.close()
    assert all(seen), seen


def _answered(calls: Calls, body: bytes) -> None:
    reply = calls.at_once(body)
    assert reply is not None
    assert reply.status == 200


class NeverReads:
    """Threads that are given readings and never come back from one."""

    @contextmanager
    def lane(self, _: str) -> Iterator[NeverReads]:
        """Lends them."""
        yield self

    def submit(self, *_: object) -> Future[Any]:
        """Takes a reading."""
        return Future()


@pytest.mark.verifies("found-2")
def test_the_time_that_reading_may_take_leaves_an_answer_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that waiting alone moves: of a server that never answers, the service's own limit lets go in time."""
    waited: list[float] = []

    def wait(_: Sequence[Future[Any]], timeout: float) -> None:
        waited.append(timeout)

    monkeypatch.setattr(client_server, "time", SimpleNamespace(monotonic=lambda: sum(waited)))
    monkeypatch.setattr(client_server, "wait", wait)
    outbound, server = Outbound(development=True), "http://127.0.0.1:9/fhir"
    servers = ClientServers(outbound, Limits(), NeverReads())  # type: ignore[arg-type]
    access = Access(outbound, fhir_servers=(server,))
    client = create_app(held_content(), Settings(), lambda: TODAY, None, access, servers).test_client()
    token = {"access_token": "t", "token_type": "Bearer", "expires_in": 30, "scope": "patient/*.read", "subject": "cds"}
    made = {name: said for name, said in request(order()).items() if name != "prefetch"}
    answered = client.post(ADDRESS, json=made | {"fhirServer": server, "fhirAuthorization": token})
    outbound.close()
    assert decisions(answered.get_json())[0]["outcome"] == "not-documented"
    assert Limits().seconds <= sum(waited) < CRD_SECONDS - SOON_SECONDS
