"""What is broken for a while and then is not: a store, room for temporary files, a server that died. Each is used again, or told."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
import requests
import typer

from bench.served import free_port
from cds_service import telemetry
from cds_service.cli.serve import free_address
from cds_service.content.content import shipped_content
from cds_service.store.database import engine_for
from cds_service.store.failures import StoreFailed
from cds_service.store.store import Store
from cds_service.store.upgrade import upgrade
from tests.store.conftest import postgresql  # noqa: F401 - a fixture
from tests.store.service import accepted, kept_in
from tests.store.test_faults import LONGEST, report, store_in, wait_for, workers_of
from tests.store.test_processes import TRIPLETS, decided_in, served

pytestmark = pytest.mark.server

NOBODY = 65534
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@contextmanager
def without_rights() -> Iterator[None]:
    """Files are opened as a user who may not write everywhere, where the tests run as one who may."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def fails(store: Store) -> str:
    """Why a store does not take a token."""
    with pytest.raises(StoreFailed) as failed:
        store.first_use(str(uuid4()), "i", NOW)
    return failed.value.why


@pytest.fixture
def open_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that every user may enter."""
    for folder in (tmp_path, *tmp_path.parents[:3]):
        with suppress(OSError):
            folder.chmod(folder.stat().st_mode | 0o011)
    yield tmp_path
    tmp_path.chmod(0o755)


def test_a_store_that_was_read_only_when_it_was_opened_is_used_again(open_folder: Path) -> None:
    """SQLite opens a file that may not be written for reading alone, and stays so; once it may be written, it is."""
    file, url = store_in(open_folder)
    store = Store(url)
    for one in open_folder.glob("store.sqlite*"):
        one.chmod(0o444)
    open_folder.chmod(0o555)
    with without_rights():
        fails(store)
        assert store.why_not(2)
    open_folder.chmod(0o755)
    for one in open_folder.glob("store.sqlite*"):
        one.chmod(0o644)
    assert store.first_use("a", "i", NOW)
    store.close()
    assert file.exists()


def test_a_store_that_was_locked_when_it_was_opened_is_used_again(tmp_path: Path) -> None:
    """Another program has the file for itself while the first connection is made, then lets it go."""
    file, url = store_in(tmp_path)
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("PRAGMA locking_mode=EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    store = Store(url)
    assert fails(store) == "SQLITE_BUSY"
    holder.execute("ROLLBACK")
    holder.close()
    assert store.first_use("a", "i", NOW)
    assert store.why_not(2) == ""
    store.close()


def test_a_full_store_is_not_ready(tmp_path: Path) -> None:
    """A database that answers and cannot grow is told, since a row is written to ask."""
    _, url = store_in(tmp_path)
    store = Store(url)
    with store.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TRIGGER full BEFORE INSERT ON seen_token BEGIN SELECT RAISE(FAIL, 'full'); END")
    assert store.why_not(2) == "SQLITE_CONSTRAINT_TRIGGER"
    store.close()


@pytest.mark.parametrize("gone", [False, True])
def test_a_file_that_is_replaced_while_it_is_served_is_noticed(gone: bool, tmp_path: Path) -> None:
    """What would be lost with the old file, or mixed into the new one, is not acknowledged; no empty file is made in its place."""
    file, url = store_in(tmp_path)
    store = Store(url)
    assert store.first_use("a", "i", NOW)
    other = tmp_path / "other"
    other.mkdir()
    restored, _ = store_in(other)
    if gone:
        file.unlink()
    else:
        restored.replace(file)
    assert fails(store) == "FileReplaced"
    assert store.why_not(2) == "FileReplaced"
    assert file.exists() is not gone
    store.close()


def test_a_restored_file_is_served_after_a_restart(tmp_path: Path) -> None:
    """As the page says: stop, put the copy in place without what belongs to the old file, start."""
    file, url = store_in(tmp_path)
    copy = tmp_path / "copy.sqlite"
    with served(tmp_path / "log", "--store", url) as (_, address):
        assert report(address) == 200
        with sqlite3.connect(file) as source, sqlite3.connect(copy) as target:
            source.backup(target)
        source.close()
        target.close()
        assert report(address, "2026-03-26T11:00:00Z") == 200
    for one in tmp_path.glob("store.sqlite*"):
        one.unlink()
    shutil.move(copy, file)
    with served(tmp_path / "log", "--store", url) as (_, address):
        assert report(address, "2026-03-26T12:00:00Z") == 200
    assert len(kept_in(url)) == 2


def test_workers_end_with_a_server_that_is_killed(tmp_path: Path) -> None:
    """The server is killed outright: its workers write what waits, end by themselves, and the port is free."""
    _, url = store_in(tmp_path)
    with served(tmp_path / "log", "--store", url, "--workers", "2") as (process, address):
        port = int(address.split(":")[2].split("/")[0])
        workers = workers_of(process)
        assert len(workers) == 2
        assert requests.post(address, json=TRIPLETS, timeout=LONGEST).ok
        process.kill()
        process.wait(LONGEST)
        wait_for(lambda: not any(lives(worker) for worker in workers), 15)
        wait_for(lambda: nobody_listens(port), 15)
    assert len(decided_in(url)) == 1


def nobody_listens(port: int) -> bool:
    """Whether a server may start at the port. A passing connection of another test may hold its number for a moment."""
    try:
        return free_address("127.0.0.1", port) == "127.0.0.1"
    except typer.Exit:
        return False


def lives(process: int) -> bool:
    """Whether a process is there and has not ended."""
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False


FULL = """
import os, subprocess, sys
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", sys.argv[1]], check=True)
os.execv(sys.executable, [sys.executable, "-m", "cds_service", *sys.argv[2:]])
"""
UNSHARE = shutil.which("unshare") or ""
"""Gives a process mounts of its own, which end with it."""


@pytest.mark.skipif(
    not UNSHARE or subprocess.run([UNSHARE, "-rm", sys.executable, "-c", ""], capture_output=True, check=False).returncode != 0,
    reason="this system gives no mounts of one's own",
)
def test_a_full_folder_of_temporary_files_costs_the_metrics_and_nothing_else(tmp_path: Path) -> None:
    """With room for names there and for nothing else, workers start, live and answer; the log and `/ready` say that there are no metrics."""
    full, log, port = tmp_path / "full", tmp_path / "log", free_port()
    full.mkdir()
    operators = free_port()
    run = [UNSHARE, "-rm", sys.executable, "-c", FULL, str(full), "serve", "--store", "none", "--workers", "1"]
    run += ["--port", str(port), "--operators-port", str(operators)]
    with log.open("wb") as out:
        process = subprocess.Popen(
            run,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=shipped_content(),
            env=os.environ | {"TMPDIR": str(full), "PYTHONPATH": str(shipped_content())},
        )
    try:
        root = f"http://127.0.0.1:{port}"
        wait_for(lambda: answers(f"{root}/health"), 60)
        for _ in range(20):
            assert requests.post(f"{root}/cds-services/medical-policy", json=TRIPLETS, timeout=LONGEST).status_code == 200
        assert requests.get(f"{root}/ready", timeout=LONGEST).json()["metrics"] == "none"
        refused = requests.get(f"http://127.0.0.1:{operators}/metrics", timeout=LONGEST)
        assert (refused.status_code, refused.json()["resourceType"]) == (503, "OperationOutcome")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    said = log.read_text(encoding="utf-8")
    assert "no metrics are kept" in said
    assert "Respawning" not in said


def answers(address: str) -> bool:
    """Whether somebody answers."""
    with suppress(requests.ConnectionError):
        return requests.get(address, timeout=2).ok
    return False


METRICS = """
import errno, os, sys, tempfile, threading
from cds_service import telemetry
folder = os.environ[telemetry.FOLDER] = tempfile.mkdtemp(dir=sys.argv[1])
real, telemetry.PAUSE = os.posix_fallocate, 0.0
def full(*_):
    raise OSError(errno.ENOSPC, "full")
