"""The virtual environment in which a peer runs, so that neither its packages nor ours touch the other's."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from platformdirs import user_cache_path

REQUIREMENTS = Path(__file__).parent / "peers.txt"
SHOWN = ("healthchain", "fastapi", "starlette", "pydantic", "uvicorn", "uvloop", "httptools")
"""The packages whose versions a reader of the figures wants to know."""
_VERSIONS = "import sys; from importlib.metadata import version as v; print(', '.join(f'{p} {v(p)}' for p in sys.argv[1:]))"


class NotInstalled(Exception):
    """The environment could not be made; the message says why."""


def usual_folder() -> Path:
    """The user's cache folder, one environment for each list of requirements and each Python."""
    kind = f"{sys.implementation.cache_tag}-{hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:8]}"
    return user_cache_path("cds-service") / "bench-peers" / kind


def ready(folder: Path) -> Path:
    """The Python of the environment in ``folder``, which is made first unless it was made whole before.

    Packages come from the index that pip is configured with. Raises NotInstalled when pip cannot install them, and then leaves
    nothing behind; also when the folder holds something else.
    """
    python, whole = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python"), folder / "peers-installed.txt"
    if whole.is_file() and whole.read_bytes() == REQUIREMENTS.read_bytes():
        return python
    if folder.exists() and any(folder.iterdir()) and not (folder / "pyvenv.cfg").is_file():
        raise NotInstalled(f"{folder} holds something that is no virtual environment")
    venv.create(folder, clear=True, with_pip=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", str(REQUIREMENTS)]
    installed = subprocess.run(pip, capture_output=True, text=True, check=False)  # noqa: S603
    if installed.returncode:
        shutil.rmtree(folder)
        said = installed.stderr.strip().splitlines() or [f"pip ended with {installed.returncode}"]
        raise NotInstalled(f"pip could not install {REQUIREMENTS.name}: {said[-1]}")
    whole.write_bytes(REQUIREMENTS.read_bytes())
    return python


def versions(python: Path) -> str:
    """The versions that the environment holds of what counts."""
    asked = [str(python), "-c", _VERSIONS, *SHOWN]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603
