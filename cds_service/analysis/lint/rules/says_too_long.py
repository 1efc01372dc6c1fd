"""A criterion's sentence that is too long for a card."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule

LONGEST = 140
"""Longest sentence of a criterion, in characters.

CDS Hooks 2.0 gives as many to a card's summary, in which a criterion's sentence stands.
"""


def _find(files: ContentFiles) -> Iterator[Breach]:
    for file in files.policies:
        for placed in file.criteria:
            length = len(placed.criterion.says)
            if length > LONGEST:
                said = f"the sentence has {length} characters, and cards cut at {LONGEST}"
                yield Breach(
                    file.name, file.line_of(placed, "says"), placed.criterion.id, said, "split the criterion, or say it shorter"
                )


RULE = Rule("says-too-long", "wording", "warning", _find)
