"""Which ingredients a medicine has, by its code or its name.

Codes are of RxNorm, NDC or HCPCS; names are found in the words of a record (``medicine_names.py``). The tables are data
(``value_sets/medicines/``, see its README): they are read once, take a few megabytes, and are never changed. RxNorm
numbers every ingredient; what a value set says of an ingredient holds for each product that contains it.
"""

from __future__ import annotations

import csv
import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from sys import intern
from types import MappingProxyType
from typing import Final, NamedTuple

from cds_service.content_files.problems import ContentError, Problem
from cds_service.fhir.codes import Coding, Key, key_of
from cds_service.fhir.medicine_names import MedicineNames
from cds_service.fhir.ndc import ndc_products

FILES: Final = (
    "ingredients",
    "products",
    "brands",
    "ndc",
    "hcpcs",
    "substances",
    "opioid-strengths",
    "other-names",
    "not-medicines",
    "plain-words",
)
"""The tables; each is a CSV file of that name."""
_VACCINES: Final = re.compile(r".*(?:/cvx|2\.16\.840\.1\.113883\.12\.292|^cvx)$", re.IGNORECASE)
"""Systems whose codes name vaccines and nothing else, by address."""
UNCLASSIFIED: Final = frozenset({"J3490", "J3590", "J9999", "J8999", "J7999", "J8499", "J7599", "J7699", "J7799", "C9399", "A9699"})
"""HCPCS codes of drugs without a code of their own.

They do not tell which drug is meant.
"""
_DIGITS: Final = re.compile(r"\d{1,10}")
_INGREDIENT, _SERVICE, _PRECISE, _PRODUCT = range(4)
"""How closely a code tells which medicine is meant.

A service is of HCPCS; precise are salts, makers of a biologic and brands.
"""


class Strength(NamedTuple):
    """How much opioid one unit of a product holds.

    ``amount`` is in ``unit`` (UCUM), ``per`` one of: ``1`` (a tablet), ``mL``, ``h`` (a patch) or ``{actuat}``.
    ``form`` is the dose form, ``route`` the class of its route (oral, transdermal, injected ...).
    """

    amount: float
    unit: str
    per: str
    ingredient: str
    form: str
    route: str


