"""Which counts the report hides to protect few people.

Hidden are those of 1 to 10 people, and those that would tell such a count (CMS' rule for what is published).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

SMALLEST: Final = 11
"""The fewest people of whom a count is shown."""
Key = tuple[str, ...]
"""The name of a count."""


class Cell(NamedTuple):
    """A count of decisions, and of the people that they are of."""

    orders: int
    people: int


class Sum(NamedTuple):
    """A count that is the sum of others, as a total."""

    total: Key
    parts: tuple[Key, ...]


def hidden(cells: Mapping[Key, Cell], sums: Iterable[Sum]) -> frozenset[Key]:
    """Return the counts to hide.

    They are the small ones, and as many beside them as keep them from being worked out.

    In each sum, either nothing is hidden, or at least two counts are, and those that are hidden beside a shown total
    are of at least eleven people together.
    """
    found = {key for key, cell in cells.items() if 0 < cell.people < SMALLEST}
    lines = [line for line in sums if line.total in cells]
    changed = bool(found)
    while changed:
        changed = False
        for line in lines:
            more = _one_more(line, cells, found)
            if more is not None:
                found.add(more)
                changed = True
    return frozenset(found)


def _one_more(line: Sum, cells: Mapping[Key, Cell], found: set[Key]) -> Key | None:
    """Return a further count of a sum to hide, or None.

    None where none must be hidden, or none is left.
    """
    parts = [key for key in line.parts if key in cells]
    out = [key for key in parts if key in found]
    shown_total = line.total not in found
    if not out and shown_total:
        return None
    enough = sum(cells[key].people for key in out) >= SMALLEST and len(out) > 1 if shown_total else bool(out)
    if enough:
        return None
    left = sorted((key for key in parts if key not in found and cells[key].orders), key=lambda key: (cells[key].people, key))
    if left:
        return left[0]
    return line.total if shown_total and len(out) == 1 else None
