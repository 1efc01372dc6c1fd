"""The pages for contributors: what they name is there, and they stay short enough to be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent.parent
PAGES = ("CONTRIBUTING.md", "SECURITY.md", "README.md", "docs/architecture.md")
FOLDERS = tuple(f"{one.name}/" for one in TOP.iterdir() if one.is_dir() and not one.name.startswith("."))


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_a_page_names_is_there(page: str) -> None:
    """A path in backticks, from the top of the project, is a file or a folder."""
    named = re.findall(r"`([\w./-]+)`", (TOP / page).read_text(encoding="utf-8"))
    paths = {one for one in named if one.startswith(FOLDERS)}
    assert not [one for one in sorted(paths) if not (TOP / one).exists()]


@pytest.mark.parametrize("page", [*PAGES[:3], *sorted(f"docs/{one.name}" for one in (TOP / "docs").glob("*.md"))])
def test_every_link_between_pages_leads_somewhere(page: str) -> None:
    """A link that is no address leads to a file beside the page."""
    here = TOP / page
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", here.read_text(encoding="utf-8"))
    assert not [one for one in links if "://" not in one and not (here.parent / one).exists()]


def test_the_architecture_fits_one_reading() -> None:
    """The page of the architecture has at most 120 lines, and names every room."""
    text = (TOP / "docs/architecture.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 120
    rooms = {one.name for one in (TOP / "cds_service").iterdir() if one.is_dir() and (one / "__init__.py").exists()}
    assert not [one for one in sorted(rooms) if f"`cds_service/{one}/`" not in text]
