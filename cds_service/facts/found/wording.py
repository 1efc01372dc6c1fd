"""What the words and codings of an order say.

Phrases count that are not negated, and codings of a value set.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cds_service.fhir.value_sets import Terminology
from cds_service.order import Order

_NEGATED: Final = re.compile(
    r"\b(no|not|non|without|w/o|excluding|excludes?|except|minus|declin\w+|rule out|neg|negative|opt out|opted out|decline)\b"
)
LONGEST: Final = 1000
"""How much of an order's text is read, in characters."""
_CLAUSE: Final = re.compile(r"[;]|[.,] ")
_NEAR: Final = 80
"""How far from a phrase a negation is looked for.

In characters before and after it, within its clause.
"""
_REFUSED: Final = re.compile(
    r"\W*(test|testing|screen|screening|panel|was|is|has been|\s)*(declined|refused|not|cancell?ed|unwanted)\b"
)


BY_CODE: Final = "its code"
"""What in an order matched that names a thing by its code."""


@dataclass(frozen=True, slots=True)
class Saying:
    """What words and codings must contain to say one thing.

    Written as the catalogue writes it.
    """

    codes: tuple[str, ...]
    not_with: str
    words: tuple[str, ...]
    hints: tuple[str, ...]
    unless: tuple[str, ...]
    passing_over: tuple[str, ...]


def described_as(order: Order, saying: Saying, terminology: Terminology) -> str:
    """Return what in an order matched a saying, or the empty string."""
    codings, words = order.descriptions()
    sets = frozenset(id_ for coding in codings for id_ in terminology.holding(coding.system, coding.code))
    return matched(saying, sets, words)


def matched(saying: Saying, sets: frozenset[str], words: Iterable[str]) -> str:
    """Return what matched in the order.

    It is the phrase as the catalogue writes it, or that its code did; the empty string when nothing did.
    """
    if saying.not_with not in sets and not sets.isdisjoint(saying.codes):
        return BY_CODE
    said = [_without(text, saying.passing_over) for text in words]
    if not said or _any_said(said, saying.unless):
        return ""
    return _any_said([text for text in said if not _NEGATED.search(_folded(text))], saying.words)


def hinted(saying: Saying, sets: frozenset[str], words: Iterable[str]) -> str:
    """Return a hint in the order that leaves the saying open.

    Returns the empty string where there is none.
    """
    said = [_without(text, saying.passing_over) for text in words]
    if not said or saying.not_with in sets or _any_said(said, saying.unless):
        return ""
    return _any_said(said, saying.hints) or _any_said(said, saying.words)


def _any_said(texts: Iterable[str], phrases: Iterable[str]) -> str:
    """Return the first phrase that a text says without negating it.

    Returns the empty string where there is none.
    """
    held = tuple(phrases)
    return next((phrase for text in texts for phrase in _said(text, held)), "") if held else ""


def _without(text: str, phrases: tuple[str, ...]) -> str:
    """Remove these phrases from the text, the longest first.

    What stood between them stays apart.
    """
    if not phrases:
        return text
    left = _folded(text)
    for phrase in sorted(phrases, key=len, reverse=True):
        left = _pattern(phrase).sub(";", left)
    return left


def _said(text: str, phrases: tuple[str, ...]) -> Iterator[str]:
    folded = _folded(text)
    for phrase in phrases:
        for found in _pattern(phrase).finditer(folded):
            before = _CLAUSE.split(folded[max(0, found.start() - _NEAR) : found.start()])[-1]
            if not _NEGATED.search(before) and not _REFUSED.match(folded[found.end() : found.end() + _NEAR]):
                yield phrase
                break


@lru_cache(maxsize=1024)
def _pattern(phrase: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z0-9]){re.escape(_folded(phrase))}(?![a-z0-9])")


def _folded(text: str) -> str:
    return re.sub(r"[\s\-\u2010-\u2015_]+", " ", text[:LONGEST].lower()).strip()


def empty(text: str, empty_words: Iterable[str], own_codes: Iterable[str]) -> bool:
    """Tell whether words describe nothing.

    Then only fillers, digits and the order's own code are in them.
    """
    left = _folded(text)
    for filler in sorted([*map(_folded, empty_words), *(code.lower() for code in own_codes)], key=len, reverse=True):
        left = re.sub(rf"(?<![a-z0-9]){re.escape(filler)}(?![a-z0-9])", " ", left)
    return not re.search(r"[a-z]", left)
