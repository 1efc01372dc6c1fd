"""What a medicine must be given for, as the catalogue writes it."""

from __future__ import annotations

from functools import cached_property

from cds_service.facts.found.purposes import SoughtPurpose
from cds_service.facts.found.second_uses import SecondUse
from cds_service.facts.kinds.settled import SettledEntry
from cds_service.fhir.vocabulary import SpokenWords, Vocabulary


class SecondUseEntry(SettledEntry):
    """What else medicines are given for.

    Where no reason is stated, ``medicines``, a value set, decide nothing as long as the chart holds one of the value
    sets ``diseases``, or ``words`` that speak of them. By a route in ``routes``, or at a visit for what is sought, they
    do; and so they do in the same week as a medicine of ``tied_by`` that is given for nothing else in the chart.
    """

    medicines: str
    diseases: list[str]
    words: list[str] = []
    routes: str = ""
    tied_by: str = ""

    @cached_property
    def sought(self) -> SecondUse:
        """What the finder is given."""
        spoken = SpokenWords(tuple(self.words), (), frozenset(), frozenset(), False)
        vocabulary = Vocabulary({"other": spoken})
        return SecondUse(self.medicines, frozenset(self.diseases), vocabulary, self.routes, self.tied_by)

    def value_sets(self) -> tuple[str, ...]:
        """Return the ids of the value sets it names."""
        return tuple(id_ for id_ in (self.medicines, *self.diseases, self.routes, self.tied_by) if id_)


class PurposeEntry(SettledEntry):
    """What a medicine or service must be given for.

    A record whose reasons are all in ``others``, value sets of diseases that the same medicines treat, does not count.
    One with another reason decides nothing, unless a reason is in one of the value sets of ``diseases``, or its words
    speak of such a disease (``words``). Where no reason is stated, ``also`` says which medicines may be for which of the
    other diseases.
    """

    diseases: list[str]
    words: list[str]
    not_in: list[str] = []
    others: list[str]
    also: list[SecondUseEntry] = []

    @cached_property
    def sought(self) -> SoughtPurpose:
        """What the finder is given."""
        spoken = SpokenWords(tuple(self.words), tuple(self.not_in), frozenset(), frozenset(), False)
        vocabulary = Vocabulary({"purpose": spoken})
        uses = tuple([use.sought for use in self.also])
        return SoughtPurpose(frozenset(self.diseases), vocabulary, frozenset(self.others), uses)

    def value_sets(self) -> tuple[str, ...]:
        """Return the ids of the value sets it names."""
        return (*self.diseases, *self.others, *[id_ for use in self.also for id_ in use.value_sets()])
