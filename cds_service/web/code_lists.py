"""Value sets as the pages show them: each code with its system and our label, read from its file when first asked for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from cds_service.content import Content
from cds_service.fhir.codes import Coding


@dataclass(frozen=True, slots=True)
class CodeRow:
    """One code of a value set, or a category with everything below it; ``stands_for`` is the value that it carries."""

    system: str
    code: str
    label: str
    stands_for: str = ""
    below: bool = False


@dataclass(frozen=True, slots=True)
class CodeList:
    """One value set: what it is for and its codes; ``left_out`` are those that it excludes."""

    id: str
    title: str
    purpose: str
    version: str
    rows: tuple[CodeRow, ...]
    left_out: tuple[CodeRow, ...]


class CodeLists:
    """The value sets of a content, each read once."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self._folder = Path(content.root) / "value_sets"
        self.of = lru_cache(maxsize=1024)(self._of)

    def _of(self, id_: str) -> CodeList | None:
        """A value set by its id; None where none is held."""
        held = self._content.terminology.sets.get(id_)
        if held is None:
            return None
        raw = self._raw(id_)
        compose = raw.get("compose", {})
        rows = tuple(row for part in compose.get("include", ()) for row in _rows(part))
        left_out = tuple(row for part in compose.get("exclude", ()) for row in _rows(part))
        return CodeList(id_, held.title, raw.get("purpose") or raw.get("description") or "", held.version, rows, left_out)

    def _raw(self, id_: str) -> dict[str, Any]:
        """The file of a set; an operator's own set, which replaces it, is told by its codes alone."""
        held = self._content.terminology.sets[id_]
        path = self._folder / f"{id_}.json"
        raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        if raw.get("version") == held.version:
            return raw
        include = [{"system": system, "concept": [{"code": code} for code in codes]} for system, codes in held.systems.items()]
        return {"compose": {"include": include}}


def _rows(part: dict[str, Any]) -> list[CodeRow]:
    system = Coding(part.get("system", ""), "").text.strip()
    rows = [CodeRow(system, one["code"], one.get("display", ""), _carried(one)) for one in part.get("concept", ())]
    rows += [CodeRow(system, one["value"], "", below=True) for one in part.get("filter", ())]
    return rows


def _carried(concept: dict[str, Any]) -> str:
    for extension in concept.get("extension", ()):
        for name, value in extension.items():
            if name.startswith("value"):
                return " ".join(str(v) for v in value.values()) if isinstance(value, dict) else str(value)
    return ""
