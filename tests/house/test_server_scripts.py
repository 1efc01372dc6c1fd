"""The scripts that install what tests need do not get in each other's way."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.server_scripts import SCRIPTS

ALONE = """#!/usr/bin/env bash
mkdir "$TMPDIR/running" 2>/dev/null || { echo "another apt-get is running" >&2; exit 100; }
sleep 0.2
echo "$@" >> "$TMPDIR/said"
rmdir "$TMPDIR/running"
"""
"""An apt-get that, like Debian's, refuses to run beside another."""


def test_packages_are_installed_one_script_after_the_other(tmp_path: Path) -> None:
    """Two workers of the suite that install at the same moment both succeed: one waits for the other."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "apt-get").write_text(ALONE, encoding="utf-8")
    (programs / "apt-get").chmod(0o755)
    environment = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}", "TMPDIR": str(tmp_path)}
    both = [subprocess.Popen([SCRIPTS / "debian-packages", name], env=environment) for name in ("chromium", "maven")]
    assert [one.wait(timeout=60) for one in both] == [0, 0]
    said = (tmp_path / "said").read_text(encoding="utf-8").splitlines()
    assert sorted(line.split()[-1] for line in said) == ["chromium", "maven", "update", "update"]
