"""What can be searched of a policy.

It is made of lines of words, each with its weight and how it is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from cds_service.content.content import Content
from cds_service.facts.kinds.order import OrderWordsEvidence
from cds_service.policy.model import Policy
from cds_service.web.code_lists import CodeLists, CodeRow
from cds_service.web.in_force import publisher

PART, BEGINS, WHOLE = 1, 2, 3
"""How a word is found in a line, from weak to strong.

It stands inside another word, at the beginning of one, or as it is.
"""
_WORD: Final = re.compile(r"\w+(?:[.\-]\w+)*")
_PIECE: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Line:
    """One searchable line.

    ``order`` is the code, written with its system, that an order by these words would have.
    """

    weight: int
    words: frozenset[str]
    shown: str
    order: str = ""

    def level(self, found: Mapping[str, int]) -> int:
        """Return how a word stands in the line.

        ``found`` says how it stands in each known word. Returns 0 where the line does not hold it.
        """
        return max((found[word] for word in self.words & found.keys()), default=0)


def standing(word: str, known: Iterable[str]) -> dict[str, int]:
    """Return the known words in which a word stands, and how.

    It is the whole word, its beginning, or inside it.
    """
    found: dict[str, int] = {}
    for one in known:
        if one == word:
            found[one] = WHOLE
        elif len(word) > 1 and one.startswith(word):
            found[one] = BEGINS
        elif len(word) > 2 and word in one:
            found[one] = PART
    return found


def words_of(text: str) -> list[str]:
    """Return the words of a search, without regard to case.

    What is joined by a dot or a hyphen is one word.
    """
    return _WORD.findall(text.casefold())


def line(weight: int, text: str, shown: str, order: str = "") -> Line:
    """Make a line of a text.

    It holds the text's words, and the pieces of those that are joined.
    """
    return Line(weight, frozenset([*words_of(text), *_PIECE.findall(text.casefold())]), shown, order)


def lines_of(policy: Policy, content: Content, lists: CodeLists, read: dict[str, list[str]]) -> list[Line]:
    """Return the lines by which a policy is found, weightiest first."""
    found = [
        line(9, f"{policy.title} {policy.id}", policy.title),
        *(line(9, name, f"Also called {name}") for name in policy.also_called),
        line(8, f"{policy.label} {' '.join(label for _, label in policy.labels)}", f"Orders: {policy.label}"),
        line(7, f"{publisher(policy, content)} {policy.payer}", f"Published by {publisher(policy, content)}"),
        *(line(4, f"{s.publisher} {s.title}", s.title) for s in policy.sources.values()),
    ]
    for held in filter(None, map(lists.of, policy.order_sets)):
        found += [line(8, f"{row.written} {row.said}", _governed(row), row.written) for row in held.rows]
        found.append(line(5, held.title, f"Governs: {held.title}"))
    found += list(_read(read, lists))
    found += list(_words_of_orders(policy, content))
    found += [line(2, f"{criterion.says} {criterion.id}", criterion.says) for criterion in policy.criteria()]
    return sorted(found, key=lambda one: -one.weight)


def _governed(row: CodeRow) -> str:
    return f"Governs {row.written}{f' · {row.said}' if row.said else ''}"


def _read(read: dict[str, list[str]], lists: CodeLists) -> Iterator[Line]:
    """Yield lines for the value sets that are read.

    Each set has a line for its title, and one for each label in it.
    """
    for id_, means in read.items():
        held = lists.of(id_)
        if held is None:
            continue
        evidence = f"read as evidence ({means[0]})"
        yield line(3, f"{held.title} {' '.join(means)}", f"{held.title}: {evidence}")
        labels: dict[str, CodeRow] = {}
        for row in held.rows:
            if row.label:
                labels.setdefault(row.label, row)
        for label, row in labels.items():
            yield line(3, label, f"{row.written}: read as evidence of {label} ({means[0]})")


def _words_of_orders(policy: Policy, content: Content) -> Iterator[Line]:
    """Yield lines for the words by which orders say what they are.

    These are brands of tests, and what the tests look at.
    """
    for name in content.catalogue.closure(policy.facts):
        for source in content.catalogue[name].sources:
            for said in _phrases(source):
                yield line(4, said, f"“{said}” is read in the words of an order")


def _phrases(source: object) -> Iterable[str]:
    if not isinstance(source, OrderWordsEvidence):
        return ()
    return [words for saying in source.says.values() for words in saying.words]
