"""Two checks that ask different things in the same words."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule
from cds_service.policy.criterion import Check


def _find(files: ContentFiles) -> Iterator[Breach]:
    for file in files.policies:
        seen: dict[str, Check] = {}
        for placed, check in file.checks:
            first = seen.setdefault(check.says.casefold(), check)
            if _asked(first) != _asked(check):
                said = f"'{first.id}' at line {first.line} says the same and asks something else"
                yield Breach(
                    file.name, file.line_of(placed, "says"), check.id, said, "let each sentence say what its criterion asks"
                )


def _asked(check: Check) -> object:
    """Return what a sentence must tell apart.

    Numbers of our own stand in ``ours`` and not in the sentence.
    """
    test = check.test.compare if check.our_threshold else check.test
    return check.fact, test, None if check.our_window else check.within, check.since, check.times, check.first


RULE = Rule("same-says-twice", "wording", "warning", _find)
