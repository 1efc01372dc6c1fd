"""A value set as its file writes it: every code with its system, its display and its line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_CODE = re.compile(r'"code"\s*:\s*("(?:[^"\\]|\\.)*")')


class WrittenCode(NamedTuple):
    """A code that a value set's file lists; ``excluded`` where it stands under ``compose.exclude``."""

    system: str
    code: str
    display: str
    line: int
    excluded: bool


class ValueSetFile:
    """One file of ``value_sets/``; it has been read before, so it is a ValueSet."""

    def __init__(self, path: Path, name: str) -> None:
        self.id, self.name = path.stem, name
        text = path.read_text(encoding="utf-8")
        self._compose = json.loads(text).get("compose", {})
        self._written = [
            (number, json.loads(code)) for number, line in enumerate(text.splitlines(), 1) for code in _CODE.findall(line)
        ]

    def codes(self) -> Iterator[WrittenCode]:
        """Every code listed, in the file's order; what filters name is not listed."""
        written = iter(self._written)
        for key in (key for key in self._compose if key in ("include", "exclude")):
            for part in self._compose[key]:
                for concept in part.get("concept", []):
                    line = next((number for number, code in written if code == concept["code"]), 1)
                    yield WrittenCode(part.get("system", ""), concept["code"], concept.get("display", ""), line, key == "exclude")
