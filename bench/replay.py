"""Measures a replay: CPU by step, whole runs by engine and workers, and peak memory: ``python -m bench.replay``.

The steps are taken one after the other in this process; the whole runs are commands, with the CPU time of all their processes.
Seconds on the clock say little on a machine that others use; CPU seconds and ratios of one run say more.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, TypeVar

import orjson
import psutil
import pyarrow as pa
from rich.console import Console
from rich.table import Table

from cds_service.analysis.lint.content_files import vignettes_of
from cds_service.cli.replay_work import LAST_DAY
from cds_service.content.content import Content, read_content, shipped_content
from cds_service.replay.chart_then import chart_then, resources_then
from cds_service.replay.duckdb_engine import MEMORY, by_patient, database, shared_lines
from cds_service.replay.folder import Folder
from cds_service.replay.held import Shelf, stock
from cds_service.replay.judged import JudgedOrder, judge_signing
from cds_service.replay.lines import lines_of
from cds_service.replay.orders import orders_of, signings
from cds_service.replay.part import charts, decide_part
from cds_service.replay.pool import Pool, pooled
from cds_service.replay.population import population, vignettes_under, write_export
from cds_service.replay.source import read_source
from cds_service.replay.tables import READ, write_lines, write_part
from cds_service.replay.terms import Terms

T = TypeVar("T")
AT_ONCE = "duckdb, two runs of one worker at once"
KEY = b"a key for a benchmark, and for nothing else"


class Whole(NamedTuple):
    """One run as a command: seconds on the clock, CPU seconds and the most memory of all its processes, and what it counted."""

    seconds: float
    cpu: float
    megabytes: float
    patients: int
    orders: int


def steps(source: Path, content: Content, folder: Path) -> tuple[dict[str, float], int]:
    """CPU seconds of each step over a whole source, in one process, and how many orders were decided."""
    terms = Terms(str(content.root), content.revision, key=KEY)
    out = Folder(folder)
    spent: dict[str, float] = {}

    def timed(name: str, work: Callable[[], T]) -> T:
        begun = time.process_time()
        made = work()
        spent[name] = spent.get(name, 0.0) + time.process_time() - begun
        return made

    held = read_source(source)
    for number, chunk in enumerate(held.chunks):
        batches = timed("read", lambda chunk=chunk: list(lines_of(chunk, terms, 1)))  # type: ignore[misc]
        timed("group", lambda number=number, batches=batches: write_lines(out, number, batches))  # type: ignore[misc]
    with database(out, MEMORY) as connected:
        grouped = timed("group", lambda: list(by_patient(connected, out, 0)))
    shelf = stock(terms, (content, None), shared_lines(out), out.kinds(READ))
    patients = list(charts(iter(grouped), terms.largest_chart))
    pools = timed("parse", lambda: [pooled(patient, lines or (), terms) for patient, lines, _ in patients])
    timed("chart", lambda: _charts(pools, shelf))
    decided = timed("decide", lambda: sum(bool(one.rows) for pool in pools for one in _judged(pool, shelf)))
    spent["decide"] -= spent["chart"]  # judging makes each chart again
    results: list[pa.RecordBatch] = list(decide_part(iter(grouped), shelf))
    timed("write", lambda: write_part(out, 0, results))
    return spent, decided


def _charts(pools: list[Pool], shelf: Shelf) -> None:
    for pool in pools:
        for signing in signings(orders_of(pool, shelf.terms)[0], shelf.terms):
            chart_then(resources_then(pool.held, signing, shelf), pool.patient, shelf.content, shelf)


def _judged(pool: Pool, shelf: Shelf) -> Iterator[JudgedOrder]:
    for signing in signings(orders_of(pool, shelf.terms)[0], shelf.terms):
        yield from judge_signing(pool.held, signing, pool.patient, shelf)


def whole(source: Path, out: Path, *how: str) -> Whole:
    """Runs the command in a folder of its own, watched from outside."""
    command = [sys.executable, "-m", "cds_service", "replay", str(source), "--out", str(out), "--quiet", *how]
    begun, most = time.monotonic(), 0.0
    cpu: dict[int, float] = {}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:  # noqa: S603 - a command of our own
        root = psutil.Process(process.pid)
        while process.poll() is None:
            most = max(most, _look(root, cpu))
            time.sleep(0.1)
    assert process.returncode == 0
    counts = orjson.loads((out / "run.json").read_bytes())["counts"]
    shutil.rmtree(out)
    return Whole(time.monotonic() - begun, sum(cpu.values()), most, counts["patients"], counts["orders"])


def at_once(source: Path, out: Path, *how: str) -> Whole:
    """Two runs of the same source side by side, which share nothing: what two workers could reach at best on this machine.

    The seconds are those of the longer one; the rest is of both together.
    """
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda number: whole(source, out.with_name(f"{out.name}-{number}"), *how), (1, 2))
    return Whole(
        max(one.seconds, other.seconds),
        one.cpu + other.cpu,
        one.megabytes + other.megabytes,
        one.patients + other.patients,
        one.orders + other.orders,
    )


def _look(root: psutil.Process, cpu: dict[int, float]) -> float:
    """Notes the CPU seconds of all processes below one, and gives their memory in megabytes."""
    memory = 0.0
    try:
        for one in (root, *root.children(recursive=True)):
            with one.oneshot():
                times = one.cpu_times()
                cpu[one.pid] = times.user + times.system
                memory += one.memory_info().rss / 1e6
    except psutil.Error:
        pass
    return memory


def main() -> None:
    """Makes populations, takes the steps and the whole runs, and prints both."""
    arguments = argparse.ArgumentParser(description="What a replay costs.")
    arguments.add_argument("--patients", type=int, nargs="+", default=[10_000, 100_000])
    arguments.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    arguments.add_argument("--at-once", action="store_true", help="also two runs of one worker at once: what the machine gives two")
    arguments.add_argument("--spark", action="store_true", help="also on local[2]; needs Java 17")
    arguments.add_argument("--whole", action="store_true", help="whole runs alone: the steps hold every chart in memory")
    asked = arguments.parse_args()
    content, console = read_content(shipped_content()), Console()
    vignettes = vignettes_under(vignettes_of(content), content)
    runs = Table("patients", "engine", "seconds", "CPU s", "orders a CPU s", "patients a CPU s", "peak MB", "decide share")
    shares = Table("patients", "read", "group", "parse", "chart", "decide", "write", "orders decided")
    with tempfile.TemporaryDirectory() as folder:
        for patients in asked.patients:
            source = Path(folder) / f"people-{patients}"
            write_export(population(vignettes, content, patients, random.Random(1), LAST_DAY), source)  # noqa: S311 - no secret
            spent: dict[str, float] = {}
            if not asked.whole:
                spent, decided = steps(source, content, Path(folder) / "steps")
                shutil.rmtree(Path(folder) / "steps")
                shares.add_row(f"{patients:,}", *[f"{spent[name]:.1f} s" for name in list(spent)], f"{decided:,}")
            engines = [(f"duckdb, {count}", ["--workers", str(count)]) for count in asked.workers]
            engines += [("spark, local[2]", ["--engine", "spark", "--master", "local[2]"])] if asked.spark else []
            engines += [(AT_ONCE, ["--workers", "1"])] if asked.at_once else []
            for name, how in engines:
                one = (at_once if name == AT_ONCE else whole)(source, Path(folder) / "out", *how)
                alone = f"{(spent['chart'] + spent['decide']) / one.cpu:.0%}" if spent else ""
                rates = (f"{one.orders / one.cpu:,.0f}", f"{one.patients / one.cpu:,.0f}")
                runs.add_row(f"{patients:,}", name, f"{one.seconds:.1f}", f"{one.cpu:.1f}", *rates, f"{one.megabytes:,.0f}", alone)
    if not asked.whole:
        console.print("CPU seconds by step, one after the other in one process", shares)
    console.print("Whole runs; 'decide share' is the CPU of chart and decide alone, over that of the run", runs)


if __name__ == "__main__":
    main()
