"""What the words and codings of an order say: phrases that are not negated, codings of a value set."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from cds_service.fhir.value_sets import Terminology
from cds_service.order import Order

if TYPE_CHECKING:
    from cds_service.facts.kinds.wording import SayingEntry

_NEGATED: Final = re.compile(
    r"\b(no|not|non|without|w/o|excluding|excludes?|except|minus|declin\w+|rule out|neg|negative|opt out|opted out|decline)\b"
)
LONGEST: Final = 1000
"""Characters of an order's words that are read."""
_CLAUSE: Final = re.compile(r"[;]|[.,] ")
_NEAR: Final = 80
"""Characters before and after a phrase in which a negation is looked for, within its clause."""
_REFUSED: Final = re.compile(
    r"\W*(test|testing|screen|screening|panel|was|is|has been|\s)*(declined|refused|not|cancell?ed|unwanted)\b"
)


def described_as(order: Order, saying: SayingEntry, terminology: Terminology) -> str:
    """What in an order matched a saying, or the empty string."""
    codings, words = order.descriptions()
    sets = frozenset(id_ for coding in codings for id_ in terminology.holding(coding.system, coding.code))
    return matched(saying, sets, words)


def matched(saying: SayingEntry, sets: frozenset[str], words: Iterable[str]) -> str:
    """What in the order matched: the phrase as the catalogue writes it, or the value set; the empty string when nothing did."""
    coded = next((id_ for id_ in saying.codes if id_ in sets), "")
    if coded and saying.not_with not in sets:
        return f"a coding in {coded}"
    said = [_without(text, tuple(saying.passing_over)) for text in words]
    if not said or _any_said(said, saying.unless):
        return ""
    return _any_said([text for text in said if not _NEGATED.search(_folded(text))], saying.words)


def hinted(saying: SayingEntry, sets: frozenset[str], words: Iterable[str]) -> str:
    """The hint in the order that leaves it open whether the saying holds, or the empty string."""
    said = [_without(text, tuple(saying.passing_over)) for text in words]
    if not said or saying.not_with in sets or _any_said(said, saying.unless):
        return ""
    return _any_said(said, saying.hints) or _any_said(said, saying.words)


def _any_said(texts: Iterable[str], phrases: Iterable[str]) -> str:
    """The first phrase that a text says without negating it, or the empty string."""
    held = tuple(phrases)
    return next((phrase for text in texts for phrase in _said(text, held)), "") if held else ""


def _without(text: str, phrases: tuple[str, ...]) -> str:
    """The text without these phrases, longest first; what stood between them stays apart."""
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
    """Whether words describe nothing: only fillers, digits and the order's own code are left in them."""
    left = _folded(text)
    for filler in sorted([*map(_folded, empty_words), *(code.lower() for code in own_codes)], key=len, reverse=True):
        left = re.sub(rf"(?<![a-z0-9]){re.escape(filler)}(?![a-z0-9])", " ", left)
    return not re.search(r"[a-z]", left)
