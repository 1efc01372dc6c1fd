"""A family of ICD-10-CM that a fact reads only in part.

Nobody said why not the rest.
"""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule
from cds_service.analysis.value_sets.check import hole_problem, holes_of
from cds_service.analysis.value_sets.classification import is_installed, whole_classification
from cds_service.analysis.value_sets.excuses import FILE, read_excuses


def _find(files: ContentFiles) -> Iterator[Breach]:
    if not is_installed():  # the whole ICD-10-CM comes with the development dependencies
        return
    classification = whole_classification()
    for hole in holes_of(files.content, classification, read_excuses(files.content.root)):
        problem = hole_problem(hole, files.content, classification)
        said = problem.message.partition("; ")[0]
        yield Breach(problem.file, problem.line, f"{hole.fact} {hole.category}", said, f"add what is meant, or excuse it in {FILE}")


RULE = Rule("family-with-holes", "references", "warning", _find, whole=True)
