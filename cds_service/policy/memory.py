"""A bounded memory of what is worked out again and again.

It is read without waiting, and filled by one thread at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Final, Generic, TypeVar

Key = TypeVar("Key")
Held = TypeVar("Held")
_FILLING: Final = Lock()
"""The lock held while something is made and kept.

That is rare, so one lock serves all memories: a memory itself holds none, and can be copied with what has it.
"""


class Memory(Generic[Key, Held]):
    """What was made for the latest ``most`` keys.

    What is made must be the same for the same key, whoever asks.
    """

    __slots__ = ("_held", "_most")

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: dict[Key, Held] = {}

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: Key) -> Held | None:
        """Return what is remembered for a key, None where nothing is."""
        return self._held.get(key)

    def keep(self, key: Key, make: Callable[[], Held]) -> Held:
        """Return what is remembered for a key; make it where nothing is.

        The oldest is forgotten where there is no more room.
        """
        with _FILLING:
            held = self._held.get(key)
            if held is None:
                held = make()
                if len(self._held) >= self._most:
                    del self._held[next(iter(self._held))]
                self._held[key] = held
            return held
