"""Workers keep to a processor each: none is taken twice, and that of a dead one is free again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system keeps no process to a processor"),
]

WORKER = """
import os, sys, threading
from pathlib import Path
from cds_service.serving.worker import take_processor
others = threading.Event()
threading.Thread(target=others.wait, daemon=True).start()
taken = take_processor(Path(sys.argv[1]))
kept = {frozenset(os.sched_getaffinity(int(thread.name))) for thread in Path("/proc/self/task").iterdir()}
print(taken, kept == {frozenset({taken})}, flush=True)
sys.stdin.read()
"""


def worker(folder: Path) -> subprocess.Popen[str]:
    """A process that takes a processor and lives until its standard input ends."""
    return subprocess.Popen([sys.executable, "-c", WORKER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def said(process: subprocess.Popen[str]) -> list[str]:
    """The processor that a worker took, and whether all of its threads keep to it."""
    assert process.stdout
    return process.stdout.readline().split()


def test_each_worker_keeps_to_a_processor_of_its_own(tmp_path: Path) -> None:
    """As many workers as there are processors take one each, with all their threads; one more takes none and runs anywhere."""
    mine = sorted(os.sched_getaffinity(0))
    workers = [worker(tmp_path) for _ in mine]
    try:
        taken = [said(process) for process in workers]
        assert sorted(int(processor) for processor, _ in taken) == mine
        assert {kept for _, kept in taken} == {"True"}
        workers.append(worker(tmp_path))
        assert said(workers[-1])[0] == "None"
        first = workers[0]
        first.communicate()
        workers.append(worker(tmp_path))
        assert said(workers[-1]) == [taken[0][0], "True"]
    finally:
        for process in workers:
            process.communicate()
