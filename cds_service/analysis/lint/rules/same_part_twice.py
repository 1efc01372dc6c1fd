"""A list that holds the same test twice."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles, Placed
from cds_service.analysis.lint.issue import Breach, Rule
from cds_service.policy.criterion import Check, question_of


def _find(files: ContentFiles) -> Iterator[Breach]:
    for file in files.policies:
        for placed in file.criteria:
            seen: dict[object, Placed] = {}
            for part in file.parts(placed):
                check = part.criterion
                if not isinstance(check, Check):
                    continue
                first = seen.setdefault(question_of(check), part)
                if first is not part:
                    said = f"'{first.criterion.id}' at line {first.criterion.line} of the same list makes the same test"
                    yield Breach(file.name, check.line, check.id, said, "remove one, or test what was meant")


RULE = Rule("same-part-twice", "shape", "error", _find)
