"""What the decision log costs a row: ``python -m bench.log``; ``--store URL`` names a throwaway PostgreSQL, else a SQLite file is.

Two parts are timed, in CPU time of this process: making the row, which an order's own thread does, and writing it, which the log's
thread does in transactions as the service makes them. A database's own processes are not in it. Each figure is the least of several
runs: what other work of the machine adds is not the row's.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from rich.console import Console
from sqlalchemy import Engine

from bench.bodies import BODIES, body_of
from cds_service.content.content import Content, read_content, shipped_content
from cds_service.hooks.answer import decide_request
from cds_service.hooks.received.messages import parse_request
from cds_service.hooks.settings import Settings
from cds_service.store.database import engine_for, insert_new
from cds_service.store.decision_log import AT_ONCE
from cds_service.store.decision_rows import DecidingCall, Logged, decision_row
from cds_service.store.tables import DecisionRow, Row
from cds_service.store.upgrade import upgrade

DAY = date(2026, 11, 23)


def micro(work: Callable[[], object], times: int, each: int = 1) -> float:
    """CPU microseconds of one of ``each``: the least of several runs after a first one."""
    taken = []
    for _ in range(times + 1):
        began = time.process_time()
        work()
        taken.append((time.process_time() - began) / each * 1e6)
    return min(taken[1:])


def row_cost(
    logged: Logged, content: Content, call: DecidingCall, now: datetime, engine: Engine, times: int
) -> tuple[float, float]:
    """CPU microseconds of a row, made and written."""

    def make() -> list[Row]:
        return [decision_row(logged, content, call, now, values=False) for _ in range(AT_ONCE)]

    written = []
    for _ in range(times):
        rows = make()
        began = time.process_time()
        with engine.begin() as connection:
            insert_new(connection, DecisionRow, rows)
        written.append((time.process_time() - began) / AT_ONCE * 1e6)
    return micro(make, 20, AT_ONCE), min(written)


def main() -> None:
    """Prints the microseconds of a row for each body, made and written."""
    arguments = argparse.ArgumentParser(description="What the decision log costs a row.")
    arguments.add_argument("--store", help="URL of a database to write to; by default a SQLite file that is thrown away")
    arguments.add_argument("--rows", type=int, default=4000)
    given = arguments.parse_args()
    content, console = read_content(shipped_content()), Console()
    with TemporaryDirectory() as folder:
        engine = engine_for(given.store or f"sqlite:///{Path(folder) / 'store.sqlite'}")
        upgrade(engine)
        console.print(f"µs of CPU a row; {engine.dialect.name}, {AT_ONCE} rows a transaction")
        for name in BODIES:
            decided = decide_request(parse_request(body_of(6_000, content, name), "2.2"), content, DAY, Settings())
            logged = Logged(decided[0][1], str(uuid4()))
            call, now = DecidingCall("medical-policy", "order-sign", str(uuid4()), 1.0), datetime.now(UTC)

            made, written = row_cost(logged, content, call, now, engine, max(3, given.rows // AT_ONCE))
            console.print(f"{name:18} made {made:5.1f}   written {written:5.1f}   together {made + written:5.1f}")
        engine.dispose()


if __name__ == "__main__":
    main()
