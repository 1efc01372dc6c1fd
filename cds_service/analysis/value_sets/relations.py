"""Which value sets must agree, and which codes are too wide.

They stand in ``value_sets/relations.yaml``. A code may be wider than the site or state of a fact.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from cds_service.content_files.yaml_file import YamlFile
from cds_service.fhir.codes import Key, key_of, written
from cds_service.fhir.value_sets import Terminology, ValueSet
from cds_service.policy.entry import Entry, Words

FILE: Final = "value_sets/relations.yaml"


class WithinEntry(Entry):
    """One value set that must lie within others.

    Every code of ``value_set`` is held by one of the sets ``within``: what it states, they state too.
    """

    value_set: Words
    within: Annotated[list[Words], Field(min_length=1)]
    because: Words


class ApartEntry(Entry):
    """Value sets that must have no code in common.

    They state what cannot both be so.
    """

    apart: Annotated[list[Words], Field(min_length=2)]
    because: Words


class WiderEntry(Entry):
    """Codes that are wider than the facts they are read for.

    They are wider than the site or the state for which these facts stand: alone they only hint. Codes are written with
    their system, ``ICD-10-CM A18.01``; one of ICD-10-CM stands for all below it.
    """

    facts: Annotated[list[Words], Field(min_length=1)]
    codes: Annotated[list[Words], Field(min_length=1)]
    because: Words


class RelationsFile(Entry):
    """How value sets relate to each other and to facts."""

    within: list[WithinEntry] = []
    apart: list[ApartEntry] = []
    wider: list[WiderEntry] = []


def read_relations(root: Path) -> tuple[RelationsFile, YamlFile | None]:
    """Read the relations that a content folder declares.

    There are none when it has no such file. Raises ContentError when it is not of this grammar.
    """
    if not (root / FILE).is_file():
        return RelationsFile(), None
    file = YamlFile(root / FILE, FILE)
    return file.read_as(RelationsFile), file


def keys(value_set: ValueSet) -> list[Key]:
    """Return a set's codes and families, without those it excludes."""
    return [key for key in (*value_set.codes, *value_set.categories) if not _out(value_set, key)]


def overlaps(value_set: ValueSet, key: Key) -> bool:
    """Tell whether a set holds any code of a family.

    A single code counts as its own family.
    """
    if holds(value_set, key):
        return True
    below = [other for other in keys(value_set) if other.space == key.space == "icd10cm" and other.code.startswith(key.code)]
    return bool(below)


def shared(one: ValueSet, other: ValueSet) -> list[Key]:
    """Return the codes and families that two sets both hold."""
    found: list[Key] = []
    others = keys(other)
    for key in keys(one):
        if holds(other, key):
            found.append(key)
        elif key.space == "icd10cm":
            found += [
                below for below in others if below.space == key.space and below.code.startswith(key.code) and holds(one, below)
            ]
    return list(dict.fromkeys(found))


def holds(value_set: ValueSet, key: Key) -> bool:
    """Tell whether a set holds all codes of a family.

    A single code counts as its own family.
    """
    if _out(value_set, key):
        return False
    return key in value_set.codes or any(family in value_set.categories for family in _families(key))


def key_written(code: str) -> Key:
    """Return the key of a code written with its system.

    Raises ValueError.
    """
    return key_of(*written(code))


def unknown_sets(relations: RelationsFile, terminology: Terminology) -> list[str]:
    """Return the declared sets that do not exist."""
    named = [one for entry in relations.within for one in (entry.value_set, *entry.within)]
    named += [one for entry in relations.apart for one in entry.apart]
    return sorted({one for one in named if one not in terminology.sets})


def _families(key: Key) -> list[Key]:
    """Return the families that an ICD-10-CM code lies in, itself included."""
    return [Key(key.space, key.code[:length]) for length in range(3, len(key.code) + 1)] if key.space == "icd10cm" else []


def _out(value_set: ValueSet, key: Key) -> bool:
    return key in value_set.excluded or any(family in value_set.excluded_categories for family in _families(key))
