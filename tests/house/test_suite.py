"""The suite: what shares a server, or a file's own preparations, runs in one process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

GROUPED = """
import os
from pathlib import Path
import pytest

@pytest.mark.xdist_group("shares")
@pytest.mark.parametrize("number", range(12))
def test_where(number):
    with (Path(__file__).parent / "workers").open("a") as told:
        print(os.environ["PYTEST_XDIST_WORKER"], file=told)
"""


def test_a_group_runs_in_one_worker(tmp_path: Path) -> None:
    """pytest-xdist, as it is installed here, keeps a group together: else each worker would start its own servers."""
    (tmp_path / "test_grouped.py").write_text(GROUPED, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "--numprocesses", "2", "--dist", "loadgroup", "--rootdir", ".", "."]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    workers = (tmp_path / "workers").read_text(encoding="utf-8").split()
    assert len(workers) == 12
    assert len(set(workers)) == 1
