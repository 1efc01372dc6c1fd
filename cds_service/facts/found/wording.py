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
    r"\b(no|not|non(?! (?:invasive|fasting|urgent|emergent|smok\w+)\b)|without|w/o|excluding|excludes?|except|minus|declin\w+"
    r"|rule out|neg|negative|opt out|opted out|decline|denies|denying|deny|free of)\b"
)
"""What denies the phrase that follows it.

The *non* of "non-invasive" and its like denies only its own word.
"""
LONGEST: Final = 1000
"""How much of an order's text is read, in characters."""
_CLAUSE: Final = re.compile(r"[;]|[.,] ")
_NEAR: Final = 80
"""How far from a phrase a negation is looked for.

In characters before and after it, within its clause.
"""
_REFUSED: Final = re.compile(
    r"(?:\.\d+)?\W*(?:\b(?:add ons?|option|deletions?|syndromes?|tests?|testing|screen|screening|panel|was|is|are|has|have|been"
    r"|requested|wanted|copy numbers?|variants?|analysis)"
    r"\b\W*)*"
    r"(?:(?:declined|refused|not(?! covered| paid)|cancell?ed|unwanted|excluded|omitted|removed|waived|opted out|opt out)\b"
    r"|(?<!, )(?:none|no|n)\s*(?:$|[;,.)\]/]))"
)
"""What refuses a phrase that stands before it: ``microdeletions: no``.

The phrase may be the beginning of a longer number (``22q11.2``).
"""
_NO_TO: Final = re.compile(
    r"(?:^|(?<=[;|\n])|(?<=[.,]\s))((?:[^;|,.:=?\n]|[.,](?!\s)){2,60})[:=?]\s*"
    r"(?:no|n|n/a|none|false|off|declined|opt(?:ed)? out|not (?:requested|ordered|wanted))\s*(?=$|[;|\n]|[.,](?:\s|$))",
    re.IGNORECASE,
)
"""A question of a form that is answered no, whole."""
_UNTICKED: Final = re.compile(r"\[\s*\]|\(\s+\)|[\u2610\u25a1]")
"""A box of a form that is not ticked: which of its questions it is of, nobody can tell."""
_PARTS: Final = re.compile(r"[;|,.\n](?=\s|$)")
_ANSWER: Final = re.compile(r"[^;|:=?\n]{2,60}[:=?]\s*[^;|:=?\n]{1,40}")
"""A question of a form with its answer."""
_TOLD: Final = re.compile(
    r"\b(?:history|hx|h/o|prior|previous|past|family|familial|sibling|sister|brother|mother|father|partner|husband|child|children"
    r"|son|daughter|infant|newborn|indications?|reason|because of|due to|carrier of|carries|affected)\b"
)
_TOLD_AFTER: Final = re.compile(
    r"(?:\.\d+)?\W*(?:(?!and\b|with\b|plus\b)\w+\W+){0,2}(?:carrier(?! (?:screen\w*|test\w*|panel))|history|hx"
    r"|negative|neg|normal|(?:tests? )?results? (?:explained|discussed)"
    r"|in (?:an? |the |her |his )?(?:family|siblings?|sister|brother|mother|father|partner|child|son|daughter|infant|prior|previous"
    r"|past|earlier|last))\b"
)
"""Words by which a phrase tells of the past, of the family, or why a test is ordered.

They stand before the phrase in its clause, or after it.
"""


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
    told_asks: bool = False
    alone: tuple[str, ...] = ()


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
    said = _heard(saying, words)
    if not said or _any_said(said, saying.unless):
        return ""
    plain = [text for text in said if not _NEGATED.search(_folded(text)) and not _UNTICKED.search(text)]
    return _any_said(plain, saying.words, saying.told_asks)


def hinted(saying: Saying, sets: frozenset[str], words: Iterable[str]) -> str:
    """Return a hint in the order that leaves the saying open.

    Returns the empty string where there is none.
    """
    said = _heard(saying, words)
    if not said or saying.not_with in sets or _any_said(said, saying.unless):
        return ""
    return _any_said(said, saying.hints) or _any_said(said, saying.words)


