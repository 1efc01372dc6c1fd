"""An entry on prior authorization behind one that always holds."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule


def _find(files: ContentFiles) -> Iterator[Breach]:
    for file in files.policies:
        entries = file.policy.authorization
        last = next((index for index, entry in enumerate(entries) if entry.when is None), len(entries))
        for index in range(last + 1, len(entries)):
            said = f"the entry at line {file.line('authorization', last)} has no 'when', so this one is never said"
            yield Breach(
                file.name,
                file.line("authorization", index),
                f"authorization {index + 1}",
                said,
                "put the entry without 'when' last",
            )


RULE = Rule("unreachable-authorization", "shape", "error", _find)
