"""The grammar of facts: what ``facts/*.yaml`` may say of one.

The classes also print its JSON Schema. A fact comes either ``from`` evidence in the chart, or is ``derived`` from other
facts by a rule written in Python.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from cds_service.facts import derivations
from cds_service.facts.kinds.culture import CultureEvidence
from cds_service.facts.kinds.declaration import ValueType
from cds_service.facts.kinds.evidence_kind import LEAST
from cds_service.facts.kinds.observation import ObservationEvidence
from cds_service.facts.kinds.service import ResultEvidence
from cds_service.facts.rule import Derivation
from cds_service.facts.sources import SourceEntry
from cds_service.facts.spoken import SPOKEN_IN, NamesEntry, WordsEntry
from cds_service.policy.entry import Entry, FactName, Words
from cds_service.policy.values import LookBack


class RangeEntry(Entry):
    """The values that are plausible at all.

    What lies outside is read as a mistake in the chart.
    """

    from_: Annotated[float, Field(alias="from")]
    to: float


class FromToEntry(Entry):
    """Two facts between which something lies.

    Without ``to``, it lies between a day and the date of service.
    """

    from_: Annotated[FactName, Field(alias="from")]
    to: FactName | None = None


class DerivedEntry(Entry):
    """How a fact is computed from others.

    Either a ``rule`` in Python ``takes`` facts, or one of the other keys says how. ``any_of``: yes where one is so.
    ``latest_of``: the records of all, of which the latest decides. ``first_documented_of``: the first of which anything
    is on record. ``highest_of`` and ``lowest_of``: the extreme number on record, ``within`` a look-back. ``sum_of``,
    ``product_of``: of the latest of each. ``days_between``: two days. ``fall_of``: by how many percent a number fell.
    ``there_is``: yes where the fact is on record. ``in_doubt``: yes where what speaks of it decides nothing.
    ``at_least_that_of``: the number of a fact as the least that it can be.

    ``imagined_by`` is the input that a vignette's value stands for, ``table`` a file of ``facts/tables/`` that a rule
    looks things up in. ``answers_speak_for`` says how long an answer to the fact's own question speaks, where that is
    another span than what ``imagined_by`` has.
    """

    rule: str = ""
    takes: dict[str, FactName] = {}
    table: str = ""
    any_of: list[FactName] = []
    latest_of: list[FactName] = []
    first_documented_of: list[FactName] = []
    highest_of: list[FactName] = []
    lowest_of: list[FactName] = []
    sum_of: list[FactName] = []
    product_of: list[FactName] = []
    days_between: FromToEntry | None = None
    fall_of: FromToEntry | None = None
    there_is: FactName | None = None
    in_doubt: FactName | None = None
    at_least_that_of: FactName | None = None
    within: str = ""
    imagined_by: FactName | None = None
    answers_speak_for: str = ""

    @property
    def key(self) -> str:
        """The key that derives it without Python.

        Empty where a rule in Python derives it.
        """
        return next((key for key in derivations.ALL if getattr(self, key)), "")

    @property
    def own_rule(self) -> Derivation | None:
        """The rule that the file itself states; None where it names one."""
        return derivations.derivation(self.key, tuple(self.takes), self.within) if self.key else None

    @model_validator(mode="after")
    def _one_way(self) -> DerivedEntry:
        given = [key for key in ("rule", *derivations.ALL) if getattr(self, key)]
        if len(given) != 1:
            said = f"a fact is derived in one way: by a 'rule', or by one of {', '.join(derivations.ALL)}"
            raise ValueError(said + (f"; here are {', '.join(given)}" if given else ""))
        if (self.takes or self.table) and not self.rule:
            raise ValueError(f"'{given[0]}' names its facts itself; 'takes' and 'table' belong to a 'rule'")
        if self.within and self.key not in ("highest_of", "lowest_of"):
            raise ValueError("'within' belongs to 'highest_of' and 'lowest_of'")
        for span in filter(None, (self.within, self.answers_speak_for)):
            LookBack.parse(span)
        if self.fall_of and not self.fall_of.to:
            raise ValueError("'fall_of' names both numbers: {from: …, to: …}")
        if self.key:
            object.__setattr__(self, "takes", self._taken())
            span = f" within {self.within}" if self.within else ""
            object.__setattr__(self, "rule", f"{self.key.replace('_', ' ')} {len(self.takes)}{span}")
        return self

    def _taken(self) -> dict[str, FactName]:
        stated = getattr(self, self.key)
        if isinstance(stated, FromToEntry):
            return {"from": stated.from_} | ({"to": stated.to} if stated.to else {})
        return {str(place): name for place, name in enumerate([stated] if isinstance(stated, str) else stated, 1)}


class FactEntry(Entry):
    """One fact of the catalogue.

    For a fact that nothing in a chart documents, the evidence is ``answer``. ``ask`` is its question on a card; ``form`` the
    one on a form, where a card asks more than one item can hold. ``of_order`` says that the question is about the order
    itself: an answer that names no order then speaks for 30 days. So does a no to any question.
    """

    means: Words
    type: ValueType
    unit: str = ""
    shown_as: Literal["", "weeks and days"] = ""
    range: RangeEntry | None = None
    choices: list[str] = []
    from_: Annotated[list[SourceEntry], Field(alias="from")] = []
    derived: DerivedEntry | None = None
    words: WordsEntry | list[WordsEntry] | None = None
    named: NamesEntry | None = None
    ask: Annotated[str, StringConstraints(strip_whitespace=True)] = ""
    form: Annotated[str, StringConstraints(strip_whitespace=True)] = ""
    of_order: bool = False

    @property
    def question(self) -> str:
        """The question of a form, which one item can answer.

        It is ``form``, else ``ask``; empty where nothing is asked.
        """
        return self.form or self.ask

    @property
    def worded(self) -> list[WordsEntry]:
        """Its words: one entry, or one for each sort of records."""
        return self.words if isinstance(self.words, list) else [self.words] if self.words else []

    def _is_spoken(self) -> bool:
        return any(need.resource in SPOKEN_IN for source in self.from_ for need in source.kind.needs())

    @model_validator(mode="after")
    def _whole(self) -> FactEntry:
        if bool(self.from_) == bool(self.derived):
            raise ValueError("a fact comes either 'from' evidence or is 'derived' from other facts, and from one of the two only")
        if self.words and not self.from_:
            raise ValueError("words are read for a fact that comes 'from' evidence; give them to the facts it is derived from")
        if any(not one.in_ for one in self.worded) and not self._is_spoken():
            somewhere = ", ".join(sorted(SPOKEN_IN))
            raise ValueError(f"words of no record that documents this fact are read; 'in' names some of {somewhere}")
        if self.named and not any(
            isinstance(source.kind, ObservationEvidence | ResultEvidence | CultureEvidence) for source in self.from_
        ):
            raise ValueError(
                "what a measurement is called is read for a fact that comes from an 'observation', a 'result' or a 'culture'"
            )
        if not self.ask and any(source.kind.declared.of == "question" for source in self.from_):
            raise ValueError("a fact that is documented by its answer has the question for it ('ask')")
        if self.form and not self.ask:
            raise ValueError("a question of forms ('form') stands beside the one of cards ('ask')")
        if (self.type == "quantity") != bool(self.unit):
            raise ValueError("a quantity has a unit ('1' for a bare number), and no other type has one")
        if self.type != "quantity" and any(source.kind.older == LEAST for source in self.from_):
            raise ValueError(f"older: '{LEAST}' is for a number that only grows, and this fact is a {self.type}")
        if (self.type == "choice") != bool(self.choices):
            raise ValueError("a choice lists its choices, and no other type has any")
        return self

    def unfitting(self) -> Iterator[tuple[int, str]]:
        """Yield the sources that cannot give the fact's type or choices.

        Each comes as its place, and why, in words for the author.
        """
        for place, source in enumerate(self.from_):
            can_give = source.kind.can_give()
            if self.type not in can_give:
                yield place, f"'{source.name}' as it stands gives {_either(can_give)}, and the fact is a {self.type}"
                continue
            allowed = self.choices if self.type == "choice" else ["yes", "no"] if self.type == "boolean" else []
            for value in source.kind.writes():
                if not isinstance(value, bool) and value not in allowed:
                    yield place, f"'{source.name}' gives '{value}', which is none of {', '.join(allowed)}"


def _either(types: frozenset[ValueType]) -> str:
    return " or ".join(f"a {type_}" for type_ in sorted(types))


def unfitting(entry: FactEntry, taken: list[FactEntry]) -> Iterator[str]:
    """Yield what does not fit where a file derives a fact.

    It is in words for the author. ``taken`` are the entries of the facts that it is derived from.
    """
    derived = entry.derived
    if derived is None or not derived.key:
        return
    key, types = derived.key, {one.type for one in taken}
    wants: dict[str, tuple[ValueType, ValueType]] = {
        "any_of": ("boolean", "boolean"),
        "highest_of": ("quantity", "quantity"),
        "lowest_of": ("quantity", "quantity"),
        "sum_of": ("quantity", "quantity"),
        "product_of": ("quantity", "quantity"),
        "days_between": ("date", "quantity"),
        "fall_of": ("quantity", "quantity"),
        "at_least_that_of": ("quantity", "quantity"),
    }
    takes, gives = wants.get(key, (entry.type, "boolean" if key in ("there_is", "in_doubt") else entry.type))
    if entry.type != gives:
        yield f"'{key}' gives a {gives}, and the fact is a {entry.type}"
    if key not in ("there_is", "in_doubt") and types - {takes}:
        yield f"'{key}' takes facts that are a {takes}, and one is a {sorted(types - {takes})[0]}"
    units = {one.unit for one in taken}
    in_its_own = ("highest_of", "lowest_of", "sum_of", "latest_of", "first_documented_of", "at_least_that_of")
    if key in in_its_own and units - {entry.unit}:
        yield f"'{key}' takes facts in its own unit ({entry.unit}), and one is in {sorted(units - {entry.unit})[0]}"
    if key == "fall_of" and len(units) > 1:
        yield f"'fall_of' takes two numbers of one unit, not {' and '.join(sorted(units))}"
    wanted = {"days_between": "d", "fall_of": "%"}.get(key)
    if wanted and entry.unit != wanted:
        yield f"'{key}' gives a number in {wanted}, and the fact is in {entry.unit}"
    unknown = {choice for one in taken for choice in one.choices} - set(entry.choices)
    if unknown and entry.type == "choice":
        yield f"'{sorted(unknown)[0]}' is a choice of what it takes, and none of its own"
