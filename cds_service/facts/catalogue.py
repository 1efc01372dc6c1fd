"""The catalogue of facts: every fact that policies may name, read from ``facts/*.yaml`` and cross-checked with the value sets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from pydantic import BaseModel, ValidationError

from cds_service.facts.definition import Definition, FactEntry
from cds_service.facts.derive import RULES, Rule
from cds_service.facts.units import UnknownUnit, convert
from cds_service.facts.wanted import Need
from cds_service.fhir.resource_types import ASKED_FOR
from cds_service.fhir.value_sets import Terminology
from cds_service.fhir.vocabulary import Vocabulary
from cds_service.policy.model import Fact
from cds_service.policy.values import Interval
from cds_service.problems import ContentError, Problem
from cds_service.yaml_file import YamlFile, said_of


class SilentFacts(NamedTuple):
    """What facts say of a case that documents none of them.

    ``unsearched`` names those that were not searched for; ``facts`` leaves out what is derived from them: a rule may make
    something of it.
    """

    facts: Mapping[str, Fact]
    unsearched: frozenset[str]


class Catalogue:
    """All facts by name; immutable once read. ``broken`` names those that stand in the files and could not be read.

    ``mute`` are the derived facts that say nothing where all that they are derived from is silent; ``searched`` the resource types
    in which facts are looked for.
    """

    def __init__(
        self, definitions: Mapping[str, Definition], broken: Iterable[str] = (), tables: Mapping[str, BaseModel] | None = None
    ) -> None:
        self.tables = MappingProxyType(dict(tables or {}))
        self.facts = MappingProxyType(dict(definitions))
        self.broken = frozenset(broken)
        self._needed_by = self._dependents()
        self.mute = frozenset(name for name, definition in self.facts.items() if self._mute(definition))
        self._spoken_by, self._always = self._speech()
        self.searched = frozenset(kind for definition in self.facts.values() for kind in definition.searched)
        self._silence = lru_cache(maxsize=64)(self._silent)
        self.vocabulary = Vocabulary(
            {name: definition.said for name, definition in self.facts.items() if definition.said},
            {name: definition.called for name, definition in self.facts.items() if definition.called},
        )

    def knows(self, name: str) -> bool:
        """Whether the files have a fact of this name, readable or not."""
        return name in self.facts or name in self.broken

    def __getitem__(self, name: str) -> Definition:
        return self.facts[name]

    def __contains__(self, name: object) -> bool:
        return name in self.facts

    def __iter__(self) -> Iterator[str]:
        return iter(self.facts)

    def closure(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The facts and all that they are derived from, inputs first."""
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
        """The facts that a case may document: it mentions codes of these value sets, answers these questions, and says the words
        of the facts ``heard``.

        Of every other fact it says nothing, if what documents that fact was searched.
        """
        spoken = [self._spoken_by[id_] for id_ in mentioned if id_ in self._spoken_by]
        spoken += [self._needed_by[name] for name in answered if name in self._needed_by]
        spoken += [self._needed_by[name] for name in heard]
        return self._always.union(*spoken)

    def silence(self, unsearched: frozenset[str]) -> SilentFacts:
        """What all facts say of a case that documents none of them, where resources of these types were not searched."""
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
        """The facts that each value set may document, and those that any case may; each with what is derived from it."""
        spoken_by: dict[str, set[str]] = {}
        always: set[str] = set()
        for name, definition in self.facts.items():
            if definition.speaks_by is None and name not in self.mute:
                always |= self._needed_by[name]
            for value_set in definition.speaks_by or ():
                spoken_by.setdefault(value_set, set()).update(self._needed_by[name])
        return {id_: frozenset(found) for id_, found in spoken_by.items()}, frozenset(always)

    def _dependents(self) -> dict[str, frozenset[str]]:
        """Each fact with all that is derived from it."""
        found: dict[str, set[str]] = {name: {name} for name in self.facts}
        for name in self.facts:
            for taken in self.closure((name,)):
                found[taken].add(name)
        return {name: frozenset(needed_by) for name, needed_by in found.items()}

    def _mute(self, definition: Definition) -> bool:
        """Whether a derived fact says nothing where all that it is derived from is silent."""
        derived = definition.entry.derived
        if not derived or derived.rule not in RULES or any(taken not in self.facts for taken in derived.takes.values()):
            return False
        rule = RULES[derived.rule]
        if rule.takes != set(derived.takes) or (rule.table and derived.table not in self.tables):
            return False
        silence = {as_: self.facts[taken].silent for as_, taken in derived.takes.items()}
        return not rule(silence, date(2000, 1, 1), self.tables.get(derived.table))

    def needs(self, names: tuple[str, ...]) -> tuple[Need, ...]:
        """The searches that facts need, each once."""
        found: dict[Need, None] = {}
        for name in self.closure(names):
            for source in self.facts[name].sources:
                found.update(dict.fromkeys(source.needs()))
        return tuple(found)


