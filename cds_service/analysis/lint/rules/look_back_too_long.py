"""A look-back that is implausibly long, or empty.

It covers more years than a policy asks for, or no day at all.
"""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule

LONGEST = 30
"""Longest plausible look-back, in years.

That is longer than any look-back of a published policy known here; 'ever' is said by leaving ``within`` out.
"""
_YEARS = {"day": 1 / 365.25, "week": 7 / 365.25, "month": 1 / 12, "year": 1.0}
"""Years in each unit.

Full and calendar months and years are as long as others.
"""


def _find(files: ContentFiles) -> Iterator[Breach]:
    for file in files.policies:
        for placed, check in file.checks:
            if check.within is None:
                continue
            if check.within.count == 0:
                said = "a look-back of no time leaves only the date of service"
            elif check.within.count * _YEARS[check.within.unit.rpartition(" ")[2]] > LONGEST:
                said = f"a look-back of {check.within} is longer than {LONGEST} years; is another unit meant?"
            else:
                continue
            yield Breach(
                file.name, file.line_of(placed, "within"), check.id, said, "put the unit right, or leave 'within' out for ever"
            )


RULE = Rule("look-back-too-long", "time", "warning", _find)
