"""Silence that counts as met before a second reader agreed."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule
from cds_service.analysis.lint.rules.no_second_reader import UNREAD
from cds_service.policy.criterion import Outcome


def _find(files: ContentFiles) -> Iterator[Breach]:
    for file in files.policies:
        for placed, check in file.checks if file.policy.second_reader == UNREAD else ():
            if check.presumption and check.presumption.treat_as is Outcome.MET:
                said = "silence is taken for 'met', and no second reader has agreed to that"
                line = file.line_of(placed, "if_not_documented", "treat_as")
                yield Breach(file.name, line, check.id, said, "ask instead, or have a second reader sign in 'review'")


RULE = Rule("presumes-met", "unknowns", "warning", _find)
