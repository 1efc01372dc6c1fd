"""Orders as fast as they are answered, with feedback and tokens beside them, then a stop: ``python -m bench.soak --seconds 600``.

Says what was refused and what was lost; any of either fails. Two loads take half of the time each: an open service, where orders
come at full speed and feedback beside them; and one that names its client, where each call has a token of its own that may be used
once, and is used a second time now and then, which must be refused. ``--store URL`` names a throwaway PostgreSQL.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Lock, Thread
from uuid import uuid4

import orjson
from joserfc import jws
from joserfc.jwk import ECKey
from rich.console import Console
from sqlalchemy import func, select

from bench.bodies import body_of
from bench.served import ADDRESS, ROOT, free_port, wait_for
from cds_service.content.content import read_content, shipped_content
from cds_service.store.database import engine_for
from cds_service.store.tables import DecisionRow, FeedbackRow
from cds_service.store.upgrade import upgrade

PUBLIC = "https://cds.example"
REPLAYS = 50
"""Of so many calls with a token, one is sent again."""


class Load:
    """Clients of one server, what they were answered, and how many orders and reports were acknowledged."""

    def __init__(self, port: int, order: dict[str, object], key: ECKey | None) -> None:
        self.statuses: Counter[tuple[str, int]] = Counter()
        self.ended = Event()
        self._port, self._order, self._key = port, order, key
        self._lock = Lock()

    def orders(self) -> None:
        """Sends orders until the load ends."""
        self._flow("order", ADDRESS, lambda: self._order | {"hookInstance": str(uuid4())})

    def reports(self) -> None:
        """Sends feedback on cards that nobody knows until the load ends."""
        at = {"outcome": "accepted", "outcomeTimestamp": "2026-03-26T10:05:31Z", "acceptedSuggestions": [{"id": str(uuid4())}]}
        self._flow("feedback", f"{ADDRESS}/feedback", lambda: {"feedback": [{"card": str(uuid4())} | at]})

    def _flow(self, kind: str, path: str, made: object) -> None:
        connection, number = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30), 0
        assert callable(made)
        while not self.ended.is_set():
            headers = {"Content-Type": "application/json"}
            if self._key:
                headers["Authorization"] = f"Bearer {_token(self._key, path)}"
            number += 1
            for again in (False, True)[: 2 if self._key and number % REPLAYS == 0 else 1]:
                try:
                    connection.request("POST", path, orjson.dumps(made()), headers)
                    response = connection.getresponse()
                    response.read()
                except (OSError, http.client.HTTPException):
                    return  # the server was stopped
                with self._lock:
                    self.statuses["replay" if again else kind, response.status] += 1


def _token(key: ECKey, path: str) -> str:
    now = int(time.time())
    audience = f"{PUBLIC}{path}".removesuffix("/feedback")
    claims = {"iss": PUBLIC, "aud": audience, "iat": now, "exp": now + 300, "jti": str(uuid4())}
    return jws.serialize_compact({"alg": "ES384", "typ": "JWT", "kid": "k"}, orjson.dumps(claims), key, algorithms=["ES384"])


def soak(url: str, seconds: float, clients: int, folder: Path, *, tokens: bool) -> list[str]:
    """One load on a store; says what was refused, failed or lost, nothing where all is well."""
    key = ECKey.generate_key("P-384", {"kid": "k"}) if tokens else None
    port, before = free_port(), _count(url)
    run = [sys.executable, "-m", "cds_service", "serve", "--port", str(port), "--store", url]
    if key:
        held = json.dumps({"keys": [key.as_dict(private=False)]})
        (folder / "clients.yaml").write_text(f"clients:\n  - issuer: {PUBLIC}\n    keys: {held}\n", encoding="utf-8")
        run += ["--clients", str(folder / "clients.yaml"), "--public-url", PUBLIC]
    order = orjson.loads(body_of(6_000, read_content(shipped_content()), "recognised-payer"))
    load = Load(port, order, key)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(run, stdout=log, stderr=log, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})  # noqa: S603
    try:
        wait_for(port, "/health", 60)
        threads = [Thread(target=load.orders) for _ in range(clients)] + [Thread(target=load.reports) for _ in range(2)]
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        process.send_signal(signal.SIGTERM)  # while the clients still send
        process.wait(30)
    finally:
        load.ended.set()
        if process.poll() is None:
            process.kill()
    for thread in threads:
        thread.join()
    after, got = _count(url), load.statuses
    Console().print(f"{'tokens' if tokens else 'open'}, {url.partition(':')[0]}, {seconds:g} s: {dict(sorted(got.items()))}")
    wrong = [
        f"{times} {kind} answered with {status}" for (kind, status), times in got.items() if status != (200, 401)[kind == "replay"]
    ]
    lost = [got["order", 200] - (after[0] - before[0]), got["feedback", 200] - (after[1] - before[1])]
    lines = [json.loads(line) for line in (folder / "log").read_text(encoding="utf-8").splitlines() if line.startswith("{")]
    why = Counter(f"{line['said']}: {line['why']}" for line in lines if "why" in line)
    wrong += [f"{times} log lines say {said}" for said, times in why.items()] if wrong else []
    return wrong + [f"{count} {what} lost" for count, what in zip(lost, ("decisions", "reports"), strict=True) if count > 0]


def _count(url: str) -> tuple[int, int]:
    engine = engine_for(url)
    with engine.begin() as connection:
        found = tuple(connection.scalar(select(func.count()).select_from(table)) or 0 for table in (DecisionRow, FeedbackRow))
    engine.dispose()
    return found[0], found[1]


def main() -> None:
    """Runs both loads, and fails where anything was refused or lost."""
    arguments = argparse.ArgumentParser(description="Orders, feedback and tokens under load, then a stop.")
    arguments.add_argument("--seconds", type=float, default=20)
    arguments.add_argument("--clients", type=int, default=8, help="connections that send orders")
    arguments.add_argument("--store", help="URL of a database to fill; by default a SQLite file that is thrown away")
    given = arguments.parse_args()
    with TemporaryDirectory() as folder:
        url = given.store or f"sqlite:///{Path(folder) / 'store.sqlite'}"
        engine = engine_for(url)
        upgrade(engine)
        engine.dispose()
        wrong = [
            said for tokens in (False, True) for said in soak(url, given.seconds / 2, given.clients, Path(folder), tokens=tokens)
        ]
    for said in wrong:
        Console().print(said, style="red")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
