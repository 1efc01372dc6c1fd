"""Value sets read from FHIR R4 ValueSet files, and the index that tells which sets hold a code.

A set lists its codes, or for ICD-10-CM names a category by the filter ``concept is-a O30.1``: that classification is lexical, so a
category and everything below it are the codes that begin with it, whichever year's release the chart used. The longest match wins.
A set that is empty until an operator fills it has no ``compose`` and an ``expansion`` with ``total`` 0.
A code may carry a value (the number of fetuses that a diagnosis states) in the extension ``VALUE_OF_CODE``.
What a set says of an ingredient holds for every medicine that contains it (``medicines.py``), unless the set has the extension
``AS_WRITTEN``: then its codes mean themselves.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from fhir.resources.R4B.valueset import ValueSet as R4ValueSet
from pydantic import ValidationError

from cds_service.fhir.code_shapes import fault_of, systems_of
from cds_service.fhir.codes import HCPCS, NDC, RXNORM, SNOMED, Key, is_known, key_of
from cds_service.fhir.medicines import NO_MEDICINES, UNCLASSIFIED, Medicines
from cds_service.fhir.plain import is_plain
from cds_service.policy.values import Interval, Value
from cds_service.problems import ContentError, Problem

VALUE_OF_CODE: Final = "urn:cds-service:value-of-code"
AS_WRITTEN: Final = "urn:cds-service:as-written"
"""On a set whose codes mean themselves: no medicine is in it because an ingredient of it is."""
_SYSTEMS: Final = {"rxnorm": RXNORM, "ndc": NDC, "procedure": HCPCS, "snomed": SNOMED}
_OF_MEDICINES: Final = frozenset(_SYSTEMS)


@dataclass(frozen=True, slots=True)
class Carried:
    """The value that a code stands for, with its unit."""

    value: Value
    unit: str = ""


@dataclass(frozen=True, slots=True)
class ValueSet:
    """One value set: its codes with what they carry, by key; categories stand for all codes below them.

    ``as_written`` says that no medicine is in it because an ingredient of it is.
    """

    id: str
    url: str
    version: str
    title: str
    codes: Mapping[Key, Carried | None]
    categories: Mapping[Key, Carried | None]
    excluded: frozenset[Key]
    excluded_categories: frozenset[Key]
    systems: Mapping[str, tuple[str, ...]]
    as_written: bool = False


LONGEST_CODE, LONGEST_SYSTEM = 64, 200
"""Characters of the longest code and system that can be in a set; longer ones are not looked up, nor remembered."""
MOST_CODINGS: Final = 65_536
"""Codings of which it is remembered what holds them; with one more, all are forgotten."""
NOWHERE: Final[Mapping[str, Carried | None]] = MappingProxyType({})
"""No set holds a code whose system is known."""
UNPLACED: Final[Mapping[str, Carried | None]] = MappingProxyType({})
"""No set holds a code, and its system is not known: told apart from ``NOWHERE`` by identity."""


class Held(dict[tuple[str, str], Mapping[str, "Carried | None"]]):
    """By system and code, the ids of the sets that hold it; what was looked up is remembered. Charts mention the same codes again
    and again, and a chart's index asks for every one of them."""

    def __init__(self, look_up: Callable[[str, str], Mapping[str, Carried | None]]) -> None:
        super().__init__()
        self._look_up = look_up

    def __missing__(self, coding: tuple[str, str]) -> Mapping[str, Carried | None]:
        system, code = coding
        if len(code) > LONGEST_CODE or len(system) > LONGEST_SYSTEM:
            return UNPLACED
        if len(self) >= MOST_CODINGS:
            self.clear()
        found = self[coding] = self._look_up(system, code)
        return found


