"""Value sets read from files.

They are FHIR R4 ValueSets in JSON, or tables of codes that mean one (``code_table.py``). A set lists its codes, or for
ICD-10-CM names a category by the filter ``concept is-a O30.1``. A set that is empty until an operator fills it has no
``compose`` and an ``expansion`` with ``total`` 0. A code may carry a value (the number of fetuses that a diagnosis
states) in the extension ``VALUE_OF_CODE``. A set has the extension ``AS_WRITTEN`` where its codes mean themselves, and
not every medicine that contains them.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from pydantic import ValidationError

from cds_service.content_files.problems import ContentError, Problem
from cds_service.fhir.code_shapes import fault_of
from cds_service.fhir.code_table import AS_WRITTEN, VALUE_OF_CODE, WrittenSet, value_set_of
from cds_service.fhir.codes import Key, key_of
from cds_service.fhir.value_sets import Carried, ValueSet
from cds_service.policy.values import Interval

SUFFIXES: Final = (".json", ".csv")


def value_set_paths(folder: Path) -> list[Path]:
    """Return the files of value sets in a folder, by name."""
    return sorted(path for path in folder.glob("*") if path.suffix in SUFFIXES and path.is_file())


def value_set_path(folder: Path, id_: str) -> Path | None:
    """Return the file of a value set in a folder, or None."""
    return next((path for suffix in SUFFIXES if (path := folder / f"{id_}{suffix}").is_file()), None)


def read_written(path: Path, name: str) -> WrittenSet:
    """Return a value set in FHIR, however its file writes it.

    Raises ContentError where the file is neither JSON nor a table of codes, as its ending says.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix == ".csv":
            return value_set_of(text, path.stem, name)
        raw = json.loads(text, object_pairs_hook=_no_duplicates)
    except json.JSONDecodeError as error:
        raise ContentError([Problem(name, error.lineno, f"not JSON: {error.msg}")]) from None
    except (ValueError, OSError, RecursionError) as error:
        raise ContentError([Problem(name, 0, f"cannot be read: {error}")]) from None
    return WrittenSet(raw, lambda needle: _line(text, needle))


def read_value_set(path: Path, name: str) -> ValueSet:
    """Read one file of a value set.

    ``name`` is how messages call it. Raises ContentError with every problem: not JSON, not a FHIR R4 ValueSet, a
    malformed code, a filter that needs a server.
    """
    written = read_written(path, name)
    if written.listed is None:  # a table means nothing but a ValueSet
        _validate(written, name)
    return _Reader(path.stem, name, written).value_set()


def _validate(written: WrittenSet, name: str) -> None:
    """Validate a set with the library.

    Plain sets are told without its objects, in a fiftieth of the time.
    """
    from fhir.resources.R4B.valueset import ValueSet as R4ValueSet  # noqa: PLC0415 - no table needs the library

    from cds_service.fhir.plain import is_plain  # noqa: PLC0415

    if isinstance(written.raw, dict) and is_plain(written.raw, R4ValueSet):
        return
    try:
        R4ValueSet.model_validate(written.raw)
    except ValidationError as error:
        faults = [(".".join(str(step) for step in fault["loc"]), fault["msg"]) for fault in error.errors()]
        raise ContentError([Problem(name, written.line_of(at.split(".")[-1]), f"{at}: {said}") for at, said in faults]) from None