os.posix_fallocate = full
assert telemetry.metrics().why_not
telemetry.metrics().requests.labels("a", "b").inc()
os.posix_fallocate = real
made = []
threads = [threading.Thread(target=lambda: made.append(telemetry.metrics())) for _ in range(16)]
[t.start() for t in threads]; [t.join() for t in threads]
assert not made[0].why_not and all(one is made[0] for one in made), made
sizes = {os.stat(f"{folder}/{name}").st_blocks * 512 >= telemetry.ROOM for name in os.listdir(folder)}
assert sizes == {True}, sizes
made[0].requests.labels("a", "b").inc()
assert b"cds_requests_total" in telemetry.exposition()
"""


def test_metrics_have_their_room_before_they_are_written_and_come_back_with_it(tmp_path: Path) -> None:
    """Files of numbers are never longer than their room, which would kill who writes; where it is missing, it is looked for again.

    Sixteen threads that ask at once get the same metrics.
    """
    run = [sys.executable, "-c", METRICS, str(tmp_path)]
    done = subprocess.run(run, capture_output=True, cwd=shipped_content(), timeout=60, check=False, text=True)
    assert done.returncode == 0, done.stderr


def test_combinations_of_labels_fit_their_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the number that fits, a new combination is not counted, and nothing fails."""
    monkeypatch.setattr(telemetry, "MOST", 0)
    telemetry.outbound("fhir", "a result that nobody had before")


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_stop_under_load_loses_no_decision(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Orders come from eight clients as fast as they are answered, with feedback beside them, and the server is stopped meanwhile:
    every answered order is in the log, and no report was refused."""
    url = store_in(tmp_path)[1] if database == "sqlite" else request.getfixturevalue("postgresql")
    engine = engine_for(url)
    upgrade(engine)
    engine.dispose()
    answered: list[str] = []
    statuses: list[int] = []
    ended = threading.Event()

    def orders(address: str) -> None:
        with requests.Session() as session:
            while not ended.is_set():
                call = TRIPLETS | {"hookInstance": str(uuid4())}
                try:
                    if session.post(address, json=call, timeout=LONGEST).status_code == 200:
                        answered.append(str(call["hookInstance"]))
                except requests.RequestException:
                    return  # the server has stopped

    def reports(address: str) -> None:
        number = 0
        while not ended.is_set():
            number += 1
            sent = accepted(at=f"2026-03-26T10:00:00.{number:06}Z")
            try:
                statuses.append(requests.post(f"{address}/feedback", json={"feedback": [sent]}, timeout=10).status_code)
            except requests.RequestException:
                return

    with served(tmp_path / "log", "--store", url, "--workers", "2") as (process, address):
        threads = [threading.Thread(target=orders, args=(address,)) for _ in range(8)]
        threads.append(threading.Thread(target=reports, args=(address,)))
        for thread in threads:
            thread.start()
        time.sleep(5)
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        ended.set()
        for thread in threads:
            thread.join()
    assert len(answered) > 50
    assert set(statuses) == {200}
    assert set(answered) <= set(decided_in(url))
    told = [json.loads(line) for line in (tmp_path / "log").read_text(encoding="utf-8").splitlines() if line.startswith("{")]
    assert not [line for line in told if line["said"] == "the decision log is not written"]


def test_the_operators_port_tells_numbers_and_nothing_else(tmp_path: Path) -> None:
    """There the metrics are told without a token, of all workers; orders are not answered there, nor numbers at the service's port."""
    operators = free_port()
    with served(tmp_path / "log", "--store", "none", "--workers", "2", "--operators-port", str(operators)) as (_, address):
        root, theirs = address.split("/cds-services")[0], f"http://127.0.0.1:{operators}"
        assert requests.get(f"{root}/metrics", timeout=LONGEST).status_code == 403
        assert requests.get(f"{root}/stats", timeout=LONGEST).status_code == 403
        assert "cds_requests_total" in requests.get(f"{theirs}/metrics", timeout=LONGEST).text
        assert requests.get(f"{theirs}/metrics", headers={"Host": "evil.example"}, timeout=LONGEST).status_code == 403
        assert requests.post(f"{theirs}/cds-services/medical-policy", json=TRIPLETS, timeout=LONGEST).status_code == 404
        assert requests.get(f"{theirs}/", timeout=LONGEST).status_code == 404


def test_paths_and_headers_are_read_as_they_were_sent(tmp_path: Path) -> None:
    """A path that was encoded twice names nothing; a second Host or Authorization is refused with 400, before anything is read."""
    with served(tmp_path / "log", "--store", "none") as (_, address):
        root, port = address.split("/cds-services")[0], int(address.split(":")[2].split("/")[0])
        assert requests.get(f"{root}/%63ds-services", timeout=LONGEST).status_code == 200
        assert requests.get(f"{root}/%2563ds-services", timeout=LONGEST).status_code == 404
        for twice in ("Host: a\r\nHost: b", "Host: a\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b"):
            assert raw(port, f"GET /cds-services HTTP/1.1\r\n{twice}\r\n\r\n").startswith(b"HTTP/1.1 400")
        lengths = "Content-Length: 2\r\nContent-Length: 3"
        assert raw(port, f"POST /cds-services/medical-policy HTTP/1.1\r\nHost: a\r\n{lengths}\r\n\r\n{{}}").startswith(
            b"HTTP/1.1 400"
        )


def raw(port: int, sent: str) -> bytes:
    """The beginning of the answer to bytes as they stand."""
    with socket.create_connection(("127.0.0.1", port), timeout=LONGEST) as client:
        client.sendall(sent.encode())
        return client.recv(4096)
