"""Days of service between two versions that no version covers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule


def _find(files: ContentFiles) -> Iterator[Breach]:
    for versions in files.versions():
        for earlier, later in pairwise(versions):
            until, begins = earlier.policy.effective_until, later.policy.effective_from
            if until and until + timedelta(days=1) < begins:
                said = f"no version covers {until + timedelta(days=1)} to {begins - timedelta(days=1)}; the next begins on {begins}"
                line = earlier.line("effective", "until")
                yield Breach(earlier.name, line, "effective", said, "end a version on the day before the next begins")


RULE = Rule("gap-between-versions", "time", "warning", _find)
