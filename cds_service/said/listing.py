"""Lists that share one room.

As much of each is shown as fits, and what does not fit is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

BETWEEN = 2
"""Characters between two blocks of Markdown: a blank line."""


@dataclass(slots=True)
class Listing:
    """A heading with an introduction and items.

    The items are a list or, with ``inline``, one paragraph that begins with the introduction.

    ``counted`` says how many are left out, ``none_left`` what to say where none is, and ``after`` stands below. The
    first ``least`` items always stand, and at most ``most``. ``beyond`` is the number of items that are only counted.
    """

    heading: str = ""
    intro: str = ""
    items: Sequence[str] = ()
    counted: Callable[[int], str] = str
    after: Sequence[str] = ()
    inline: bool = False
    least: int = 1
    most: int = 5
    none_left: str = ""
    beyond: int = 0
    shown: int = 0

    def begin(self) -> int:
        """Show the least, and return the characters that this takes.

        They include those of the count of all other items.
        """
        self.shown = min(self.least, len(self.items))
        taken = 0
        for block in self.blocks():
            taken += len(block) + BETWEEN
        return taken

    def take(self, room: int, most: int) -> int:
        """Show further items as far as there is room for them.

        ``most`` is how many are shown in all. Returns the room that is left.
        """
        for item in self.items[self.shown : min(most, self.most)]:
            begins = len(self.intro) if self.inline and not self.shown else 0
            cost = len(item) + begins + (1 if self.inline else 3)
            if cost > room:
                break
            self.shown += 1
            room -= cost
        return room

    def blocks(self) -> list[str]:
        """Return the listing in blocks of Markdown.

        There are none where it has nothing to say.
        """
        left = len(self.items) - self.shown + self.beyond
        count = self.counted(left) if left else self.none_left
        shown = self.items[: self.shown]
        if self.inline:
            said = " ".join([*([self.intro] if shown else []), *shown, *([count] if count else [])])
            return [said] if said else []
        listed = "\n".join([f"- {item}" for item in shown])
        body = [block for block in (self.intro, listed, count, *self.after) if block]
        return [*([f"#### {self.heading}"] if self.heading and body else []), *body]


def fitted(blocks: Iterable[str | Listing], order: Sequence[tuple[Listing, int]], longest: int) -> str:
    """Join the blocks to Markdown of at most ``longest`` characters.

    The listings grow in ``order``, each to so many items, while there is room.
    """
    held = list(blocks)
    room = longest - sum([block.begin() if isinstance(block, Listing) else len(block) + BETWEEN for block in held])
    for block in reversed(held) if room < 0 else ():
        if isinstance(block, Listing) and room < 0 and block.shown == 1:
            before, block.least = block.begin(), 0
            room += before - block.begin()
    for listing, most in order:
        room = listing.take(room, most)
    return "\n\n".join([said for block in held for said in (block.blocks() if isinstance(block, Listing) else [block])])
