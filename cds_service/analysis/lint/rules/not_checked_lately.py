"""A policy in force whose document was not checked lately.

Nobody has looked at it for half a year.
"""

from __future__ import annotations

from collections.abc import Iterator

from dateutil.relativedelta import relativedelta

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule

MONTHS = 6


def _find(files: ContentFiles) -> Iterator[Breach]:
    for file in files.policies:
        if file.policy.status != "active" or not file.policy.covers(files.today):
            continue
        place = ("last_checked", "on") if file.policy.last_checked else ("review", "encoded_on")
        looked = file.policy.last_checked or file.data["review"]["encoded_on"]
        if looked + relativedelta(months=MONTHS) < files.today:
            said = f"whether the document still stands was last looked at on {looked}, more than {MONTHS} months ago"
            yield Breach(
                file.name, file.line(*place), "last_checked", said, "compare it with the publisher's page and set last_checked"
            )


RULE = Rule("not-checked-lately", "time", "warning", _find)
