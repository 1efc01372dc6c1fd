"""The scripts of ``tests/servers``: what they install, and the servers that they start and end."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parent / "servers"
NOT_INSTALLED = 3
"""The status of a script whose server is not on this machine; in CI it installs it."""


def installed(name: str) -> str:
    """What a script prints of what it installs; the test is skipped where that is not here, with the script's reason."""
    found = subprocess.run([SCRIPTS / name], capture_output=True, text=True, check=False)
    if found.returncode == NOT_INSTALLED:
        pytest.skip(found.stderr.strip())
    assert found.returncode == 0, found.stderr
    return found.stdout.strip()


@contextmanager
def started(name: str) -> Iterator[str]:
    """The URL of a throwaway server, which ends with the test; skipped where it is not installed, with the script's reason."""
    pipe = subprocess.PIPE
    with subprocess.Popen([SCRIPTS / name], stdin=pipe, stdout=pipe, stderr=pipe, text=True) as server:
        assert server.stdin
        assert server.stdout
        assert server.stderr
        url = server.stdout.readline().strip()
        if not url:
            said = server.stderr.read()
            if server.wait() == NOT_INSTALLED:
                pytest.skip(said.strip())
            pytest.fail(said)
        yield url
        server.stdin.close()
