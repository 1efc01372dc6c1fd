"""A rule settled first behind one that always settles before it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from cds_service.analysis.lint.content_files import ContentFiles
from cds_service.analysis.lint.issue import Breach, Rule
from cds_service.policy.criterion import AtLeast, Check, Criterion, question_of


def _find(files: ContentFiles) -> Iterator[Breach]:
    for file in files.policies:
        rules = [(index, rule.when, _demands(rule.when)) for index, rule in enumerate(file.policy.settled_first)]
        for (_, first, demanded), (index, second, more) in combinations(rules, 2):
            if demanded <= more:
                said = f"whenever '{second.id}' is met, '{first.id}' at line {first.line} is met too and settles before it"
                line = file.line("settled_first", index, "when", "id")
                yield Breach(file.name, line, second.id, said, "put the narrower rule first")


def _demands(criterion: Criterion) -> frozenset[object]:
    """Return what must all be so for a criterion to be met.

    It is the tests of a list of which all count, else the criterion itself.
    """
    if isinstance(criterion, Check):
        return frozenset({question_of(criterion)})
    if isinstance(criterion, AtLeast) and criterion.count == len(criterion.parts):
        return frozenset().union(*(_demands(part) for part in criterion.parts))
    count = criterion.count if isinstance(criterion, AtLeast) else 0
    return frozenset({(count, frozenset(_demands(part) for part in criterion.parts))})


RULE = Rule("unreachable-rule", "shape", "error", _find)
