"""What a fact is, as data: its meaning, type, unit, range, question, and the kinds of evidence that document it.

The classes are the grammar of ``facts/*.yaml`` and print its JSON Schema. A fact comes either ``from`` evidence in the chart
or is ``derived`` from other facts by a rule written in Python.
"""

from __future__ import annotations

from math import isinf
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from cds_service.facts.kinds.allergy import AllergyEvidence
from cds_service.facts.kinds.answer import AnswerEvidence
from cds_service.facts.kinds.condition import ConditionEvidence
from cds_service.facts.kinds.daily_dose import DailyDoseEvidence
from cds_service.facts.kinds.device import DeviceEvidence
from cds_service.facts.kinds.encounter import EncounterEvidence
from cds_service.facts.kinds.evidence_kind import ALWAYS, EvidenceKind, Wanted, shelf_life_of
from cds_service.facts.kinds.family_history import FamilyHistoryEvidence
from cds_service.facts.kinds.medication import MedicationEvidence
from cds_service.facts.kinds.observation import ObservationEvidence
from cds_service.facts.kinds.order import OrderCodeEvidence, OrderPriorityEvidence, OrderRenewalEvidence, OrderWordsEvidence
from cds_service.facts.kinds.order_reason import OrderReasonEvidence
from cds_service.facts.kinds.patient import PatientEvidence
from cds_service.facts.kinds.performed import PerformedEvidence
from cds_service.facts.kinds.risk import RiskEvidence
from cds_service.facts.kinds.service import NotDoneEvidence, ResultEvidence, ServiceEvidence
from cds_service.facts.kinds.value_set_held import ValueSetHeldEvidence
from cds_service.facts.shelf_life import Past, ShelfLife
from cds_service.fhir.vocabulary import Said, phrase_words
from cds_service.policy.grammar import Entry, FactName, Words
from cds_service.policy.model import Fact
from cds_service.policy.values import Interval, LookBack, Value, show

KINDS: dict[str, type[EvidenceKind]] = {
    "patient": PatientEvidence,
    "observation": ObservationEvidence,
    "condition": ConditionEvidence,
    "service": ServiceEvidence,
    "result": ResultEvidence,
    "not_done": NotDoneEvidence,
    "family_history": FamilyHistoryEvidence,
    "medication": MedicationEvidence,
    "allergy": AllergyEvidence,
    "encounter": EncounterEvidence,
    "risk": RiskEvidence,
    "daily_dose": DailyDoseEvidence,
    "device": DeviceEvidence,
    "performed": PerformedEvidence,
    "order_priority": OrderPriorityEvidence,
    "order_code": OrderCodeEvidence,
    "order_words": OrderWordsEvidence,
    "order_reason": OrderReasonEvidence,
    "answer": AnswerEvidence,
    "order_renewal": OrderRenewalEvidence,
    "value_set_held": ValueSetHeldEvidence,
}
"""The closed list of evidence kinds. An answer counts for every fact; ``answer`` says that nothing else does."""


class RangeEntry(Entry):
    """The values that are plausible at all; what lies outside is read as a mistake in the chart."""

    from_: Annotated[float, Field(alias="from")]
    to: float


class DerivedEntry(Entry):
    """A fact computed from others: the rule's name, what it takes, and the input that a vignette's value stands for.

    ``table`` names a file of ``facts/tables/`` that the rule looks things up in.
    """

    rule: Words
    takes: dict[str, FactName]
    table: str = ""
    imagined_by: FactName | None = None


class SourceEntry(Entry):
    """One way to document a fact: exactly one kind of evidence, by its name."""

    patient: PatientEvidence | None = None
    observation: ObservationEvidence | None = None
    condition: ConditionEvidence | None = None
    service: ServiceEvidence | None = None
    result: ResultEvidence | None = None
    not_done: NotDoneEvidence | None = None
    family_history: FamilyHistoryEvidence | None = None
    medication: MedicationEvidence | None = None
    allergy: AllergyEvidence | None = None
    encounter: EncounterEvidence | None = None
    risk: RiskEvidence | None = None
    daily_dose: DailyDoseEvidence | None = None
    device: DeviceEvidence | None = None
    performed: PerformedEvidence | None = None
    order_priority: OrderPriorityEvidence | None = None
    order_code: OrderCodeEvidence | None = None
    order_words: OrderWordsEvidence | None = None
    order_reason: OrderReasonEvidence | None = None
    answer: AnswerEvidence | None = None
    order_renewal: OrderRenewalEvidence | None = None
    value_set_held: ValueSetHeldEvidence | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> SourceEntry:
        if len(self.model_fields_set) != 1:
            raise ValueError(f"each entry under 'from' names exactly one kind of evidence: {', '.join(KINDS)}")
        return self

    @property
    def name(self) -> str:
        """The name of the kind."""
        return next(iter(self.model_fields_set))

    @property
    def kind(self) -> EvidenceKind:
        """The evidence kind with what the file says of it."""
        found: EvidenceKind = getattr(self, self.name)
        return found


