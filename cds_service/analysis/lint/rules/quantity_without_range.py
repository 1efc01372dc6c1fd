"""A quantity without a range of plausible values."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule


def _find(files: ContentFiles) -> Iterator[Breach]:
    for name, definition in files.content.catalogue.facts.items():
        if definition.entry.type == "quantity" and definition.entry.range is None:
            said = f"'{name}' has no range, so a slip of the pen in a chart or a policy passes for a value"
            yield Breach(definition.file, files.fact_line(name), name, said, "add range: {from: …, to: …} in its unit")


RULE = Rule("quantity-without-range", "thresholds", "warning", _find)
