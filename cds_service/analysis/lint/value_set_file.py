"""A value set as its file writes it.

Every code comes with its system, its display and its line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from cds_service.fhir.code_table import WrittenCode
from cds_service.fhir.value_set_files import read_written

_CODE = re.compile(r'"code"\s*:\s*("(?:[^"\\]|\\.)*")')


class ValueSetFile:
    """One file of ``value_sets/``.

    The content has read it before, so it is a ValueSet.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.id, self.name = path.stem, name
        written = read_written(path, name)
        self._listed, self._compose = written.listed, written.raw.get("compose", {})
        lines = path.read_text(encoding="utf-8-sig").splitlines() if self._listed is None else []
        self._written = [(number, json.loads(code)) for number, line in enumerate(lines, 1) for code in _CODE.findall(line)]

    def codes(self) -> Iterator[WrittenCode]:
        """Yield every code listed, in the file's order.

        What filters name is not listed.
        """
        if self._listed is not None:
            yield from self._listed
            return
        written = iter(self._written)
        for key in (key for key in self._compose if key in ("include", "exclude")):
            for part in self._compose[key]:
                for concept in part.get("concept", []):
                    line = next((number for number, code in written if code == concept["code"]), 1)
                    yield WrittenCode(part.get("system", ""), concept["code"], concept.get("display", ""), line, key == "exclude")
