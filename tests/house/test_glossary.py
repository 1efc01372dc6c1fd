"""The glossary says where each word lives in the code, and is right about it."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

GLOSSARY = Path(__file__).parent.parent.parent / "docs" / "glossary.md"
ROWS = [
    (found[1], re.findall(r"`([\w.]+)`", found[2]))
    for found in re.finditer(r"^\| \*\*(.+?)\*\*.*\| ([^|]*) \|$", GLOSSARY.read_text(encoding="utf-8"), re.MULTILINE)
]


def test_every_word_says_where_it_is_in_the_code() -> None:
    """A word without a place in the code is not a word of this project."""
    assert ROWS
    assert [word for word, places in ROWS if not places] == []


@pytest.mark.parametrize(("word", "places"), ROWS)
def test_what_a_word_names_is_there(word: str, places: list[str]) -> None:
    """Each place is a module of the package, or a class or function that stands in the module named."""
    for place in places:
        room, _, name = place.rpartition(".")
        found = getattr(import_module(room), name, None)
        if found is None:
            found = import_module(place)
        assert getattr(found, "__module__", found.__name__) in (room, place), f"{word}: {place}"
