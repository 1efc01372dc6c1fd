"""Which ingredients the words of a record name.

They name them by an ingredient, a brand or another name. What medication lists hold and is no medicine (supplies,
devices) has names too: a text that names it is understood.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from sys import intern
from typing import Final, NamedTuple

LONGEST_WORDS: Final = 300
"""How much of a medicine's text is read, in characters.

The rest is dosage, or not meant to be read.
"""
MOST_WORDS: Final = 8_192
"""How many texts the names remember the meaning of.

With one more, all are forgotten.
"""
_OF_DRUGS: Final = frozenset({"mg", "mcg", "ug", "unit", "units", "iu", "meq", "mmol", "prefilled"})
"""Words that stand beside a drug.

With one of them, a syringe or a pouch is only what an unknown drug comes in.
"""
_TOKEN: Final = re.compile(r"[a-z0-9]+")


class Named(NamedTuple):
    """What a text names.

    ``ingredients`` are those named. ``read`` tells that the text is understood: it names a medicine, or something that
    is none.
    """

    ingredients: tuple[str, ...]
    read: bool


NOTHING: Final = Named((), False)


class MedicineNames:
    """The names of medicines, indexed by their first word."""

    def __init__(
        self,
        names: Iterable[tuple[str, tuple[str, ...] | None]],
        fluids: Collection[str],
        vehicles: Iterable[str],
        plain: Iterable[str],
    ) -> None:
        """Index names, each with its ingredients.

        None stands for the ingredients of what is no medicine. ``fluids`` are the names of fluids that others are given
        in, ``vehicles`` the ingredients of those, and ``plain`` the words that name nothing.
        """
        self._plain = frozenset([intern(word) for word in plain])
        self._vehicles = frozenset(vehicles)
        self._names: dict[str, tuple[tuple[tuple[str, ...], tuple[str, ...] | None], ...]] = {}
        self._index(names, fluids)
        self._remembered: dict[str, Named] = {}

    def in_words(self, words: str) -> Named:
        """Read what a text names.

        A fluid that others are given in (sodium chloride) counts as read only where nothing unknown stands with it.
        """
        folded = words[:LONGEST_WORDS].casefold()
        found = self._remembered.get(folded)
        if found is None:
            if len(self._remembered) >= MOST_WORDS:
                self._remembered.clear()
            found = self._remembered[folded] = self._in_words(_TOKEN.findall(folded))
        return found

    def _index(self, names: Iterable[tuple[str, tuple[str, ...] | None]], fluids: Collection[str]) -> None:
        """Index names by their first word, the longest first.

        Names made of plain words alone, or of at most two letters, are left out unless they name a fluid (``fluids``).
        """
        found: dict[str, dict[tuple[str, ...], tuple[str, ...] | None]] = {}
        for name, ingredients in names:
            words = tuple(intern(word) for word in _TOKEN.findall(name.casefold()))
            if name in fluids or (len("".join(words)) > 2 and not all(word in self._plain or word.isdigit() for word in words)):
                found.setdefault(words[0], {})[words] = ingredients
        self._names = {
            first: tuple(sorted(held.items(), key=lambda pair: len(pair[0]), reverse=True)) for first, held in found.items()
        }

    def _in_words(self, words: list[str]) -> Named:
        found: dict[str, None] = {}
        named = vehicles = supplies = unknown = False
        at = 0
        while at < len(words):
            ingredients, length = self._name_at(words, at)
            if length == 0:
                unknown = unknown or not (words[at] in self._plain or words[at][0].isdigit())
            elif ingredients is None:
                supplies = True
            else:
                found.update(dict.fromkeys(ingredients))
                if self._is_vehicle(ingredients):
                    vehicles = True
                else:
                    named = True
            at += length or 1
        read = named or (vehicles and not unknown) or (supplies and _OF_DRUGS.isdisjoint(words))
        return Named(tuple(found), read) if found or read else NOTHING

    def _is_vehicle(self, ingredients: tuple[str, ...]) -> bool:
        """Tell whether ingredients only dissolve or dilute others."""
        return bool(ingredients) and self._vehicles.issuperset(ingredients)

    def _name_at(self, words: list[str], at: int) -> tuple[tuple[str, ...] | None, int]:
        """Return the longest name that begins at a word.

        Gives the ingredients that the name stands for and its number of words; 0 words where none begins.
        """
        for name, ingredients in self._names.get(words[at], ()):
            length = len(name)
            if length == 1 or tuple(words[at : at + length]) == name:
                return ingredients, length
        return None, 0
