"""A sentence whose comparison differs from that of its test.

It says 'at least', say, over a test that asks for more.
"""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule
from cds_service.analysis.lint.sentences import comparisons, numbers
from cds_service.analysis.lint.thresholds import RAYS


def _find(files: ContentFiles) -> Iterator[Breach]:
    for file in files.policies:
        for placed, check in file.checks:
            if check.test.compare not in RAYS or not numbers(check.test.written) <= numbers(check.says):
                continue
            said = comparisons(check.says)
            if said and check.test.compare not in said:
                words = " and ".join(f"'{compare}'" for compare in sorted(said))
                message = f"the sentence speaks of {words}, and the test is '{check.test.compare}: {check.test.written}'"
                hint = "the document decides which of the two is right"
                yield Breach(file.name, file.line_of(placed, check.test.compare), check.id, message, hint)


RULE = Rule("comparison-contradicts-says", "wording", "error", _find)
