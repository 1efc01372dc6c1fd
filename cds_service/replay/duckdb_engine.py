"""The embedded engine: DuckDB and one worker process per core.

DuckDB groups lines by patient out of core (on disk where memory ends); the worker processes decide them part by part.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import duckdb
import orjson
import pyarrow as pa

from cds_service.fhir.elements import Resource
from cds_service.replay.folder import Folder
from cds_service.replay.held import Shelf, contents_of, stock
from cds_service.replay.lines import lines_of
from cds_service.replay.part import decide_part
from cds_service.replay.source import Chunk
from cds_service.replay.tables import DECIDED, READ, write_lines, write_part
from cds_service.replay.terms import CannotReplay, Terms
from cds_service.replay.watch import Watch

_BATCH: Final = 512
"""Lines per batch that is read back.

A batch is in memory beside the chart that is read from it.
"""
_TRIES: Final = 3
"""How often killed workers are replaced before the run gives up.

Only tries in vain count: those in which nothing more was done.
"""
MEMORY: Final = 1024
"""Mebibytes that each worker's DuckDB may take before spilling to disk."""


@dataclass(frozen=True, slots=True)
class Job:
    """What every worker is told.

    The folder, the terms, the number of parts, the types that the source holds, and its memory in MiB.
    """

    out: Path
    terms: Terms
    parts: int
    held: tuple[str, ...] = ()
    memory: int = MEMORY


_shelves: dict[Job, Shelf] = {}
"""What this worker process has stocked, by job.

A process works for one run, on one thread.
"""


def run(folder: Folder, terms: Terms, chunks: tuple[Chunk, ...], parts: int, workers: int, memory: int, watch: Watch) -> None:
    """Read the chunks and decide the parts that are not done.

    Raises CannotReplay, OSError.
    """
    job = Job(folder.out, terms, parts, memory=memory)
    read = folder.done(READ)
    with _Workers(workers) as pool:
        left = [partial(read_chunk, job, number, chunk) for number, chunk in enumerate(chunks) if number not in read]
        pool.do(READ, left, len(read), watch)
        job = Job(folder.out, terms, parts, folder.kinds(READ), memory)
        decided = folder.done(DECIDED)
        left = [partial(decide_lines, job, number) for number in range(parts) if number not in decided]
        pool.do(DECIDED, left, len(decided), watch)


Task = Callable[[], dict[str, Any]]


class _Workers:
    """The worker processes of a run, which read first and decide then.

    They are started when there is something to do, and once for both.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> _Workers:
        return self

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        self._end(at_once=failed is not None)

    def do(self, step: str, tasks: Sequence[Task], done: int, watch: Watch) -> None:
        """Do all tasks of a step.

        Where a worker is killed, the tasks that are left are begun again with new workers. Raises CannotReplay where
        they are killed again and again.
        """
        watch.begin(step, done + len(tasks), done)
        left = dict(enumerate(tasks))
        tries = 0
        while left and tries < _TRIES:
            before = len(left)
            try:
                for number, counted in _results(self._started(), dict(left), 2 * self._count):
                    del left[number]
                    watch.advance(counted)
            except BrokenProcessPool:
                self._end(at_once=True)
                tries = tries + 1 if len(left) == before else 0
        if left:
            raise CannotReplay(
                "workers were killed again and again; fewer --workers or more memory may help. The same command goes on"
            )

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(self._count, get_context("spawn"), _end_with, (os.getpid(),))
        return self._pool

    def _end(self, at_once: bool) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=not at_once, cancel_futures=at_once)
            self._pool = None


def _results(pool: ProcessPoolExecutor, tasks: dict[int, Task], ahead: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield results as they come.

    No more than ``ahead`` tasks are handed out at a time.
    """
    running: dict[Future[dict[str, Any]], int] = {}
    todo = iter(tasks.items())
    while True:
        while len(running) < ahead and (one := next(todo, None)):
            running[pool.submit(one[1])] = one[0]
        if not running:
            return
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            yield running.pop(future), future.result()


def _end_with(parent: int) -> None:
    """End this worker when the process that started it is gone.

    Nobody would take its results then.
    """

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=look, daemon=True).start()


def read_chunk(job: Job, number: int, chunk: Chunk) -> dict[str, Any]:
    """Read one chunk into lines by part.

    Raises CannotReplay, OSError.
    """
    return write_lines(Folder(job.out), number, lines_of(chunk, job.terms, job.parts))


def decide_lines(job: Job, part: int) -> dict[str, int]:
    """Decide one part.

    Raises CannotReplay, OSError.
    """
    folder = Folder(job.out)
    shelf = _shelves.get(job)
    if shelf is None:
        shelf = _shelves[job] = stock(job.terms, contents_of(job.terms), shared_lines(folder), job.held)
    with database(folder, job.memory) as connected:
        try:
            return write_part(folder, part, decide_part(by_patient(connected, folder, part), shelf))
        except duckdb.Error as error:
            raise CannotReplay(
                f"DuckDB could not group part {part} by patient ({type(error).__name__}); is the disk full?"
            ) from None


def database(folder: Folder, memory: int) -> duckdb.DuckDBPyConnection:
    """Open a database in memory that spills into the run's folder."""
    spill = folder.of("spill") / str(os.getpid())
    settings: dict[str, Any] = {"memory_limit": f"{memory}MiB", "temp_directory": str(spill), "threads": 1}
    connected = duckdb.connect(config=settings | {"preserve_insertion_order": False})
    connected.execute("SET enable_progress_bar = false")
    return connected


def by_patient(connected: duckdb.DuckDBPyConnection, folder: Folder, part: int) -> Iterator[pa.RecordBatch]:
    """Yield the lines of a part, those of a patient together."""
    files = [str(path) for path in sorted(folder.of("lines").glob("*.parquet"))]
    if not files:
        return
    query = "SELECT patient, kind, file, line, resource FROM read_parquet($files) WHERE part = $part ORDER BY patient, file, line"
    yield from connected.sql(query, params={"files": files, "part": part}).to_arrow_reader(_BATCH)


def shared_lines(folder: Folder) -> list[Resource]:
    """Return the resources that belong to nobody, in the source's order.

    A line that is not JSON is left out.
    """
    found: list[Resource] = []
    with database(folder, MEMORY) as connected:
        for batch in by_patient(connected, folder, -1):
            found += shared_resources(batch.column("resource").to_pylist())
    return found


def shared_resources(written: list[bytes]) -> Iterator[Resource]:
    """Yield the resources in lines that belong to nobody.

    A line that is not JSON is left out.
    """
    for one in written:
        try:
            resource: Any = orjson.loads(one)
        except ValueError:
            continue
        if isinstance(resource, dict):
            yield resource
