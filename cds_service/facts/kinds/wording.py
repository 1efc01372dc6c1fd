"""What makes an order say one thing, as the catalogue writes it."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from cds_service.facts.found.wording import Saying
from cds_service.facts.kinds.settled import SettledEntry


class SayingEntry(SettledEntry):
    """What makes an order say one thing.

    It is a coding in ``codes`` (not beside one in ``not_with``), or these ``words``. A word that is negated in its
    clause does not count; one in a text that negates something else leaves it open, as ``hints`` do: that ends the
    silence and decides nothing. Where one of ``unless`` is said too, neither words nor hints count. ``passing_over``
    are phrases in which a word means something else ("failed trial of"): they are not read, except where one of
    ``words`` goes on from them. With ``told: asks`` a word
    by which the order tells of the past, of the family or of an indication ("prior child with") leaves it open too.
    """

    codes: list[str] = []
    not_with: str = ""
    words: list[str] = []
    hints: list[str] = []
    unless: list[str] = []
    passing_over: list[str] = []
    told: Literal["counts", "asks"] = "counts"

    @cached_property
    def sought(self) -> Saying:
        """What the finder is given."""
        return Saying(
            tuple(self.codes),
            self.not_with,
            tuple(self.words),
            tuple(self.hints),
            tuple(self.unless),
            tuple(self.passing_over),
            self.told == "asks",
        )

    def value_sets(self) -> tuple[str, ...]:
        """Return the ids of the value sets it names."""
        return (*self.codes, *([self.not_with] if self.not_with else []))