class Medicines:
    """The tables of medicines, indexed by code and by name."""

    def __init__(self, tables: Mapping[str, list[list[str]]] | None = None) -> None:
        tables = tables or {}
        self._sets: list[tuple[str, ...]] = []
        self._precise: list[tuple[str, ...]] = []
        """Ingredients of each medicine; each distinct set is kept once.

        ``_sets`` holds the ingredients, and ``_precise``, at the same index, the more precise ones that tell the salt
        or the maker of a biologic.
        """
        self._numbers: dict[tuple[str, str], int] = {}
        of_codes = sorted(self._coded(tables))
        self._rxcuis = array("I", [code for code, _, _ in of_codes])
        self._of_rxcui = array("H", [number for _, number, _ in of_codes])
        self._details = array("B", [detail for _, _, detail in of_codes])
        of_ndc = sorted((int(ndc), int(product)) for product, ndcs in tables.get("ndc", ()) for ndc in ndcs.split())
        self._ndcs = array("I", [ndc for ndc, _ in of_ndc])
        self._of_ndc = array("I", [product for _, product in of_ndc])
        self._of_hcpcs = {code: self._number(held) for code, held in tables.get("hcpcs", ())}
        self._of_snomed = {code: self._number(held) for code, held in tables.get("substances", ())}
        self._strengths = {
            int(product): Strength(float(amount), intern(unit), intern(per), intern(ingredient), intern(form), intern(route))
            for product, ingredient, amount, unit, per, form, route in tables.get("opioid-strengths", ())
        }
        fluids = [(name, held) for name, held, how in tables.get("other-names", ()) if how == "vehicle"]
        self.names = MedicineNames(
            self._named(tables),
            {name for name, _ in fluids},
            {code for _, held in fluids for code in held.split()},
            [word for (word,) in tables.get("plain-words", ())],
        )
        self._numbers = {}

    def ingredients(self, system: str, code: str) -> tuple[str, ...]:
        """Return the RxNorm codes of a medicine's ingredients.

        For an ingredient, that is its own code. Returns an empty tuple for what is in no table.
        """
        number = self._find(system, code)
        return self._sets[number] if number is not None else ()

    def precise(self, system: str, code: str) -> tuple[str, ...]:
        """Return RxNorm codes that are more precise than the ingredients.

        For a National Drug Code the product comes first; then the precise ingredients (``filgrastim-sndz``).
        """
        number = self._find(system, code)
        found = self._precise[number] if number is not None else ()
        key = key_of(system, code)
        product = self._product_of(key, code) if key.space == "ndc" else None
        return (str(product), *found) if product is not None else found

    def knows(self, system: str, code: str) -> bool:
        """Tell whether a code is a known medicine, or a vaccine."""
        return self._find(system, code) is not None or _VACCINES.fullmatch(system) is not None

    def plainest(self, codings: Sequence[Coding]) -> list[Coding]:
        """Return the codings of one medicine that tell most of it.

        Records give the code of an ingredient beside that of its product, where it says nothing of its own: a cream is
        no infusion. So it is with a salt, a maker and a brand. Codes of services stay, since orders are billed by them.
        """
        if len(codings) < 2:
            return list(codings)
        told = [(frozenset(self.ingredients(*one)), self._detail_of(*one)) for one in codings]
        return [
            one
            for one, (held, detail) in zip(codings, told, strict=True)
            if not held or detail in (_SERVICE, _PRODUCT) or not any(more > detail and held <= of for of, more in told)
        ]

    def _detail_of(self, system: str, code: str) -> int:
        """Return how closely a code tells which medicine is meant."""
        key = key_of(system, code)
        if key.space == "rxnorm" and _DIGITS.fullmatch(key.code):
            at = bisect_left(self._rxcuis, int(key.code))
            return self._details[at] if at < len(self._rxcuis) else _INGREDIENT
        return {"procedure": _SERVICE, "ndc": _PRODUCT}.get(key.space, _INGREDIENT)

    def named(self, words: str) -> tuple[str, ...]:
        """Return the ingredients that a text names, as RxNorm codes.

        A text names an ingredient by its name or by a brand that contains it.
        """
        return self.names.in_words(words).ingredients

    def opioid(self, system: str, code: str) -> Strength | None:
        """Return strength, form and route of an opioid product, if known."""
        product = self._product_of(key_of(system, code), code)
        return self._strengths.get(product) if product is not None else None

    def _find(self, system: str, code: str) -> int | None:
        """Return the number of the set of ingredients, or None."""
        key = key_of(system, code)
        if key.space == "procedure":
            return self._of_hcpcs.get(key.code)
        if key.space == "snomed":
            return self._of_snomed.get(key.code)
        product = self._product_of(key, code)
        if product is None:
            return None
        at = bisect_left(self._rxcuis, product)
        return self._of_rxcui[at] if at < len(self._rxcuis) and self._rxcuis[at] == product else None

    def _product_of(self, key: Key, code: str) -> int | None:
        """Return the RxNorm number that a code is or stands for.

        Returns None for an NDC that may be of two products.
        """
        if key.space == "rxnorm":
            return int(key.code) if _DIGITS.fullmatch(key.code) else None
        if key.space != "ndc":
            return None
        found: dict[int, None] = {}
        for written in ndc_products(code):
            at = bisect_left(self._ndcs, int(written))
            if at < len(self._ndcs) and self._ndcs[at] == int(written):
                found[self._of_ndc[at]] = None
        return next(iter(found)) if len(found) == 1 else None

    def _number(self, held: str, precise: str = "") -> int:
        number = self._numbers.get((held, precise))
        if number is None:
            number = self._numbers[held, precise] = len(self._sets)
            self._sets.append(tuple([intern(code) for code in held.split()]))
            self._precise.append(tuple([intern(code) for code in precise.split()]))
        return number

    def _coded(self, tables: Mapping[str, list[list[str]]]) -> Iterator[tuple[int, int, int]]:
        for code, _, held in tables.get("ingredients", ()):
            yield int(code), self._number(held or code), _PRECISE if held else _INGREDIENT
        for held, precise, products in tables.get("products", ()):
            number = self._number(held, precise)
            for product in products.split():
                yield int(product), number, _PRODUCT
        for code, _, held, precise in tables.get("brands", ()):
            yield int(code), self._number(held, precise), _PRECISE

    def _named(self, tables: Mapping[str, list[list[str]]]) -> Iterator[tuple[str, tuple[str, ...] | None]]:
        for code, name, held in tables.get("ingredients", ()):
            yield name, self._sets[self._number(held or code)]
        for _, name, held, precise in tables.get("brands", ()):
            yield name, self._sets[self._number(held, precise)]
        for name, held, _ in tables.get("other-names", ()):
            yield name, self._sets[self._number(held)]
        for (name,) in tables.get("not-medicines", ()):
            yield name, None


NO_MEDICINES: Final = Medicines()
"""Empty tables, for where only value sets are consulted."""


def read_medicines(folder: Path) -> Medicines:
    """Read the tables under a folder.

    Returns empty tables when there is no such folder. Raises ContentError with everything that is wrong in a table.
    """
    if not folder.is_dir():
        return NO_MEDICINES
    tables: dict[str, list[list[str]]] = {}
    for file in FILES:
        path = folder / f"{file}.csv"
        try:
            with path.open(encoding="utf-8", newline="") as lines:
                rows = list(csv.reader(lines))
        except (OSError, ValueError, csv.Error) as error:
            raise ContentError([Problem(f"{folder.name}/{path.name}", 0, f"cannot be read: {error}")]) from None
        width = len(rows[0]) if rows else 0
        wrong = [number for number, row in enumerate(rows, 1) if len(row) != width]
        if wrong:
            said = f"it has not as many columns as the heading ({width})"
            raise ContentError([Problem(f"{folder.name}/{path.name}", number, said) for number in wrong])
        tables[file] = rows[1:]
    try:
        return Medicines(MappingProxyType(tables))
    except ValueError as error:
        raise ContentError([Problem(folder.name, 0, f"a number is not one: {error}")]) from None
