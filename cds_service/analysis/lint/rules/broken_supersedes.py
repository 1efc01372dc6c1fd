"""A chain of versions that does not name the one before."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule


def _find(files: ContentFiles) -> Iterator[Breach]:
    for versions in files.versions():
        first = versions[0]
        if first.policy.supersedes and first.policy.supersedes >= first.policy.version:
            said = f"it supersedes {first.policy.supersedes}, which is not before {first.policy.version}"
            yield Breach(first.name, first.line("supersedes"), "supersedes", said, "name the version before this one")
        for earlier, later in pairwise(versions):
            named = later.policy.supersedes
            if named != earlier.policy.version:
                said = f"the version before is {earlier.policy.version}, and it supersedes {named or 'none'}"
                line = later.line("supersedes") if named else later.line("version")
                yield Breach(later.name, line, "supersedes", said, f"write supersedes: {earlier.policy.version}")


RULE = Rule("broken-supersedes", "time", "error", _find)
