"""A diagnosis of many kinds, of which refuting one denies all."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule
from cds_service.facts.kinds.condition import ConditionEvidence
from cds_service.fhir.value_sets import ValueSet

CATEGORY = 3
"""How many characters of an ICD-10-CM code name its category."""
HINT = "write 'refuted: says nothing', or 'refuted: denies' where all its codes name one disease"


def _find(files: ContentFiles) -> Iterator[Breach]:
    catalogue, sets = files.content.catalogue, files.content.terminology.sets
    for name in catalogue:
        definition = catalogue[name]
        for place, source in enumerate(definition.sources):
            if not isinstance(source, ConditionEvidence) or "refuted" in source.model_fields_set or source.uncertain:
                continue
            if definition.entry.type != "boolean" or source.gives is False or source.codes not in sets:
                continue
            several = len(_categories(sets[source.codes]))
            if several > 1:
                said = f"'{name}' is denied where one diagnosis of '{source.codes}' is refuted, which is of {several} categories"
                yield Breach(definition.file, files.fact_line(name, "from", place), source.codes, said, HINT)


def _categories(value_set: ValueSet) -> set[str]:
    """Return the categories of ICD-10-CM of which a value set holds codes."""
    return {key.code[:CATEGORY] for held in (value_set.codes, value_set.categories) for key in held if key.space == "icd10cm"}


RULE = Rule("refuting-one-denies-all", "unknowns", "warning", _find)
