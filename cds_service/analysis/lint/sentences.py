"""What a criterion's sentence says in words.

Read are numbers, comparisons, lengths of time and denials.
"""

from __future__ import annotations

import re

from cds_service.policy.values import LookBack

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve "
    "thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
WORDS: dict[str, float] = {word: float(number) for number, word in enumerate(_ONES.split())}
WORDS |= {word: float(number * 10) for number, word in enumerate(_TENS.split(), 2)}
WORDS |= {"once": 1.0, "single": 1.0, "twice": 2.0, "both": 2.0, "half": 50.0, "halved": 50.0, "third": 3.0, "a": 1.0, "an": 1.0}
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?!\d)|\d+(?:\.\d+)?")
_STRETCH = re.compile(
    r"(?P<back>\b(?:last|past|previous|preceding|within|within the|in the) )?(?P<n>\d+|[a-z]+)[ -]"
    r"(?P<unit>day|week|month|year|(?:full|calendar) (?:month|year))s?\b"
    r"(?P<ago> (?:before|ago|back)\b)?"
)

_COMPARISONS = {
    "is_at_least": r"at least|or (?:more|older|higher|greater|above|over|longer|later)\b"
    r"|(?:no|not) (?:less|fewer|younger|lower) than|not below|≥",
    "is_at_most": r"at most|or (?:less|fewer|younger|lower|below|under|shorter)\b"
    r"|(?:no|not) (?:more|greater|older|higher) than|not above|up to|≤",
    "is_above": r"(?:more|older|higher|greater|longer) than|\babove\b|\bover\b|exceed\w*|>",
    "is_below": r"(?:less|fewer|younger|lower|shorter) than|\bbelow\b|\bunder\b|<",
}
_DENIED = re.compile(
    r"\b(?:no|not|none|never|neither|nor|without|nothing|nobody|cannot|absen\w+|free of|lacks?|only|alone)\b|n't\b", re.IGNORECASE
)


def numbers(sentence: str) -> frozenset[float]:
    """Return the numbers that a sentence names, in figures or words."""
    figures = {float(found.replace(",", "")) for found in _NUMBER.findall(sentence)}
    return frozenset(figures | {WORDS[word] for word in re.findall(r"[a-z]+", sentence.lower()) if word in WORDS})


def comparisons(sentence: str) -> frozenset[str]:
    """Return the comparisons that a sentence makes.

    They are named as the tests of the language: ``is_at_least`` for *9 or more*.
    """
    left, found = sentence.lower(), set()
    for compare, phrases in _COMPARISONS.items():
        left, count = re.subn(phrases, " ", left)
        if count:
            found.add(compare)
    return frozenset(found)


def stretches(sentence: str) -> tuple[LookBack, ...]:
    """Return the lengths of time that a sentence looks back over.

    Examples are *in the last 6 months* and *two weeks before*.
    """
    found = []
    for match in _STRETCH.finditer(sentence.lower()):
        if not match["back"] and not match["ago"]:
            continue
        count = float(match["n"]) if match["n"].isdigit() else WORDS.get(match["n"])
        if count is not None:
            found.append(LookBack(int(count), match["unit"]))
    return tuple(found)


def denies(sentence: str) -> bool:
    """Tell whether a sentence says that something is not so."""
    return bool(_DENIED.search(sentence))
