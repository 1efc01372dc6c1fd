"""Faults while the service runs: slow clients, a database that is locked or gone, a worker that is killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from bench.served import free_port
from cds_service.store.database import engine_for
from cds_service.store.upgrade import upgrade
from tests.store.service import accepted, kept_in
from tests.store.test_processes import TRIPLETS, served

pytestmark = pytest.mark.server

LONGEST = 5
"""Seconds after which a client gives a request up."""
HEAD = b"POST /cds-services/medical-policy HTTP/1.1\r\nHost: x\r\nOrigin: http://localhost:4200\r\nContent-Length: 200000\r\n\r\n{"


def store_in(folder: Path) -> tuple[Path, str]:
    """A SQLite store with its tables: the file and its URL."""
    file = folder / "store.sqlite"
    engine = engine_for(f"sqlite:///{file}")
    upgrade(engine)
    engine.dispose()
    return file, f"sqlite:///{file}"


def report(address: str, at: str = "2026-03-26T10:05:31Z") -> int:
    """Sends feedback; the status of the answer."""
    return requests.post(f"{address}/feedback", json={"feedback": [accepted(at=at)]}, timeout=LONGEST).status_code


def test_half_sent_bodies_keep_nobody_waiting_and_are_refused(tmp_path: Path) -> None:
    """Beside 200 half-sent bodies and two that drip, an order is answered; the half-sent get 408 and an OperationOutcome."""
    with served(tmp_path / "log", "--store", "none", CDS_SERVICE_BODY_SECONDS="3") as (_, address):
        port = int(address.split(":")[2].split("/")[0])
        slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(202)]
        for client in slow:
            client.sendall(HEAD)
        for _ in range(3):
            for dripping in slow[:2]:
                dripping.sendall(b" ")
            assert requests.post(address, json=TRIPLETS, timeout=2).status_code == 200
        for client in (slow[0], slow[-1]):
            client.settimeout(10)
            refused = b""
            while b"issue" not in refused and (chunk := client.recv(4096)):
                refused += chunk
            assert refused.startswith(b"HTTP/1.1 408")
            assert b"access-control-allow-origin: http://localhost:4200" in refused.lower()
            assert b'"OperationOutcome"' in refused
        for client in slow:
            client.close()
        assert requests.post(address, json=TRIPLETS, timeout=LONGEST).status_code == 200


def test_a_body_announced_or_grown_too_large_is_refused_unread(tmp_path: Path) -> None:
    """A body that announces more than the operator's limit is refused at once, its bytes never awaited."""
    with served(tmp_path / "log", "--store", "none", CDS_SERVICE_LARGEST_BODY="1") as (_, address):
        port = int(address.split(":")[2].split("/")[0])
        with socket.create_connection(("127.0.0.1", port), timeout=LONGEST) as client:
            client.sendall(HEAD.replace(b"200000", b"2000000"))
            assert client.recv(4096).startswith(b"HTTP/1.1 413")
        chunks = (b" " * 65536 for _ in range(40))
        with suppress(requests.ConnectionError):  # where the connection is closed while the client is still sending
            assert requests.post(address, data=chunks, timeout=LONGEST).status_code == 413
        assert requests.post(address, json=TRIPLETS, timeout=LONGEST).status_code == 200


