"""A value set as a table of codes, one to a line.

It is how ``value_sets/<id>.csv`` is written, and it means a FHIR ValueSet. Above the table stand lines ``# key: words``
(``title`` and ``version`` always). Its columns are ``system`` and ``code``, and where wanted ``label`` and ``meaning``,
the value that the code carries. ``F17.2*`` is a family of ICD-10-CM, and a system that begins with ``not`` leaves codes
out. What such a file may say is what a ValueSet here may say.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from cds_service.content_files.problems import ContentError, Problem
from cds_service.fhir.code_systems import ICD10CM, NAMES

VALUE_OF_CODE: Final = "urn:cds-service:value-of-code"
AS_WRITTEN: Final = "urn:cds-service:as-written"
"""The extension of a set whose codes mean themselves.

No medicine is in such a set because an ingredient of it is.
"""
LABEL: Final = "urn:cds-service:label"
"""What we call a family of ICD-10-CM, which FHIR gives no display."""
COLUMNS: Final = ("system", "code", "label", "meaning")
KEYS: Final = ("title", "version", "status", "date", "publisher", "purpose", "copyright", "as written", "empty")
_LEFT_OUT: Final = "not "
_KEY: Final = re.compile(r"#\s*(?P<key>[a-z ]+?)\s*:\s*(?P<words>.*)")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_NUMBER: Final = r"-?\d+(?:\.\d+)?"
_QUANTITY: Final = re.compile(rf"(?P<low>{_NUMBER})(?: to (?P<high>{_NUMBER})| or (?P<side>more|less))?(?: (?P<unit>\S+))?")


class WrittenCode(NamedTuple):
    """A code that a value set's file lists.

    ``excluded`` is true where the set leaves it out.
    """

    system: str
    code: str
    display: str
    line: int
    excluded: bool


class WrittenSet(NamedTuple):
    """A value set as its file means it, in FHIR.

    ``line_of`` gives the line at which a code or a key of it stands. ``listed`` are the codes of a table, families left
    out; None where the file is no table.
    """

    raw: dict[str, Any]
    line_of: Callable[[str], int]
    listed: tuple[WrittenCode, ...] | None = None


class _Row(NamedTuple):
    """A line of the table: what :class:`WrittenCode` holds, and more."""

    system: str
    code: str
    label: str
    line: int
    excluded: bool
    meaning: str
    family: bool


class _Columns(NamedTuple):
    """Where the cells of a line stand.

    A column that the table leaves out is read from the empty cell behind the last.
    """

    width: int
    system: int
    code: int
    label: int
    meaning: int


def value_set_of(text: str, id_: str, name: str) -> WrittenSet:
    """Return the ValueSet that a table means.

    ``name`` is how messages call its file. Raises ContentError with every line that is not as the module says.
    """
    table = _Table(text, name)
    raw = table.head(id_)
    rows = list(table.rows())
    if table.problems:
        raise ContentError(table.problems)
    if rows:
        parts = {"include": _parts(row for row in rows if not row.excluded), "exclude": _parts(row for row in rows if row.excluded)}
        raw["compose"] = {key: found for key, found in parts.items() if found}
    elif "empty" in table.keys:
        raw["expansion"] = {"timestamp": raw["date"], "total": 0}

    def line_of(needle: str) -> int:
        lines = (row.line for row in rows if row.code.rstrip("*").rstrip(".") == needle)
        return next(lines, table.lines.get(needle, 1))

    return WrittenSet(raw, line_of, tuple(WrittenCode(*row[:5]) for row in rows if not row.family))


class _Table:
    """One file's lines, and what is wrong with them."""

    def __init__(self, text: str, name: str) -> None:
        self.problems: list[Problem] = []
        self.lines: dict[str, int] = {}
        self.keys: dict[str, str] = {}
        self._systems: dict[str, tuple[str, bool]] = {}
        self._name, self._lines = name, text.splitlines()
        for number, line in enumerate(self._lines, 1):
            found = _KEY.fullmatch(line.strip()) if line.startswith("#") else None
            if found and found["key"] in KEYS:
                if found["key"] in self.keys:
                    self._wrong(number, f"'{found['key']}' stands already at line {self.lines[found['key']]}")
                self.keys[found["key"]], self.lines[found["key"]] = found["words"], number

    def _wrong(self, line: int, said: str) -> None:
        self.problems.append(Problem(self._name, line, said))

    def head(self, id_: str) -> dict[str, Any]:
        """Return the ValueSet without its codes."""
        keys = self.keys
        for needed, meant in (("title", "what the codes are"), ("version", "the day it was last changed, as 2026-11-29")):
            if not keys.get(needed):
                self._wrong(1, f"the line '# {needed}: …' is missing: {meant}")
        version = keys.get("version", "")
        day = keys.get("date", version)
        if version and not _DAY.fullmatch(day):
            self._wrong(
                self.lines["version"], f"'{day}' is not a day; write the version as 2026-11-29, or a line '# date: …' besides"
            )
        raw: dict[str, Any] = {
            "resourceType": "ValueSet",
            "id": id_,
            "url": f"urn:cds-service:value-set:{id_}",
            "version": version,
            "name": "".join(word.capitalize() for word in id_.split("-")),
            "title": keys.get("title", ""),
            "status": keys.get("status", "active"),
            "date": day,
            "publisher": keys.get("publisher", "not stated"),
        }
        raw |= {key: keys[key] for key in ("purpose", "copyright") if keys.get(key)}
        if "as written" in keys:
            if keys["as written"] != "yes":
                self._wrong(self.lines["as written"], "'as written' is yes, or the line is left out")
            raw["extension"] = [{"url": AS_WRITTEN, "valueBoolean": True}]
        return raw

    def rows(self) -> Iterator[_Row]:
        """Yield the codes, in the file's order."""
        reader = csv.reader("" if line.startswith("#") else line for line in self._lines)
        columns: _Columns | None = None
        try:
            for cells in reader:
                if not "".join(cells).strip():
                    continue
                if columns is None:
                    columns = self._columns(reader.line_num, [cell.strip() for cell in cells])
                elif row := self._row(reader.line_num, columns, cells):
                    yield row
        except csv.Error as error:
            self._wrong(reader.line_num, f"no table of codes: {error}")
        if columns is None:
            self._wrong(len(self._lines) or 1, f"the table begins with a line of its columns: {','.join(COLUMNS)}")

    def _columns(self, line: int, cells: list[str]) -> _Columns:
        unknown = [cell for cell in cells if cell not in COLUMNS]
        if unknown or len(set(cells)) < len(cells) or not {"system", "code"} <= set(cells):
            said = "the table begins with a line of its columns, 'system,code' and where wanted 'label' and 'meaning'"
            self._wrong(line, f"{said}, not '{','.join(cells)}'")
        return _Columns(len(cells), *[cells.index(column) if column in cells else len(cells) for column in COLUMNS])

    def _row(self, line: int, columns: _Columns, cells: list[str]) -> _Row | None:
        width, at_system, at_code, at_label, at_meaning = columns
        if len(cells) > width:
            self._wrong(line, f"there are {len(cells)} cells and {width} columns; write what has a comma in quotes")
            return None
        cells += [""] * (width + 1 - len(cells))
        system, excluded = self._system(cells[at_system])
        code = cells[at_code].strip()
        family = code.endswith("*")
        if not system or not code or (family and system != ICD10CM):
            self._wrong(line, _fault(cells[at_system].strip().removeprefix(_LEFT_OUT).strip(), system, code))
            return None
        return _Row(system, code, cells[at_label].strip(), line, excluded, cells[at_meaning].strip(), family)

    def _system(self, cell: str) -> tuple[str, bool]:
        """Return the address of the system that a line names.

        Returns also whether the line leaves its code out.
        """
        found = self._systems.get(cell)
        if found is None:
            named = cell.strip()
            name = named.removeprefix(_LEFT_OUT).strip()
            found = self._systems[cell] = (NAMES.get(name, name if ":" in name else ""), named.startswith(_LEFT_OUT))
        return found


