"""The page for who connects an EHR: its commands work as they stand, and nothing that the log says is missing in its table."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench.served import free_port
from cds_service.fhir.resource_types import READ
from tests.fhir_server import fhir_server

TOP = Path(__file__).parent.parent.parent
LEVELS = ("info", "warning", "error", "exception")


@pytest.mark.server
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed here, and the page waits for the service with it")
def test_every_command_of_the_page_works(tmp_path: Path) -> None:
    """The commands run one after the other, as a reader types them, with a port and a FHIR server of the test's own."""
    commands = tmp_path / "bin"
    commands.mkdir()
    shim = commands / "cds-service"
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} -m cds_service "$@"\n', encoding="utf-8")
    shim.chmod(0o755)
    page = (TOP / "docs" / "connect.md").read_text(encoding="utf-8")
    patient = {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1990-01-01"}
    with fhir_server([patient]) as fhir:
        script = "\n".join(re.findall(r"```sh\n(.*?)```", page, flags=re.DOTALL))
        port = str(free_port())
        script = script.replace("8080", port).replace("--fhir-server https://ehr.example/fhir", f"--fhir-server {fhir.address}")
        environment = os.environ | {
            "PATH": f"{commands}:{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(TOP), "CDS_SERVICE_WORKERS": "1", "CDS_SERVICE_LISTEN_PORT": port,
        }  # fmt: skip
        run = subprocess.run(
            [shutil.which("bash") or "/bin/bash", "-c", f"set -euo pipefail; trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n{_jobs(script)}"],
            cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.count("ok    feedback") == 4
    assert "wants a token" in run.stdout
    assert run.stdout.index("a copy of") < run.stdout.index("│ 3     │"), "the feedback is in the restored store"
    assert (tmp_path / "store.sqlite").stat().st_mode & 0o077 == 0


def _jobs(script: str) -> str:
    """The script with its jobs named by process, as a script that is not a terminal needs it."""
    parts = script.split(" &\n")
    for number in range(1, len(parts)):
        parts[number] = f"job{number}=$!\n" + parts[number]
    return re.sub(r"kill %(\d) && wait %\d", r"kill $job\1 && wait $job\1", " &\n".join(parts))


def log_lines() -> set[tuple[str, str]]:
    """Everything that the code can say in the log, with its level."""
    found = {("info", "answered"), ("info", "refused"), ("info", "failed to answer")}
    for file in (TOP / "cds_service").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            call = node.func if isinstance(node, ast.Call) else None
            if isinstance(call, ast.Attribute) and call.attr in LEVELS and ast.unparse(call.value) == "log":
                assert isinstance(node, ast.Call)
                said = node.args[0]
                if isinstance(said, ast.Constant):
                    found.add(("error" if call.attr == "exception" else call.attr, str(said.value)))
    return found


def test_every_log_line_has_what_to_do() -> None:
    """The table of log lines has each that the code can write, with its level, and none that it cannot."""
    text = (TOP / "docs" / "logs.md").read_text(encoding="utf-8")
    told = {(level, said) for said, level in re.findall(r"^\| `(.*?)` \| (info|warning|error) \|", text, flags=re.MULTILINE)}
    assert log_lines() - told == set()
    assert {said for _, said in told} - {said for _, said in log_lines()} - SAID_BY_A_VARIABLE == set()


SAID_BY_A_VARIABLE = {"an answer could not be written; its order is answered as not decided"}


def test_every_resource_type_that_is_read_has_its_scope() -> None:
    """Whoever registers the service knows each type of resource that it reads."""
    text = (TOP / "docs" / "connect.md").read_text(encoding="utf-8")
    assert [kind for kind in sorted(READ) if f"`patient/{kind}.read`" not in text] == []
