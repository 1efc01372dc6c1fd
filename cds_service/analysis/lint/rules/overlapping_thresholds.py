"""A number that two criteria side by side both accept."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule
from cds_service.analysis.lint.thresholds import neighbours, overlap


def _find(files: ContentFiles) -> Iterator[Breach]:
    for lower, upper in neighbours(files):
        if overlap(lower, upper):
            said = f"{lower.words} and {upper.words} accept some of the same values of '{upper.fact}'"
            line = upper.file.line_of(upper.placed)
            yield Breach(upper.file.name, line, upper.placed.criterion.id, said, "make one of the two thresholds strict")


RULE = Rule("overlapping-thresholds", "thresholds", "warning", _find)
