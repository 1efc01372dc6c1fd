"""The Apache Spark engine: runs the same function in executors.

A DataFrame of resources goes in, DataFrames of decisions and of the ledger come out. Content travels as a file. An
executor that reads it as another revision than the driver stops the run.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import col, lit, monotonically_increasing_id
from pyspark.sql.pandas.types import from_arrow_schema

from cds_service.content.content import read_content
from cds_service.replay.folder import Folder
from cds_service.replay.held import compare_revision
from cds_service.replay.lines import keyed, lines_of
from cds_service.replay.part import decide_part
from cds_service.replay.rows import DECISIONS, LEDGER, LINES, RESULTS
from cds_service.replay.source import Chunk
from cds_service.replay.spark_content import Load, load_for, stocked
from cds_service.replay.tables import DECIDED, READ, Counts, write_left, write_part
from cds_service.replay.terms import CannotReplay, Terms
from cds_service.replay.watch import Watch

_BATCH: Final = 512
"""Rows of a record batch that Spark hands over.

They are in memory beside the chart that is read from them.
"""
_GROUPS: Final = 8
"""Jobs that a run is decided in.

A run that was killed goes on with the first job that is not done.
"""


@dataclass(frozen=True, slots=True)
class Replayed:
    """The DataFrames of a replay.

    ``decisions`` has the columns of ``rows.DECISIONS``, ``ledger`` those of ``rows.LEDGER``. Both are lazy and rest on
    one DataFrame of all results, ``results``; cache that where both are read.
    """

    decisions: DataFrame
    ledger: DataFrame
    results: DataFrame


def decisions(resources: DataFrame, content: Path | str, partitions: int = 0, **terms: Any) -> Replayed:
    """Decide the orders in a DataFrame of resources.

    This happens in the session that the DataFrame belongs to. ``resources`` has a column ``resource`` (JSON text or
    bytes) and may have ``file`` and ``line``, by which the ledger names lines, each once; without them lines are
    numbered. ``content`` is a content folder on the driver. ``terms`` are those of :class:`Terms`; a ``key`` for the
    pseudonyms is needed, or ``keep_ids=True``. Raises CannotReplay.
    """
    held = read_content(Path(content))
    made = Terms(str(content), held.revision, **terms)
    made = replace(made, compare_revision=compare_revision(held, made))
    if not made.key and not made.keep_ids:
        raise CannotReplay("name a key for the pseudonyms (key=b'…'), or say keep_ids=True")
    session = resources.sparkSession
    lines = as_lines(resources, made)
    parts = partitions or int(session.conf.get("spark.sql.shuffle.partitions") or 200)
    kinds = [row["kind"] for row in lines.where("reason IS NULL").select("kind").distinct().collect()]
    results = decided(session, lines, load_for(session, lines, made, kinds), parts)
    nobody = [lit(None).cast("string").alias(name) for name in ("patient", "order")]
    unread = lines.where("reason IS NOT NULL")
    left = unread.select(lit("line").alias("what"), "file", "line", *nobody, "reason", col("kind").alias("detail"))
    ledger = results.where("what IN ('line', 'order')").select(*LEDGER.names).unionByName(left)
    return Replayed(results.where("what = 'decision'").select(*DECISIONS.names), ledger, results)


def as_lines(resources: DataFrame, terms: Terms) -> DataFrame:
    """Return a DataFrame of resources as lines with their patients."""
    names = resources.columns
    if "resource" not in names:
        raise CannotReplay("the DataFrame has no column 'resource'; a column of resources as JSON text is meant")
    chosen = resources.select(
        col("resource").cast("binary").alias("resource"),
        (col("file") if "file" in names else lit("")).cast("string").alias("file"),
        (col("line") if "line" in names else monotonically_increasing_id()).cast("long").alias("line"),
    )

    def read(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for name, rows in _by_file(batch):
                yield from keyed(rows, name, terms, 1)

    return chosen.mapInArrow(read, from_arrow_schema(LINES))


def _by_file(batch: pa.RecordBatch) -> Iterable[tuple[str, list[Any]]]:
    found: dict[str, list[Any]] = {}
    columns = [batch.column(name).to_pylist() for name in ("file", "line", "resource")]
    for file, line, resource in zip(*columns, strict=True):
        found.setdefault(file or "", []).append((line or 0, resource or b"null"))
    return found.items()


def decided(session: SparkSession, lines: DataFrame, load: Load, partitions: int) -> DataFrame:
    """Decide lines, and return the results.

    The lines of a patient are brought together, and decided by the one function of every engine.
    """
    _small_batches(session)
    placed = lines.where("patient IS NOT NULL").select("patient", "kind", "file", "line", "resource")
    grouped = placed.repartition(partitions, "patient").sortWithinPartitions("patient", "file", "line")
    return grouped.mapInArrow(_decide(load), from_arrow_schema(RESULTS))


def _decide(load: Load) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def decide(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield from decide_part(batches, stocked(load))

    return decide


def _small_batches(session: SparkSession) -> None:
    session.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", str(_BATCH))


def session_for(master: str) -> SparkSession:
    """Open a Spark session of this program's own.

    Raises CannotReplay where there is no Java or no such master.
    """
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = (
        SparkSession.builder.appName("cds-service replay")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
    )
    builder = builder.config("spark.executorEnv.PYTHONPATH", os.pathsep.join(one for one in sys.path if one))
    builder = builder.config("spark.log.level", "ERROR")
    try:
        return builder.master(master or "local[*]").getOrCreate()
    except Exception as error:
        said = f"no Spark session with master '{master or 'local[*]'}' ({type(error).__name__}); is Java 17 there?"
        raise CannotReplay(said) from None


def run(folder: Folder, terms: Terms, chunks: tuple[Chunk, ...], parts: int, master: str, watch: Watch) -> None:
    """Read the chunks and decide the parts that are not done.

    The folder and the source are where all executors find them. Raises CannotReplay, OSError.
    """
    session = session_for(master)
    try:
        _read(session, folder, terms, chunks, parts, watch)
        lines = session.read.parquet(str(folder.of("spark") / "lines"))
        load = load_for(session, lines, terms, folder.kinds(READ))
        done = folder.done(DECIDED)
        groups = min(_GROUPS, -(-parts // _GROUPS))
        watch.begin(DECIDED, groups, len(done))
        for number in range(groups):
            if number not in done:
                watch.advance(_decide_group(session, folder, lines, load, (number, groups, parts)))
    except CannotReplay:
        raise
    except Exception as error:
        said = next((line for line in str(error).splitlines() if "CannotReplay" in line), type(error).__name__)
        raise CannotReplay(f"Spark could not go on ({said.strip()}). The same command goes on where it was") from None
    finally:
        session.stop()


def _read(session: SparkSession, folder: Folder, terms: Terms, chunks: tuple[Chunk, ...], parts: int, watch: Watch) -> None:
    """Write the lines of all chunks, whole or not at all.

    Also writes the ledger of the lines that no chart holds.
    """
    done = folder.done(READ)
    watch.begin(READ, 1, len(done))
    if done:
        return
    _small_batches(session)
    names = list(Chunk.__slots__)

    def read(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for row in batch.to_pylist():
                yield from lines_of(Chunk(**row), terms, parts)

    listed = session.createDataFrame([tuple(getattr(chunk, name) for name in names) for chunk in chunks], names)
    read_ = listed.repartition(len(chunks)).mapInArrow(read, from_arrow_schema(LINES))
    path = folder.of("spark") / "lines"
    read_.write.mode("overwrite").parquet(str(path))
    counts = Counts()
    for number, file in enumerate(sorted(path.glob("*.parquet"))):
        table = pq.read_table(file, columns=["part", "kind", "file", "line", "reason"])
        write_left(folder, f"read-00000-{number:04}", table)
        counts = counts.and_of(table)
    watch.advance(counts.noted(folder, 0))


def _results_in(path: Path) -> Iterator[pa.RecordBatch]:
    """Yield what Spark wrote, a batch at a time.

    Spark names the elements of lists otherwise than the schema, so the columns are cast.
    """
    for file in sorted(path.glob("*.parquet")):
        for batch in pq.ParquetFile(file).iter_batches():
            yield from pa.Table.from_batches([batch]).cast(RESULTS).to_batches()


def _decide_group(session: SparkSession, folder: Folder, lines: DataFrame, load: Load, of: tuple[int, int, int]) -> dict[str, int]:
    number, groups, parts = of
    chosen = lines.where(col("part") % groups == number).where("part >= 0")
    path = folder.of("spark") / f"results-{number:05}"
    partitions = max(session.sparkContext.defaultParallelism, parts // groups)
    decided(session, chosen, load, partitions).write.mode("overwrite").parquet(str(path))
    counted = write_part(folder, number, _results_in(path))
    shutil.rmtree(path)
    return counted
