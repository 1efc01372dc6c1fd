"""A run from its source to its tables.

It is planned, read, decided, and counted at the end.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow.parquet as pq

from cds_service.replay import duckdb_engine
from cds_service.replay.folder import Folder, whole, write_whole
from cds_service.replay.rows import COUNTS
from cds_service.replay.source import ExportSource, read_source
from cds_service.replay.tables import DECIDED, READ
from cds_service.replay.terms import CannotReplay, Terms
from cds_service.replay.watch import Unwatched, Watch

UNWATCHED: Final = Unwatched()


class Engine(NamedTuple):
    """The engine of a run and its settings.

    DuckDB with so many worker processes and MiB of memory for each, or Spark with its master.
    """

    name: str = "duckdb"
    workers: int = 1
    memory: int = duckdb_engine.MEMORY
    master: str = ""


class DoesNotAddUp(Exception):
    """An error: lines or orders of a run are not accounted for.

    It is a mistake of this program.
    """


def replay(
    path: Path,
    out: Path,
    terms: Terms,
    engine: Engine,
    watch: Watch = UNWATCHED,
    table: str = "",
    key: Path | None = None,
) -> dict[str, Any]:
    """Replay a source into a folder, or resume what was begun there.

    Returns what ``run.json`` says. Raises CannotReplay where that cannot be, and DoesNotAddUp where something is
    unaccounted for.
    """
    folder = Folder(out)
    begun = time.monotonic()
    try:
        with folder.alone():
            source = read_source(path, table)
            terms = replace(terms, key=folder.key(key), searched=tuple(sorted({*terms.searched, *source.asked_for})))
            plan = folder.plan(terms, source, engine.name)
            if (finished := folder.finished()) is not None:
                folder.clean()
                return finished
            _work(folder, terms, source, plan["parts"], engine, watch)
            return _finish(folder, terms, plan, source, time.monotonic() - begun)
    except OSError as error:
        said = error.strerror or type(error).__name__
        raise CannotReplay(f"{out}: it could not be written ({said}). When there is room, the same command goes on") from None


def _work(folder: Folder, terms: Terms, source: ExportSource, parts: int, engine: Engine, watch: Watch) -> None:
    if engine.name == "duckdb":
        duckdb_engine.run(folder, terms, source.chunks, parts, engine.workers, engine.memory, watch)
        return
    try:
        from cds_service.replay import spark_engine  # noqa: PLC0415 - only where it is asked for
    except ImportError:
        raise CannotReplay("Apache Spark is not installed: pip install 'cds-service[spark]'") from None
    spark_engine.run(folder, terms, source.chunks, parts, engine.master, watch)


def _finish(folder: Folder, terms: Terms, plan: dict[str, Any], source: ExportSource, seconds: float) -> dict[str, Any]:
    """Put the tables in their places, count them, and finish the run.

    The run is whole once ``run.json`` says so.
    """
    read, decided = folder.done(READ).values(), folder.done(DECIDED).values()
    counts: dict[str, int] = {name: sum(said[name] for said in decided) for name in COUNTS}
    counts["used"] += sum(said["shared"] for said in read)
    counts["lines"] = sum(said["lines"] for said in read)
    written = folder.decisions if folder.decisions.exists() else folder.of("decisions")
    if not folder.ledger.exists():
        _gather_ledger(folder)
    with duckdb_engine.database(folder, duckdb_engine.MEMORY) as database:
        found = database.execute("SELECT what, count(*) FROM read_parquet(?) GROUP BY what", [str(folder.ledger)]).fetchall()
    left = {"line": 0, "order": 0} | dict(found)
    counts |= {"lines_left": left["line"], "orders_left": left["order"]}
    rows = sum(pq.read_metadata(path).num_rows for path in written.glob("*.parquet"))
    check(counts, rows)
    if written != folder.decisions:
        written.replace(folder.decisions)
    said = {"state": "whole", **plan, "bytes": source.size, "counts": counts, "seconds": round(seconds, 1)}
    write_whole(folder.run, said)
    folder.clean()
    return said


def _gather_ledger(folder: Folder) -> None:
    """Write all ledgers as one table, in the source's order."""
    files = [str(path) for path in sorted(folder.of("ledger").glob("*.parquet"))]
    with whole(folder.ledger) as file, duckdb_engine.database(folder, duckdb_engine.MEMORY) as database:
        found = database.sql('SELECT * FROM read_parquet($files) ORDER BY file, line, what, "order"', params={"files": files})
        writer = None
        for batch in found.to_arrow_reader(65_536):
            writer = writer or pq.ParquetWriter(file, batch.schema)
            writer.write_batch(batch)
        if writer is None:
            writer = pq.ParquetWriter(file, found.to_arrow_table().schema)
        writer.close()


def check(counts: dict[str, int], rows: int) -> None:
    """Raise DoesNotAddUp unless every line, order and row is accounted for.

    Every line and every order must be used, decided, or in the ledger, and every row must be written.
    """
    lines = counts["used"] + counts["lines_left"]
    orders = counts["decided"] + counts["orders_left"]
    if (lines, orders, rows) != (counts["lines"], counts["orders"], counts["rows"]):
        found = {"lines": lines, "orders": orders, "rows": rows}
        said = "; ".join(f"{name}: {counts[name]} in, {count} accounted for" for name, count in found.items())
        raise DoesNotAddUp(f"the ledger does not add up: {said}")
