"""The words that speak of a fact, as data.

They are read in records whose codes no value set of the fact holds, and as names of measurements.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from cds_service.facts.kinds.evidence_kind import ALWAYS, LEAST, shelf_life_of
from cds_service.fhir.elements import concept_words
from cds_service.fhir.vocabulary import CONCLUSION, LONGEST, ORDER, phrase_words
from cds_service.fhir.words_of_records import value_words
from cds_service.policy.entry import Entry, Words
from cds_service.policy.values import LookBack

SPOKEN_IN = frozenset(
    {"Condition", "Encounter", "Procedure", "ServiceRequest", "DiagnosticReport", "AllergyIntolerance", "Device", "Observation",
     "FamilyMemberHistory", "DeviceRequest"}
)  # fmt: skip
"""Resource types whose words are read.

Medicines are named by their ingredients and brands instead.
"""
REASONS_SPOKEN_IN = frozenset({"MedicationRequest", "MedicationStatement", "MedicationAdministration"})
"""Resource types of which only the reason is read in words.

It is read only where ``in`` names them.
"""


def _searchable(phrase: str) -> str:
    phrase_words(phrase)
    return phrase


Phrase = Annotated[Words, AfterValidator(_searchable)]
"""A phrase that records can be searched for."""


class WordsEntry(Entry):
    """The words that speak of a fact.

    They end the silence, no more. They are read in records whose codes no value set of the fact holds.

    - ``say``: phrases; ``infect*`` stands for any word that begins so. ``not_in``: phrases in which they mean something else.
    - ``alone``: phrases that count where a text says nothing besides but when it was so.
    - ``read_by``: more value sets whose codes say what a record means.
    - ``history``: what is past counts too; ``past_for``: for how long after it ended.
    - ``status_post``: what the patient has just been through counts.
    - ``closed``: a diagnosis that is over counts, for as long as the fact's own diagnoses ask about it.
    - ``speaks_for`` and ``older``: as of evidence.
    - ``in``: the resource types in which the words are read; where it is left out, those of the fact's own evidence. Of a
      medicine only the reason for it is read, where its resource type is named here. ``order`` stands for the order
      itself: its code's text and its ``orderDetail``; ``conclusion`` for what reports conclude, in codes' names or in words.
    """

    say: list[Phrase] = []
    alone: list[Phrase] = []
    status_post: bool = False
    not_in: list[Phrase] = []
    read_by: list[Words] = []
    history: bool = False
    closed: bool = False
    past_for: str = ""
    speaks_for: str = ALWAYS
    older: str = "says nothing"
    in_: Annotated[list[Words], Field(alias="in")] = []

    @model_validator(mode="after")
    def _read_somewhere(self) -> WordsEntry:
        if not self.say and not self.alone:
            raise ValueError("words have phrases: 'say', or 'alone'")
        read = SPOKEN_IN | REASONS_SPOKEN_IN | {ORDER, CONCLUSION}
        if unread := sorted(set(self.in_) - read):
            raise ValueError(f"words of {unread[0]} are not read; 'in' names some of {', '.join(sorted(read))}")
        shelf_life_of(self.speaks_for, self.older)
        if self.older == LEAST:
            raise ValueError(f"older: '{LEAST}' is for numbers, and words have none")
        if self.past_for and not self.history:
            raise ValueError("past_for says how long what is past counts; it goes with 'history: true'")
        if self.past_for:
            LookBack.parse(self.past_for)
        return self

    def past(self) -> LookBack | None:
        """Return how long what is past counts after it ended.

        None stands for no limit.
        """
        return LookBack.parse(self.past_for) if self.past_for else None


class NamesEntry(Entry):
    """What hospitals call a measurement.

    An Observation with a value, whose code is of no known system and whose name says one of the phrases ``say``, leaves
    the fact open. ``not_in`` are phrases in which they mean another measurement. ``yes`` and ``no`` are values in
    words: where one of them stands, the fact is open only to that.
    """

    say: Annotated[list[Phrase], Field(min_length=1)]
    not_in: list[Phrase] = []
    yes: list[Words] = []
    no: list[Words] = []

    def meaning(self, holder: Mapping[str, Any]) -> bool | None:
        """Return what a value in words means, as yes or no.

        The value must be nothing but words of ``yes`` or of ``no``; None for any other.
        """
        for concept in value_words("Observation", holder):
            for words in concept_words(concept):
                said = " ".join(words[:LONGEST].lower().split())
                if said in self.yes or said in self.no:
                    return said in self.yes
        return None
