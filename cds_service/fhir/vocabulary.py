"""What records say in words, where no value set holds their codes.

Words end a silence and never decide. A chart may speak in codes that no list holds, or in words alone. Each fact on
which a presumption rests names the words that speak of it; a record that says one of them, and does not negate it,
makes the fact uncertain. Words about the family, risk, screening and what is over do not count.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

LONGEST: Final = 300
"""How much of a text is read, in characters."""
MOST_TEXTS: Final = 32_768
"""How many texts the vocabulary remembers the facts of.

With one more, all are forgotten.
"""
ORDER: Final = "order"
"""Where words are read that are no record's: in what describes the order that is judged."""
CONCLUSION: Final = "conclusion"
"""Where the words are read with which reports conclude."""
_TOKEN: Final = re.compile(r"[^\W_]+")
_WORD_OR_STEM: Final = re.compile(r"[^\W_]+\*?")
_CLAUSE: Final = re.compile(
    r"[;.:\n]| but | however | although | though |(?<!previous pregnancy)(?<!prior pregnancy)(?<!past pregnancy) with | due to "
)
_PAST_HEADING: Final = re.compile(
    r"(?:\b(?:h/o|s/p|pmhx?|(?:past|prior) (?:\w+ )?(?:history|hx)|(?:ob|obstetric|obstetrical|gyn) (?:history|hx))"
    r"|^\W*(?:history|hx))\s*:"
)
_FAMILY_HEADING: Final = re.compile(r"\b(?:fhx?|fam(?:ily)? (?:history|hx))\s*:")
_DOUBT_HEADING: Final = re.compile(r"\br/o\s*:")
"""Headings whose colon does not end a clause.

It belongs to what they head (``H/O: ectopic pregnancy``).
"""
_BEFORE: Final = re.compile(
    r"\b(neither|nor"
    r"|no|not|non(?= ?$)|without|w o|wo|denie[sd]|deny|denying|exclud\w+|except|rules? out|ruled out|r o|neg|(?<!gram )negative"
    r"|never|absen\w+|free of"
    r"|family history|family hx|fh|fhx|fam hx|mother|father|sister|brother|parent|sibling|maternal history|paternal history"
    r"|grandmother|grandfather|grandparents?|uncle|aunt|cousin|nephew|niece"
    r"|at risk|risk (?:of|for|factors?)|screen\w*|prevent\w*|prophyla\w*|vaccin\w*|immuni[sz]\w*|unlikely|counsel\w*|education"
    r"|worr(?!isome)\w*|fear|anxi\w* (?:about|over|regarding)|concern about)\b"
)
_AFTER: Final = re.compile(
    r"\W*(?:(?:has|have|been|was|were|is|are|test|status|now)\W+)*"
    r"(ruled out|excluded|not(?! elsewhere| otherwise| due| specified| having| applicable| in remission"
    r"| displaced| healed| united| resol\w+| improv\w+| respon\w+| controlled| treated| yet| only| amenable"
    r"| (?:\w+ly |be |been )*(?:well |healed|united|displaced|controlled|excluded|ruled out))|negative"
    r"|absent|denied|declined|screen\w*|risk|prophyla\w*|vaccin\w*|immuni[sz]\w*|prevention|resolved|unlikely)\b"
)
_ANSWERED_NO: Final = re.compile(
    r"(?:\W+(?:or|higher|order|pregnanc(?:y|ies)|gestations?|multiples?|present|noted|known|seen|y/n))*"
    r"(?:\W*[:?=]\W*n|\W+(?:no|none|false|denie[sd]))\s*(?:$|[;,)\]\n]|\.(?!\s*\d))"
)
"""What answers the question of a form: ``Vanishing twin: No``."""
_LEFT_OPEN: Final = re.compile(
    r"\b(?:cannot|can not|can t|could not|couldn t|does not|doesn t|do not|don t|did not|didn t|is not|not|unable to|difficult to"
    r"|hard to) (?:be )?(?:\w+ly )?(?:exclud\w+|rule out|ruled out|ruling out)\b"
)
"""What leaves open what it could not rule out: ``cannot exclude``."""
_PAST: Final = re.compile(r"\b(history of|hx of|hx|h o|personal history|past|previous|prior|status post|s p)\b")
_LONG_PAST: Final = re.compile(r"\b(history of|hx of|hx|h o|personal history|past|previous|prior)\b")
_RISK_MARK: Final = re.compile(r"\s*\(hcc\)\s*$")
"""What US EHRs write behind the name of a diagnosis that raises a patient's risk score: no hepatocellular carcinoma."""
_BESIDE: Final = re.compile(
    r"\d\w*|and|at|ago|currently|days?|for|in|is|months?|now|of|patient|pt|s|p|post|state|status|the|was|weeks?|wks?|x"
)
"""Words that tell no more than when something was so."""
_PAST_AFTER: Final = re.compile(
    r"\W*(?:disease\W+)?(?:in\W+)?(?:(?:a|her|the)\W+)?"
    r"(?:(?:prior|previous|past|last|earlier) pregnanc(?:y|ies)\b|past\s*$|(?:history|hx)\s*(?:$|[;,.)]))"
)


