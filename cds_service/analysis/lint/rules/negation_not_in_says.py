"""A test for 'no' under a sentence that denies nothing."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule
from cds_service.analysis.lint.sentences import denies


def _find(files: ContentFiles) -> Iterator[Breach]:
    for file in files.policies:
        for placed, check in file.checks:
            if check.test.value is False and not denies(check.says):
                means = files.content.catalogue[check.fact].entry.means
                said = f"it is met when '{means.rstrip('.')}' is not so, and the sentence denies nothing"
                yield Breach(file.name, file.line_of(placed, "is"), check.id, said, "say what must not be so, or test for 'true'")


RULE = Rule("negation-not-in-says", "wording", "warning", _find)
