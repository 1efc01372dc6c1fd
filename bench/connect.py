"""Plays docs/connect.md from a fresh clone, on PostgreSQL, behind a proxy with a prefix: ``python -m bench.connect``.

It prints the seconds of each step: the clone, the installation, the database, the proxy, then every part of the page with the
page's own commands, and the metrics. The store of the page is PostgreSQL here, so its part on a SQLite file is left out; the FHIR
server of its own chart is one of a single patient. Packages come from the index that pip is configured with. Nothing is left
behind.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from bench.prefix_proxy import PREFIX, prefix_proxy
from bench.served import free_port
from tests.fhir_server import fhir_server

TOP = Path(__file__).parent.parent
PAGE = TOP / "docs" / "connect.md"
LEFT_OUT = ("Back up and restore",)
"""The parts of the page that are of a SQLite file."""
PATIENT = {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1990-01-01"}
MARK = "@@ "


@dataclass
class Steps:
    """What was done, with its seconds."""

    done: list[tuple[str, float]] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Times one step."""
        print(f"… {name}", file=sys.stderr, flush=True)
        begun = time.perf_counter()
        yield
        self.done.append((name, time.perf_counter() - begun))


def parts(page: str) -> list[tuple[str, str]]:
    """The page's parts that have commands: each heading, and its commands."""
    found = []
    for part in page.split("\n## ")[1:]:
        heading = part.split("\n", 1)[0]
        commands = "".join(re.findall(r"```sh\n(.*?)```", part, flags=re.DOTALL))
        if commands and heading not in LEFT_OUT:
            found.append((heading, commands))
    return found


def script(page: str, public: str, fhir: str) -> str:
    """The page's commands as one script that says when a part begins; jobs are named by process, as it is no terminal."""
    lines = "\n".join(f"printf '\\n{MARK}{heading}\\n'\n{commands}" for heading, commands in parts(page))
    lines = lines.replace("http://127.0.0.1:8080", public).replace("sqlite:///$PWD/store.sqlite", "$STORE")
    lines = lines.replace("--fhir-server https://ehr.example/fhir", f"--fhir-server {fhir}")
    pieces = lines.split(" &\n")
    for number in range(1, len(pieces)):
        pieces[number] = f"job{number}=$!\n" + pieces[number]
    named = re.sub(r"kill %(\d) && wait %\d", r"kill $job\1 && wait $job\1", " &\n".join(pieces))
    ends = f"printf '\\n{MARK}Metrics\\n'\nread -r _\n"
    return f"set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT\n{named}\n{ends}"


def play(steps: Steps, folder: Path, environment: Mapping[str, str], lines: str, operators: int) -> None:
    """Runs the script; RuntimeError where a command fails, with what it said."""
    said = folder / "said"
    pipe, bash = subprocess.PIPE, ["bash", "-c", lines]
    with (
        said.open("w+") as errors,
        subprocess.Popen(bash, cwd=folder, env=dict(environment), stdin=pipe, stdout=pipe, stderr=errors, text=True) as page,  # noqa: S603
    ):
        assert page.stdin
        assert page.stdout
        name, begun, told = "", time.perf_counter(), []
        for line in page.stdout:
            told.append(line)
            if line.startswith(MARK):
                if name:
                    steps.done.append((name, time.perf_counter() - begun))
                name, begun = line.removeprefix(MARK).strip(), time.perf_counter()
                print(f"… {name}", file=sys.stderr, flush=True)
            if name == "Metrics":
                read = urllib.request.urlopen(f"http://127.0.0.1:{operators}/metrics", timeout=30).read()
                steps.done.append((name, time.perf_counter() - begun))
                assert b"cds_requests_total" in read
                page.stdin.write("\n")
                page.stdin.flush()
                break
        page.communicate()
        if page.returncode or name != "Metrics" or not any("ok    feedback" in line for line in told):
            raise RuntimeError(f"{name or 'the page'} failed:\n{''.join(told[-20:])}{said.read_text()[-2000:]}")


def main() -> None:
    """Prints what each step took."""
    arguments = argparse.ArgumentParser(
        description="Plays docs/connect.md from a fresh clone, and prints the seconds of each step."
    )
    arguments.add_argument("--installed", action="store_true", help="with this environment, without clone and installation")
    installed = arguments.parse_args().installed
    steps = Steps()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        commands, work = Path(sys.executable).parent, folder / "work"
        work.mkdir()
        if not installed:
            clone = folder / "clone"
            with steps.step("Clone"):
                subprocess.run(["git", "clone", "--quiet", "--depth", "1", f"file://{TOP}", str(clone)], check=True)  # noqa: S603, S607
            commands = clone / ".venv" / "bin"
            with steps.step("Environment and installation"):
                subprocess.run([sys.executable, "-m", "venv", str(clone / ".venv")], check=True)  # noqa: S603
                pip = [str(commands / "pip"), "install", "--quiet", "--constraint", "constraints.txt", ".[postgresql]"]
                subprocess.run(pip, cwd=clone, env=of_a_reader(os.environ), check=True)  # noqa: S603
        with steps.step("PostgreSQL"):
            server = stack.enter_context(_postgresql())
        port, operators = free_port(), free_port()
        with steps.step("Proxy"):
            public = stack.enter_context(prefix_proxy(port)) + PREFIX
        fhir = stack.enter_context(fhir_server([PATIENT]))
        environment = of_a_reader(os.environ) | {
            **({"PYTHONPATH": str(TOP)} if installed else {}),
            "PATH": f"{commands}:{os.environ['PATH']}",
            "STORE": server,
            "CDS_SERVICE_LISTEN_PORT": str(port),
            "CDS_SERVICE_OPERATORS_PORT": str(operators),
            "CDS_SERVICE_PROXIES": "127.0.0.1",
        }
        play(steps, work, environment, script(PAGE.read_text(encoding="utf-8"), public, fhir.address), operators)
    table = Table("step", "seconds", box=box.SIMPLE)
    for name, took in [*steps.done, ("Together", sum(took for _, took in steps.done))]:
        table.add_row(name, f"{took:.1f}")
    Console().print(table)


@contextmanager
def _postgresql() -> Iterator[str]:
    pipe = subprocess.PIPE
    program = TOP / "tests" / "servers" / "postgresql"
    quiet = subprocess.DEVNULL
    with subprocess.Popen([program], stdin=pipe, stdout=pipe, stderr=quiet, text=True) as server:  # noqa: S603
        assert server.stdin
        assert server.stdout
        url = server.stdout.readline().strip()
        if not url:
            raise RuntimeError("no PostgreSQL could be started; tests/servers/postgresql says why")
        yield url
        server.stdin.close()


def of_a_reader(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of a shell in which nobody works on the project."""
    ours = ("PYTHON", "VIRTUAL_ENV", "CDS_SERVICE_")
    return {name: value for name, value in environment.items() if not name.startswith(ours)}


if __name__ == "__main__":
    main()
