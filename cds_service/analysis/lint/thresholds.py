"""Ranges of one fact's numbers that neighbouring criteria accept.

Two neighbours may leave a gap, or overlap.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import inf

from cds_service.analysis.lint.content_files import ContentFiles, Placed, PolicyFile
from cds_service.policy.criterion import AtLeast, Check, NoneOf
from cds_service.policy.values import Interval

RAYS = ("is_at_least", "is_above", "is_at_most", "is_below")


@dataclass(frozen=True, slots=True)
class Accepted:
    """The numbers of a fact that a criterion accepts.

    They are in the fact's unit; the criterion comes with where it stands.
    """

    file: PolicyFile
    placed: Placed
    fact: str
    unit: str
    range: Interval

    @property
    def words(self) -> str:
        """The criterion's id with its numbers."""
        return f"{self.placed.criterion.id} ({self.range.text(self.unit)})"


def interval(check: Check) -> Interval | None:
    """Return the numbers that pass the test of a check.

    Returns None when the check compares no numbers.
    """
    value = check.test.value
    if not isinstance(value, Interval):
        return None
    match check.test.compare:
        case "is_at_least":
            return Interval(value.low, inf)
        case "is_above":
            return Interval(value.low, inf, low_open=True)
        case "is_at_most":
            return Interval(-inf, value.low)
        case "is_below":
            return Interval(-inf, value.low, high_open=True)
        case _:
            return Interval(value.low, value.low)


def neighbours(files: ContentFiles) -> Iterator[tuple[Accepted, Accepted]]:
    """Yield pairs of ranges that a reader expects to meet.

    Both are of one fact: neighbours in one list, and criteria with their exclusions.
    """
    for file in files.policies:
        for group in _lists(file):
            yield from _pairs(file, group, files)
        sides = _pairs(file, _across(file), files)
        yield from ((one, other) for one, other in sides if one.placed.section != other.placed.section)


def gap(lower: Accepted, upper: Accepted) -> bool:
    """Tell whether some number lies between two ranges.

    Whole numbers that follow each other leave none where the fact is counted.
    """
    low, high = lower.range, upper.range
    if low.high == high.low:
        return low.high_open and high.low_open
    counted = lower.unit == "1" or lower.unit.startswith("{")
    return low.high < high.low and not (counted and high.low - low.high <= 1 and not (low.high_open or high.low_open))


def overlap(lower: Accepted, upper: Accepted) -> bool:
    """Tell whether two ranges overlap without one holding the other."""
    low, high = lower.range, upper.range
    if low.high == high.low:
        return not (low.high_open or high.low_open) and low.low < high.low and low.high < high.high
    return high.low < low.high and low.low < high.low and low.high < high.high


def _pairs(file: PolicyFile, group: list[Placed], files: ContentFiles) -> Iterator[tuple[Accepted, Accepted]]:
    by_fact: dict[tuple[str, str | None], list[Accepted]] = {}
    for placed in group:
        for key, numbers in _accepted(placed).items():
            unit = files.content.catalogue[key[0]].entry.unit
            by_fact.setdefault(key, []).append(Accepted(file, placed, key[0], unit, numbers))
    for ranges in by_fact.values():
        ranges.sort(key=lambda one: (one.range.low, one.range.low_open, one.range.high, not one.range.high_open))
        yield from pairwise(ranges)


def _accepted(placed: Placed) -> dict[tuple[str, str | None], Interval]:
    """Return the range of a fact that a criterion accepts.

    The criterion is a check, or a list that holds nothing but checks of the fact. A list with other tests besides is
    another situation, and its thresholds need not meet its neighbour's.
    """
    criterion = placed.criterion
    together = isinstance(criterion, AtLeast) and criterion.count == len(criterion.parts)
    checks = [criterion] if isinstance(criterion, Check) else criterion.parts if together and isinstance(criterion, AtLeast) else ()
    found: dict[tuple[str, str | None], Interval] = {}
    if len({check.fact if isinstance(check, Check) else "" for check in checks}) > 1:
        return found
    for check in checks:
        numbers = interval(check) if isinstance(check, Check) else None
        if numbers is None or not isinstance(check, Check):
            continue
        key = (check.fact, check.since)
        both = _both(found[key], numbers) if key in found else numbers
        if both is not None:
            found[key] = both
    return found


def _both(one: Interval, other: Interval) -> Interval | None:
    low, low_open = max((one.low, one.low_open), (other.low, other.low_open))
    high, high_closed = min((one.high, not one.high_open), (other.high, not other.high_open))
    return Interval(low, high, low_open, not high_closed) if low <= high else None


def _lists(file: PolicyFile) -> Iterator[list[Placed]]:
    """Yield the parts of every list that does not ask for all.

    Fewer parts are enough, or none may hold.
    """
    for placed in file.criteria:
        criterion = placed.criterion
        if isinstance(criterion, NoneOf) or (isinstance(criterion, AtLeast) and criterion.count < len(criterion.parts)):
            yield list(file.parts(placed))


def _across(file: PolicyFile) -> list[Placed]:
    """Return the top checks of the criteria and of the exclusions.

    They stand at the top of ``necessary_when`` and of ``not_necessary_when``.
    """
    tops = [
        placed for placed in file.criteria if placed.section in ("necessary_when", "not_necessary_when") and len(placed.place) == 1
    ]
    return [part for top in tops for part in file.parts(top) if isinstance(part.criterion, Check)]
