"""The files of facts, read into a catalogue.

Every problem of every file is told with its line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from pydantic import BaseModel, ValidationError

from cds_service.content_files.problems import ContentError, Problem
from cds_service.content_files.yaml_file import YamlFile, said_of
from cds_service.facts.catalogue import Catalogue
from cds_service.facts.computed import all_rules
from cds_service.facts.definition import Definition
from cds_service.facts.derivations import ALL
from cds_service.facts.entry import DerivedEntry, FactEntry, unfitting
from cds_service.facts.rule import Derivation
from cds_service.facts.units import UnknownUnit, convert
from cds_service.fhir.resource_types import ASKED_FOR
from cds_service.fhir.value_sets import Terminology, ValueSet
from cds_service.policy.values import Interval


def read_catalogue(folders: Iterable[tuple[Path, str]], terminology: Terminology) -> tuple[Catalogue, list[Problem]]:
    """Read every file of some folders, each with its name in messages.

    Returns the catalogue of the facts that could be read, and all problems of all files.
    """
    problems: list[Problem] = []
    definitions: dict[str, Definition] = {}
    broken: list[str] = []
    held = tuple(folders)
    carried_units = {id_: _units_of(value_set) for id_, value_set in terminology.sets.items()}
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
            problems += _own_problems(definitions[fact], file, terminology, carried_units)
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


def _units_of(value_set: ValueSet) -> frozenset[str]:
    """Return the units in which a set's codes carry values."""
    carried = (*value_set.codes.values(), *value_set.categories.values())
    return frozenset([one.unit for one in carried if one and isinstance(one.value, Interval) and one.unit])


def _own_problems(
    definition: Definition, file: YamlFile, terminology: Terminology, carried_units: Mapping[str, frozenset[str]]
) -> Iterator[Problem]:
    entry, name = definition.entry, definition.name
    yield from _source_problems(definition, file, terminology, carried_units)
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


def _source_problems(
    definition: Definition, file: YamlFile, terminology: Terminology, carried_units: Mapping[str, frozenset[str]]
) -> Iterator[Problem]:
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
            for unit in sorted(carried_units.get(id_, ())):
                try:
                    convert(1, unit, entry.unit or unit)
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
