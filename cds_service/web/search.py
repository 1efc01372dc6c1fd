"""The search for policies.

Policies are found by code, drug, brand, synonym, payer or word. Where something was mistyped, the search guesses what
was meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from typing import Final

from cds_service.content.content import Content
from cds_service.policy.model import Policy
from cds_service.web.code_lists import CodeLists
from cds_service.web.code_meaning import Meaning, codings_of, meanings, sets_read
from cds_service.web.in_force import in_force, publisher
from cds_service.web.search_index import WHOLE, Line, lines_of, standing, words_of

MOST_REASONS: Final = 4
"""How many reasons a found policy gives."""
LONGEST, MOST_WORDS = 200, 10
"""How many characters and words of a search are looked at."""
SHORTEST_GUESS: Final = 4
"""Letters of the shortest word for which another is guessed."""
CLOSE: Final = 0.78
"""How alike a mistyped word and its guess must be.

It is a ratio of ``difflib``.
"""
BY_CODE, BY_CODE_READ, BY_MEDICINE = 20, 6, 5
"""The weights of hits by a code or a medicine.

They are of a hit by a code that the policy governs, by a code that it reads, and by the ingredients of a medicine.
"""


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A policy that was found.

    - ``publisher``: who publishes it.
    - ``means``: what it means for what was looked for.
    - ``why``: the places that hold the words.
    - ``whole``: whether it holds the words as they were typed, and not only inside others.
    - ``order``: the code that an order by these words would have.
    """

    policy: Policy
    publisher: str
    means: str
    why: tuple[str, ...]
    whole: bool = True
    order: str = ""


@dataclass(frozen=True, slots=True)
class LibrarySearch:
    """What a search came to.

    ``meant`` is what was probably meant where the words as typed are found nowhere; ``found`` is then what that finds.
    ``code`` tells that a code was looked for.
    """

    words: str
    found: tuple[SearchHit, ...]
    meant: str = ""
    code: bool = False


@dataclass(frozen=True, slots=True)
class _Indexed:
    policy: Policy
    publisher: str
    read: dict[str, list[str]]
    lines: tuple[Line, ...]
    known: frozenset[str]
    """Every word of the lines."""


