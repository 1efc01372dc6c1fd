"""A look-back of another length than the sentence says."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule
from cds_service.analysis.lint.sentences import stretches
from cds_service.policy.values import Interval


def _find(files: ContentFiles) -> Iterator[Breach]:
    for file in files.policies:
        for placed, check in file.checks:
            said = stretches(check.says)
            if not check.within or not said or check.within in said or isinstance(check.test.value, Interval):
                continue
            message = f"the look-back is {check.within}, and the sentence says {' and '.join(map(str, said))}"
            hint = "the document decides which of the two is right"
            yield Breach(file.name, file.line_of(placed, "within"), check.id, message, hint)


RULE = Rule("look-back-not-in-says", "wording", "warning", _find)
