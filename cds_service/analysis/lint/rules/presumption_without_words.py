"""A presumption that no word of a record can end."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule
from cds_service.facts.definition import Definition
from cds_service.facts.spoken import SPOKEN_IN


def _find(files: ContentFiles) -> Iterator[Breach]:
    catalogue = files.content.catalogue
    for file in files.policies:
        for placed, check in file.checks:
            if not check.presumption or check.fact not in catalogue:
                continue
            read = [catalogue[name] for name in catalogue.closure((check.fact,)) if _is_read_in_records(catalogue[name])]
            if read and not any(definition.entry.words for definition in read):
                named = ", ".join(definition.name for definition in read)
                said = f"silence about '{check.fact}' presumes, and nothing that a record says in words ends it ({named})"
                line = file.line_of(placed, "if_not_documented")
                yield Breach(file.name, line, check.id, said, "give one of the facts 'words', or exclude it with the reason")


def _is_read_in_records(definition: Definition) -> bool:
    """Tell whether a fact is found in records whose words are read."""
    return any(need.resource in SPOKEN_IN for source in definition.sources for need in source.needs())


RULE = Rule("presumption-without-words", "unknowns", "warning", _find)
