"""A threshold that the criterion's sentence does not name."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule
from cds_service.analysis.lint.sentences import numbers
from cds_service.analysis.lint.thresholds import RAYS
from cds_service.policy.criterion import Check


def _find(files: ContentFiles) -> Iterator[Breach]:
    for file in files.policies:
        for placed, check in file.checks:
            if check.test.compare in RAYS and not check.our_threshold and not meant(check) & numbers(check.says):
                said = f"the test is '{check.test.compare}: {check.test.written}', and the sentence does not say that number"
                yield Breach(file.name, file.line_of(placed, "says"), check.id, said, "say the threshold, or put the test right")


def meant(check: Check) -> frozenset[float]:
    """Return the numbers by which a sentence may name the threshold.

    They are the threshold itself and, where whole things are counted, its neighbour.
    """
    threshold = next(iter(numbers(check.test.written)), None)
    if threshold is None:
        return frozenset()
    counted = check.test.unit == "" or check.test.unit.startswith("{")
    step = {"is_at_least": -1, "is_above": 1, "is_at_most": 1, "is_below": -1}[check.test.compare]
    return frozenset({threshold, threshold + step} if counted else {threshold})


RULE = Rule("threshold-not-in-says", "wording", "warning", _find)
