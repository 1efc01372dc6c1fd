"""What a run tells while it goes on; others show it."""

from __future__ import annotations

from typing import Protocol


class Watch(Protocol):
    """The protocol of what is told of the steps of a run."""

    def begin(self, step: str, pieces: int, done: int) -> None:
        """Hear that a step of so many pieces begins.

        ``done`` of them were done before.
        """

    def advance(self, counted: dict[str, int]) -> None:
        """Hear that one more piece is done, with what it counted."""


class Unwatched:
    """A watch that shows nothing."""

    def begin(self, step: str, pieces: int, done: int) -> None:
        """Show nothing."""

    def advance(self, counted: dict[str, int]) -> None:
        """Show nothing."""
