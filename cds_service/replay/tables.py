"""The tables that workers write.

The lines of a chunk sorted by part, and the decisions and the ledger of a part.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cds_service.replay.folder import Folder, whole, write_whole
from cds_service.replay.rows import COUNTS, DECISIONS, LEDGER, LINES, RESULTS, counted, only

READ, DECIDED = "read", "decided"
"""The two steps of a run."""
_TABLE: Final = 64 * 1024 * 1024
"""Bytes of lines that are sorted and written at a time."""


def write_lines(folder: Folder, number: int, batches: Iterable[pa.RecordBatch]) -> dict[str, Any]:
    """Write a chunk's lines and its ledger; return what was counted.

    The lines of one part stand together. A chunk that cannot be cut (a gzipped file) comes in several tables, so that
    no more than one of them is in memory. Raises OSError.
    """
    counts = Counts()
    for piece, table in enumerate(_tables(batches)):
        placed = table.filter(pc.is_null(table["reason"])).sort_by([("part", "ascending")])
        with whole(folder.of("lines") / f"{number:05}-{piece:04}.parquet") as file, pq.ParquetWriter(file, LINES) as writer:
            for part in pc.unique(placed["part"]).to_pylist():
                writer.write_table(placed.filter(pc.equal(placed["part"], part)))
        write_left(folder, f"read-{number:05}-{piece:04}", table)
        counts = counts.and_of(table)
    return counts.noted(folder, number)


def _tables(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    held: list[pa.RecordBatch] = []
    size = 0
    for batch in batches:
        held.append(batch)
        size += batch.nbytes
        if size >= _TABLE:
            yield pa.Table.from_batches(held, LINES)
            held, size = [], 0
    if held:
        yield pa.Table.from_batches(held, LINES)


class Counts(NamedTuple):
    """What lines come to.

    How many there are, how many belong to nobody, and the types of those that are read.
    """

    lines: int = 0
    shared: int = 0
    kinds: frozenset[str] = frozenset()

    def and_of(self, table: pa.Table) -> Counts:
        """Return the counts with those of more lines added."""
        placed = table.filter(pc.is_null(table["reason"]))
        kinds = {one for one in pc.unique(placed["kind"]).to_pylist() if one}
        shared = pc.sum(pc.equal(placed["part"], -1)).as_py() or 0
        return Counts(self.lines + table.num_rows, self.shared + shared, self.kinds | kinds)

    def noted(self, folder: Folder, number: int) -> dict[str, Any]:
        """Note that the lines of a chunk are all written.

        Raises OSError.
        """
        said = {"lines": self.lines, "shared": self.shared, "kinds": sorted(self.kinds)}
        write_whole(folder.of(READ) / f"{number:05}.json", said)
        return said


def write_left(folder: Folder, name: str, lines: pa.Table) -> None:
    """Write the lines that no chart holds as rows of the ledger.

    Raises OSError.
    """
    lines = lines.filter(pc.is_valid(lines["reason"]))
    count = lines.num_rows
    columns = {
        "what": pa.array(["line"] * count, pa.string()),
        "file": lines["file"],
        "line": lines["line"],
        "patient": pa.nulls(count, pa.string()),
        "order": pa.nulls(count, pa.string()),
        "reason": lines["reason"],
        "detail": lines["kind"],
    }
    with whole(folder.of("ledger") / f"{name}.parquet") as file:
        pq.write_table(pa.table(columns, LEDGER), file)


def write_part(folder: Folder, number: int, batches: Iterable[pa.RecordBatch]) -> dict[str, int]:
    """Write a part's decisions and ledger; return what was counted.

    Raises OSError.
    """
    total = dict.fromkeys(COUNTS, 0)
    decisions, ledger = folder.of("decisions") / f"{number:05}.parquet", folder.of("ledger") / f"part-{number:05}.parquet"
    with (
        whole(decisions) as first,
        whole(ledger) as second,
        pq.ParquetWriter(first, DECISIONS) as decided,
        pq.ParquetWriter(second, LEDGER) as left,
    ):
        for batch in batches:
            table = pa.Table.from_batches([batch], RESULTS)
            decided.write_table(only(table, ("decision",), DECISIONS))
            left.write_table(only(table, ("line", "order"), LEDGER))
            total = {name: total[name] + count for name, count in counted(table).items()}
    write_whole(folder.of(DECIDED) / f"{number:05}.json", total)
    return total
