"""A docstring begins with one short line that a newcomer takes in at once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

TOP = Path(__file__).parent.parent.parent
MOST_WORDS = 12
"""Words of a first line."""
SHOWN_TO_USERS = "cds_service/cli/"
"""Where docstrings of commands are their help, which may need a longer sentence."""


def first_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the first line of every docstring of a module, with the line of what it describes."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            said = ast.get_docstring(node)
            if said:
                yield getattr(node, "lineno", 1), said.splitlines()[0]


def test_first_lines_are_short() -> None:
    """Twelve words say what a thing does; why stands below."""
    long = [
        f"{path.relative_to(TOP)}:{line}: {said}"
        for path in sorted((TOP / "cds_service").rglob("*.py"))
        if SHOWN_TO_USERS not in path.relative_to(TOP).as_posix()
        for line, said in first_lines(path)
        if len(said.split()) > MOST_WORDS
    ]
    assert long == []
