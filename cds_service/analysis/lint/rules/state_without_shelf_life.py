"""Evidence that does not say how long it speaks."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Found, Rule
from cds_service.facts.definition import KINDS

OF_THE_ORDER = frozenset(
    {"patient", "answer", "order_priority", "order_code", "order_words", "order_reason", "order_renewal", "value_set_held"}
)
"""Kinds that speak of the order itself, of the patient, or of what is asked: they do not age, nor does the order where it is
evidence ``itself``."""


def _find(files: ContentFiles) -> Iterator[Found]:
    for name, definition in files.content.catalogue.facts.items():
        for place, source in enumerate(definition.entry.from_):
            of_the_order = source.name in OF_THE_ORDER or getattr(source.kind, "itself", False)
            if source.name in KINDS and not of_the_order and not source.kind.speaks_for:
                said = f"{source.name} evidence of '{name}' does not say how long it speaks"
                line = files.fact_line(name, "from", place)
                yield Found(definition.file, line, name, said, "add speaks_for: a length of time, or 'always' for what lasts")


RULE = Rule("state-without-shelf-life", "time", "warning", _find)
