"""A count that is 'all' or 'any' in other words."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule
from cds_service.policy.criterion import AtLeast


def _find(files: ContentFiles) -> Iterator[Breach]:
    for file in files.policies:
        for placed in file.criteria:
            criterion = placed.criterion
            if not isinstance(criterion, AtLeast) or "at_least" not in file.entry(placed):
                continue
            if criterion.count in (1, len(criterion.parts)):
                plain = "any" if criterion.count == 1 else "all"
                said = (
                    f"at least {criterion.count} of {len(criterion.parts)} is '{plain}' in other words; was another number meant?"
                )
                line = file.line_of(placed, "at_least")
                yield Breach(file.name, line, criterion.id, said, f"write '{plain}', or put the number right")


RULE = Rule("count-in-disguise", "shape", "warning", _find)