def _fault(name: str, system: str, code: str) -> str:
    """Say what is wrong with a line of no readable code."""
    if not system:
        return f"'{name}' is no code system; write one of {', '.join(NAMES)}, or its address, of which this one spelling is read"
    if not code:
        return f"a code of {name} is missing"
    return f"'{code}': only families of ICD-10-CM can be named by how they begin; list the codes of {name}"


def _parts(rows: Iterator[_Row]) -> list[dict[str, Any]]:
    """Return the rows as parts of ``compose``.

    Codes of one system that follow each other are one part, each family is one by itself.
    """
    parts: list[dict[str, Any]] = []
    for row in rows:
        if row.family:
            narrowing = {"property": "concept", "op": "is-a", "value": row.code.removesuffix("*").removesuffix(".")}
            said = ([{"url": LABEL, "valueString": row.label}] if row.label else []) + meaning_as_fhir(row.meaning)
            parts.append(({"extension": said} if said else {}) | {"system": row.system, "filter": [narrowing]})
            continue
        concept: dict[str, Any] = {"code": row.code}
        concept |= {"extension": meaning_as_fhir(row.meaning)} if row.meaning else {}
        concept |= {"display": row.label} if row.label else {}
        if parts and parts[-1].get("system") == row.system and "concept" in parts[-1]:
            parts[-1]["concept"].append(concept)
        else:
            parts.append({"system": row.system, "concept": [concept]})
    return parts


def meaning_as_fhir(words: str) -> list[dict[str, Any]]:
    """Return the extension that says what a code carries.

    The words are ``yes``, ``no``, ``2 {fetuses}``, ``2 or more {fetuses}``, ``56 to 62 d``, or a choice of a fact.
    """
    if not words:
        return []
    if words in ("yes", "no"):
        return [{"url": VALUE_OF_CODE, "valueBoolean": words == "yes"}]
    found = _QUANTITY.fullmatch(words)
    if not found:
        return [{"url": VALUE_OF_CODE, "valueString": words}]
    if not found["high"] and not found["side"]:
        return [{"url": VALUE_OF_CODE, "valueQuantity": _quantity(found["low"], found["unit"])}]
    low = found["low"] if found["side"] != "less" else None
    high = found["high"] or (found["low"] if found["side"] == "less" else None)
    ends = {"low": low, "high": high}
    return [{"url": VALUE_OF_CODE, "valueRange": {end: _quantity(one, found["unit"]) for end, one in ends.items() if one}}]


def _quantity(number: str, unit: str | None) -> dict[str, Any]:
    said: dict[str, Any] = {"value": float(number) if "." in number else int(number)}
    return said | ({"system": "http://unitsofmeasure.org", "code": unit} if unit else {})