class Terminology:
    """All value sets, indexed so that what holds a code is one look-up, however many sets there are."""

    def __init__(self, sets: Mapping[str, ValueSet], broken: Iterable[str] = (), medicines: Medicines = NO_MEDICINES) -> None:
        self.sets = MappingProxyType(dict(sets))
        self.medicines = medicines
        self._broken = frozenset(broken)
        self._codes: dict[Key, dict[str, Carried | None]] = {}
        self._categories: dict[Key, dict[str, Carried | None]] = {}
        for held in sets.values():
            for key, carried in held.codes.items():
                self._codes.setdefault(key, {})[held.id] = carried
            for key, carried in held.categories.items():
                self._categories.setdefault(key, {})[held.id] = carried
        self._concerned = self._concerns() if medicines is not NO_MEDICINES else {}
        self.held = Held(self._holding)
        self._possible = Held(self._holding_somewhere)
        self._told: dict[tuple[str, str], bool] = {}

    def holding(self, system: str, code: str) -> Mapping[str, Carried | None]:
        """The ids of the sets that hold a coding, each with the value that the code carries in it (or None)."""
        return self.held[system, code]

    def tells(self, system: str, code: str) -> bool:
        """Whether a code of a medicine tells what it is: its ingredients are known, or a value set holds it. Remembered."""
        known = self._told.get((system, code))
        if known is None:
            known = key_of(system, code).code not in UNCLASSIFIED and (
                bool(self.held[system, code]) or self.medicines.knows(system, code)
            )
            if len(code) <= LONGEST_CODE and len(system) <= LONGEST_SYSTEM:
                if len(self._told) >= MOST_CODINGS:
                    self._told.clear()
                self._told[system, code] = known
        return known

    def possible(self, system: str, code: str) -> Iterable[str]:
        """The sets that would hold a code if its system, which is not known, were one that is; none where the system is known.

        The shape of the code and its check digit tell which systems it could be of.
        """
        return NOWHERE if is_known(system, code) else self._possible[system, code]

    def knows(self, id_: str) -> bool:
        """Whether there is a file of this value set, readable or not."""
        return id_ in self.sets or id_ in self._broken

    def _holding(self, system: str, code: str) -> Mapping[str, Carried | None]:
        key = key_of(system, code)
        found: dict[str, Carried | None] = {}
        if key.space == "icd10cm":
            for length in range(3, len(key.code) + 1):
                found.update(self._categories.get(Key(key.space, key.code[:length]), {}))
        found.update(self._codes.get(key, {}))
        if key.space in _OF_MEDICINES:
            self._lift(found, self.medicines.precise(system, code))
            self._lift(found, self.medicines.ingredients(system, code))
        if not found:
            return NOWHERE if is_known(system, code) else UNPLACED
        return MappingProxyType({id_: carried for id_, carried in found.items() if not self._left_out(id_, key)})

    def concerned_with(self, ingredients: Iterable[str]) -> frozenset[str]:
        """The sets that hold a medicine with one of these ingredients (RxNorm codes), the ingredient itself or any product."""
        return frozenset().union(*[self._concerned.get(ingredient, frozenset()) for ingredient in ingredients])

    def carried_by(self, ingredients: Iterable[str], id_: str) -> tuple[Carried | None, ...]:
        """What a set says of each of these ingredients (RxNorm codes) that it holds; None once where it concerns them and says
        nothing of them."""
        found = [self.held[RXNORM, ingredient] for ingredient in ingredients if id_ in self._concerned.get(ingredient, ())]
        return tuple(dict.fromkeys([held.get(id_) for held in found]))

    def _concerns(self) -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        for (space, code), ids in self._codes.items():
            if space in _OF_MEDICINES:
                for ingredient in self.medicines.ingredients(_SYSTEMS[space], code):
                    found.setdefault(ingredient, set()).update(ids)
        return {ingredient: frozenset(ids) for ingredient, ids in found.items()}

    def _lift(self, found: dict[str, Carried | None], ingredients: Iterable[str]) -> None:
        """Adds the sets of a medicine's ingredients. What a set says of the medicine itself comes first."""
        for ingredient in ingredients:
            key = Key("rxnorm", ingredient)
            for id_, carried in self._codes.get(key, NOWHERE).items():
                if id_ not in found and not self.sets[id_].as_written and not self._left_out(id_, key):
                    found[id_] = carried

    def _holding_somewhere(self, system: str, code: str) -> Mapping[str, Carried | None]:
        found: dict[str, Carried | None] = {}
        for one in systems_of(code):
            found.update(self.held[one, code])
        return MappingProxyType(found)

    def _left_out(self, id_: str, key: Key) -> bool:
        held = self.sets[id_]
        if key in held.excluded:
            return True
        return any(Key(key.space, key.code[:n]) in held.excluded_categories for n in range(3, len(key.code) + 1))


def read_value_set(path: Path, name: str) -> ValueSet:
    """Reads one ValueSet file; ``name`` is how messages call it.

    Raises ContentError with every problem: not JSON, not a FHIR R4 ValueSet, a malformed code, a filter that needs a server.
    """
    try:
        text = path.read_text(encoding="utf-8")
        raw = json.loads(text, object_pairs_hook=_no_duplicates)
    except json.JSONDecodeError as error:
        raise ContentError([Problem(name, error.lineno, f"not JSON: {error.msg}")]) from None
    except (ValueError, OSError) as error:
        raise ContentError([Problem(name, 0, f"cannot be read: {error}")]) from None
    if not (isinstance(raw, dict) and is_plain(raw, R4ValueSet)):
        _validate(raw, name, text)
    return _Reader(path.stem, name, raw, text).value_set()


def _validate(raw: Any, name: str, text: str) -> None:
    """Has the library look at a set that is not plain: that takes it fifty times as long."""
    try:
        R4ValueSet.model_validate(raw)
    except ValidationError as error:
        faults = [(".".join(str(step) for step in fault["loc"]), fault["msg"]) for fault in error.errors()]
        raise ContentError([Problem(name, _line(text, at.split(".")[-1]), f"{at}: {said}") for at, said in faults]) from None


class _Reader:
    def __init__(self, stem: str, name: str, raw: dict[str, Any], text: str) -> None:
        self.stem, self.name, self.raw, self.text = stem, name, raw, text
        self.problems: list[Problem] = []
        self.systems: dict[str, list[str]] = {}

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
            as_written=any(one.get("url") == AS_WRITTEN and one.get("valueBoolean") is True for one in raw.get("extension", ())),
        )

    def _wrong(self, needle: str, message: str) -> None:
        self.problems.append(Problem(self.name, _line(self.text, needle), message))

    def _gather(self, include: dict[str, Any], codes: dict[Key, Carried | None], categories: dict[Key, Carried | None]) -> None:
        system = include.get("system", "")
        everywhere = _carried(include)
        for concept in include.get("concept", []):
            key = self._key(system, concept["code"])
            codes[key] = _carried(concept) or everywhere
        for narrowing in include.get("filter", []):
            plain = narrowing.get("property") == "concept" and narrowing.get("op") == "is-a"
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
        self.systems.setdefault(system, []).append(code)
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
