"""A quotation longer than one that pins a passage down."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule

LONGEST = 25
"""Longest quotation, in words."""


def _find(files: ContentFiles) -> Iterator[Breach]:
    for file in files.policies:
        for placed in file.criteria:
            length = len(placed.criterion.cite.quote.split())
            if length > LONGEST:
                said = f"{length} words are quoted, and the document belongs to its publisher"
                line = file.line_of(placed, "cite", "quote")
                yield Breach(file.name, line, placed.criterion.id, said, f"quote the {LONGEST} words or fewer that decide, or none")


RULE = Rule("quote-too-long", "citations", "error", _find)
