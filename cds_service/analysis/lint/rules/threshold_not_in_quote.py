"""A threshold that is not in the passage quoted for it."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule
from cds_service.analysis.lint.rules.threshold_not_in_says import meant
from cds_service.analysis.lint.sentences import numbers
from cds_service.analysis.lint.thresholds import RAYS


def _find(files: ContentFiles) -> Iterator[Breach]:
    for file in files.policies:
        for placed, check in file.checks:
            quote = check.cite.quote
            if quote and check.test.compare in RAYS and not meant(check) & numbers(quote):
                said = f"the test is '{check.test.compare}: {check.test.written}', and the quoted words do not hold that number"
                yield Breach(
                    file.name, file.line_of(placed, "cite", "quote"), check.id, said, "quote the words that give the threshold"
                )


RULE = Rule("threshold-not-in-quote", "citations", "warning", _find)
