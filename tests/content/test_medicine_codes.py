"""Sets of medicines agree with the tables of medicines: their HCPCS codes name what their RxNorm codes name, and the reverse."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from cds_service.content.content import shipped_content
from cds_service.fhir.code_systems import HCPCS, RXNORM
from cds_service.fhir.codes import Key
from cds_service.fhir.value_set_files import read_written, value_set_path
from cds_service.fhir.value_sets import Terminology, ValueSet
from tests.conftest import held_content

FOLDER = shipped_content() / "value_sets"
HCPCS_CODE = re.compile(r"\b[A-Z]\d{4}\b")


@cache
def of_hcpcs() -> Mapping[str, frozenset[str]]:
    """The ingredients of each drug code of HCPCS that has any, as the service reads them."""
    ingredients = held_content().terminology.medicines.ingredients
    with (FOLDER / "medicines" / "hcpcs.csv").open(encoding="utf-8", newline="") as lines:
        rows = {row["hcpcs"]: row["ingredients"].split() for row in csv.DictReader(lines)}
    return {code: frozenset(one for each in listed for one in ingredients(RXNORM, each)) for code, listed in rows.items() if listed}


def codes(held: ValueSet, space: str) -> list[str]:
    """The codes that a set lists in one space, less those it leaves out."""
    return [key.code for key in held.codes if key.space == space and key not in held.excluded]


def of_rxnorm(held: ValueSet, terminology: Terminology) -> dict[str, frozenset[str]]:
    """The ingredients of each RxNorm code of a set, products among them."""
    return {code: frozenset(terminology.medicines.ingredients(RXNORM, code)) for code in codes(held, "rxnorm")}


def disagreements(held: ValueSet, terminology: Terminology) -> set[str]:
    """The HCPCS codes on which a set and the tables disagree.

    They are those of whose ingredients the set lists none by RxNorm, and those that it does not hold, or holds with
    another value, though it lists their one ingredient. Of an ingredient of which it lists products alone (those for
    the eye are another matter than those for the vein) it must hold one code, if there is any.
    """
    medicines = of_rxnorm(held, terminology)
    listed = frozenset().union(*medicines.values())
    found = {code for code in codes(held, "procedure") if code in of_hcpcs() and listed.isdisjoint(of_hcpcs()[code])}
    for ingredients in {made_of for made_of in medicines.values() if len(made_of) == 1}:
        (ingredient,) = ingredients
        billed = {code for code, made_of in of_hcpcs().items() if made_of == ingredients}
        said = {code: terminology.holding(HCPCS, code) for code in billed}
        if ingredient in medicines:
            meant = terminology.holding(RXNORM, ingredient).get(held.id)
            found |= {code for code, there in said.items() if held.id not in there or there[held.id] != meant}
        elif not any(held.id in there for there in said.values()):
            found |= billed
    return found


def said_in(held: ValueSet) -> set[str]:
    """The codes that a set names in its purpose: it says why they stand apart."""
    path = value_set_path(FOLDER, held.id) or Path()
    return set(HCPCS_CODE.findall(read_written(path, path.name).raw.get("purpose", "")))


def sets_of_medicines() -> list[ValueSet]:
    """The sets that list medicines by HCPCS and by RxNorm."""
    sets = held_content().terminology.sets.values()
    return [held for held in sets if any(code in of_hcpcs() for code in codes(held, "procedure")) and codes(held, "rxnorm")]


@pytest.mark.parametrize("held", sets_of_medicines(), ids=lambda held: held.id)
def test_both_systems_name_the_same_medicines(held: ValueSet) -> None:
    """A set that lists a medicine in one system lists it in the other; its purpose names the codes that stand apart, and no others."""
    assert sorted(disagreements(held, held_content().terminology)) == sorted(said_in(held))


@pytest.mark.parametrize(
    ("kept", "more"),
    [("procedure", "3639"), ("rxnorm", "2474239")],
    ids=["no ingredient of a code", "no code of an ingredient"],
)
def test_what_one_system_lacks_is_found(kept: str, more: str) -> None:
    """A set without the ingredient of one of its HCPCS codes is told, and one without any code of its ingredient."""
    whole = held_content().terminology
    held = whole.sets["csf-naxitamab"]
    listed = {key: carried for key, carried in held.codes.items() if key.space == kept} | {Key("rxnorm", more): None}
    lacking = replace(held, codes=listed)
    assert disagreements(lacking, Terminology({held.id: lacking}, medicines=whole.medicines)) == {"J9348"}
