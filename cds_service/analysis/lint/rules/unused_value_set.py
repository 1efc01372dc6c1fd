"""A value set that nothing names."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule


def _find(files: ContentFiles) -> Iterator[Breach]:
    used: set[str] = set()
    for file in files.policies:
        used |= set(file.policy.order_sets)
        used |= {check.test.value for _, check in file.checks if check.test.compare == "in" and isinstance(check.test.value, str)}
    for definition in files.content.catalogue.facts.values():
        used |= {id_ for source in definition.sources for id_ in source.value_sets()}
        used |= {id_ for said in definition.said for id_ in said.read_by}
    for written in files.value_sets:
        if written.id not in used:
            said = f"no policy and no fact names '{written.id}'"
            yield Breach(written.name, 0, written.id, said, "remove the file, or name the set where it was meant")


RULE = Rule("unused-value-set", "references", "warning", _find, whole=True)
