"""A number that falls between two criteria side by side."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule
from cds_service.analysis.lint.thresholds import gap, neighbours


def _find(files: ContentFiles) -> Iterator[Breach]:
    for lower, upper in neighbours(files):
        if gap(lower, upper):
            said = f"between {lower.words} and {upper.words} there are values of '{upper.fact}' that neither accepts"
            line = upper.file.line_of(upper.placed)
            yield Breach(upper.file.name, line, upper.placed.criterion.id, said, "let one threshold begin where the other ends")


RULE = Rule("gap-between-thresholds", "thresholds", "warning", _find)
