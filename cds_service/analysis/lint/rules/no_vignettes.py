"""A policy in force that no vignette tries."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule


def _find(files: ContentFiles) -> Iterator[Breach]:
    for file in files.policies:
        if file.policy.status == "active" and file.name not in files.tried:
            said = "no vignette tries this version"
            yield Breach(
                file.name, file.line("version"), "vignettes", said, "write vignettes: a chart, and the decision that is right"
            )


RULE = Rule("no-vignettes", "review", "warning", _find)