SPOKEN_IN = frozenset(
    {"Condition", "Encounter", "Procedure", "ServiceRequest", "DiagnosticReport", "AllergyIntolerance", "Device", "Observation",
     "FamilyMemberHistory"}
)  # fmt: skip
"""Resource types whose words are read. Medicines are named by their ingredients and brands instead."""


_MEASURED = frozenset({"Observation"})


def _searchable(phrase: str) -> str:
    phrase_words(phrase)
    return phrase


Phrase = Annotated[Words, AfterValidator(_searchable)]
"""A phrase that records can be searched for."""


class WordsEntry(Entry):
    """The words that speak of a fact in records whose codes no value set of the fact holds. They end the silence, no more.

    ``say`` are phrases, ``infect*`` any word that begins so; ``not_in`` phrases in which they mean something else; ``read_by``
    more value sets whose codes say what a record means. ``history`` says that what is past counts too, ``past_for`` for how long
    after it ended. ``speaks_for`` and ``older`` are as of evidence. Where ``in`` names no resource types, the words are read in
    those of the fact's own evidence.
    """

    say: Annotated[list[Phrase], Field(min_length=1)]
    not_in: list[Phrase] = []
    read_by: list[Words] = []
    history: bool = False
    past_for: str = ""
    speaks_for: str = ALWAYS
    older: str = "says nothing"
    in_: Annotated[list[Words], Field(alias="in")] = []

    @model_validator(mode="after")
    def _read_somewhere(self) -> WordsEntry:
        if unread := sorted(set(self.in_) - SPOKEN_IN):
            raise ValueError(f"words of {unread[0]} are not read; 'in' names some of {', '.join(sorted(SPOKEN_IN))}")
        shelf_life_of(self.speaks_for, self.older)
        if self.past_for and not self.history:
            raise ValueError("past_for says how long what is past counts; it goes with 'history: true'")
        if self.past_for:
            LookBack.parse(self.past_for)
        return self

    def past(self) -> LookBack | None:
        """How long what is past counts after it ended; None for as long as one likes."""
        return LookBack.parse(self.past_for) if self.past_for else None


class NamesEntry(Entry):
    """What hospitals call a measurement. An Observation with a value, whose code is of no known system and whose name says one of
    the phrases ``say``, leaves the fact open. ``not_in`` are phrases in which they mean another measurement.
    """

    say: Annotated[list[Phrase], Field(min_length=1)]
    not_in: list[Phrase] = []


class FactEntry(Entry):
    """One fact of the catalogue. Of one that nothing in a chart documents, the evidence is ``answer``."""

    means: Words
    type: Literal["boolean", "quantity", "date", "code", "choice"]
    unit: str = ""
    shown_as: Literal["", "weeks and days"] = ""
    range: RangeEntry | None = None
    choices: list[str] = []
    from_: Annotated[list[SourceEntry], Field(alias="from")] = []
    derived: DerivedEntry | None = None
    words: WordsEntry | None = None
    named: NamesEntry | None = None
    ask: Annotated[str, StringConstraints(strip_whitespace=True)] = ""

    @model_validator(mode="after")
    def _whole(self) -> FactEntry:
        if bool(self.from_) == bool(self.derived):
            raise ValueError("a fact comes either 'from' evidence or is 'derived' from other facts, and from one of the two only")
        if self.words and not self.from_:
            raise ValueError("words are read for a fact that comes 'from' evidence; give them to the facts it is derived from")
        if self.named and not any(source.name in ("observation", "result") for source in self.from_):
            raise ValueError("what a measurement is called is read for a fact that comes from an 'observation' or a 'result'")
        if not self.ask and any(source.name == "answer" for source in self.from_):
            raise ValueError("a fact that is documented by its answer has the question for it ('ask')")
        if (self.type == "quantity") != bool(self.unit):
            raise ValueError("a quantity has a unit ('1' for a bare number), and no other type has one")
        if (self.type == "choice") != bool(self.choices):
            raise ValueError("a choice lists its choices, and no other type has any")
        return self


