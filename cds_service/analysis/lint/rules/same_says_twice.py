"""Two criteria that ask different things in the same words."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.analysis.lint.content_files import ContentFiles, Placed
from cds_service.analysis.lint.issue import Found, Rule
from cds_service.policy.model import Check


def _find(files: ContentFiles) -> Iterator[Found]:
    for file in files.policies:
        seen: dict[str, Placed] = {}
        for placed in file.criteria:
            criterion = placed.criterion
            first = seen.setdefault(criterion.says.casefold(), placed)
            if first.criterion.id != criterion.id and _asked(first) != _asked(placed):
                said = f"'{first.criterion.id}' at line {first.criterion.line} says the same and asks something else"
                yield Found(file.name, file.line_of(placed, "says"), criterion.id, said, "let each sentence say what its criterion asks")


def _asked(placed: Placed) -> object:
    criterion = placed.criterion
    if isinstance(criterion, Check):
        return criterion.fact, criterion.test, criterion.within, criterion.since
    return [_asked(Placed(part, placed.place)) for part in criterion.parts]


RULE = Rule("same-says-twice", "wording", "warning", _find)
