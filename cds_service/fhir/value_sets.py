"""Value sets, and the index that tells which sets hold a code.

ICD-10-CM is lexical: a category that a set names, and everything below it, are the codes that begin with it, whichever
year's release the chart used. The longest match wins. What a set says of an ingredient holds for every medicine that
contains it (``medicines.py``), unless its codes mean themselves. How sets are read from files stands in
``value_set_files.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from cds_service.fhir.code_shapes import systems_of
from cds_service.fhir.code_systems import HCPCS, NDC, RXNORM, SNOMED
from cds_service.fhir.codes import Key, is_known, is_read, key_of
from cds_service.fhir.medicines import NO_MEDICINES, UNCLASSIFIED, Medicines
from cds_service.policy.values import Value

_SYSTEMS: Final = {"rxnorm": RXNORM, "ndc": NDC, "procedure": HCPCS, "snomed": SNOMED}
_OF_MEDICINES: Final = frozenset(_SYSTEMS)


@dataclass(frozen=True, slots=True)
class Carried:
    """The value that a code stands for, with its unit."""

    value: Value
    unit: str = ""


@dataclass(frozen=True, slots=True)
class ValueSet:
    """One value set: its codes, each with the value it carries.

    ``categories`` stand for all codes below them. ``as_written`` tells that no medicine is in the set because one of
    its ingredients is. ``labels`` is what its procedures are called in our words, ``file`` how messages call its file.
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
    labels: Mapping[Key, str] = field(default_factory=dict)
    file: str = ""


LONGEST_CODE, LONGEST_SYSTEM = 64, 200
"""Longest code and system that can be in a set, in characters.

Longer ones are neither looked up nor remembered.
"""
MOST_CODINGS: Final = 65_536
"""How many codings the sets that hold them are remembered for.

With one more, all are forgotten.
"""
NOWHERE: Final[Mapping[str, Carried | None]] = MappingProxyType({})
"""Result for a code that no set holds, of a system whose codes are read."""
UNPLACED: Final[Mapping[str, Carried | None]] = MappingProxyType({})
"""Result for a code that no set holds, of a system that is unknown or not read.

It is told apart from ``NOWHERE`` by identity.
"""


class SetsByCode(dict[tuple[str, str], Mapping[str, "Carried | None"]]):
    """The sets that hold a code, by system and code, remembered.

    Charts mention the same codes again and again, and a chart's index looks up every one of them.
    """

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
    """All value sets, indexed by code.

    Finding the sets that hold a code is one look-up, however many sets there are.
    """

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
        self.held = SetsByCode(self._holding)
        self._possible = SetsByCode(self._holding_somewhere)
        self._told: dict[tuple[str, str], bool] = {}

    def holding(self, system: str, code: str) -> Mapping[str, Carried | None]:
        """Return the ids of the sets that hold a coding.

        Each comes with the value that the code carries in it, or None.
        """
        return self.held[system, code]

    def tells(self, system: str, code: str) -> bool:
        """Tell whether a code says which medicine is meant.

        It does where the ingredients are known, or where a value set holds it. The result is remembered.
        """
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
        """Return the sets that might hold a code of an unknown system.

        They are those that would hold it if its system were one that is known; the shape of the code and its check
        digit tell which systems it could belong to. Returns none where the system is known.
        """
        return NOWHERE if is_known(system, code) else self._possible[system, code]

    def knows(self, id_: str) -> bool:
        """Tell whether this value set has a file, readable or not."""
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
            return NOWHERE if is_read(system, code) else UNPLACED
        return MappingProxyType({id_: carried for id_, carried in found.items() if not self._left_out(id_, key)})

    def concerned_with(self, ingredients: Iterable[str]) -> frozenset[str]:
        """Return the sets that hold a medicine with one of these ingredients.

        ``ingredients`` are RxNorm codes. A set may hold the ingredient itself or any product with it.
        """
        return frozenset().union(*[self._concerned.get(ingredient, frozenset()) for ingredient in ingredients])

    def carried_by(self, ingredients: Iterable[str], id_: str) -> tuple[Carried | None, ...]:
        """Return what a set says of those of these ingredients it concerns.

        ``ingredients`` are RxNorm codes. The values come once each; None stands for an ingredient that the set concerns
        without giving it a value.
        """
        found = [self.held[RXNORM, ingredient] for ingredient in ingredients if id_ in self._concerned.get(ingredient, ())]
        return tuple(dict.fromkeys([held.get(id_) for held in found]))

    def _concerns(self) -> dict[str, frozenset[str]]:
        """Index the sets by the ingredients that they concern.

        Where a set lists a combination, it concerns those of its ingredients that it lists too, or a product of them
        alone (buprenorphine with naloxone does not concern naloxone), or all of them if it lists none.
        """
        found: dict[str, set[str]] = {}
        made_of = {
            key: self.medicines.ingredients(_SYSTEMS[key.space], key.code) for key in self._codes if key.space in _OF_MEDICINES
        }
        alone = {(id_, made[0]) for key, made in made_of.items() if len(made) == 1 for id_ in self._codes[key]}
        for key, ingredients in made_of.items():
            for id_ in self._codes[key]:
                listed = [one for one in ingredients if (id_, one) in alone or Key("rxnorm", one) in self.sets[id_].codes]
                for ingredient in listed or ingredients:
                    found.setdefault(ingredient, set()).add(id_)
        return {ingredient: frozenset(ids) for ingredient, ids in found.items()}

    def _lift(self, found: dict[str, Carried | None], ingredients: Iterable[str]) -> None:
        """Add the sets that hold a medicine's ingredients.

        What a set says of the medicine itself takes precedence.
        """
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
