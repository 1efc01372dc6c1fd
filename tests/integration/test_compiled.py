"""The compiled wheel decides as the plain one does: the tests of what it compiles, run on it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent.parent
TESTS = (
    "tests/spec",
    "tests/hooks/test_appointment_book.py",
    "tests/hooks/test_bad_requests.py",
    "tests/content/test_content.py",
    "tests/hooks/test_coverage_information.py",
    "tests/facts/test_growth_factors.py",
    "tests/facts/test_odd_charts.py",
    "tests/hooks/test_order_dispatch.py",
    "tests/hooks/test_order_select.py",
    "tests/hooks/test_order_sign.py",
    "tests/facts/test_pain_pump.py",
    "tests/content/test_payers.py",
    "tests/fhir/test_plain_resources.py",
    "tests/hooks/test_protocol.py",
    "tests/serving/test_reception.py",
    "tests/hooks/test_requests.py",
    "tests/facts/test_sacroiliac_joint.py",
    "tests/hooks/test_several_policies.py",
)
"""What runs through the compiled modules, beside every vignette: the language's tables, and the answers of all hooks."""
REPLACING = "fault_of_ours or breaks_an_invariant"
"""Tests that put a function of their own in a module's place, which compiled code does not see."""
OPTIMISED, AS_WRITTEN = 'opt_level = "3"', 'opt_level = "0"'
"""What mypyc made of our modules is under test, not what a C compiler makes of that: unoptimised, it takes a tenth of the time."""

pytestmark = pytest.mark.skipif(
    os.environ.get("CI") != "true" or not (shutil.which("cc") or shutil.which("gcc")),
    reason="building takes two to eight minutes, a C compiler and a package index: set CI=true to run it",
)


def test_the_compiled_wheel_decides_as_the_plain_one(tmp_path: Path) -> None:
    """Built from this tree, the wheel holds compiled modules, and passes the tests of the language, the vignettes and the hooks."""
    source, wheels, site = tmp_path / "source", tmp_path / "wheels", tmp_path / "site"
    left_out = shutil.ignore_patterns(".git", ".venv", "*.so", "__pycache__", "build", ".*_cache")
    shutil.copytree(TOP, source, ignore=left_out)
    project = (source / "pyproject.toml").read_text(encoding="utf-8")
    assert OPTIMISED in project
    (source / "pyproject.toml").write_text(project.replace(OPTIMISED, AS_WRITTEN), encoding="utf-8")
    building = os.environ | {"HATCH_BUILD_HOOK_ENABLE_MYPYC": "1"}
    made = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(wheels), str(source)],
        env=building, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    (wheel,) = wheels.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(site)
    compiled = {path.name.partition(".")[0] for path in (site / "cds_service").rglob("*.so")}
    assert {"judge", "explain", "decision", "chart", "extract", "medicines", "cards", "calls"} <= compiled
    for needed in ("tests", "bench", "docs", "policies", "facts", "value_sets", "hooks.json", "pyproject.toml"):
        (shutil.copytree if (TOP / needed).is_dir() else shutil.copy)(TOP / needed, site / needed)
    as_before_a_commit = os.environ | {"PYTHONPATH": str(site), "CI": ""}  # properties were tried at length on the same sources
    chosen = ["-m", "not slow", "-k", f"not ({REPLACING})", *TESTS]
    for command in (["cds_service", "policy", "test"], ["pytest", "-p", "no:cacheprovider", *chosen]):
        ran = subprocess.run(
            [sys.executable, "-m", *command], cwd=site, env=as_before_a_commit, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]
