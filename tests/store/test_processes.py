"""The store under real processes: several writers, one that is killed, one whose disk is full, and the server that ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy.orm import Session

from bench.served import free_port
from cds_service.cli.demo import examples_folder
from cds_service.content.content import shipped_content
from cds_service.store.database import engine_for
from cds_service.store.tables import DecisionRow
from tests.cli.test_command_line import LONGEST, answers
from tests.store.service import accepted, kept_in, overridden

pytestmark = pytest.mark.server

ROOT = shipped_content()
TRIPLETS = json.loads((examples_folder(ROOT) / "triplets.json").read_text(encoding="utf-8"))
Json = dict[str, Any]


@contextmanager
def served(log: Path, *options: str, **environment: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Runs ``serve`` as a process of its own until it answers; gives it and the address of the service."""
    port = free_port()
    run = [sys.executable, "-m", "cds_service", "serve", "--port", str(port), *options]
    with log.open("wb") as out:
        process = subprocess.Popen(
            run, stdout=out, stderr=subprocess.STDOUT, env=os.environ | environment, cwd=ROOT, start_new_session=True
        )
    try:
        assert answers(process, port), log.read_text(encoding="utf-8")
        service, *_ = requests.get(f"http://127.0.0.1:{port}/cds-services", timeout=LONGEST).json()["services"]
        yield process, f"http://127.0.0.1:{port}/cds-services/{service['id']}"
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(LONGEST)


def decided_in(url: str) -> list[str]:
    """The hook instances of all logged decisions."""
    engine = engine_for(url)
    with Session(engine) as session:
        found = [row.hook_instance for row in session.query(DecisionRow)]
    engine.dispose()
    return found


@pytest.mark.verifies("feedback-kept")
def test_what_was_acknowledged_survives_kill_9(url: str, tmp_path: Path) -> None:
    """The server is killed outright the moment it has acknowledged feedback: every acknowledged report is there."""
    with served(tmp_path / "log", "--store", url) as (process, address):
        times = [f"2026-03-26T10:00:{second:02}Z" for second in range(20)]
        for at in times:
            assert requests.post(f"{address}/feedback", json={"feedback": [accepted(at=at)]}, timeout=LONGEST).ok
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(LONGEST)
    assert len(kept_in(url)) == len(times)


def test_workers_share_the_store_and_end_with_everything_written(url: str, tmp_path: Path) -> None:
    """Two workers log and keep feedback at once; SIGTERM ends them with every decision written, feedback bound to its card."""
    log = tmp_path / "log"
    calls = [TRIPLETS | {"hookInstance": f"00000000-0000-4000-8000-{number:012}"} for number in range(40)]
    with served(log, "--store", url, "--workers", "2") as (process, address):
        for call in calls:
            (card,) = requests.post(address, json=call, timeout=LONGEST).json()["cards"]
            assert requests.post(f"{address}/feedback", json={"feedback": [overridden(card["uuid"])]}, timeout=LONGEST).ok
        process.send_signal(signal.SIGTERM)
        assert process.wait(LONGEST) == 0
    assert sorted(decided_in(url)) == sorted(str(call["hookInstance"]) for call in calls)
    assert len(kept_in(url)) == len(calls)
    assert "Traceback" not in log.read_text(encoding="utf-8")


WRITER = """
import sys
from datetime import UTC, datetime, timedelta
from cds_service.store.feedback import Feedback
from cds_service.store.store import Store
store, now = Store(sys.argv[1]), datetime(2026, 1, 1, tzinfo=UTC)
ends = datetime.now(UTC) + timedelta(minutes=5)
first = sum(store.first_use(f"t{n}", "i", ends) for n in range(100))
for n in range(100):
    store.keep_feedback("", "s", [Feedback(f"00000000-0000-4000-8000-{n:012}", "accepted", now)])
store.close()
print(first)
"""


def test_several_processes_write_at_once(url: str) -> None:
    """Four processes keep the same feedback and use the same tokens: each report is kept once, each token has one first use."""
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
        for _ in range(4)
    ]
    ended = [writer.communicate(timeout=LONGEST) for writer in writers]
    assert [error for _, error in ended if error] == []
    assert sum(int(said) for said, _ in ended) == 100
    assert len(kept_in(url)) == 100


FULL = """
import json, resource, sys
from cds_service.serving.app import create_app
from cds_service.store.store import Store
from tests.store.service import FEEDBACK, accepted
from tests.exchange import ADDRESS, order, request
store = Store(sys.argv[1])
client = create_app(store=store).test_client()
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
acknowledged = []
for n in range(1000):
    status = client.post(FEEDBACK, json={"feedback": [accepted(at=f"2026-03-26T10:00:00.{n:03}Z")]}).status_code
    if status != 200:
        break
    acknowledged.append(n)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, resource.RLIM_INFINITY))
answered = client.post(ADDRESS, json=request(order())).status_code
failing = store.decisions.flush(2)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
after = client.post(FEEDBACK, json={"feedback": [accepted()]}).status_code
written = store.decisions.flush(10)
print(json.dumps([len(acknowledged), status, answered, failing, after, written]))
store.close()
"""


def test_a_full_disk_loses_nothing_that_was_acknowledged(sqlite_file: Path) -> None:
    """When no more can be written, feedback is 503 and orders are answered; with room again, both are written."""
    url = f"sqlite:///{sqlite_file}"
    done = subprocess.run([sys.executable, "-c", FULL, url], capture_output=True, cwd=ROOT, timeout=LONGEST, check=False)
    assert done.returncode == 0, done.stderr
    kept, *rest = json.loads(done.stdout)
    assert rest == [503, 200, False, 200, True]
    assert kept > 0
    assert len(kept_in(url)) == kept + 1
    assert len(decided_in(url)) == 1


def test_serve_makes_its_own_file_and_keeps_feedback_there(tmp_path: Path) -> None:
    """Without a URL the store is a file in the user's data folder, made on start; its place is told without a secret."""
    with served(tmp_path / "log", XDG_DATA_HOME=str(tmp_path), LOCALAPPDATA=str(tmp_path)) as (_, address):
        assert requests.post(f"{address}/feedback", json={"feedback": [accepted()]}, timeout=LONGEST).ok
    (file,) = tmp_path.glob("**/store.sqlite")
    assert kept_in(f"sqlite:///{file}") == [(accepted()["card"], "accepted")]


def test_serve_says_what_to_do_about_an_outdated_store(empty: str, tmp_path: Path) -> None:
    """A store named by the operator is upgraded by the operator: ``serve`` refuses and names the command."""
    url = empty.replace("/folder", "") if empty.startswith("sqlite") else empty
    run = [sys.executable, "-m", "cds_service", "serve", "--port", str(free_port()), "--store", url]
    done = subprocess.run(
        run, capture_output=True, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, timeout=LONGEST, check=False
    )
    assert done.returncode == 1
    assert b"run: cds-service store upgrade" in done.stderr
    assert not list(tmp_path.iterdir())


def test_serve_starts_while_its_database_is_out_of_reach(tmp_path: Path) -> None:
    """Orders are answered and feedback is 503; the log says that the store cannot be used."""
    log = tmp_path / "log"
    with served(log, "--store", "postgresql://nobody:secret@127.0.0.1:9/none") as (_, address):
        assert requests.post(address, json=TRIPLETS, timeout=LONGEST).ok
        assert requests.post(f"{address}/feedback", json={"feedback": [accepted()]}, timeout=LONGEST).status_code == 503
    said = log.read_text(encoding="utf-8")
    assert "the store cannot be used now" in said
    assert "secret" not in said
