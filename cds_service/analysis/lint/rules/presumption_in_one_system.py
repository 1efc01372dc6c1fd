"""A presumption on diagnoses known in only one code system."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule
from cds_service.facts.definition import Definition
from cds_service.facts.kinds.condition import ConditionEvidence
from cds_service.fhir.code_systems import ICD10CM, SNOMED
from cds_service.fhir.value_sets import Terminology

SYSTEMS = {ICD10CM: "ICD-10-CM", SNOMED: "SNOMED CT"}
"""The systems in which charts write diagnoses."""


def _find(files: ContentFiles) -> Iterator[Breach]:
    catalogue, terminology = files.content.catalogue, files.content.terminology
    presumed: dict[str, str] = {}
    for file in files.policies:
        for _, check in file.checks:
            for name in catalogue.closure((check.fact,)) if check.presumption else ():
                presumed.setdefault(name, check.id)
    for name, criterion in presumed.items():
        definition = catalogue[name]
        known = _systems(definition, terminology)
        if len(known) == 1 and not definition.entry.words:
            said = f"'{criterion}' presumes on '{name}', whose diagnoses are listed in {SYSTEMS[known.pop()]} alone"
            yield Breach(definition.file, files.fact_line(name), name, said, "list the codes of the other system, or give it words")


def _systems(definition: Definition, terminology: Terminology) -> set[str]:
    """Return the systems of the diagnoses that document a fact."""
    named = [source.codes for source in definition.sources if isinstance(source, ConditionEvidence)]
    return {system for id_ in named if id_ in terminology.sets for system in terminology.sets[id_].systems if system in SYSTEMS}


RULE = Rule("presumption-in-one-system", "unknowns", "warning", _find)
