"""Finds families of ICD-10-CM with holes.

A hole is what lies beside the codes that a fact reads, and is neither read nor excused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from cds_service.analysis.value_sets.classification import Classification
from cds_service.analysis.value_sets.excuses import Excuses
from cds_service.analysis.value_sets.hole import Hole
from cds_service.facts.catalogue import Catalogue
from cds_service.facts.definition import Definition
from cds_service.fhir.value_sets import Terminology, ValueSet

CLASSIFIED = "icd10cm"
"""The code space of ICD-10-CM."""


class ClassifiedCodes(NamedTuple):
    """What a value set says of ICD-10-CM.

    ``said`` are the billable codes that it holds or leaves out by name, ``touched`` the categories of its codes.
    """

    said: frozenset[str]
    touched: frozenset[str]


def held_by(value_set: ValueSet, classification: Classification) -> ClassifiedCodes:
    """Return what a value set says of the classification.

    What it excludes by name is said as well.
    """
    inside = [key.code for key in (*value_set.categories, *value_set.codes) if key.space == CLASSIFIED]
    outside = [key.code for key in (*value_set.excluded_categories, *value_set.excluded) if key.space == CLASSIFIED]
    said = [code for named in (*inside, *outside) for code in classification.billable(named)]
    return ClassifiedCodes(frozenset(said), frozenset([code[:3] for code in inside]))


def holes(catalogue: Catalogue, terminology: Terminology, classification: Classification, excuses: Excuses) -> Iterator[Hole]:
    """Yield every hole of every fact, in the order of the files."""
    held = {id_: held_by(value_set, classification) for id_, value_set in terminology.sets.items()}
    beside = _read_beside(catalogue)
    for name, definition in catalogue.facts.items():
        own = [id_ for id_ in _sets_of(definition) if id_ in held and held[id_].touched]
        read = {id_ for fact in beside.get(name, {name}) for id_ in _read_by(catalogue[fact])} & held.keys()
        said = frozenset().union(*[held[id_].said for id_ in read])
        for category in sorted({touched for id_ in own for touched in held[id_].touched}):
            left = [code for code in classification.billable(category) if code not in said and not excuses.excuses(name, code)]
            if left:
                sets = tuple(id_ for id_ in own if category in held[id_].touched)
                yield Hole(name, category, classification.families(left, category), sets)


def _sets_of(definition: Definition) -> tuple[str, ...]:
    """Return the value sets by whose codes a fact is found."""
    speakers = definition.speakers
    return tuple(dict.fromkeys(id_ for source, spoken, _ in speakers for id_ in source.value_sets() if id_ in (spoken or ())))


def _read_by(definition: Definition) -> tuple[str, ...]:
    """Return all value sets that a fact reads.

    Those that only say what the words of a record mean are included.
    """
    named = [id_ for source in definition.sources for id_ in source.value_sets() if id_ not in source.qualifying()]
    return (*named, *[id_ for words in definition.entry.worded for id_ in words.read_by])


def _read_beside(catalogue: Catalogue) -> dict[str, set[str]]:
    """Group each fact with those that a rule takes with it.

    What one of them reads counts as read for the others.
    """
    found: dict[str, set[str]] = {name: {name} for name in catalogue.facts}
    for definition in catalogue.facts.values():
        taken = _known(definition.derived.takes.values() if definition.derived else (), catalogue)
        for name in taken:
            found[name] |= taken
    return found


def _known(names: Iterable[str], catalogue: Catalogue) -> set[str]:
    return {name for name in names if name in catalogue}
