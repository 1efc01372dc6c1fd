"""What makes an order say one thing, as the catalogue writes it."""

from __future__ import annotations

from cds_service.policy.grammar import Entry


class SayingEntry(Entry):
    """What makes an order say one thing: a coding in ``codes`` (not beside one in ``not_with``), or these ``words``.

    A word that is negated in its clause does not count; one in a text that negates something else leaves it open, as ``hints``
    do: that ends the silence and decides nothing. Where one of ``unless`` is said too, neither words nor hints count.
    ``passing_over`` are phrases in which a word means something else ("failed trial of"): they are not read.
    """

    codes: list[str] = []
    not_with: str = ""
    words: list[str] = []
    hints: list[str] = []
    unless: list[str] = []
    passing_over: list[str] = []

    def value_sets(self) -> tuple[str, ...]:
        """The ids of the value sets it names."""
        return (*self.codes, *([self.not_with] if self.not_with else []))