def test_a_locked_database_holds_no_order_up(tmp_path: Path) -> None:
    """While another process holds the lock, orders are answered, feedback is 503 in time, and ready says so; then all is written."""
    file, url = store_in(tmp_path)
    with served(tmp_path / "log", "--store", url) as (_, address):
        root = address.split("/cds-services")[0]
        holder = sqlite3.connect(file, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        assert requests.post(address, json=TRIPLETS, timeout=2).status_code == 200
        assert report(address) == 503
        ready = requests.get(f"{root}/ready", timeout=LONGEST)
        assert ready.json()["store"] == "unreachable"
        assert ready.json()["store_why"] in ("timeout", "SQLITE_BUSY")
        assert requests.get(f"{root}/health", timeout=LONGEST).json() == {"status": "ok"}
        holder.execute("ROLLBACK")
        holder.close()
        assert report(address) == 200
    assert len(kept_in(url)) == 1


def test_a_database_that_is_gone_acknowledges_nothing(tmp_path: Path) -> None:
    """When the store's file is replaced by one that is no database, orders are answered and feedback is 503."""
    file, url = store_in(tmp_path)
    with served(tmp_path / "log", "--store", url) as (_, address):
        for one in tmp_path.glob("store.sqlite*"):
            one.unlink()
        file.mkdir()
        assert report(address) == 503
        assert requests.post(address, json=TRIPLETS, timeout=LONGEST).status_code == 200


def test_a_killed_worker_is_replaced_and_loses_nothing_acknowledged(tmp_path: Path) -> None:
    """One of two workers is killed while feedback flows: no client gives up, what was acknowledged is kept, another worker starts."""
    _, url = store_in(tmp_path)
    acknowledged: list[str] = []
    gave_up: list[str] = []
    operators = free_port()
    with served(tmp_path / "log", "--store", url, "--workers", "2", "--operators-port", str(operators)) as (process, address):
        before = workers_of(process)
        ended = threading.Event()

        def flow(lane: int) -> None:
            number = 0
            while not ended.is_set():
                number += 1
                at = f"2026-03-26T1{lane}:00:00.{number:06}Z"
                try:
                    if report(address, at) == 200:
                        acknowledged.append(at)
                except requests.Timeout:
                    gave_up.append(at)
                except requests.ConnectionError:
                    pass  # the call that the killed worker had

        lanes = [threading.Thread(target=flow, args=(lane,)) for lane in range(4)]
        for lane in lanes:
            lane.start()
        wait_for(lambda: len(acknowledged) > 20)
        os.kill(before[0], signal.SIGKILL)
        wait_for(lambda: len(set(workers_of(process)) - set(before)) == 1)
        counted = len(acknowledged)
        wait_for(lambda: len(acknowledged) > counted + 20)
        ended.set()
        for lane in lanes:
            lane.join()
        metrics = requests.get(f"http://127.0.0.1:{operators}/metrics", timeout=LONGEST).text
        assert "cds_requests_total" in metrics
    assert gave_up == []
    assert len(kept_in(url)) >= len(acknowledged)


def workers_of(process: subprocess.Popen[bytes]) -> list[int]:
    """The worker processes of a server."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent = stat.read_text(encoding="utf-8").rpartition(")")[2].split()[:2]
            command = (stat.parent / "cmdline").read_bytes()
            if int(parent) == process.pid and state != "Z" and b"resource_tracker" not in command:
                found.append(int(stat.parent.name))
    return sorted(found)


def wait_for(happened: object, seconds: float = 20) -> None:
    """Waits until something is so. Fails when it is not in time."""
    assert callable(happened)
    until = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


def test_one_log_line_tells_of_a_request_and_nothing_of_the_patient(tmp_path: Path) -> None:
    """The line has the hook instance, hook, status, milliseconds, bytes, orders and outcomes, and no patient's id."""
    log = tmp_path / "log"
    with served(log, "--store", "none") as (_, address):
        assert requests.post(address, json=TRIPLETS, timeout=LONGEST).ok
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if line.startswith("{")]
    (line,) = [line for line in lines if line["said"] == "answered" and line["hook"] == "order-sign"]
    assert line["hook_instance"] == TRIPLETS["hookInstance"]
    assert (line["status"], line["orders"], line["outcomes"][0]["outcome"]) == (200, 1, "not-necessary")
    assert line["ms"] > 0
    assert line["bytes"] > 1000
    assert f'"{TRIPLETS["context"]["patientId"]}"' not in json.dumps(line)
