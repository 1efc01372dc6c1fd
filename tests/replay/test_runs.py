"""A run as a whole: its folder, its parts, what stops it, and that it goes on where it was."""

from __future__ import annotations

import fcntl
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import orjson
import psutil
import pytest

from cds_service.content.layers import FOLDERS
from cds_service.replay.held import contents_of
from cds_service.replay.run import DoesNotAddUp, Engine, check, replay
from cds_service.replay.tables import DECIDED
from cds_service.replay.terms import CannotReplay, Terms
from cds_service.replay.watch import Unwatched
from tests.conftest import held_content
from tests.replay.direct import decided, environment, of, tables, terms

pytestmark = pytest.mark.server

ENGINE = Engine(workers=2)
Tables = tuple[list[str], list[str]]


def command(people: Path, out: Path, key: Path, *more: str) -> list[str]:
    """The command of a run with two workers."""
    made = [sys.executable, "-m", "cds_service", "replay", str(people), "--out", str(out), "--key", str(key), "--workers", "2"]
    return [*made, "--quiet", *more]


@pytest.mark.slow
def test_a_run_adds_up_and_holds_what_one_function_decides(people: Path, whole: Path) -> None:
    """The tables of a run are the rows of ``decide_part``, and run.json counts every line and order once."""
    counts = orjson.loads((whole / "run.json").read_bytes())["counts"]
    decisions, ledger = tables(whole)
    rows = decided(people, terms())
    assert counts["lines"] == counts["used"] + counts["lines_left"]
    assert counts["orders"] == counts["decided"] + counts["orders_left"]
    assert len(decisions) == len(of(rows, "decision")) == counts["rows"] >= 50
    assert len(ledger) == len(of(rows, "line")) + len(of(rows, "order"))
    assert not (whole / "work").exists()
    assert (whole / "patients.key").exists() is False
    assert not [one for one in decisions if "'v1" in one or "order-1" in one]


def test_a_key_of_its_own_is_its_owners_alone(people: Path, tmp_path: Path) -> None:
    """Where no key is named one is made, which nobody else reads; a key that is too short is refused."""
    replay(people, tmp_path / "out", terms(policies=("lhcc/implantable-intrathecal-epidural-pain-pump",)), Engine(workers=1))
    assert (tmp_path / "out" / "patients.key").stat().st_mode & 0o077 == 0
    (tmp_path / "short").write_text("abc")
    with pytest.raises(CannotReplay, match="too short"):
        replay(people, tmp_path / "other", terms(), ENGINE, key=tmp_path / "short")


def test_the_same_command_on_a_run_that_is_whole_decides_nothing_again(people: Path, whole: Path, key: Path) -> None:
    """A second run in the same folder gives what stands there; one with other terms, or after the source changed, is refused."""
    before = {path: path.stat().st_mtime_ns for path in whole.rglob("*.parquet")}
    replay(people, whole, terms(keep_ids=False), ENGINE, key=key)
    assert {path: path.stat().st_mtime_ns for path in whole.rglob("*.parquet")} == before
    with pytest.raises(CannotReplay, match="differs in as_known"):
        replay(people, whole, terms(keep_ids=False, as_known="now"), ENGINE, key=key)
    with pytest.raises(CannotReplay, match="differs in key"):
        replay(people, whole, terms(keep_ids=False), ENGINE, key=Path(__file__))
    with pytest.raises(CannotReplay, match="another content"):
        replay(people, whole, terms(keep_ids=False, revision="0"), ENGINE, key=key)


def test_a_source_that_changed_is_another_run(people: Path, whole: Path, key: Path, tmp_path: Path) -> None:
    """Files that are not those that the run began with are refused."""
    source, out = tmp_path / "people", tmp_path / "out"
    shutil.copytree(people, source)
    shutil.copytree(whole, out)
    with (source / "Patient.ndjson").open("a") as file:
        file.write("\n")
    with pytest.raises(CannotReplay, match="the source changed"):
        replay(source, out, terms(keep_ids=False), ENGINE, key=key)


def test_a_folder_that_holds_something_else_is_left_alone(people: Path, tmp_path: Path) -> None:
    """Nothing is written where anything else lies, or into a file."""
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(CannotReplay, match=r"something else than a replay \(thesis.txt\)"):
        replay(people, tmp_path, terms(), ENGINE)
    assert [one.name for one in tmp_path.iterdir()] == ["thesis.txt"]
    with pytest.raises(CannotReplay, match="it is a file"):
        replay(people, tmp_path / "thesis.txt", terms(), ENGINE)


class Stops(Unwatched):
    """Ends a run when its second step begins."""

    def begin(self, step: str, pieces: int, done: int) -> None:
        """Raises KeyboardInterrupt."""
        if step == DECIDED:
            raise KeyboardInterrupt


@pytest.fixture
def begun(people: Path, key: Path, tmp_path: Path) -> tuple[Path, Path, Terms]:
    """A run that was ended when its lines were read, over a content folder of its own."""
    root = tmp_path / "content"
    for name in FOLDERS:
        shutil.copytree(held_content().root / name, root / name)
    how = terms(content=str(root), keep_ids=False)
    with pytest.raises(KeyboardInterrupt):
        replay(people, tmp_path / "out", how, Engine(workers=1), Stops(), key=key)
    return tmp_path / "out", root, how


