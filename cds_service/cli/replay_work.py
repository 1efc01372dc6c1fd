"""A replay as the command line works on it.

It shows a bar while it goes on, and a summary at the end. Imported only where it runs.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson
import typer
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from cds_service.analysis.lint.content_files import vignettes_of
from cds_service.cli.terminal import refuse, to_stderr, to_stdout
from cds_service.content.content import Content
from cds_service.content_files.problems import ContentError
from cds_service.replay.folder import write_whole
from cds_service.replay.held import compare_revision
from cds_service.replay.population import population, vignettes_under, write_export
from cds_service.replay.report.prices import Prices, read_prices
from cds_service.replay.report.written import write_report
from cds_service.replay.run import DoesNotAddUp, Engine, replay
from cds_service.replay.tables import READ
from cds_service.replay.terms import CannotReplay, Terms
from cds_service.replay.watch import Unwatched, Watch

LAST_DAY: Final = date(2026, 6, 30)
"""The day before which orders of a made-up population lie.

They lie at most a year before it.
"""


class Shown(NamedTuple):
    """What a person sees of a run.

    It also holds what the run's report is made with.
    """

    quiet: bool = False
    as_json: bool = False
    exact: bool = False
    prices: Path | None = None
    table: str = ""
    key: Path | None = None


def engine(name: str, workers: int | None, memory: int, master: str) -> Engine:
    """Return the engine of a run.

    It has one worker for each core that this process may use unless said otherwise.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Engine(name, workers or cores, memory, master)


def made_up(content: Content, patients: int, seed: int, out: Path, shown: Shown) -> Path:
    """Return the folder of a made-up population.

    It is written unless it is there. Ends the command where it cannot be.
    """
    folder = out / f"population-{patients}-{seed}-{content.revision}"
    manifest = folder / "manifest.json"
    if manifest.exists():
        return folder
    try:
        vignettes = vignettes_under(vignettes_of(content), content)
        if not vignettes:
            refuse("this content has no vignettes to make people of")
        if not shown.quiet and not shown.as_json:
            to_stderr().print(f"Making up {patients:,} people after {len(vignettes):,} vignettes. Nobody is real.")
        write_export(population(vignettes, content, patients, random.Random(seed), LAST_DAY), folder)  # noqa: S311 - nothing is kept secret
        files = sorted(folder.glob("*.ndjson"))
        outputs = [{"type": path.stem, "url": path.name} for path in files]
        write_whole(
            manifest, {"transactionTime": LAST_DAY.isoformat(), "request": "", "requiresAccessToken": False, "output": outputs}
        )
    except ContentError as error:
        refuse([str(problem) for problem in error.problems])
    except OSError as error:
        refuse(f"{folder}: it could not be written ({error.strerror or type(error).__name__})")
    return folder


def work(source: Path, out: Path, terms: Terms, chosen: Engine, content: Content, shown: Shown) -> Path:
    """Replay, write the report, and return its path.

    Ends the command with status 1 and what is wrong where it cannot.
    """
    try:
        terms = replace(terms, compare_revision=compare_revision(content, terms))
        prices = read_prices(shown.prices) if shown.prices else Prices()
        with _bar(shown) as watch:
            said = replay(source, out, terms, chosen, watch, shown.table, shown.key)
        report = write_report(out, said, content, terms, prices, shown.exact)
    except (CannotReplay, DoesNotAddUp) as error:
        refuse(str(error).splitlines())
    except KeyboardInterrupt:
        refuse(f"{out}: ended. The same command goes on where it was", 130)
    if shown.as_json:
        typer.echo(orjson.dumps(said, option=orjson.OPT_INDENT_2).decode())
    else:
        _summary(said, out, report)
    return report


def _summary(said: dict[str, Any], out: Path, report: Path) -> None:
    counts, console = said["counts"], to_stdout()
    console.print(f"lines    {counts['lines']:,} in = {counts['used']:,} used + {counts['lines_left']:,} in the ledger")
    console.print(f"orders   {counts['orders']:,} in = {counts['decided']:,} decided + {counts['orders_left']:,} in the ledger")
    console.print(f"rows     {counts['rows']:,}, of {counts['patients']:,} patients, in {said['seconds']:,} s", soft_wrap=True)
    console.print(f"tables   {out / 'decisions'}, {out / 'ledger.parquet'}", soft_wrap=True)
    console.print(f"report   {report}", soft_wrap=True)


class Bar:
    """A bar for each step, with patients, orders and time left."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None
        self._patients = self._orders = 0

    def begin(self, step: str, pieces: int, done: int) -> None:
        """Show a new bar."""
        words = "reading" if step == READ else "deciding"
        self._task = self._progress.add_task(words, total=pieces, completed=done, said="")

    def advance(self, counted: dict[str, int]) -> None:
        """Move the bar on by one piece."""
        if self._task is None:
            return
        self._patients += counted.get("patients", 0)
        self._orders += counted.get("orders", 0)
        lines = f"{counted['lines']:,} lines a chunk" if "lines" in counted else ""
        elapsed = self._progress.tasks[self._task].elapsed or 0.0
        rate = f", {self._orders / elapsed:,.0f} a second" if elapsed > 1 and self._orders else ""
        said = lines or f"{self._patients:,} patients, {self._orders:,} orders{rate}"
        self._progress.update(self._task, advance=1, said=said)


@contextmanager
def _bar(shown: Shown) -> Iterator[Watch]:
    console = to_stderr()
    if shown.quiet or shown.as_json or not console.is_terminal:
        yield Unwatched()
        return
    columns = (TextColumn("{task.description:<9}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.fields[said]}"), console=console) as progress:
        yield Bar(progress)
