"""A code that decides a fact but is wider than it.

It is wider than the site or the state for which the fact stands.
"""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule
from cds_service.analysis.value_sets.relations import FILE, key_written, overlaps, read_relations
from cds_service.facts.definition import Definition
from cds_service.facts.kinds.condition import ConditionEvidence
from cds_service.facts.kinds.order_reason import OrderReasonEvidence

HINT = "move it to a set that only hints (uncertain), or to one that asks for the site (body_site)"


def _find(files: ContentFiles) -> Iterator[Breach]:
    catalogue, terminology = files.content.catalogue, files.content.terminology
    relations, file = read_relations(files.content.root)
    for index, entry in enumerate(relations.wider):
        line = file.line(("wider", index)) if file else 0
        for name in entry.facts:
            if name not in catalogue:
                yield Breach(FILE, line, name, f"there is no fact '{name}'", "name one of facts/")
                continue
            for place, value_set in _deciding(catalogue[name]):
                for code in entry.codes:
                    try:
                        key = key_written(code)
                    except ValueError as error:
                        yield Breach(FILE, line, code, str(error), "write it with its system")
                        continue
                    if value_set in terminology.sets and overlaps(terminology.sets[value_set], key):
                        at = files.fact_line(name, "from", place)
                        said = f"{code} decides '{name}' by '{value_set}', and is wider: {entry.because}"
                        yield Breach(catalogue[name].file, at, code, said, HINT)


def _deciding(definition: Definition) -> Iterator[tuple[int, str]]:
    """Yield the value sets by which a diagnosis decides a fact.

    Their codes decide alone. Each comes with its place in the file.
    """
    for place, source in enumerate(definition.sources):
        if isinstance(source, ConditionEvidence):
            if not (source.uncertain or source.body_site or source.severity or source.stage):
                yield place, source.codes
        elif isinstance(source, OrderReasonEvidence) and source.codes and not source.body_site:
            yield place, source.codes


RULE = Rule("code-wider-than-its-site", "references", "error", _find)
