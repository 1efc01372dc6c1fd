"""A policy in force that one pair of eyes has read against its document."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Found, Rule

UNREAD = "none yet"
"""What ``review.second_reader`` says while nobody has."""


def _find(files: ContentFiles) -> Iterator[Found]:
    for file in files.policies:
        if file.policy.status == "active" and file.policy.second_reader == UNREAD:
            said = "no second reader has compared this policy with its document"
            hint = "a person who did not encode it reads it and signs"
            yield Found(file.name, file.line("review", "second_reader"), "review", said, hint)


RULE = Rule("no-second-reader", "review", "info", _find)
