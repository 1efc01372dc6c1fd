"""A fact of the catalogue, prepared for finding and judging.

All that these ask of its entry is worked out once, on load.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from math import isinf
from typing import Any, NamedTuple

from cds_service.facts.entry import FactEntry
from cds_service.facts.found.services import SERVICES
from cds_service.facts.kinds.condition import ConditionEvidence
from cds_service.facts.kinds.evidence_kind import EvidenceKind, shelf_life_of
from cds_service.facts.kinds.order import OrderCodeEvidence
from cds_service.facts.kinds.service import ResultEvidence, ServiceEvidence
from cds_service.facts.shelf_life import Past, ShelfLife
from cds_service.facts.spoken import SPOKEN_IN, WordsEntry
from cds_service.facts.wanted import Wanted
from cds_service.fhir.untold import MAY_BE_UNTOLD, untold
from cds_service.fhir.vocabulary import SpokenWords
from cds_service.policy.evidence import Fact
from cds_service.policy.values import Days, Interval, Value, show
from cds_service.sitting import DatedChart

_MEASURED = frozenset({"Observation"})


class Speaker(NamedTuple):
    """One kind of evidence of a fact.

    ``speaks_by`` are the value sets that index it: where a case mentions no code of them, there is nothing of it. None
    where it can be found without codes. ``at_orders`` tells whether it looks at orders.
    """

    source: EvidenceKind
    speaks_by: frozenset[str] | None
    at_orders: bool


class Definition:
    """A fact of the catalogue, with its entry and where that stands.

    - ``silent``: the fact of a searched chart that says nothing of it.
    - ``speaks_by``: the value sets that index it; None where more than codes can document it.
    - ``sources``: the kinds of evidence that document it, in the file's order.
    - ``speakers``: the same, each with its own ``speaks_by``.
    - ``searched``: the resource types that the sources need.
    - ``unplaced``: the types and value sets by which what is not read (a code of an unknown system, a record that does not say
      what it is) could document it, each with how long that speaks and whether it only hints.
    - ``said``: its words; ``said_for`` how long each of them speaks, ``spoken_value`` what they say.
    - ``called``: the names of what is measured.
    - ``question``: what a form asks.
    - ``means_plans``: whether what is planned for a day to come counts now.
    - ``of_earlier_orders``: whether, of the orders that are signed together, only those before this one count.
    - ``only_hinted``: whether all that documents it only hints at a yes.
    - ``grows``: whether it is a number that only grows.
    - ``of_plan``: whether no chart documents it, but how a plan has set this service up.
    """

    def __init__(self, name: str, entry: FactEntry, file: str, line: int) -> None:
        self.name, self.entry, self.file, self.line = name, entry, file, line
        bounds = (entry.range.from_, entry.range.to) if entry.range else (float("-inf"), float("inf"))
        self.question = entry.question or entry.means
        choices = tuple(entry.choices)
        self.wanted = Wanted(name, entry.type, entry.unit, bounds[0], bounds[1], choices, self.question, entry.of_order)
        self.sources: tuple[EvidenceKind, ...] = tuple(source.kind for source in entry.from_)
        self.derived = entry.derived
        self.only_asked = bool(self.sources) and all(source.declared.of == "question" for source in self.sources)
        self.of_plan = bool(self.sources) and all(source.declared.of == "plan" for source in self.sources)
        self.only_hinted = entry.type == "boolean" and all(getattr(source, "uncertain", False) for source in self.sources)
        self.grows = any(source.shelf_life is not None and source.shelf_life.grows for source in self.sources)
        self.is_order_code = [*map(type, self.sources)] == [OrderCodeEvidence]
        self.silent = Fact(name)
        spoken = [source.speaks_by() for source in self.sources]
        self.speakers = tuple(
            Speaker(source, sets, source.looks_at_orders()) for source, sets in zip(self.sources, spoken, strict=True)
        )
        named = [sets for sets in spoken if sets is not None]
        self.speaks_by = frozenset().union(*named) if spoken and len(named) == len(spoken) else None
        self.unplaced = self._where_unplaced()
        ordering = [source for source in self.sources if isinstance(source, ServiceEvidence)]
        self.means_plans = any(source.means_plans for source in ordering)
        self.of_earlier_orders = bool(ordering) and all(source.signed_with == "earlier" for source in ordering)
        sets_read = frozenset(id_ for source in self.sources for id_ in source.value_sets())
        called = entry.named
        absent = any(isinstance(source, ResultEvidence) for source in self.sources)
        self.called = (
            SpokenWords(tuple(called.say), tuple(called.not_in), sets_read, _MEASURED, False, absent=absent) if called else None
        )
        affirmed = entry.type == "boolean" and not any(getattr(source, "gives", None) is False for source in self.sources)
        self.spoken_value = True if affirmed else None
        conditions = [source for source in self.sources if isinstance(source, ConditionEvidence)]
        spans = [source.asked_back for source in conditions if source.history]
        self.past = Past(bool(spans), spans)
        self.in_remission = any(bool(source.remission) for source in conditions)
        self._states = _states(self.sources)
        kinds = [source for source in conditions if not source.uncertain]
        self._asked_of_what_is_over = any(source.history == "asks" for source in kinds)
        self._event = any(source.dated_by == "onset" for source in conditions)
        self.said = tuple([self._said(words, part) for part, words in enumerate(entry.worded)])
        self.said_past = tuple([Past(words.history, [words.past()]) for words in entry.worded])
        self.said_for = tuple([shelf_life_of(words.speaks_for, words.older) for words in entry.worded])
        self.searched = tuple(dict.fromkeys(need.resource for source in self.sources for need in source.needs() if not need.beside))

    def _where_unplaced(self) -> Mapping[tuple[str, str], tuple[ShelfLife | None, bool]]:
        """Index how long evidence speaks and whether it only hints.

        The keys are resource type and value set, or the mark of records that do not say what they are; of several kinds
        of evidence, the one that says most counts.
        """
        found: dict[tuple[str, str], tuple[ShelfLife | None, bool]] = {}
        for source, sets, _ in self.speakers:
            hints = isinstance(source, ConditionEvidence) and source.uncertain
            for need in source.needs():
                for id_ in sets or ():
                    if id_ not in source.value_sets():
                        continue
                    for held in (id_, untold(need.resource)) if need.resource in MAY_BE_UNTOLD and not need.beside else (id_,):
                        if found.get((need.resource, held), (None, True))[1]:
                            found[need.resource, held] = (source.shelf_life, hints)
        return found

    def _said(self, words: WordsEntry, part: int) -> SpokenWords:
        named = [id_ for source in self.sources for id_ in source.value_sets() if id_ not in source.qualifying()]
        sets = frozenset([*named, *words.read_by])
        kinds = frozenset(words.in_) or SPOKEN_IN.intersection(need.resource for source in self.sources for need in source.needs())
        return SpokenWords(
            tuple(words.say),
            tuple(words.not_in),
            sets,
            kinds,
            words.history,
            self.in_remission,
            tuple(words.alone),
            words.closed or self._asked_of_what_is_over,
            words.status_post,
            self._event,
            False,
            self.name,
            part,
            self._states,
        )

    def would_read(self, holder: Mapping[str, Any], seen: DatedChart) -> Value | None:
        """Return the value of a measurement known only by its name.

        Returns None where no value can be read.
        """
        for source in self.sources:
            if (value := source.would_read(holder, self.wanted, seen)) is not None:
                return value
        return self.entry.named.meaning(holder) if self.entry.named else None

    def is_past(self, ended: Days, part: int, as_of: date) -> bool:
        """Tell whether what ended on a day no longer ends the silence.

        ``part`` tells which of the fact's words were heard. Words that count what is past say for how long; others
        follow the fact's own diagnoses.
        """
        own = self.said_past[part]
        return not (own if own.counts else self.past).asks(ended, as_of)

    def shelf_life(self, via: str = "") -> ShelfLife | None:
        """Return how long recorded evidence speaks.

        It is that of the kind named ``via``, else of the first kind.
        """
        named = [source.kind for source in self.entry.from_ if source.name == via or not via]
        return named[0].shelf_life if named else None

    def show(self, value: Value) -> str:
        """Write a value of this fact for people, with its unit."""
        if self.entry.shown_as == "weeks and days" and isinstance(value, Interval):
            return _weeks(value)
        return show(value, self.entry.unit)


def _states(sources: tuple[EvidenceKind, ...]) -> frozenset[str]:
    """Return the states in which orders and procedures document a fact.

    Empty where other kinds of evidence read them too.
    """
    reading = [source for source in sources if any(need.resource in SERVICES for need in source.needs())]
    services = [source for source in reading if isinstance(source, ServiceEvidence)]
    if len(services) < len(reading):
        return frozenset()
    heard = {state for one in services for state in (*one.states, *(() if one.signed_with == "none" else ("draft",)))}
    return frozenset(heard | {"on-hold"} if "active" in heard else heard)


def _weeks(days: Interval) -> str:
    """Write the age of a pregnancy, ``10 w 2 d``.

    An open end is written as ``9 w 0 d or more``.
    """
    low, high = ("" if isinf(bound) else f"{int(bound // 7)} w {int(bound % 7)} d" for bound in (days.low, days.high))
    if not low or not high:
        return f"{low} or more" if low else f"{high} or less" if high else "any age"
    return low if low == high else f"{low} to {high}"
