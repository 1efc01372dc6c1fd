"""Kinds of evidence declare themselves: what one forgets is told on load, and what it cannot give is refused."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import ClassVar

import pytest

from cds_service.case import Case
from cds_service.content_files.problems import Problem
from cds_service.facts.fact_files import read_catalogue
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds import all_kinds, kinds_of
from cds_service.facts.kinds.declaration import Declaration, yes_or_no
from cds_service.facts.kinds.evidence_kind import EvidenceKind
from cds_service.facts.sources import SourceEntry
from cds_service.facts.wanted import Need, Wanted
from cds_service.policy.evidence import Evidence
from cds_service.sitting import DatedChart
from tests.conftest import held_content


class Whole(EvidenceKind):
    """A kind with all its parts."""

    declared: ClassVar[Declaration] = yes_or_no("whole")

    def in_chart(self, seen: DatedChart, wanted: Wanted) -> list[Evidence]:
        """Nothing."""
        return []

    def needs(self) -> tuple[Need, ...]:
        """Nothing."""
        return ()

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        """Nothing."""


class Undeclared(Whole):
    """A kind that inherits the declaration of another."""


class Typeless(Whole):
    """A kind that can give nothing."""

    declared: ClassVar[Declaration] = Declaration("typeless", frozenset())


class Unimagined(EvidenceKind):
    """A kind that forgot two parts."""

    declared: ClassVar[Declaration] = yes_or_no("unimagined")

    def in_chart(self, seen: DatedChart, wanted: Wanted) -> list[Evidence]:
        """Nothing."""
        return []


class Unfound(EvidenceKind):
    """A kind that finds nothing."""

    declared: ClassVar[Declaration] = yes_or_no("unfound")

    def needs(self) -> tuple[Need, ...]:
        """Nothing."""
        return ()

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        """Nothing."""


class OfNoOrder(Whole):
    """A kind that says it is of the order and looks at charts alone."""

    declared: ClassVar[Declaration] = yes_or_no("of_no_order", "order")


class OfAnOrder(Whole):
    """A kind that is of the order."""

    declared: ClassVar[Declaration] = yes_or_no("of_an_order", "order")

    def of_order(self, case: Case, wanted: Wanted) -> list[Evidence]:
        """Nothing."""
        return []


class Listed(Whole):
    """A kind that names a value set and tells nobody."""

    declared: ClassVar[Declaration] = yes_or_no("listed")
    codes: str


def module(*kinds: type[EvidenceKind]) -> ModuleType:
    """A module that holds kinds."""
    made = ModuleType(__name__)
    for number, kind in enumerate(kinds):
        setattr(made, f"kind_{number}", kind)
    return made


def test_a_module_with_a_whole_kind_is_enough() -> None:
    """A kind is known by its declaration alone; kinds that a module only imports are not its own."""
    assert kinds_of([module(Whole, OfAnOrder, all_kinds()["condition"])]) == {"of_an_order": OfAnOrder, "whole": Whole}


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Undeclared, "it declares nothing"),
        (Typeless, "can give no type of value"),
        (Unimagined, "'unimagined' lacks imagine, needs"),
        (Unfound, "'unfound' finds nothing"),
        (Listed, "names the value set 'codes' and does not return it"),
        (OfNoOrder, "is of the order, and finds nothing there"),
    ],
)
def test_what_a_kind_forgets_is_told_on_load(kind: type[EvidenceKind], said: str) -> None:
    """A kind without a part is refused by name, before any file is read."""
    with pytest.raises(TypeError, match=said) as told:
        kinds_of([module(kind)])
    assert kind.__qualname__ in str(told.value)


def test_a_name_is_declared_once() -> None:
    """Two kinds of one name are refused."""
    with pytest.raises(TypeError, match="the name 'whole' is that of Whole"):
        kinds_of([module(Whole), module(type("Again", (Whole,), {"declared": Whole.declared, "__module__": __name__}))])


def test_the_grammar_has_every_kind() -> None:
    """A source names any kind that is declared, and no other."""
    assert set(SourceEntry.model_fields) == set(all_kinds())
    assert len(all_kinds()) > 20


UNFITTING = [
    ("boolean", "result: {codes: %s}", "'result' as it stands gives a choice, and the fact is a boolean"),
    ("boolean", "condition: {codes: %s, gives: hello}", "gives a choice, and the fact is a boolean"),
    ("choice", "condition: {codes: %s, gives: hello}", "'condition' gives 'hello', which is none of one, another"),
    ("choice", "condition: {codes: %s, gives: true}", "gives a boolean, and the fact is a choice"),
    ("choice", "result: {codes: %s}", "'result' gives 'reported', which is none of one, another"),
    ("boolean", "patient: {element: age}", "gives a quantity, and the fact is a boolean"),
    ("date", "condition: {codes: %s}", "and the fact is a date"),
    ("date", "device: {codes: %s}", "gives a boolean, and the fact is a date"),
    ("choice", "order_words: {says: {third: {words: [a]}}}", "'order_words' gives 'third'"),
    ("boolean", "order_words: {says: {third: {words: [a]}}}", "'order_words' gives 'third', which is none of yes, no"),
    ("boolean", "performed: {codes: %s, day: first, described: {words: [a]}}", "gives a date, and the fact is a boolean"),
    ("boolean", "daily_dose: {codes: %s}", "gives a quantity, and the fact is a boolean"),
]


def problems(type_: str, source: str, folder: Path) -> list[Problem]:
    """What is wrong with a fact of one source."""
    terminology = held_content().terminology
    choices = "\n  choices: [one, another]" if type_ == "choice" else ""
    written = source.replace("%s", next(iter(terminology.sets)))
    (folder / "one.yaml").write_text(f"a_fact:\n  means: It.\n  type: {type_}{choices}\n  from:\n    - {written}\n")
    return read_catalogue([(folder, "facts")], terminology)[1]


@pytest.mark.parametrize(("type_", "source", "said"), UNFITTING, ids=[f"{type_} {source}" for type_, source, _ in UNFITTING])
def test_evidence_that_cannot_give_its_fact_is_refused(type_: str, source: str, said: str, tmp_path: Path) -> None:
    """A source that cannot give the type of its fact, or one of its choices, is a problem of the line where it stands."""
    told = problems(type_, source, tmp_path)
    assert any(said in one.message and one.line > 1 for one in told), told


@pytest.mark.parametrize("source", ["condition: {codes: %s}", "condition: {codes: %s, gives: false}", "device: {codes: %s}"])
def test_evidence_that_fits_is_not_refused(source: str, tmp_path: Path) -> None:
    """A source that can give yes or no documents a yes-or-no fact."""
    assert problems("boolean", source, tmp_path) == []


def test_words_that_nothing_reads_are_refused(tmp_path: Path) -> None:
    """Words of a fact that no record with read words documents would do nothing: the author is told where they are read."""
    source = "patient: {element: deceased}\n  words: {say: [growth factor]}"
    assert any(
        "words of no record that documents this fact are read" in one.message for one in problems("boolean", source, tmp_path)
    )
    assert problems("boolean", source.replace("factor]", "factor], in: [Condition]"), tmp_path) == []


def test_a_stem_among_words_of_an_order_is_refused(tmp_path: Path) -> None:
    """Words of an order are looked for as they stand, so a stem that goes on would never be found."""
    source = "order_hints: {beside: [%s], say: [lung nodule*], speaks_for: always}"
    assert any("write each form of them out" in one.message for one in problems("boolean", source, tmp_path))
    assert problems("boolean", source.replace("nodule*", "nodule"), tmp_path) == []
