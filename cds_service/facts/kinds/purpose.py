"""What a medicine must be given for, as the catalogue writes it."""

from __future__ import annotations

from functools import cached_property

from cds_service.facts.found.purposes import SoughtPurpose
from cds_service.facts.kinds.settled import SettledEntry
from cds_service.fhir.vocabulary import SpokenWords, Vocabulary


class PurposeEntry(SettledEntry):
    """What a medicine or service must be given for.

    A record whose reasons are all in ``others``, value sets of diseases that the same medicines treat, does not count.
    One with another reason decides nothing, unless a reason is in one of the value sets of ``diseases``, or its words
    speak of such a disease (``words``). Where no reason is stated, medicines in ``also`` decide nothing as long as the
    chart holds one of ``others``, in code or in words (``other_words``), except by a route in ``routes``.
    """

    diseases: list[str]
    words: list[str]
    not_in: list[str] = []
    others: list[str]
    other_words: list[str] = []
    also: str = ""
    routes: str = ""

    @cached_property
    def sought(self) -> SoughtPurpose:
        """What the finder is given."""
        spoken = SpokenWords(tuple(self.words), tuple(self.not_in), frozenset(), frozenset(), False)
        vocabulary = Vocabulary({"purpose": spoken})
        other = SpokenWords(tuple(self.other_words), (), frozenset(), frozenset(), False)
        others = Vocabulary({"other": other})
        return SoughtPurpose(frozenset(self.diseases), vocabulary, frozenset(self.others), others, self.also, self.routes)

    def value_sets(self) -> tuple[str, ...]:
        """Return the ids of the value sets it names."""
        return tuple(id_ for id_ in (*self.diseases, *self.others, self.also, self.routes) if id_)
