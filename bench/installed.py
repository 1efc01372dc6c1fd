"""What an installation takes on the disk, package by package: ``python -m bench.installed``.

It makes an environment as the README's first command does, in a folder that goes again, and prints for each package what its files
take and what its bytecode takes, and what the service needs it for. ``--no-compile`` installs without bytecode, as
``pip install --no-compile`` does, then checks the shipped content and makes a store, so that what is used has made its own.
``--in PYTHON`` looks at an environment that is there. Packages come from the index that pip is configured with.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from rich import box
from rich.console import Console
from rich.table import Table

from bench.connect import of_a_reader

TOP = Path(__file__).parent.parent
FOR = {
    "every order": (
        "cds-service",
        "fhir.resources",
        "fhir_core",
        "pydantic",
        "pydantic_core",
        "msgspec",
        "orjson",
        "python-dateutil",
    ),
    "the server": ("granian", "uvloop", "Flask", "Werkzeug", "flask-cors", "requests", "urllib3", "prometheus_client"),
    "the store": ("SQLAlchemy", "alembic", "Mako", "greenlet"),
    "tokens": ("cryptography", "joserfc", "cffi", "pycparser"),
    "the command line": ("rich", "Pygments", "typer", "click", "markdown-it-py", "shellingham"),
    "content files": ("PyYAML", "ruamel.yaml"),
    "installing": ("pip", "setuptools"),
}
"""What the larger packages are needed for; those of ``the command line`` are also what typer needs itself."""
SMALL = 1_000_000
"""Bytes under which a package is counted with the others."""
LOOKS = """
import json, os
from importlib.metadata import distributions
from importlib.util import cache_from_source
taken = lambda path: os.stat(path).st_blocks * 512 if os.path.isfile(path) else 0
found = []
for one in distributions():
    files = [str(one.locate_file(file)) for file in one.files or [] if file.suffix != ".pyc"]
    made = [cache_from_source(file) for file in files if file.endswith(".py")]
    found.append([one.name, sum(map(taken, files)), sum(map(taken, made))])
print(json.dumps(found))
"""


class Size(NamedTuple):
    """What a package takes on the disk, in bytes."""

    name: str
    files: int
    bytecode: int


def sizes(python: Path) -> list[Size]:
    """What the packages of an environment take, the largest first."""
    looked = subprocess.run([python, "-c", LOOKS], capture_output=True, text=True, check=True)  # noqa: S603
    found = [Size(*one) for one in json.loads(looked.stdout)]
    return sorted(found, key=lambda one: -one.files - one.bytecode)


def purpose(name: str) -> str:
    """What the service needs a package for, where that is told."""
    return next((said for said, names in FOR.items() if name in names), "")


def make(folder: Path, *, compiled: bool) -> Path:
    """Makes the environment, and returns its Python."""
    python = folder / "bin" / "python"
    less = [] if compiled else ["--no-compile"]
    pip = [str(python), "-m", "pip", "install", "--quiet", *less, "--constraint", "constraints.txt", "."]
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)  # noqa: S603
    subprocess.run(pip, cwd=TOP, env=of_a_reader(os.environ), check=True)  # noqa: S603
    return python


def show(found: list[Size]) -> Table:
    """The table: packages of a megabyte or more, the others together, and all."""
    table = Table("package", "MB", "of it bytecode", "for", box=box.SIMPLE)
    large = [one for one in found if one.files + one.bytecode >= SMALL]
    others = [one for one in found if one.files + one.bytecode < SMALL]
    rest = Size(f"{len(others)} others", sum(one.files for one in others), sum(one.bytecode for one in others))
    whole = Size("together", sum(one.files for one in found), sum(one.bytecode for one in found))
    for one in (*large, rest, whole):
        table.add_row(one.name, f"{(one.files + one.bytecode) / 1e6:.1f}", f"{one.bytecode / 1e6:.1f}", purpose(one.name))
    return table


def main() -> None:
    """Prints what an installation takes."""
    arguments = argparse.ArgumentParser(description="What an installation takes on the disk, package by package.")
    arguments.add_argument("--no-compile", action="store_true", help="install without bytecode, then use it once")
    arguments.add_argument("--in", dest="python", type=Path, help="the Python of an environment that is there")
    given = arguments.parse_args()
    if given.python:
        Console().print(show(sizes(given.python)))
        return
    with tempfile.TemporaryDirectory() as folder:
        python = make(Path(folder), compiled=not given.no_compile)
        if given.no_compile:
            bare = sizes(python)
            print(f"as installed: {sum(one.files + one.bytecode for one in bare) / 1e6:.0f} MB")
            for used in (["policy", "check"], ["store", "upgrade", "--store", f"sqlite:///{folder}/store.sqlite"]):
                command = [str(python), "-m", "cds_service", *used]
                subprocess.run(command, cwd=folder, env=of_a_reader(os.environ), capture_output=True, check=True)  # noqa: S603
        Console().print(show(sizes(python)))


if __name__ == "__main__":
    main()
