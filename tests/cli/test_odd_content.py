"""No command ends in a traceback, whatever slip there is in the content."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

import cds_service.content.content
from cds_service.fhir.medicines import NO_MEDICINES
from tests.analysis.lint.home_oxygen import FACTS, POLICY, VIGNETTES
from tests.cli.odd_content import COMMANDS, crashes, lay_out_more, slip

SLIPS = 24


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sound content folder; the tables of medicines, which take longest to read, stay out."""
    monkeypatch.setattr(cds_service.content.content, "read_medicines", lambda folder: NO_MEDICINES)
    lay_out_more(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_no_slip_ends_in_a_traceback(folder: Path) -> None:
    """A value of another kind, a line lost or twice, a key misspelt: every command says what is wrong, or goes on."""
    files = {path: path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*")) if path.is_file()}
    for number in range(SLIPS):
        random = Random(number)  # noqa: S311 - no secret
        path = random.choice(list(files))
        path.write_text(slip(files[path], random), encoding="utf-8")
        assert crashes(folder, (COMMANDS[0], random.choice(COMMANDS[1:]))) == [], f"slip {number} in {path.relative_to(folder)}"
        path.write_text(files[path], encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (FACTS, "speaks_for: 30 days", "speaks_for: 2026-13-01"),
        (POLICY, "version: 2026-01-01", "version: 2026-02-30"),
        (POLICY, "from: 2026-01-01", "from: 99999-01-01"),
        (VIGNETTES, "as_of: 2026-05-04", "as_of: 2026-02-30"),
        (VIGNETTES, "oxygen_saturation: 88 %", "oxygen_saturation: cancelled 88 %"),
        (VIGNETTES, "oxygen_saturation: 88 %", "oxygen_saturation: 88 parsecs"),
        (VIGNETTES, "oxygen_saturation: 88 %", "oxygen_saturation: 1e999 %"),
        (VIGNETTES, "order: HCPCS E1390", "order: E1390"),
    ],
)
def test_what_once_raised_is_told(folder: Path, file: str, old: str, new: str) -> None:
    """Days that no calendar has, units that are none and charts that no FHIR says are told by their file."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert crashes(folder, (["policy", "check"], ["policy", "test"])) == []
