"""Which numbers of a criterion are ours, not the document's.

A document says *severe* and gives no score, or *previous* and no time. The number that the encoding needs then is ours:
its encoder chose it, and it is never shown as if the document said it. ``cite.gives`` lists the numbers that the
document gives at its place, ``ours`` says which number of the test is ours and why.
"""

from __future__ import annotations

import re
from typing import Final

from cds_service.policy.values import LookBack

NUMBER: Final = re.compile(r"(?P<number>-?\d+(?:\.\d+)?)\s*(?P<unit>[^\s\d.,;:()]*)")
_GROUPED: Final = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_TIMES: Final = ("day", "week", "month", "year")


def named(words: str) -> tuple[tuple[float, str], ...]:
    """Return the numbers that words hold in figures.

    Each comes with the word behind it: ``(60, "day")`` of *the last 60 days*.
    """
    return tuple([(float(found["number"]), _singular(found["unit"])) for found in NUMBER.finditer(_GROUPED.sub("", words))])


def names_threshold(words: str, number: float, unit: str) -> bool:
    """Tell whether words name a threshold.

    A length of time in the words is meant only where the threshold is one.
    """
    wanted = _singular(unit)
    return any(value == number and (word not in _TIMES or word == wanted) for value, word in named(words))


def names_window(words: str, within: LookBack) -> bool:
    """Tell whether words name a look-back, as *60 days*."""
    return (float(within.count), within.unit.partition(" ")[0]) in named(words)


def gives_threshold(gives: tuple[str, ...], number: float, unit: str) -> bool:
    """Tell whether the document gives the threshold.

    It may give it as a bare number, or as one in the unit of the test.
    """
    wanted = _singular(unit)
    return any(value == number and word in ("", wanted) for one in gives for value, word in named(one))


def gives_window(gives: tuple[str, ...], within: LookBack) -> bool:
    """Tell whether the document gives the look-back."""
    return any(names_window(one, within) for one in gives)


def _singular(unit: str) -> str:
    return unit.strip().lower().removesuffix("s")
