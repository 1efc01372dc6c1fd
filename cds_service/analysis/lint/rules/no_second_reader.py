"""A policy in force that only its encoder has read.

Nobody else has compared it with its document.
"""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule

UNREAD = "none yet"
"""What ``review.second_reader`` says while there is none."""


def _find(files: ContentFiles) -> Iterator[Breach]:
    for file in files.policies:
        if file.policy.status == "active" and file.policy.second_reader == UNREAD:
            said = "no second reader has compared this policy with its document"
            hint = "a person who did not encode it reads it and signs"
            yield Breach(file.name, file.line("review", "second_reader"), "review", said, hint)


RULE = Rule("no-second-reader", "review", "info", _find)
