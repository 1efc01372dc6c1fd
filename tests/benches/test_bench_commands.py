"""The benchmarks measure what they say: their parts that can be seen without a clock."""

from __future__ import annotations

import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from flask import Flask
from rich.console import Console

from bench import peer_environment
from bench.bodies import body_of
from bench.compared import Load, tables
from bench.profile import own_time, profiled, report, tree
from bench.served import Measured
from bench.throughput import cases, per_second, replayed
from cds_service.content.content import Content
from cds_service.serving.app import CALLS, create_app
from cds_service.vignettes.read import read_vignettes
from tests.conftest import TODAY

pytestmark = pytest.mark.server

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def app(content: Content) -> Flask:
    """A service of its own."""
    return create_app(content, today=lambda: TODAY)


def test_throughput_decides_every_vignette_of_every_active_policy(content: Content) -> None:
    """What is timed are all order vignettes of all active policies; each is decided as its file expects, else it is an error."""
    found = cases(content)
    active = [policy for policy in content.policies if policy.status == "active" and policy.id != "ptac/pfpm-proposal"]
    assert sorted(found) == sorted(f"{policy.id}, {policy.version}" for policy in active)
    for policy in active:
        path = ROOT / "tests/vignettes" / policy.id / f"{policy.version}.yaml"
        expected = [vignette.outcome for vignette in read_vignettes(path, path.name, content)]
        assert [one.vignette.outcome for one in found[f"{policy.id}, {policy.version}"]] == expected


def test_a_case_that_is_decided_otherwise_is_told(content: Content) -> None:
    """A case whose chart was lost is not as its vignette expects."""
    path = ROOT / "tests/vignettes/carelon/prenatal-cfdna-screening/2025-04-01.yaml"
    vignette = next(v for v in read_vignettes(path, path.name, content) if v.name == "Ten weeks and nothing else")
    whole = replayed(vignette, content)
    assert whole.as_expected()
    object.__setattr__(whole, "resources", ())
    assert not whole.as_expected()


def test_orders_a_second_is_the_median_of_passes(content: Content) -> None:
    """Three passes that take 1, 4 and 2 seconds over two orders, after one that warms up, give one order a second."""
    path = ROOT / "tests/vignettes/medica-central/open-si-joint-fusion/2024-10-01.yaml"
    two = [replayed(vignette, content) for vignette in read_vignettes(path, path.name, content)[:2]]
    ticks = iter([0.0, 9.0, 10.0, 11.0, 20.0, 24.0, 30.0, 32.0])
    assert per_second(two, 3, lambda: next(ticks)) == 1.0


def test_a_table_of_servers_tells_ratios_to_the_reference() -> None:
    """Each cost stands beside how many times that of the reference it is, in at most 80 columns; without it no ratio is told."""
    cost = {"floor": Measured(200.0, 0.25, 1.0, 4000.0), "HealthChain, uv": Measured(700.0, 0.5, 150.0, 1000.0)}
    (table,) = tables({Load("necessary", 60_140, 16): cost}, "floor")
    columns = {str(column.header): [str(cell) for cell in column.cells] for column in table.columns}
    assert columns["kB"] == ["60.1", ""]
    assert columns["CPU µs"] == ["200 (1.00x)", "700 (3.50x)"]
    assert columns["p99 ms"] == ["1.00 (1.00x)", "150 (150x)"]
    written = Console(width=80, file=StringIO())
    written.print(table)
    assert isinstance(written.file, StringIO)
    assert re.search(
        r"HealthChain, uv +700 \(3.50x\) +0.50 \(2.00x\) +150 \(150x\) +1000 *$", written.file.getvalue(), re.MULTILINE
    )
    (alone,) = tables({Load("necessary", 60_140, 16): cost}, "service")
    assert not any("x)" in str(cell) for column in alone.columns for cell in column.cells)


def test_a_profile_names_no_place_of_this_machine(content: Content) -> None:
    """The text of a profile holds the steps of an order-sign by function and file, and no path of the machine."""
    text = report(content, "necessary", 100, 0.5)
    assert re.search(r"^ *\d+\.\d +\d+\.\d  \w+  cds_service/policy/judge.py:\d+$", text, re.MULTILINE)
    assert re.search(r"\d+\.\d% decide  cds_service/judgement.py:\d+", text)
    assert not re.search(r"(?<![\w.])/\w+/", text)


def test_a_profile_tells_only_what_is_above_its_threshold(app: Flask, content: Content) -> None:
    """Own times add up to no more than the whole, none is below the threshold, and a call's whole is never less than its own."""
    session = profiled(app.extensions[CALLS], body_of(6_000, content), 20)
    rows = [[float(cell) for cell in line.split()[:2]] for line in own_time(session, 0.5).splitlines()]
    assert [own for own, _ in rows] == sorted((own for own, _ in rows), reverse=True)
    assert all(0.5 <= own <= whole + 0.1 for own, whole in rows)
    assert sum(own for own, _ in rows) <= 100 + 0.06 * len(rows)  # each is rounded
    assert len(tree(session, 20).splitlines()) < len(tree(session, 2).splitlines())


def test_peers_that_cannot_be_installed_are_said_to_be_so(tmp_path: Path) -> None:
    """Without a package index the command ends with 1 and pip's reason, measures nothing, and leaves no half environment."""
    folder = tmp_path / "peers"
    command = [sys.executable, "-m", "bench.peers", "--environment", str(folder)]
    empty = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": "/dev/null", "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=empty, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert re.fullmatch(r"peers not measured: pip could not install peers.txt: .*healthchain==[\d.]+\n", ended.stderr)
    assert not folder.exists()


def test_a_folder_that_is_no_environment_is_left_alone(tmp_path: Path) -> None:
    """A folder with other files in it is refused and keeps them."""
    (tmp_path / "notes.txt").write_text("kept")
    with pytest.raises(peer_environment.NotInstalled, match="no virtual environment"):
        peer_environment.ready(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_every_benchmark_is_in_the_list() -> None:
    """``bench/README.md`` lists every command of ``bench/``, and no other."""
    commands = {path.stem for path in (ROOT / "bench").glob("*.py") if '__name__ == "__main__"' in path.read_text(encoding="utf-8")}
    listed = set(re.findall(r"^\| `python -m bench\.(\w+)", (ROOT / "bench/README.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert listed == commands