def read_catalogue(folder: Path, terminology: Terminology, name: str) -> tuple[Catalogue, list[Problem]]:
    """Reads every file of a folder: the facts that could be read, and all problems of all files."""
    problems: list[Problem] = []
    definitions: dict[str, Definition] = {}
    broken: list[str] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            file = YamlFile(path, f"{name}/{path.name}")
        except ContentError as error:
            problems += error.problems
            continue
        for fact, raw in file.data.items():
            try:
                entry = FactEntry.model_validate(raw)
            except ValidationError as error:
                problems += [
                    file.problem((fact, *fault["loc"]), said_of(dict(fault)))
                    for fault in error.errors(include_url=False, include_context=False)
                ]
                broken.append(fact)
                continue
            if fact in definitions:
                problems.append(file.problem((fact,), f"the fact '{fact}' is already in {definitions[fact].file}"))
            definitions[fact] = Definition(fact, entry, file.name, file.line((fact,)))
            problems += _own_problems(definitions[fact], file, terminology)
    tables: dict[str, BaseModel] = {}
    for definition in definitions.values():
        derived = definition.entry.derived
        rule = RULES.get(derived.rule) if derived else None
        if derived and rule and (rule.table or derived.table):
            try:
                tables[derived.table] = _read_table(folder, derived.table, rule, name, definition)
            except ContentError as error:
                problems += error.problems
    catalogue = Catalogue(definitions, broken, tables)
    problems += [problem for definition in definitions.values() for problem in _derivation_problems(definition, catalogue)]
    return catalogue, problems


def _read_table(folder: Path, table: str, rule: Rule, name: str, definition: Definition) -> BaseModel:
    path = folder / "tables" / f"{table}.yaml"
    if rule.table is None or not table or not path.is_file():
        said = "a table that facts/tables/ has no file of" if rule.table else "no table, and 'table' names one"
        raise ContentError([Problem(definition.file, definition.line, f"the rule of '{definition.name}' takes {said}")])
    return YamlFile(path, f"{name}/tables/{path.name}").read_as(rule.table)


def _own_problems(definition: Definition, file: YamlFile, terminology: Terminology) -> Iterator[Problem]:
    entry, name = definition.entry, definition.name
    for index, source in enumerate(entry.from_):
        for kind in sorted({need.resource for need in source.kind.needs()} - ASKED_FOR):
            yield file.problem((name, "from", index), f"no prefetch key asks for a {kind}, so silence there would mean nothing")
        for id_ in source.kind.value_sets():
            if not terminology.knows(id_):
                yield file.problem((name, "from", index), f"there is no value set '{id_}' in value_sets/")
            held = terminology.sets.get(id_)
            if held is None:
                continue
            for carried in (*held.codes.values(), *held.categories.values()):
                if carried and isinstance(carried.value, Interval) and carried.unit:
                    try:
                        convert(1, carried.unit, entry.unit or carried.unit)
                    except UnknownUnit as error:
                        yield file.problem((name, "from", index), f"codes of '{id_}' carry a value in another unit: {error}")
                        break
    for id_ in entry.words.read_by if entry.words else ():
        if not terminology.knows(id_):
            yield file.problem((name, "words"), f"there is no value set '{id_}' in value_sets/")
    if entry.unit:
        try:
            convert(1, entry.unit, entry.unit)
        except UnknownUnit as error:
            yield file.problem((name, "unit"), str(error))
    if entry.derived and entry.derived.rule not in RULES:
        yield file.problem((name, "derived"), f"there is no rule '{entry.derived.rule}'; there are {', '.join(sorted(RULES))}")


def _derivation_problems(definition: Definition, catalogue: Catalogue) -> Iterator[Problem]:
    derived = definition.entry.derived
    if not derived:
        return
    for taken in (*derived.takes.values(), *([derived.imagined_by] if derived.imagined_by else [])):
        if not catalogue.knows(taken):
            yield Problem(definition.file, definition.line, f"'{definition.name}' is derived from '{taken}', which is no fact")
    missing = RULES[derived.rule].takes ^ set(derived.takes)
    if missing:
        takes = ", ".join(sorted(RULES[derived.rule].takes))
        yield Problem(definition.file, definition.line, f"the rule '{derived.rule}' takes exactly: {takes}")
    if definition.name in {taken for name in derived.takes.values() for taken in catalogue.closure((name,))}:
        yield Problem(definition.file, definition.line, f"'{definition.name}' is derived from itself")