def named(saying: Saying, texts: Iterable[str]) -> str:
    """Return what these words name of a saying.

    They stand beside what describes the order. What tells of the past, of the family or of an indication is passed over.
    Returns the empty string where there is nothing.
    """
    said = _heard(saying, texts)
    if not said or _any_said(said, saying.unless):
        return ""
    return _any_said(said, saying.words, True) or _alone(said, saying.alone)


def named_any(texts: Iterable[str], phrases: Iterable[str]) -> str:
    """Return the first of these phrases that a text says.

    It must not be negated. Returns the empty string where there is none.
    """
    return _any_said(texts, phrases)


def _alone(texts: Iterable[str], phrases: Iterable[str]) -> str:
    """Return the phrase that is all that one of the texts says.

    Returns the empty string where there is none.
    """
    said = {re.sub(r"[^a-z0-9 ]", "", _folded(text)).strip() for text in texts}
    return next((phrase for phrase in phrases if _folded(phrase) in said), "")


def _any_said(texts: Iterable[str], phrases: Iterable[str], not_told: bool = False) -> str:
    """Return the first phrase that a text says without negating it.

    With ``not_told``, one by which the text tells of the past, of the family or of an indication is passed over. Returns
    the empty string where there is none.
    """
    held = tuple(phrases)
    return next((phrase for text in texts for phrase in _said(text, held, not_told)), "") if held else ""


def _heard(saying: Saying, texts: Iterable[str]) -> list[str]:
    """Return the texts less what is answered no or passed over."""
    return [_without(_without_noes(text, saying), saying.passing_over, saying.words) for text in texts]


def _without(text: str, phrases: tuple[str, ...], meant: tuple[str, ...]) -> str:
    """Remove these phrases from the text, the longest first.

    What stood between them stays apart. Where one of those that are ``meant`` goes on from a phrase (``trial of`` in
    ``trial of intrathecal``), it stays.
    """
    if not phrases:
        return text
    left = _folded(text)
    for phrase in sorted(phrases, key=len, reverse=True):
        if (found := _pattern(phrase)).search(left) is None:
            continue
        begun = f"{_folded(phrase)} "
        longer = [_pattern(words) for words in meant if _folded(words).startswith(begun)]
        kept = [one.span() for words in longer for one in words.finditer(left)]
        for one in reversed(list(found.finditer(left))):
            if not any(start <= one.start() < end for start, end in kept):
                left = f"{left[: one.start()]};{left[one.end() :]}"
    return left


def _without_noes(text: str, saying: Saying) -> str:
    """Remove the questions of a form that are answered no.

    ``Fetal sex: No; Microdeletions: Yes`` asks for microdeletions. Beside words that are no answers, only what is of
    something else is removed: it may be the heading of what follows.
    """
    text = text[:LONGEST]
    if _NO_TO.search(text) is None:
        return text
    if all(_ANSWER.fullmatch(part) for part in _PARTS.split(text) if part.strip()):
        return _NO_TO.sub(" ", text)
    own = [_pattern(phrase) for phrase in (*saying.words, *saying.hints)]
    return _NO_TO.sub(lambda no: no.group() if any(one.search(_folded(no.group(1))) for one in own) else " ", text)


def _said(text: str, phrases: tuple[str, ...], not_told: bool) -> Iterator[str]:
    folded = _folded(text)
    for phrase in phrases:
        for found in _pattern(phrase).finditer(folded):
            before = _CLAUSE.split(folded[max(0, found.start() - _NEAR) : found.start()])[-1]
            after = folded[found.end() : found.end() + _NEAR]
            if _NEGATED.search(before) or _REFUSED.match(after):
                continue
            if not_told and (_TOLD.search(before) or _TOLD_AFTER.match(_CLAUSE.split(after)[0])):
                continue
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
