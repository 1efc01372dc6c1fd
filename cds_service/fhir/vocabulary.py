"""What records say in words where no value set holds their codes: enough to end a silence, never to decide.

A chart speaks in codes that no list holds, or in words alone. Each fact on which a presumption rests names the words that speak of
it; a record that says one of them, and does not negate it, makes the fact uncertain. Words of the family, of risk, of screening
and of what is over do not count.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

LONGEST: Final = 300
"""Characters of a text that are read."""
MOST_TEXTS: Final = 32_768
"""Texts of which it is remembered what they say; with one more, all are forgotten."""
_TOKEN: Final = re.compile(r"[^\W_]+")
_CLAUSE: Final = re.compile(r"[;.:\n]| but |(?<!previous pregnancy)(?<!prior pregnancy)(?<!past pregnancy) with | due to ")
_PAST_HEADING: Final = re.compile(
    r"(?:\b(?:h/o|s/p|pmhx?|(?:past|prior) (?:\w+ )?(?:history|hx)|(?:ob|obstetric|obstetrical|gyn) (?:history|hx))"
    r"|^\W*(?:history|hx))\s*:"
)
_FAMILY_HEADING: Final = re.compile(r"\b(?:fhx?|fam(?:ily)? (?:history|hx))\s*:")
_DOUBT_HEADING: Final = re.compile(r"\br/o\s*:")
"""Headings whose colon belongs to what they head (``H/O: ectopic pregnancy``), and is not the end of a clause."""
_BEFORE: Final = re.compile(
    r"\b(no|not|non|without|w o|wo|denie[sd]|deny|denying|exclud\w+|except|rules? out|ruled out|r o|neg|(?<!gram )negative|never"
    r"|absen\w+|free of"
    r"|family history|family hx|fh|fhx|fam hx|mother|father|sister|brother|parent|sibling|maternal history|paternal history"
    r"|at risk|risk (?:of|for|factors?)|screen\w*|prevent\w*|prophyla\w*|vaccin\w*|immuni[sz]\w*|unlikely|counsel\w*|education"
    r"|worr\w*|fear|concern about)\b"
)
_AFTER: Final = re.compile(
    r"\W*(?:(?:has|have|been|was|were|is|are|test|status|now)\W+)*"
    r"(ruled out|excluded|not(?! elsewhere| otherwise| due| specified| having| applicable)|negative"
    r"|absent|denied|declined|screen\w*|risk|prophyla\w*|vaccin\w*|prevention|resolved|unlikely)\b"
)
_PAST: Final = re.compile(r"\b(history of|hx of|hx|h o|personal history|past|previous|prior|status post|s p)\b")
_PAST_AFTER: Final = re.compile(
    r"\W*(?:disease\W+)?(?:in\W+)?(?:(?:a|her|the)\W+)?"
    r"(?:(?:prior|previous|past|last|earlier) pregnanc(?:y|ies)\b|past\s*$|(?:history|hx)\s*(?:$|[;,.)]))"
)


class Said(NamedTuple):
    """The words that speak of a fact: phrases whose words end in ``*`` where they go on, phrases in which they mean something else,
    the value sets whose codes say what a record means, the resource types in which they are read, and whether what is past
    counts, or only what is in remission.
    """

    say: tuple[str, ...]
    not_in: tuple[str, ...]
    read_by: frozenset[str]
    kinds: frozenset[str]
    history: bool
    remission: bool = False


class _Phrase(NamedTuple):
    words: tuple[str, ...]
    fact: str


class _Texts(dict[str, tuple[str, ...]]):
    """By text, the facts of which it speaks, each once; what was listened to is remembered: charts repeat the names of codes."""

    def __init__(self, listen: Callable[[str], tuple[str, ...]]) -> None:
        super().__init__()
        self._listen = listen

    def __missing__(self, text: str) -> tuple[str, ...]:
        found = self._listen(text[:LONGEST])
        if len(text) <= LONGEST:
            if len(self) >= MOST_TEXTS:
                self.clear()
            self[text] = found
        return found


class Vocabulary:
    """The words of all facts, looked up by the first letters of each word of a text. ``heard`` gives the facts by a text.

    ``names`` are the names of measurements, which are heard where a value stands beside them.
    """

    def __init__(self, said: Mapping[str, Said], names: Mapping[str, Said] | None = None) -> None:
        self.names: Final[Vocabulary | None] = Vocabulary(names) if names else None
        self.said: Final = dict(said)
        self.kinds: Final = frozenset([kind for one in said.values() for kind in one.kinds])
        self._by_start: dict[str, list[_Phrase]] = {}
        self._not_in: dict[str, list[tuple[str, ...]]] = {}
        self.heard: Final = _Texts(self._listen)
        for fact, one in said.items():
            for phrase in one.say:
                words = phrase_words(phrase)
                self._by_start.setdefault(_start(words[0]), []).append(_Phrase(words, fact))
            self._not_in[fact] = [phrase_words(phrase) for phrase in one.not_in]

    def _listen(self, text: str) -> tuple[str, ...]:
        folded = text.lower()
        tokens = [(found.group(), found.start(), found.end()) for found in _TOKEN.finditer(folded)]
        spoken = [token for token, _, _ in tokens]
        facts: dict[str, None] = {}
        for at, token in enumerate(spoken):
            for phrase in self._by_start.get(token[:4], ()):
                if phrase.fact in facts or not _stands(phrase.words, spoken, at):
                    continue
                end = tokens[at + len(phrase.words) - 1][2]
                if not self._meant(phrase, spoken, at) or _negated(folded, tokens[at][1], end, self.said[phrase.fact].history):
                    continue
                facts[phrase.fact] = None
        return tuple(facts)

    def _meant(self, phrase: _Phrase, spoken: list[str], at: int) -> bool:
        """Whether the phrase stands in none of those in which its words mean something else."""
        last = at + len(phrase.words)
        for other in self._not_in[phrase.fact]:
            for start in range(max(0, last - len(other)), at + 1):
                if start + len(other) >= last and _stands(other, spoken, start):
                    return False
        return True


def phrase_words(phrase: str) -> tuple[str, ...]:
    """The words of a phrase; one that goes on ends in ``*``. Raises ValueError for a phrase without words, or too short a stem."""
    words = tuple([part.lower() for part in re.findall(r"[^\W_]+\*?", phrase)])
    if not words or any(word.endswith("*") and len(word) < 5 for word in words):
        raise ValueError(f"'{phrase}' is no phrase: it has words, and a stem that goes on ('infect*') has at least four letters")
    return words


def _start(word: str) -> str:
    return word.rstrip("*")[:4]


def _stands(words: tuple[str, ...], spoken: list[str], at: int) -> bool:
    """Whether a phrase begins at this word of a text."""
    if at + len(words) > len(spoken):
        return False
    for offset, word in enumerate(words):
        token = spoken[at + offset]
        if word[-1] == "*":
            if not token.startswith(word[:-1]):
                return False
        elif token != word:
            return False
    return True


def _negated(text: str, start: int, end: int, history: bool) -> bool:
    before = re.sub(r"[\W_]+", " ", _CLAUSE.split(_joined(text[:start]))[-1])
    if _BEFORE.search(before) or _AFTER.match(text[end:]):
        return True
    return not history and (_PAST.search(before) is not None or _PAST_AFTER.match(text[end:]) is not None)


def _joined(text: str) -> str:
    """A text whose headings of history, family and doubt are said in words, without the colon that would cut them off."""
    if ":" not in text:
        return text
    told = _PAST_HEADING.sub(" history of ", _FAMILY_HEADING.sub(" family history ", text))
    return _DOUBT_HEADING.sub(" rule out ", told)