class PolicySearch:
    """The search in the version of each policy in force."""

    def __init__(self, content: Content, lists: CodeLists) -> None:
        self._content, self._lists = content, lists
        self._index = lru_cache(maxsize=2)(self._indexed)

    def find(self, words: str, today: date) -> LibrarySearch:
        """Return the policies that hold every word, best first.

        Where none does, they are those that hold what was probably meant.
        """
        words = " ".join(words.split())[:LONGEST]
        held = self._held(today)
        wanted = words_of(words)[:MOST_WORDS]
        by_code = bool(codings_of(words))
        found = self._ranked(words, wanted, held)
        if found or not wanted:
            return LibrarySearch(words, found, code=by_code)
        meant = self._meant(words, wanted, held)
        return LibrarySearch(words, self._ranked(meant, words_of(meant), held) if meant else (), meant, by_code)

    def _held(self, today: date) -> tuple[_Indexed, ...]:
        return self._index(tuple((one.id, one.version) for one in in_force(self._content, today).values()))

    def _indexed(self, versions: tuple[tuple[str, date], ...]) -> tuple[_Indexed, ...]:
        found = []
        for policy in self._content.policies:
            if (policy.id, policy.version) in versions:
                read = sets_read(policy, self._content)
                lines = tuple(lines_of(policy, self._content, self._lists, read))
                known = frozenset(word for one in lines for word in one.words)
                found.append(_Indexed(policy, publisher(policy, self._content), read, lines, known))
        return tuple(found)

    def _ranked(self, words: str, wanted: list[str], held: Iterable[_Indexed]) -> tuple[SearchHit, ...]:
        ranked = []
        for one in held:
            coded = list(self._by_code(words, one))
            hits = [*coded, *_by_words(wanted, one, whole_only=bool(coded))]
            hits = hits or list(self._by_medicine(words, one))
            if hits:
                hits.sort(key=lambda hit: (-hit.level, -hit.weight))
                ranked.append((hits[0], self._found(one, hits)))
        ranked.sort(key=lambda pair: (-pair[0].level, -pair[0].weight, pair[1].policy.id))
        return tuple(found for _, found in ranked)

    def _found(self, one: _Indexed, hits: list[_Hit]) -> SearchHit:
        first = hits[0]
        means = first.shown if first.weight in (BY_CODE, BY_CODE_READ) else ""
        if not means and first.order:
            means = next((said.said for said in self._meanings(first.order, one) if said.governs), "")
        told = first.order if means else ""
        why = [hit.shown for hit in hits if hit.shown != means and hit.level == first.level and not (told and hit.order == told)]
        always = means or one.policy.necessary_when.says
        return SearchHit(
            one.policy, one.publisher, always, tuple(dict.fromkeys(why))[:MOST_REASONS], first.level == WHOLE, first.order
        )

    def _meanings(self, code: str, one: _Indexed) -> Iterator[Meaning]:
        return meanings(codings_of(code), one.policy, self._content, self._lists, one.read)

    def _by_code(self, words: str, one: _Indexed) -> Iterator[_Hit]:
        for said in self._meanings(words, one):
            weight = BY_CODE if said.governs else BY_CODE_READ
            yield _Hit(WHOLE, weight, said.said, said.written if said.governs else "")

    def _by_medicine(self, words: str, one: _Indexed) -> Iterator[_Hit]:
        """Yield hits by the ingredients of a medicine.

        The words name the medicine, by whatever brand.
        """
        concerned = self._content.terminology.concerned_with(self._content.terminology.medicines.named(words))
        if concerned.intersection(one.policy.order_sets):
            yield _Hit(WHOLE, BY_MEDICINE, f"“{words}” is a medicine that the policy governs")
        for id_ in concerned.intersection(one.read):
            title = self._content.terminology.sets[id_].title
            yield _Hit(WHOLE, BY_MEDICINE - 1, f"“{words}” ({title}): read as evidence of {one.read[id_][0]}")

    def _meant(self, words: str, wanted: list[str], held: Iterable[_Indexed]) -> str:
        """Guess which words were meant.

        Words that stand in no line are replaced by the closest that does. Returns an empty text where nothing is close.
        """
        known = frozenset().union(*(one.known for one in held))
        shown = {word.casefold(): word for one in held for each in one.lines for word in words_shown(each.shown)}
        meant, changed = [], False
        for word in wanted:
            if word in known:
                meant.append(shown.get(word, word))
                continue
            candidates = [one for one in known if one.isalpha() and abs(len(one) - len(word)) < 3]
            close = get_close_matches(word, candidates, 1, CLOSE) if len(word) >= SHORTEST_GUESS and word.isalpha() else []
            if not close:
                return ""
            meant.append(shown.get(close[0], close[0]))
            changed = True
        return " ".join(meant) if changed else ""


@dataclass(frozen=True, slots=True)
class _Hit:
    level: int
    weight: int
    shown: str
    order: str = ""


def words_shown(text: str) -> list[str]:
    """Return the words of a text as they are written."""
    return [word.strip("“”(),.:;") for word in text.split()]


def _by_words(wanted: list[str], indexed: _Indexed, whole_only: bool) -> Iterator[_Hit]:
    """Yield hits for the lines that hold every word.

    Where no line does, but all lines together do, these are the lines that hold one of the words; not so with
    ``whole_only``, where the words were found to name a code: others of its system are not meant.
    """
    if not wanted:
        return
    levels_of = [standing(word, indexed.known) for word in wanted]
    if not all(levels_of):
        return
    holds = [(one, [one.level(levels) for levels in levels_of]) for one in indexed.lines]
    whole = [(one, levels) for one, levels in holds if all(levels)]
    if whole:
        yield from (_Hit(min(levels), one.weight, one.shown, one.order) for one, levels in whole)
        return
    if whole_only:
        return
    best = [max(levels[at] for _, levels in holds) for at in range(len(wanted))]
    if all(best):
        level = min(best)
        yield from (_Hit(level, one.weight, one.shown) for one, levels in holds if max(levels) >= level)
