"""``cds-service replay`` as it is typed: what it prints, refuses and leaves behind."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import orjson
import pyarrow.parquet as pq
import pytest
from rich.console import Console
from rich.progress import Progress, TextColumn
from typer.testing import CliRunner, Result

from cds_service.cli import app
from cds_service.cli.replay_work import Bar, Shown, made_up
from cds_service.replay.source import read_source
from cds_service.replay.tables import DECIDED, READ
from tests.conftest import held_content
from tests.replay.direct import tables

pytestmark = pytest.mark.server


def typed(*words: str | Path) -> Result:
    """The command with these words."""
    return CliRunner().invoke(app, ["replay", *map(str, words)])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere",), "nowhere: there is no such file or folder"),
        ((".", "--policy", "acme/none"), "no policy 'acme/none' is held"),
        ((".", "--payer", "acme"), "no payer 'acme' is held"),
        ((".", "--prices", "none.csv"), "none.csv: it cannot be read"),
        ((".", "--compare", "acme@2020-01-01"), "neither a content folder nor a version that is held"),
        ((".", "--key", "none.key"), "the key cannot be read"),
    ],
)
def test_what_cannot_be_replayed_is_refused_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    """Each mistake is told on stderr with status 1, and no table is left behind."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.ndjson").write_text('{"resourceType": "Patient", "id": "a"}\n')
    result = typed(*words, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert said in result.stderr
    assert not list(tmp_path.rglob("*.parquet"))


def test_an_engine_or_a_day_that_is_none_is_a_mistake_of_usage(tmp_path: Path) -> None:
    """Options take the words that they name."""
    assert typed(tmp_path, "--out", tmp_path / "out", "--engine", "hadoop").exit_code == 2
    assert typed(tmp_path, "--out", tmp_path / "out", "--from", "yesterday").exit_code == 2
    assert typed().exit_code == 0


def test_without_the_extra_the_command_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where DuckDB is not installed, the command names the extra."""
    import sys

    held = {name for name in sys.modules if name.startswith(("cds_service.replay", "cds_service.cli.replay_work"))}
    for name in held:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "duckdb", None)
    monkeypatch.delattr("cds_service.cli.replay_work", raising=False)
    result = typed(tmp_path, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "pip install 'cds-service[replay]'" in result.stderr


def test_the_bar_tells_patients_orders_and_their_rate() -> None:
    """While a run goes on it tells what it reads, and how many patients and orders are decided."""
    console = Console(file=StringIO(), force_terminal=True, width=200)
    with Progress(TextColumn("{task.description}"), TextColumn("{task.fields[said]}"), console=console) as progress:
        bar = Bar(progress)
        bar.advance({"patients": 1})
        bar.begin(READ, 1, 0)
        bar.advance({"lines": 1200})
        bar.begin(DECIDED, 2, 1)
        bar.advance({"patients": 1234, "orders": 5678})
        told = [(task.description, task.fields["said"], task.completed) for task in progress.tasks]
    assert told == [("reading", "1,200 lines a chunk", 1), ("deciding", "1,234 patients, 5,678 orders", 2)]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """The demo over sixty people."""
    out = tmp_path_factory.mktemp("demo")
    return out, typed("demo", "--patients", "60", "--seed", "5", "--out", out, "--workers", "1", "--no-open", "--exact")


@pytest.mark.slow
def test_the_demo_makes_a_population_up_and_reports_it(shown: tuple[Path, Result]) -> None:
    """A newcomer gets a population over one year, its decisions, and the path of a report; a second time it stands there."""
    out, result = shown
    assert result.exit_code == 0, result.stderr
    (report,) = out.glob("run-*/report.html")
    assert f"report   {report}" in result.stdout
    assert "What the policies would have decided" in report.read_text(encoding="utf-8")
    said = orjson.loads((report.parent / "run.json").read_bytes())
    assert said["counts"]["patients"] == 60
    days = [day for path in report.parent.glob("decisions/*.parquet") for day in pq.read_table(path).column("day").to_pylist()]
    assert len({(day.year, day.month) for day in days}) > 6
    again = typed("demo", "--patients", "60", "--seed", "5", "--out", out, "--workers", "1", "--no-open", "--json")
    assert orjson.loads(again.stdout)["counts"] == said["counts"]


@pytest.mark.slow
def test_the_same_seed_makes_the_same_people(shown: tuple[Path, Result], tmp_path: Path) -> None:
    """A population is told by its seed; another seed makes others, and nobody real."""
    out, _ = shown
    content = held_content()
    first = made_up(content, 60, 5, tmp_path, Shown(quiet=True))
    (before,) = out.glob("population-*")
    assert {path.name: path.read_bytes() for path in first.iterdir()} == {path.name: path.read_bytes() for path in before.iterdir()}
    other = made_up(content, 60, 6, tmp_path, Shown(quiet=True))
    assert (other / "ServiceRequest.ndjson").read_bytes() != (first / "ServiceRequest.ndjson").read_bytes()
    assert "Patient" in read_source(first).asked_for
    assert tables(next(out.glob("run-*")))[0]
