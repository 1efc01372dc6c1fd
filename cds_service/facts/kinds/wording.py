"""What the words and codings that describe an order say: phrases that are not negated, codings of a value set."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from cds_service.fhir.value_sets import Terminology
from cds_service.order import Order
from cds_service.policy.grammar import Entry

_NEGATED = re.compile(r"\b(no|not|non|without|w/o|excluding|excludes?|except|minus|declin\w+|rule out|negative for)\b[^.;,]*$")
_REFUSED = re.compile(r"\W*(test|testing|screen|screening|was|is|has been|\s)*(declined|refused|not|cancell?ed|unwanted)\b")


class SayingEntry(Entry):
    """What makes an order say one thing: a coding in ``codes`` (not beside one in ``not_with``), or these words.

    ``hints`` are words that leave it open: they end the silence and decide nothing (nor do they beside a coding in ``not_with``).
    ``passing_over`` are phrases in which a word means something else ("failed trial of"): they are not read.
    """

    codes: list[str] = []
    not_with: str = ""
    words: list[str] = []
    hints: list[str] = []
    passing_over: list[str] = []

    def value_sets(self) -> tuple[str, ...]:
        """The ids of the value sets it names."""
        return (*self.codes, *([self.not_with] if self.not_with else []))


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
    over = tuple(saying.passing_over)
    return next((phrase for text in words for phrase in _said(_without(text, over), tuple(saying.words))), "")


def hinted(saying: SayingEntry, sets: frozenset[str], words: Iterable[str]) -> str:
    """The hint in the order that leaves it open whether the saying holds, or the empty string."""
    if saying.not_with in sets:
        return ""
    return next((phrase for text in words for phrase in _said(text, tuple(saying.hints))), "")


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
            if not _NEGATED.search(folded[: found.start()]) and not _REFUSED.match(folded[found.end() :]):
                yield phrase
                break


@lru_cache(maxsize=1024)
def _pattern(phrase: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z0-9]){re.escape(_folded(phrase))}(?![a-z0-9])")


def _folded(text: str) -> str:
    return re.sub(r"[\s\-\u2010-\u2015_]+", " ", text[:2000].lower()).strip()


def empty(text: str, empty_words: Iterable[str], own_codes: Iterable[str]) -> bool:
    """Whether words describe nothing: only fillers, digits and the order's own code are left in them."""
    left = _folded(text)
    for filler in sorted([*map(_folded, empty_words), *(code.lower() for code in own_codes)], key=len, reverse=True):
        left = re.sub(rf"(?<![a-z0-9]){re.escape(filler)}(?![a-z0-9])", " ", left)
    return not re.search(r"[a-z]", left)
