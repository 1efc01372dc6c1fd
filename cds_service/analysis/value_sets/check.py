"""What ``cds-service value-sets check`` finds.

These are codes that do not exist, families with holes, and expansions that do not agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from cds_service.analysis.value_sets.classification import Classification
from cds_service.analysis.value_sets.excuses import FILE, Excuses, read_excuses
from cds_service.analysis.value_sets.expansion import FOLDER, Expanded, disagreements
from cds_service.analysis.value_sets.families import holes
from cds_service.analysis.value_sets.hole import Hole
from cds_service.content.content import Content
from cds_service.content_files.problems import Problem
from cds_service.fhir.code_systems import ICD10CM
from cds_service.fhir.value_set_files import read_written, value_set_paths

MOST_NAMED: Final = 12
"""Number of codes that one line names; the others are counted."""


def problems_of(content: Content, classification: Classification) -> list[Problem]:
    """Return everything that is wrong with a content's value sets.

    Raises ContentError for a file of excuses that cannot be read.
    """
    excuses = read_excuses(content.root)
    found = list(unknown_codes(content, classification))
    found += [hole_problem(hole, content, classification) for hole in holes_of(content, classification, excuses)]
    found += excuses.problems(classification, content.catalogue)
    found += _expansion_problems(content, classification)
    return sorted(found, key=lambda problem: (problem.file, problem.line, problem.message))


def holes_of(content: Content, classification: Classification, excuses: Excuses) -> list[Hole]:
    """Return the holes of all facts that nothing excuses."""
    return list(holes(content.catalogue, content.terminology, classification, excuses))


def hole_problem(hole: Hole, content: Content, classification: Classification) -> Problem:
    """Describe a hole: what a fact reads, and what it leaves out."""
    definition = content.catalogue[hole.fact]
    named = [f"{family} ({len(classification.billable(family))})" for family in hole.families]
    part = f"a part of {hole.category} ({classification.title(hole.category)}) by {', '.join(hole.sets)}"
    said = f"'{hole.fact}' reads {part}, and nothing of {_some(named)}; add what is meant to a value set, or excuse it in {FILE}"
    return Problem(definition.file, definition.line, said)


def unknown_codes(content: Content, classification: Classification) -> Iterator[Problem]:
    """Yield ICD-10-CM codes and families that do not exist.

    Families that are listed as if they were codes are told as well.
    """
    for path, value_set in value_set_files(content):
        name = f"value_sets/{path.name}"
        line_of = read_written(path, name).line_of
        for part in _parts(value_set):
            if part.get("system") != ICD10CM:
                continue
            for code in [one["code"] for one in part.get("concept", [])]:
                if not classification.knows(code):
                    yield Problem(name, line_of(code), f"there is no code {code} in ICD-10-CM ({classification.release})")
                elif not classification.is_billable(code):
                    said = f"{code} is a family, and listed as a code it holds nothing below; write a filter (concept is-a {code})"
                    yield Problem(name, line_of(code), said)
            for family in [one.get("value", "") for one in part.get("filter", [])]:
                if not classification.knows(family):
                    said = f"there is no family {family} in ICD-10-CM ({classification.release})"
                    yield Problem(name, line_of(family), said)


def value_set_files(content: Content) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the value sets of a content's own folder.

    Each comes with its path, in FHIR, as its file writes it.
    """
    for path in value_set_paths(content.root / "value_sets"):
        yield path, read_written(path, f"value_sets/{path.name}").raw


def _expansion_problems(content: Content, classification: Classification) -> Iterator[Problem]:
    folder = content.root / FOLDER
    if not folder.is_dir():
        return
    known: set[str] = set()
    for path, value_set in value_set_files(content):
        known.add(path.stem)
        file = folder / f"{path.stem}.json"
        name = f"{FOLDER}/{file.name}"
        if not file.is_file():
            yield Problem(name, 0, "the expansion is missing; write it with: cds-service value-sets expand")
            continue
        told = disagreements(value_set, file, classification)
        if told is None:
            yield Problem(name, 0, "it is no ValueSet with an expansion; write it with: cds-service value-sets expand")
            continue
        lacking, besides = told
        if lacking or besides:
            said = " and ".join(
                [f"lacks {_coded(lacking)}"] * bool(lacking) + [f"has {_coded(besides)}, not meant,"] * bool(besides)
            )
            yield Problem(name, 0, f"it {said} beside value_sets/{path.name}; write it again: cds-service value-sets expand")
    for file in sorted(folder.glob("*.json")):
        if file.stem not in known:
            yield Problem(f"{FOLDER}/{file.name}", 0, "it expands no value set that there is; take it out")


def _parts(value_set: dict[str, Any]) -> Iterator[dict[str, Any]]:
    compose = value_set.get("compose", {})
    yield from compose.get("include", [])
    yield from compose.get("exclude", [])


def _coded(codes: Iterable[Expanded]) -> str:
    return _some([one.code for one in codes])


def _some(named: list[str]) -> str:
    rest = len(named) - MOST_NAMED
    return ", ".join(named[:MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")