@pytest.mark.slow
def test_nothing_half_written_looks_whole(begun: tuple[Path, Path, Terms], people: Path, key: Path, whole: Path) -> None:
    """A run that was ended has no decisions, no ledger and no run.json, and goes on to the same rows."""
    out, _, how = begun
    assert sorted(one.name for one in out.iterdir()) == [".lock", "work"]
    replay(people, out, how, ENGINE, key=key)
    assert tables(out) == tables(whole)


def test_a_content_that_changed_between_parts_stops_the_run(begun: tuple[Path, Path, Terms], people: Path, key: Path) -> None:
    """What was begun with one content is not gone on with by another: not by the command, nor by a worker that reads it late."""
    out, root, how = begun
    with (root / "facts" / "pregnancy.yaml").open("a") as file:
        file.write("# changed\n")
    with pytest.raises(CannotReplay, match="the content changed: the run began with revision"):
        replay(people, out, how, Engine(workers=1), key=key)
    with pytest.raises(CannotReplay, match="the content changed"):
        contents_of(how)
    assert not (out / "decisions").exists()


def test_another_run_at_work_keeps_out(begun: tuple[Path, Path, Terms], people: Path, key: Path) -> None:
    """Two runs never write into one folder at a time."""

    out, _, how = begun
    with (out / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(CannotReplay, match="another replay is at work"):
            replay(people, out, how, ENGINE, key=key)


def test_what_does_not_add_up_is_told() -> None:
    """A line or an order that is unaccounted for is an error, and no run."""
    counts = dict.fromkeys(("lines", "used", "lines_left", "orders", "decided", "orders_left", "rows"), 0)
    check(counts, 0)
    for name in ("lines", "orders", "rows"):
        with pytest.raises(DoesNotAddUp, match=f"{name}: 1 in, 0 accounted for"):
            check(counts | {name: 1}, 0)


def test_a_folder_of_other_json_is_no_export(tmp_path: Path) -> None:
    """Lines without a resource among them are refused when they are read, and leave nothing behind that stops the next run."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.ndjson").write_text('{"a": 1}\n')
    with pytest.raises(CannotReplay, match="the source is no export"):
        replay(tmp_path / "in", tmp_path / "out", terms(), Engine(workers=1))
    assert not (tmp_path / "out" / "work").exists()


@pytest.mark.server
def test_a_full_disk_stops_the_run_and_loses_nothing(people: Path, key: Path, whole: Path, tmp_path: Path) -> None:
    """Where nothing more can be written the command says so; with room, the same command goes on to the same rows."""
    out = tmp_path / "out"
    limited = ["bash", "-c", 'ulimit -f 12; exec "$@"', "bash", *command(people, out, key)]
    stopped = subprocess.run(limited, env=environment(), capture_output=True, text=True, check=False)
    assert stopped.returncode == 1, stopped.stderr
    assert "could not be written" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    assert not (out / "decisions").exists()
    subprocess.run(command(people, out, key), env=environment(), check=True, capture_output=True)
    assert tables(out) == tables(whole)


@pytest.mark.server
def test_a_run_that_is_killed_at_random_moments_goes_on_to_the_same_rows(
    people: Path, key: Path, whole: Path, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """The command, or one of its workers, is killed at random moments; after all that, no row is lost or doubled."""
    drawn = random.Random(7)  # noqa: S311 - moments, and no secret
    kills = pytestconfig.getoption("--kills")
    out = tmp_path / "out"
    done = 0
    while done < kills:
        shutil.rmtree(out, ignore_errors=True) if (out / "run.json").exists() else None
        with subprocess.Popen(
            command(people, out, key),
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as started:
            before = time.monotonic() + drawn.uniform(1.0, 9.0)
            while time.monotonic() < before and started.poll() is None:
                time.sleep(0.02)
            if started.poll() is None:
                children = [
                    one for one in psutil.Process(started.pid).children(recursive=True) if "spawn_main" in " ".join(_words(one))
                ]
                if children and drawn.random() < 0.5:
                    drawn.choice(children).kill()
                    assert started.wait(300) == 0
                else:
                    os.kill(started.pid, signal.SIGKILL)
                    started.wait(60)
                    assert not (out / "decisions").exists() or (out / "work").exists() or (out / "run.json").exists()
                done += 1
    subprocess.run(command(people, out, key), env=environment(), check=True, capture_output=True)
    assert tables(out) == tables(whole)


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_the_service_loads_neither_duckdb_nor_spark() -> None:
    """A worker of the service, and the command line, load no engine of a replay."""
    loaded = "import sys, cds_service.serving.worker, cds_service.serving.app, cds_service.cli; print(*sorted(sys.modules))"
    said = subprocess.run(
        [sys.executable, "-c", loaded], env=environment(), check=True, capture_output=True, text=True
    ).stdout.split()
    assert not {"duckdb", "pyarrow", "pyspark", "pandas", "numpy", "cds_service.replay"} & set(said)


def test_stated_terms_hold_no_key() -> None:
    """What is written down of a run never holds the key."""
    stated: dict[str, Any] = terms().stated()
    assert "key" not in stated
    assert "a key for tests" not in repr(terms())