class SpokenWords(NamedTuple):
    """The words that speak of a fact, and when they count.

    - ``say``: phrases; a word that ends in ``*`` may go on. ``not_in``: phrases in which they mean something else.
    - ``alone``: phrases that count where a text says nothing besides.
    - ``read_by``: the value sets whose codes say what a record means, so that its words are not needed.
    - ``kinds``: the resource types in which the words are read, ``order`` for what describes the order itself, and
      ``conclusion`` for what reports conclude.
    - ``history``: whether what is past counts. ``remission``: whether what is in remission does.
    - ``closed``: whether a diagnosis that is over is heard. ``status_post``: whether what the patient has just been through is.
    - ``event``: whether a day that the words state is the day of the event.
    - ``absent``: whether a measurement without a value is heard.
    - ``states``: the states in which orders and procedures are heard; all of them if empty.
    - ``fact`` and ``part``: the fact, and which of its words these are, where they do not stand under its name.
    """

    say: tuple[str, ...]
    not_in: tuple[str, ...]
    read_by: frozenset[str]
    kinds: frozenset[str]
    history: bool
    remission: bool = False
    alone: tuple[str, ...] = ()
    closed: bool = False
    status_post: bool = False
    event: bool = False
    absent: bool = False
    fact: str = ""
    part: int = 0
    states: frozenset[str] = frozenset()


class _Phrase(NamedTuple):
    words: tuple[str, ...]
    fact: str
    alone: bool = False


class _Texts(dict[str, tuple[str, ...]]):
    """The facts that a text speaks of, by text, each once.

    What was found is remembered, since charts repeat the names of codes.
    """

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
    """The words of all facts, indexed by how they begin.

    ``heard`` gives the facts that a text speaks of. ``names`` are the names of measurements, which are heard where a
    value stands beside them.
    """

    def __init__(self, said: Mapping[str, SpokenWords], names: Mapping[str, SpokenWords] | None = None) -> None:
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
            for phrase in one.alone:
                words = phrase_words(phrase)
                self._by_start.setdefault(_start(words[0]), []).append(_Phrase(words, fact, True))
            self._not_in[fact] = [phrase_words(phrase) for phrase in one.not_in]

    def _listen(self, text: str) -> tuple[str, ...]:
        folded = _RISK_MARK.sub("", text.lower())
        tokens = [(found.group(), found.start(), found.end()) for found in _TOKEN.finditer(folded)]
        spoken = [token for token, _, _ in tokens]
        facts: dict[str, None] = {}
        for at, token in enumerate(spoken):
            for phrase in self._by_start.get(token[:4], ()):
                if phrase.fact in facts or not _stands(phrase.words, spoken, at):
                    continue
                end = tokens[at + len(phrase.words) - 1][2]
                if phrase.alone and not _stands_alone(spoken, at, at + len(phrase.words)):
                    continue
                if not self._meant(phrase, spoken, at) or _negated(folded, tokens[at][1], end, self.said[phrase.fact]):
                    continue
                facts[phrase.fact] = None
        return tuple(facts)

    def _meant(self, phrase: _Phrase, spoken: list[str], at: int) -> bool:
        """Tell whether a phrase has its usual meaning here.

        It does not inside one of the phrases in which its words mean something else.
        """
        last = at + len(phrase.words)
        for other in self._not_in[phrase.fact]:
            for start in range(max(0, last - len(other)), at + 1):
                if start + len(other) >= last and _stands(other, spoken, start):
                    return False
        return True


def phrase_words(phrase: str) -> tuple[str, ...]:
    """Split a phrase into its words.

    A word that may go on ends in ``*``. Raises ValueError for a phrase without words, or for a stem of fewer than four
    letters.
    """
    words = tuple([part.lower() for part in _WORD_OR_STEM.findall(phrase)])
    if not words or any(word.endswith("*") and len(word) < 5 for word in words):
        raise ValueError(f"'{phrase}' is no phrase: it has words, and a stem that goes on ('infect*') has at least four letters")
    return words


def speaks_of(phrases: Iterable[tuple[str, ...]], written: str) -> bool:
    """Tell whether one of the phrases stands in a text.

    What is said beside it does not matter.
    """
    spoken = _TOKEN.findall(written[:LONGEST].lower())
    return any(_stands(words, spoken, at) for words in phrases for at in range(len(spoken)))


def _start(word: str) -> str:
    return word.rstrip("*")[:4]


def _stands(words: tuple[str, ...], spoken: list[str], at: int) -> bool:
    """Tell whether a phrase begins at this word of a text."""
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


def _stands_alone(spoken: list[str], start: int, end: int) -> bool:
    """Tell whether a text says nothing besides a phrase and its time."""
    beside = [token for token in spoken[:start] + spoken[end:] if not _BESIDE.fullmatch(token)]
    return not beside


def _negated(text: str, start: int, end: int, said: SpokenWords) -> bool:
    before = _LEFT_OPEN.sub(" ", re.sub(r"[\W_]+", " ", _CLAUSE.split(_joined(text[:start]))[-1]))
    if _BEFORE.search(before) or _AFTER.match(text[end:]) or _ANSWERED_NO.match(text[end:]):
        return True
    past = _LONG_PAST if said.status_post else _PAST
    return not said.history and (past.search(before) is not None or _PAST_AFTER.match(text[end:]) is not None)


def _joined(text: str) -> str:
    """Replace headings by words, so that their colon cuts nothing off.

    Headings are those of history, family and doubt.
    """
    if ":" not in text:
        return text
    told = _PAST_HEADING.sub(" history of ", _FAMILY_HEADING.sub(" family history ", text))
    return _DOUBT_HEADING.sub(" rule out ", told)
