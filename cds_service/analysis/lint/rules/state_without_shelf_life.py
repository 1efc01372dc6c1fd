"""Evidence in a chart that does not say its shelf life.

The order itself does not age, nor does what is asked.
"""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule


def _find(files: ContentFiles) -> Iterator[Breach]:
    for name, definition in files.content.catalogue.facts.items():
        for place, source in enumerate(definition.entry.from_):
            ages = source.kind.declared.of == "chart" and not getattr(source.kind, "itself", False)
            if ages and not source.kind.speaks_for:
                said = f"{source.name} evidence of '{name}' does not say how long it speaks"
                line = files.fact_line(name, "from", place)
                yield Breach(definition.file, line, name, said, "add speaks_for: a length of time, or 'always' for what lasts")


RULE = Rule("state-without-shelf-life", "time", "warning", _find)
