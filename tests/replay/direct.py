"""A replay in this process, without an engine: an export read, grouped and decided by the functions that all engines call."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cds_service.content.content import Content
from cds_service.replay.duckdb_engine import shared_resources
from cds_service.replay.held import Shelf, compared, stock
from cds_service.replay.lines import lines_of
from cds_service.replay.part import decide_part
from cds_service.replay.rows import LINES, RESULTS, counted
from cds_service.replay.source import read_source
from cds_service.replay.terms import Terms
from tests.conftest import held_content

Row = dict[str, Any]
KEY = b"a key for tests, and for nothing else"


def terms(**more: Any) -> Terms:
    """The terms of a test: the shipped content, ids kept, unless said otherwise."""
    content = held_content()
    return replace(Terms(str(content.root), content.revision, keep_ids=True, key=KEY), **more)


def export(folder: Path, resources: Iterable[Any], name: str = "all.ndjson") -> Path:
    """Resources, or lines as they are, as one file of an export."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [one if isinstance(one, bytes) else orjson.dumps(one) for one in resources]
    (folder / name).write_bytes(b"".join(line + b"\n" for line in lines))
    return folder


def lines(source: Path, how: Terms) -> pa.Table:
    """All lines of a source, by patient."""
    chunks = read_source(source).chunks
    table = pa.Table.from_batches([batch for chunk in chunks for batch in lines_of(chunk, how, 1)], LINES)
    return table.sort_by([("patient", "ascending"), ("file", "ascending"), ("line", "ascending")])


def shelf_for(table: pa.Table, how: Terms, but: Iterable[str] = (), content: Content | None = None) -> Shelf:
    """What a worker holds for these lines; types named in ``but`` were not searched."""
    written = table.filter(pc.equal(table["part"], -1))["resource"].to_pylist()
    kinds = {one for one in table.filter(pc.is_null(table["reason"]))["kind"].to_pylist() if one} - set(but)
    return stock(how, (content or held_content(), compared(held_content(), how)), shared_resources(written), kinds)


def decided(source: Path, how: Terms, but: Iterable[str] = (), content: Content | None = None) -> list[Row]:
    """The rows of all kinds that a source gives, those of unreadable lines among them."""
    table = lines(source, how)
    placed = table.filter(pc.is_valid(table["patient"]) if table.num_rows else pa.array([], pa.bool_()))
    found = pa.Table.from_batches(list(decide_part(iter(placed.to_batches(64)), shelf_for(table, how, but, content))), RESULTS)
    left = table.filter(pc.is_valid(table["reason"]))
    rows: list[Row] = [{"what": "line"} | row for row in left.select(["file", "line", "reason"]).to_pylist()]
    count = counted(found)
    rows += [row for row in found.to_pylist() if row["what"] != "tally"]
    assert count["orders"] == count["decided"] + sum(row["what"] == "order" for row in rows)
    shared = table.num_rows - left.num_rows - placed.num_rows
    assert table.num_rows == shared + count["used"] + sum(row["what"] == "line" for row in rows)
    return rows


def of(rows: Iterable[Row], what: str) -> list[Row]:
    """The rows of one kind."""
    return [row for row in rows if row["what"] == what]


def tables(out: Path) -> tuple[list[str], list[str]]:
    """The decisions and the ledger of a run, each row as text, sorted: two runs are equal when these are."""
    decisions = [row for path in sorted((out / "decisions").glob("*.parquet")) for row in pq.read_table(path).to_pylist()]
    ledger = pq.read_table(out / "ledger.parquet").to_pylist()
    return sorted(map(str, decisions)), sorted(map(str, ledger))


def environment(**more: str) -> dict[str, str]:
    """The environment of a command that a test starts."""
    return {**os.environ, "PYTHONPATH": os.getcwd(), "PYSPARK_PYTHON": sys.executable, **more}
