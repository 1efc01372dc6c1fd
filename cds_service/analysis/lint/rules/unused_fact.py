"""A fact that no policy rests on."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule


def _find(files: ContentFiles) -> Iterator[Breach]:
    catalogue = files.content.catalogue
    named: list[str] = []
    for file in files.policies:
        named += file.policy.facts
        named += [fact for rule in file.policy.settled_first for fact in rule.asks]
    used = set(catalogue.closure(tuple(named)))
    for name, definition in catalogue.facts.items():
        if name not in used:
            said = f"no criterion tests '{name}', and no fact that one tests is derived from it"
            yield Breach(definition.file, files.fact_line(name), name, said, "remove it, or name it where it was meant")


RULE = Rule("unused-fact", "references", "warning", _find, whole=True)