class _Reader:
    def __init__(self, stem: str, name: str, written: WrittenSet) -> None:
        self.stem, self.name, self.raw, self.line_of = stem, name, written.raw, written.line_of
        self.problems: list[Problem] = []
        self.systems: dict[str, list[str]] = {}
        self.labels: dict[Key, str] = {}

    def value_set(self) -> ValueSet:
        raw = self.raw
        if raw.get("id") != self.stem:
            self._wrong("id", f"the id is '{raw.get('id')}' and the file is named {self.stem}; they are the same word")
        for required in ("url", "version", "title", "status", "publisher", "date"):
            if not raw.get(required):
                self._wrong("resourceType", f"'{required}' is missing")
        codes: dict[Key, Carried | None] = {}
        categories: dict[Key, Carried | None] = {}
        compose = raw.get("compose", {})
        for include in compose.get("include", []):
            self._gather(include, codes, categories)
        empty_on_purpose = raw.get("expansion", {}).get("total") == 0 and "compose" not in raw
        if not codes and not categories and not empty_on_purpose:
            self._wrong("resourceType", "the set holds no codes; a set that is empty on purpose has an expansion with total 0")
        systems = {system: tuple(found) for system, found in self.systems.items()}
        out_codes: dict[Key, Carried | None] = {}
        out_categories: dict[Key, Carried | None] = {}
        for exclude in compose.get("exclude", []):
            self._gather(exclude, out_codes, out_categories)
        if self.problems:
            raise ContentError(self.problems)
        return ValueSet(
            id=self.stem,
            url=raw["url"],
            version=raw["version"],
            title=raw["title"],
            codes=MappingProxyType(codes),
            categories=MappingProxyType(categories),
            excluded=frozenset(out_codes),
            excluded_categories=frozenset(out_categories),
            systems=MappingProxyType(systems),
            file=self.name,
            labels=MappingProxyType(self.labels),
            as_written=any(one.get("url") == AS_WRITTEN and one.get("valueBoolean") is True for one in raw.get("extension", ())),
        )

    def _wrong(self, needle: str, message: str) -> None:
        self.problems.append(Problem(self.name, self.line_of(needle), message))

    def _gather(self, include: dict[str, Any], codes: dict[Key, Carried | None], categories: dict[Key, Carried | None]) -> None:
        system = include.get("system", "")
        everywhere = _carried(include)
        written = self.systems.setdefault(system, [])
        for concept in include.get("concept", []):
            code = concept["code"]
            written.append(code)
            key = self._key(system, code)
            if key.space == "procedure" and concept.get("display", code) != code:
                self.labels[key] = concept["display"]
            codes[key] = _carried(concept) or everywhere if "extension" in concept else everywhere
        for narrowing in include.get("filter", []):
            plain = narrowing.get("property") == "concept" and narrowing.get("op") == "is-a"
            written.append(narrowing.get("value", ""))
            key = self._key(system, narrowing.get("value", ""))
            if not plain or key.space != "icd10cm":
                said = "only ICD-10-CM categories can be named by a filter (concept is-a CODE); list the codes of other systems"
                self._wrong(narrowing.get("value", ""), said)
            else:
                categories[key] = everywhere
        if not include.get("concept") and not include.get("filter"):
            self._wrong("include", f"the part for {system or 'no system'} lists no codes; write them out")

    def _key(self, system: str, code: str) -> Key:
        key = key_of(system, code)
        fault = fault_of(key)
        if fault:
            self._wrong(code, f"'{code}' {fault}" if "digit" in fault else f"'{code}' {fault} in {system}")
        return key


def _carried(node: dict[str, Any]) -> Carried | None:
    for extension in node.get("extension", []):
        if extension.get("url") != VALUE_OF_CODE:
            continue
        for kind in ("valueBoolean", "valueString"):
            if kind in extension:
                return Carried(extension[kind])
        if "valueQuantity" in extension:
            quantity = extension["valueQuantity"]
            return Carried(Interval.exactly(float(quantity["value"])), quantity.get("code", ""))
        if "valueRange" in extension:
            low, high = extension["valueRange"].get("low", {}), extension["valueRange"].get("high", {})
            interval = Interval(float(low.get("value", "-inf")), float(high.get("value", "inf")))
            return Carried(interval, low.get("code", "") or high.get("code", ""))
    return None


def _line(text: str, needle: str) -> int:
    return next((number for number, line in enumerate(text.splitlines(), 1) if f'"{needle}"' in line), 1)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return result
