"""A watched folder: what a save changed is tried, and nothing else is read again."""

from __future__ import annotations

import os
from pathlib import Path

from cds_service.analysis.watching import Watched
from tests.analysis.lint.home_oxygen import FACTS, POLICY, VIGNETTES, lay_out


def laid_out(folder: Path) -> Watched:
    """A watched folder whose two vignettes come out as expected."""
    lay_out(folder)
    file = folder / VIGNETTES
    file.write_text(file.read_text(encoding="utf-8").replace("not documented", "not necessary"), encoding="utf-8")
    return Watched(folder)


def saved(watched: Watched, file: Path, old: str, new: str) -> list[str]:
    """What is told after a save."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    os.utime(file, ns=(1, hash(new) % 10**9))
    changed = watched.changed()
    assert changed == [file]
    return list(watched.told(changed))


def test_a_save_tells_what_it_comes_to(tmp_path: Path) -> None:
    """A policy that is saved is tried on its vignettes; a mistake is told with its line, and taken back is forgotten."""
    watched = laid_out(tmp_path)
    told = list(watched.told(watched.changed()))
    assert "meadowlark/home-oxygen 2026-01-01: 2 of 2 vignettes as expected" in told
    assert any("no vignette would notice" in line for line in told)
    assert watched.changed() == []
    catalogue = watched.content.catalogue if watched.content else None
    other = saved(watched, tmp_path / POLICY, "treat_as: not met", "treat_as: met")
    assert any("On the threshold: outcome: expected not necessary, found " in line for line in other)
    assert watched.content is not None
    assert watched.content.catalogue is catalogue
    broken = saved(watched, tmp_path / POLICY, "treat_as: met", "treat_us: met")
    assert any(line.startswith(f"{POLICY}:") and "'treat_us' is not a key" in line for line in broken)
    mended = saved(watched, tmp_path / POLICY, "treat_us: met", "treat_as: not met")
    assert "meadowlark/home-oxygen 2026-01-01: 2 of 2 vignettes as expected" in mended


def test_vignettes_are_run_again_and_facts_read_again(tmp_path: Path) -> None:
    """Saved vignettes are run with what is held; a saved fact has everything read again."""
    watched = laid_out(tmp_path)
    list(watched.told(watched.changed()))
    held = watched.content
    told = saved(watched, tmp_path / VIGNETTES, "outcome: not necessary", "outcome: necessary")
    assert any("expected necessary, found not necessary" in line for line in told)
    assert watched.content is held
    again = saved(watched, tmp_path / FACTS, "means: There is edema.", "means: There is an edema.")
    assert again == ["2 policy versions hold together."]
    assert watched.content is not held
