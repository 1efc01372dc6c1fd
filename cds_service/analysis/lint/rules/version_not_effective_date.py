"""A version that takes effect on another day than its name says."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule


def _find(files: ContentFiles) -> Iterator[Breach]:
    for file in files.policies:
        named, begins = file.policy.version, file.policy.effective_from
        if named != begins:
            said = f"the version is named {named} and takes effect on {begins}"
            yield Breach(file.name, file.line("effective", "from"), "effective", said, "name a version by the day it takes effect")


RULE = Rule("version-not-effective-date", "time", "error", _find)
