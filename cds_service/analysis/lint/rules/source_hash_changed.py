"""A document that changed after a policy was read from it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule


def _find(files: ContentFiles) -> Iterator[Breach]:
    in_force = [file for file in files.policies if file.policy.covers(files.today) and file.policy.status != "retired"]
    named = [
        (file, key, source) for file in in_force for key, source in file.policy.sources.items() if source.url and source.sha256
    ]
    latest = {source.url: source for _, _, source in sorted(named, key=lambda one: one[2].retrieved or date.min)}
    for file, key, source in named:
        newest = latest[source.url]
        if newest.sha256 != source.sha256:
            said = f"the document at this address had changed when it was read on {newest.retrieved} (sha256 {newest.sha256[:8]}…)"
            yield Breach(
                file.name, file.line("sources", key, "sha256"), key, said, "read the document again and write a new version"
            )


RULE = Rule("source-hash-changed", "citations", "warning", _find)
