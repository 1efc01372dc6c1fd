"""The catalogue: every fact that policies may name.

It is made of ``facts/*.yaml`` (``fact_files``) and cross-checked with the value sets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from pydantic import BaseModel

from cds_service.facts.computed import all_rules
from cds_service.facts.definition import Definition
from cds_service.facts.kinds.evidence_kind import shelf_life_of
from cds_service.facts.shelf_life import ShelfLife
from cds_service.facts.wanted import Need
from cds_service.fhir.untold import MAY_BE_UNTOLD, untold
from cds_service.fhir.vocabulary import Vocabulary
from cds_service.policy.evidence import Fact


class SilentFacts(NamedTuple):
    """What facts say of a case that documents none of them.

    ``unsearched`` names those that were not searched for. ``facts`` leaves out what is derived from them, since a rule
    may make something of what was not searched.
    """

    facts: Mapping[str, Fact]
    unsearched: frozenset[str]


class Catalogue:
    """All facts by name; immutable once read.

    ``broken`` names those that stand in the files and could not be read. ``mute`` are the derived facts that say
    nothing where all that they are derived from is silent. ``searched`` are the resource types in which facts are
    looked for.
    """

    def __init__(
        self, definitions: Mapping[str, Definition], broken: Iterable[str] = (), tables: Mapping[str, BaseModel] | None = None
    ) -> None:
        stated = (definition.derived for definition in definitions.values() if definition.derived and definition.derived.key)
        self.rules = MappingProxyType({**all_rules(), **{one.rule: rule for one in stated if (rule := one.own_rule)}})
        self.tables = MappingProxyType(dict(tables or {}))
        self.facts = MappingProxyType(dict(definitions))
        self.broken = frozenset(broken)
        self.closure = lru_cache(maxsize=512)(self._closure)
        self._needed_by = self._dependents()
        self.mute = frozenset(name for name, definition in self.facts.items() if self._mute(definition))
        self._spoken_by, self._always = self._speech()
        self._answers_last = {name: self._answers_speak_for(definition) for name, definition in self.facts.items()}
        self.searched = frozenset(kind for definition in self.facts.values() for kind in definition.searched)
        self._silence = lru_cache(maxsize=64)(self._silent)
        self.vocabulary = Vocabulary(
            {
                f"{name} {said.part}" if said.part else name: said
                for name, definition in self.facts.items()
                for said in definition.said
            },
            {name: definition.called for name, definition in self.facts.items() if definition.called},
        )

    def answers_speak_for(self, name: str) -> ShelfLife | None:
        """Return how long answers to a fact's question speak.

        None where they speak always. What somebody said of a state ages as what is recorded of it does.
        """
        return self._answers_last[name]

    def _answers_speak_for(self, definition: Definition) -> ShelfLife | None:
        derived = definition.derived
        if derived is None:
            return definition.shelf_life()
        if derived.answers_speak_for:
            return shelf_life_of(derived.answers_speak_for, "asks")
        recorded = self.facts.get(derived.imagined_by or "")
        return self._answers_speak_for(recorded) if recorded is not None else None

    def knows(self, name: str) -> bool:
        """Tell whether the files have such a fact, readable or not."""
        return name in self.facts or name in self.broken

    def __getitem__(self, name: str) -> Definition:
        return self.facts[name]

    def __contains__(self, name: object) -> bool:
        return name in self.facts

    def __iter__(self) -> Iterator[str]:
        return iter(self.facts)

    def _closure(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Return the facts and all that they are derived from.

        Inputs come before what is derived from them.
        """
        ordered: dict[str, None] = {}

        def add(name: str) -> None:
            if name in ordered or name not in self.facts:
                return
            derived = self.facts[name].entry.derived
            for taken in derived.takes.values() if derived else ():
                add(taken)
            ordered[name] = None

        for name in names:
            add(name)
        return tuple(ordered)

    def speaking(self, mentioned: Iterable[str], answered: Iterable[str], heard: Iterable[str]) -> frozenset[str]:
        """Return the facts that a case may document.

        The case mentions codes of the value sets ``mentioned``, answers the questions ``answered``, and says the words
        of the facts ``heard``. Of every other fact it says nothing, if what documents that fact was searched.
        """
        spoken = [self._spoken_by[id_] for id_ in mentioned if id_ in self._spoken_by]
        spoken += [self._needed_by[name] for name in answered if name in self._needed_by]
        spoken += [self._needed_by[name] for name in heard]
        return self._always.union(*spoken)

    def silence(self, unsearched: frozenset[str]) -> SilentFacts:
        """Return what facts say of a case that documents none.

        ``unsearched`` are the resource types that were not searched.
        """
        return self._silence(unsearched & self.searched)

    def _silent(self, unsearched: frozenset[str]) -> SilentFacts:
        found: dict[str, Fact] = {}
        for name in self.closure(tuple(self.facts)):
            definition = self.facts[name]
            derived = definition.entry.derived
            if derived and any(taken not in found or found[taken].unsearched for taken in derived.takes.values()):
                continue
            missing = tuple(kind for kind in definition.searched if kind in unsearched)
            found[name] = Fact(name, (), missing) if missing else definition.silent
        return SilentFacts(found, frozenset(name for name in self.facts if name not in found or found[name].unsearched))

    def _speech(self) -> tuple[dict[str, frozenset[str]], frozenset[str]]:
        """Index the facts by the value sets that may document them.

        Returns also the facts that any case may document. Each fact comes with what is derived from it.
        """
        spoken_by: dict[str, set[str]] = {}
        always: set[str] = set()
        for name, definition in self.facts.items():
            if definition.speaks_by is None and name not in self.mute:
                always |= self._needed_by[name]
            marks = [id_ for kind, id_ in definition.unplaced if kind in MAY_BE_UNTOLD and id_ == untold(kind)]
            for value_set in (*(definition.speaks_by or ()), *marks):
                spoken_by.setdefault(value_set, set()).update(self._needed_by[name])
        return {id_: frozenset(found) for id_, found in spoken_by.items()}, frozenset(always)

    def _dependents(self) -> dict[str, frozenset[str]]:
        """Return each fact with all that is derived from it."""
        found: dict[str, set[str]] = {name: {name} for name in self.facts}
        for name in self.facts:
            for taken in self.closure((name,)):
                found[taken].add(name)
        return {name: frozenset(needed_by) for name, needed_by in found.items()}

    def _mute(self, definition: Definition) -> bool:
        """Tell whether a derived fact is silent when its inputs are."""
        derived = definition.entry.derived
        if not derived or derived.rule not in self.rules or any(taken not in self.facts for taken in derived.takes.values()):
            return False
        rule = self.rules[derived.rule]
        if rule.takes != set(derived.takes) or (rule.table and derived.table not in self.tables):
            return False
        silence = {as_: self.facts[taken].silent for as_, taken in derived.takes.items()}
        return not rule(silence, date(2000, 1, 1), self.tables.get(derived.table))

    def needs(self, names: tuple[str, ...]) -> tuple[Need, ...]:
        """Return the searches that facts need, each once."""
        found: dict[Need, None] = {}
        for name in self.closure(names):
            for source in self.facts[name].sources:
                found.update(dict.fromkeys(source.needs()))
        return tuple(found)
