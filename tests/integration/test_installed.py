"""What is handed out works where nothing of the project is: the archive of the source, the wheel, and the steps of the image."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.served import free_port

TOP = Path(__file__).parent.parent.parent
pytestmark = [pytest.mark.server, pytest.mark.slow]


def test_archive_and_wheel_work_from_an_empty_folder(tmp_path: Path) -> None:
    """The wheel that the archive of the source makes is installed alone and run from an empty folder: it has all its content."""
    built, source, site, empty = (tmp_path / name for name in ("built", "source", "site", "empty"))
    for folder in (source, empty):
        folder.mkdir()
    hatch = [sys.executable, "-m", "hatchling", "build"]
    subprocess.run([*hatch, "-t", "sdist", "-d", str(built)], cwd=TOP, check=True, capture_output=True)
    (archive,) = built.glob("*.tar.gz")
    shutil.unpack_archive(archive, source, filter="data")
    (unpacked,) = source.iterdir()
    subprocess.run([*hatch, "-t", "wheel", "-d", str(built)], cwd=unpacked, check=True, capture_output=True)
    (wheel,) = built.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(site), str(wheel)]
    subprocess.run(pip, check=True, capture_output=True)
    for command in (["policy", "check"], ["--version"]):
        run = subprocess.run(
            [sys.executable, "-m", "cds_service", *command],
            cwd=empty, env={**os.environ, "PYTHONPATH": str(site)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
    where = [sys.executable, "-c", "import cds_service; print(cds_service.__file__)"]
    said = subprocess.run(where, cwd=empty, env={**os.environ, "PYTHONPATH": str(site)}, capture_output=True, text=True, check=True)
    assert said.stdout.startswith(str(site))


def steps_of_the_image() -> list[str]:
    """What the Containerfile runs to make the service, without what it asks of its base (packages, a user)."""
    text = (TOP / "Containerfile").read_text(encoding="utf-8").replace("\\\n", "")
    return [step for step in re.findall(r"^RUN (.*)$", text, flags=re.MULTILINE) if not step.startswith(("apt-get", "useradd"))]


def test_the_steps_of_the_image_make_a_service_that_is_well(tmp_path: Path) -> None:
    """The steps are run in a folder in place of a root (not compiled; that is tried by itself): libraries by their hashes, the wheel,
    and its command serves as the image does until the health check of the image is content."""
    shutil.copytree(
        TOP, tmp_path / "source", ignore=shutil.ignore_patterns(".git", ".venv", "build", "dist", ".*_cache", "__pycache__")
    )
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    for step in steps_of_the_image():
        here = step.replace("MYPYC=1", "MYPYC=0").replace("/service", f"{tmp_path}/service").replace("/wheel", f"{tmp_path}/wheel")
        run = subprocess.run(
            [shutil.which("sh") or "/bin/sh", "-ec", here],
            cwd=tmp_path / "source",
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if "Could not find a version" in run.stderr or "Failed to establish a new connection" in run.stderr:
            pytest.skip("no package registry can be reached from here")
        assert run.returncode == 0, run.stderr
    text = (TOP / "Containerfile").read_text(encoding="utf-8")
    (check,) = re.findall(r'CMD \["python", "-c", "(.*)"\]', text)
    port, empty = free_port(), tmp_path / "empty"
    empty.mkdir()
    command = shlex.split(f"{tmp_path}/service/bin/cds-service serve --host 127.0.0.1 --workers 1 --store none --port {port}")
    with subprocess.Popen(command, cwd=empty, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            until = time.monotonic() + 90
            well = [f"{tmp_path}/service/bin/python", "-c", check.replace("8080", str(port))]
            while subprocess.run(well, env=environment, capture_output=True, check=False).returncode:
                assert server.poll() is None
                assert time.monotonic() < until, "the health check was never content"
                time.sleep(0.5)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(20)
    assert list(empty.iterdir()) == [], "nothing is written where it runs"