class Definition:
    """A fact of the catalogue by its name: the entry of its file, with where it stands.

    ``silent`` is the fact of a searched chart that says nothing of it. ``speaks_by`` are the value sets by whose codes alone it
    is documented, None where more than codes can document it. ``sources`` are the evidence kinds that document
    it, in the file's order, and ``speakers`` the same, each with its own ``speaks_by``; ``searched`` the resource types they need.
    ``unplaced`` are the types and value sets by which a code of an unknown system could speak of it, ``said`` its
    words and ``spoken_value`` what they say; ``called`` are the names of what is measured.
    """

    def __init__(self, name: str, entry: FactEntry, file: str, line: int) -> None:
        self.name, self.entry, self.file, self.line = name, entry, file, line
        bounds = (entry.range.from_, entry.range.to) if entry.range else (float("-inf"), float("inf"))
        self.wanted = Wanted(name, entry.type, entry.unit, bounds[0], bounds[1], tuple(entry.choices))
        self.sources: tuple[EvidenceKind, ...] = tuple(source.kind for source in entry.from_)
        self.derived = entry.derived
        self.silent = Fact(name)
        spoken = [source.speaks_by() for source in self.sources]
        self.speakers = tuple(zip(self.sources, spoken, strict=True))
        named = [sets for sets in spoken if sets is not None]
        self.speaks_by = frozenset().union(*named) if spoken and len(named) == len(spoken) else None
        self.unplaced = tuple(
            dict.fromkeys(
                (need.resource, id_)
                for source, sets in self.speakers
                for need in source.needs()
                for id_ in sets or ()
                if id_ in source.value_sets()
            )
        )
        self.said = self._said(entry.words) if entry.words else None
        sets_read = frozenset(id_ for source in self.sources for id_ in source.value_sets())
        called = entry.named
        self.called = Said(tuple(called.say), tuple(called.not_in), sets_read, _MEASURED, False) if called else None
        affirmed = entry.type == "boolean" and not any(getattr(source, "gives", None) is False for source in self.sources)
        self.spoken_value = True if affirmed else None
        spans = [source.asked_back for source in self.sources if isinstance(source, ConditionEvidence) and source.history]
        self.past = Past(bool(spans), spans)
        words = entry.words
        self.said_past = Past(words.history, [words.past()]) if words else Past(False, [])
        self.said_for = shelf_life_of(entry.words.speaks_for, entry.words.older) if entry.words else None
        self.searched = tuple(dict.fromkeys(need.resource for source in self.sources for need in source.needs() if not need.beside))

    def _said(self, words: WordsEntry) -> Said:
        sets = frozenset(id_ for source in self.sources for id_ in source.value_sets()) | frozenset(words.read_by)
        kinds = frozenset(words.in_) or SPOKEN_IN.intersection(need.resource for source in self.sources for need in source.needs())
        remission = any(isinstance(source, ConditionEvidence) and source.remission for source in self.sources)
        return Said(tuple(words.say), tuple(words.not_in), sets, kinds, words.history, remission)

    def shelf_life(self, via: str = "") -> ShelfLife | None:
        """How long recorded evidence speaks: that of the kind named ``via``, else of the first kind."""
        named = [source.kind for source in self.entry.from_ if source.name == via or not via]
        return named[0].shelf_life if named else None

    def show(self, value: Value) -> str:
        """A value of this fact as people read it, with its unit."""
        if self.entry.shown_as == "weeks and days" and isinstance(value, Interval):
            return _weeks(value)
        return show(value, self.entry.unit)


def _weeks(days: Interval) -> str:
    """An age of a pregnancy, ``10 w 2 d``; one with an open end as ``9 w 0 d or more``."""
    low, high = ("" if isinf(bound) else f"{int(bound // 7)} w {int(bound % 7)} d" for bound in (days.low, days.high))
    if not low or not high:
        return f"{low} or more" if low else f"{high} or less" if high else "any age"
    return low if low == high else f"{low} to {high}"
