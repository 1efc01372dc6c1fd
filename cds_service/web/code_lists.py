"""Value sets as the pages show them.

Each code comes with its system and our label. A file is read when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from cds_service.content.content import Content
from cds_service.fhir.code_table import LABEL, VALUE_OF_CODE
from cds_service.fhir.codes import Coding
from cds_service.fhir.value_set_files import read_written

KEPT: Final = 64
"""How many value sets are kept after reading.

Pages that are made ahead keep what they show themselves.
"""


@dataclass(frozen=True, slots=True)
class CodeRow:
    """One code of a value set, or a category of codes.

    ``below`` tells that it is a category with everything below it. ``stands_for`` is the value that the code carries.
    """

    system: str
    code: str
    label: str
    stands_for: str = ""
    below: bool = False

    @property
    def written(self) -> str:
        """The code with its system, as policies and the playground write it."""
        return f"{self.system} {self.code}"

    @property
    def said(self) -> str:
        """Our words for the code: its label, else its value."""
        return self.label or self.stands_for


@dataclass(frozen=True, slots=True)
class CodeList:
    """One value set with its purpose and codes.

    ``left_out`` are the codes that it excludes.
    """

    id: str
    title: str
    purpose: str
    version: str
    rows: tuple[CodeRow, ...]
    left_out: tuple[CodeRow, ...]


class CodeLists:
    """The value sets of a content, each read when asked for."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self.of = lru_cache(maxsize=KEPT)(self._of)

    def _of(self, id_: str) -> CodeList | None:
        """Return a value set by its id; None where none is held."""
        held = self._content.terminology.sets.get(id_)
        if held is None:
            return None
        raw = self._raw(id_)
        compose = raw.get("compose", {})
        rows = tuple(row for part in compose.get("include", ()) for row in _rows(part))
        left_out = tuple(row for part in compose.get("exclude", ()) for row in _rows(part))
        return CodeList(id_, held.title, raw.get("purpose") or raw.get("description") or "", held.version, rows, left_out)

    def _raw(self, id_: str) -> dict[str, Any]:
        """Read the file of a value set.

        An operator's own set may replace the set of the file, which its version shows. Then only the codes are
        returned, without labels.
        """
        held = self._content.terminology.sets[id_]
        path = self._content.layers.path_of(held.file)
        raw: dict[str, Any] = read_written(path, held.file).raw if path.is_file() else {}
        if raw.get("version") == held.version:
            return raw
        include = [{"system": system, "concept": [{"code": code} for code in codes]} for system, codes in held.systems.items()]
        return {"compose": {"include": include}}


def _rows(part: Mapping[str, Any]) -> list[CodeRow]:
    system = Coding(part.get("system", ""), "").text.strip()
    everywhere = _carried(part)
    rows = [CodeRow(system, one["code"], one.get("display", ""), _carried(one) or everywhere) for one in part.get("concept", ())]
    label = next((str(one["valueString"]) for one in part.get("extension", ()) if one.get("url") == LABEL), "")
    rows += [CodeRow(system, one["value"], label, everywhere, below=True) for one in part.get("filter", ())]
    return rows


def _carried(node: Mapping[str, Any]) -> str:
    """Write the value that a code carries in words: ``3 fetuses``.

    Returns an empty text where it carries none.
    """
    for extension in node.get("extension", ()):
        for name, value in extension.items() if extension.get("url") == VALUE_OF_CODE else ():
            if name == "valueBoolean":
                return "yes" if value else "no"
            if name == "valueRange":
                low, high = (value.get(end) for end in ("low", "high"))
                said = f"{_quantity(low)} to {_quantity(high)}" if low and high else ""
                return said or f"{_quantity(low or high)} or {'more' if low else 'less'}"
            if name.startswith("value"):
                return _quantity(value) if isinstance(value, dict) else str(value)
    return ""


def _quantity(value: Mapping[str, Any]) -> str:
    return f"{value.get('value', '')} {value.get('code', '').strip('{}')}".strip()
