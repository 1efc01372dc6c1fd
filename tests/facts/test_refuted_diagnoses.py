"""What a refuted diagnosis says, for every fact that may be so by many."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from cds_service.facts.found.refuted import REFUTED, REFUTED_LATER
from cds_service.facts.imagined_chart import CannotImagine
from cds_service.facts.kinds.condition import ConditionEvidence
from cds_service.policy.evidence import Standing
from tests.exchange import Json
from tests.facts.test_doubted_answers import CATALOGUE, ago, read, records, refuted


def of_many() -> Iterator[Any]:
    """Every fact that refuting one diagnosis does not deny, with a record of that diagnosis three days ago."""
    for name, definition in CATALOGUE.facts.items():
        for source in definition.sources:
            if not isinstance(source, ConditionEvidence) or source.refuted == "denies" or source.uncertain or source.body_site:
                continue
            try:
                made = records(name, source, True if source.gives is None else source.gives, ago(3))
            except CannotImagine:
                continue
            yield pytest.param(name, made, id=f"{name} by {source.codes}")


OF_MANY = list(of_many())


def again(made: list[Json], days: int) -> list[Json]:
    """The same records once more, refuted so many days ago."""
    copied = deepcopy(made)
    for one in copied:
        one["id"] = f"{one.get('id')}-again"
    return refuted(copied, ago(days))


def test_there_are_such_facts() -> None:
    """Infections, cancers, clotting disorders and pregnancies are among them."""
    names = {one.values[0] for one in OF_MANY}
    assert names >= {"pneumonia_now", "active_cancer", "coagulopathy_recorded", "pregnancy_recorded", "pelvic_trauma_recorded"}


@pytest.mark.parametrize(("name", "made"), OF_MANY)
def test_a_refuted_diagnosis_alone_says_nothing(name: str, made: list[Json]) -> None:
    """It neither denies the fact, which may be so by another, nor leaves it open."""
    found = read(name, *again(made, 1)).evidence
    assert {(one.standing, one.note) for one in found} <= {(Standing.DISCOUNTED, REFUTED)}


@pytest.mark.parametrize(("name", "made"), OF_MANY)
def test_what_is_refuted_later_by_the_same_code_is_taken_back(name: str, made: list[Json]) -> None:
    """Whoever refutes it corrects the record: it counts no more."""
    found = read(name, *made, *again(made, 1)).evidence
    assert {(one.standing, one.note) for one in found} == {(Standing.DISCOUNTED, REFUTED_LATER), (Standing.DISCOUNTED, REFUTED)}


@pytest.mark.parametrize(("name", "made"), OF_MANY)
def test_what_is_refuted_on_its_day_is_open(name: str, made: list[Json]) -> None:
    """Nobody can tell which of the two came last."""
    found = read(name, *made, *again(made, 3)).evidence
    assert (Standing.UNCERTAIN, REFUTED_LATER) in {(one.standing, one.note) for one in found}
    assert not any(one.standing is Standing.USABLE for one in found)


@pytest.mark.parametrize(("name", "made"), OF_MANY)
def test_what_was_refuted_before_counts(name: str, made: list[Json]) -> None:
    """A diagnosis made after another was refuted is the newer."""
    found = read(name, *made, *again(made, 9)).evidence
    assert any(one.standing is Standing.USABLE and one.value is not False for one in found)


def test_a_refutation_of_one_of_two_codes_leaves_it_open() -> None:
    """A record with two codes of which one was refuted later may stand for the other."""
    name, made = next(one.values for one in OF_MANY if one.values[0] == "pneumonia_now")
    both = deepcopy(made)
    both[0]["code"]["coding"].append({"system": "http://snomed.info/sct", "code": "233604007"})
    found = read(name, *both, *again(made, 1)).evidence
    assert any((one.standing, one.note) == (Standing.UNCERTAIN, REFUTED_LATER) for one in found)
