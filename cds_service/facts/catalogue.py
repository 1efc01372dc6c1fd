"""The catalogue: every fact that policies may name.

It is read from ``facts/*.yaml`` and cross-checked with the value sets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from pydantic import BaseModel, ValidationError

from cds_service.content_files.problems import ContentError, Problem
from cds_service.content_files.yaml_file import YamlFile, said_of
from cds_service.facts.computed import all_rules
from cds_service.facts.definition import Definition
from cds_service.facts.derivations import ALL
from cds_service.facts.entry import DerivedEntry, FactEntry, unfitting
from cds_service.facts.kinds.evidence_kind import shelf_life_of
from cds_service.facts.rule import Derivation
from cds_service.facts.shelf_life import ShelfLife
from cds_service.facts.units import UnknownUnit, convert
from cds_service.facts.wanted import Need
from cds_service.fhir.resource_types import ASKED_FOR
from cds_service.fhir.value_sets import Terminology
from cds_service.fhir.vocabulary import Vocabulary
from cds_service.policy.evidence import Fact
from cds_service.policy.values import Interval


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
            for value_set in definition.speaks_by or ():
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


def read_catalogue(folders: Iterable[tuple[Path, str]], terminology: Terminology) -> tuple[Catalogue, list[Problem]]:
    """Read every file of some folders, each with its name in messages.

    Returns the catalogue of the facts that could be read, and all problems of all files.
    """
    problems: list[Problem] = []
    definitions: dict[str, Definition] = {}
    broken: list[str] = []
    held = tuple(folders)
    for path, name in [(path, f"{name}/{path.name}") for folder, name in held for path in sorted(folder.glob("*.yaml"))]:
        try:
            file = YamlFile(path, name)
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
                first = definitions[fact]
                problems.append(file.problem((fact,), f"the fact '{fact}' is already in {first.file}:{first.line}"))
            definitions[fact] = Definition(fact, entry, file.name, file.line((fact,)))
            problems += _own_problems(definitions[fact], file, terminology)
    tables: dict[str, BaseModel] = {}
    for definition in definitions.values():
        derived = definition.entry.derived
        rule = _rule_of(derived) if derived else None
        if derived and rule and (rule.table or derived.table):
            try:
                tables[derived.table] = _read_table(held, derived.table, rule, definition)
            except ContentError as error:
                problems += error.problems
    catalogue = Catalogue(definitions, broken, tables)
    problems += [problem for definition in definitions.values() for problem in _derivation_problems(definition, catalogue)]
    return catalogue, problems


def _read_table(folders: Iterable[tuple[Path, str]], table: str, rule: Derivation, definition: Definition) -> BaseModel:
    files = [(folder / "tables" / f"{table}.yaml", name) for folder, name in folders]
    path, name = next((one for one in files if table and one[0].is_file()), files[0])
    if rule.table is None or not path.is_file():
        said = "a table that facts/tables/ has no file of" if rule.table else "no table, and 'table' names one"
        raise ContentError([Problem(definition.file, definition.line, f"the rule of '{definition.name}' takes {said}")])
    return YamlFile(path, f"{name}/tables/{path.name}").read_as(rule.table)


def _own_problems(definition: Definition, file: YamlFile, terminology: Terminology) -> Iterator[Problem]:
    entry, name = definition.entry, definition.name
    yield from _source_problems(definition, file, terminology)
    for id_ in [id_ for words in entry.worded for id_ in words.read_by]:
        if not terminology.knows(id_):
            yield file.problem((name, "words"), f"there is no value set '{id_}' in value_sets/")
    if entry.unit:
        try:
            convert(1, entry.unit, entry.unit)
        except UnknownUnit as error:
            yield file.problem((name, "unit"), str(error))
    if entry.derived and _rule_of(entry.derived) is None:
        close = get_close_matches(entry.derived.rule, all_rules(), 1)
        meant = f"is '{close[0]}' meant?" if close else f"without Python a fact is derived by {', '.join(ALL)}"
        yield file.problem((name, "derived"), f"there is no rule '{entry.derived.rule}'; {meant}")


def _source_problems(definition: Definition, file: YamlFile, terminology: Terminology) -> Iterator[Problem]:
    """Yield what is wrong with the evidence of a fact.

    It may give what the fact cannot take, be in a resource that no prefetch key asks for, or name value sets that do
    not exist.
    """
    entry, name = definition.entry, definition.name
    for index, why in entry.unfitting():
        yield file.problem((name, "from", index), why)
    for index, source in enumerate(entry.from_):
        for kind in sorted({need.resource for need in source.kind.needs()} - ASKED_FOR):
            where = "add the type, with a key, to cds_service/fhir/resource_types.py"
            told = f"nothing asks clients for {kind}, so silence there would mean nothing: {where}"
            yield file.problem((name, "from", index), told)
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


def _derivation_problems(definition: Definition, catalogue: Catalogue) -> Iterator[Problem]:
    derived = definition.entry.derived
    if not derived:
        return
    for taken in (*derived.takes.values(), *([derived.imagined_by] if derived.imagined_by else [])):
        if not catalogue.knows(taken):
            yield Problem(definition.file, definition.line, f"'{definition.name}' is derived from '{taken}', which is no fact")
    rule = _rule_of(derived)
    if rule is not None and rule.takes ^ set(derived.takes):
        takes = ", ".join(sorted(rule.takes))
        yield Problem(definition.file, definition.line, f"the rule '{derived.rule}' takes exactly: {takes}")
    if definition.name in {taken for name in derived.takes.values() for taken in catalogue.closure((name,))}:
        yield Problem(definition.file, definition.line, f"'{definition.name}' is derived from itself")
    if derived.key and all(taken in catalogue for taken in derived.takes.values()):
        for said in unfitting(definition.entry, [catalogue[taken].entry for taken in derived.takes.values()]):
            yield Problem(definition.file, definition.line, f"'{definition.name}': {said}")


def _rule_of(derived: DerivedEntry) -> Derivation | None:
    """Return the rule that derives a fact, or None.

    It is one of the file itself, or one in Python; None where there is none of its name.
    """
    return derived.own_rule or all_rules().get(derived.rule)
