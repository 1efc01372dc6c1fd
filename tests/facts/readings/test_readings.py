"""Codes, units and numbers are read as charts write them (the tables beside this file), and hostile ones cost nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ucumvert import PintUcumRegistry

from cds_service.facts.fhir_value import read_value
from cds_service.facts.number_text import read_grade, read_number
from cds_service.facts.units import LONGEST, SYMBOLS, OutOfReach, UnknownUnit, convert, is_unit, scale
from cds_service.facts.wanted import Unreadable, Wanted, in_unit
from cds_service.fhir.code_shapes import systems_of
from cds_service.fhir.code_systems import CPT, ICD10CM, LOINC, RXNORM, SNOMED, system_name
from cds_service.fhir.codes import Coding, is_known, key_of, sent, written
from cds_service.fhir.elements import days
from cds_service.fhir.ndc import ndc_products
from cds_service.policy.values import Interval
from tests.conftest import held_content

Json = dict[str, Any]


def table(name: str) -> Any:
    """A table of this folder."""
    return YAML(typ="safe", pure=True).load((Path(__file__).parent / name).read_text(encoding="utf-8"))


CODES = [(one["code"], system, code) for one in table("codes.yaml") for system, code in one["same"]]
UNITS = [(wanted, size, unit) for wanted, sizes in table("units.yaml").items() for size, units in sizes.items() for unit in units]


@pytest.mark.parametrize(("said", "system", "code"), CODES)
def test_a_code_is_the_same_by_any_address_and_spelling(said: str, system: str, code: str) -> None:
    """The system is known by all its addresses and labels, and the code compares without case, blanks, dot, hyphens or modifiers."""
    named = written(said)
    assert key_of(system, code) == key_of(named.system, named.code)
    assert is_known(system, code)


@pytest.mark.parametrize(
    ("system", "code"),
    [
        ("", "81420"),
        ("urn:oid:1.2.840.114350.1.13.0.1.7.2.696580", "81420"),
        ("http://hospital.example/orders", "81420"),
        ("ICD10", "81420"),
        ("x" * 300, "81420"),
    ],
)
def test_a_system_that_is_not_known_is_none(system: str, code: str) -> None:
    """No system, a hospital's own, and ICD-10 for what has not its shape are not known."""
    assert not is_known(system, code)
    assert key_of(system, code).space == system


@pytest.mark.parametrize(
    "system", ["http://hl7.org/fhir/sid/icd-9-cm", "ICD-9-CM", "urn:oid:2.16.840.1.113883.6.103", "http://hl7.org/fhir/sid/cvx"]
)
def test_another_system_is_known_and_another(system: str) -> None:
    """ICD-9 and other systems are known, and their codes are never those of ICD-10-CM."""
    assert is_known(system, "O30.1")
    assert key_of(system, "O30.1") != key_of(ICD10CM, "O30.1")


@pytest.mark.parametrize(
    ("system", "code", "shown"),
    [
        ("http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", "J2506", "HCPCS J2506"),
        ("urn:oid:2.16.840.1.113883.6.12", "81420 ", "CPT 81420"),
        ("icd10cm", "O30.1", "ICD-10-CM O30.1"),
        ("", "81420", "81420"),
    ],
)
def test_a_coding_is_shown_by_the_short_name_of_its_system(system: str, code: str, shown: str) -> None:
    """Whatever the address, people read the short name."""
    assert Coding(system, code).text == shown


@pytest.mark.parametrize(
    ("coding", "written_as"),
    [
        (Coding("HCPCS Level II", " J2506 "), Coding("https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", "J2506")),
        (Coding("CPT", "27280-50"), Coding(CPT, "27280-50")),
        (Coding("urn:oid:2.16.840.1.113883.6.12", "27280"), Coding("urn:oid:2.16.840.1.113883.6.12", "27280")),
    ],
)
def test_a_coding_is_sent_as_fhir_allows(coding: Coding, written_as: Coding) -> None:
    """A billing code goes out with an address and without blanks, however it came."""
    assert sent(coding) == written_as


@pytest.mark.parametrize(
    ("code", "systems"),
    [
        ("O30.1", {ICD10CM}),
        ("27280-50", {CPT}),
        ("11878-6", {LOINC}),
        ("11878-5", set()),
        ("26929004", {SNOMED, RXNORM}),
        ("26929005", {RXNORM}),
        ("twins", set()),
    ],
)
def test_the_shape_of_a_code_tells_what_it_could_be(code: str, systems: set[str]) -> None:
    """A check digit counts where a system has one; words are no code."""
    assert set(systems_of(code)) - {"http://www.cms.gov/Medicare/Coding/ICD10"} == systems


def test_a_code_without_system_could_be_in_the_sets_that_hold_it_in_any() -> None:
    """The sets are those of the systems whose shape the code has; where the system is known, nothing is left open."""
    terminology = held_content().terminology
    assert set(terminology.possible("", "81420")) == set(terminology.holding(CPT, "81420"))
    assert set(terminology.possible("urn:local", "o30.1")) >= set(terminology.holding(ICD10CM, "O30.1"))
    assert not set(terminology.possible(ICD10CM, "O30.1"))
    assert not set(terminology.possible("http://hl7.org/fhir/sid/icd-9-cm", "O30.1"))
    assert not set(terminology.possible("", "8" * 10_000))


@pytest.mark.parametrize(
    ("code", "products"),
    [
        ("55513-190-01", ("555130190",)),
        ("0003-0830-50", ("000030830",)),
        ("50242-0051-2", ("502420051",)),
        ("55513019001", ("555130190",)),
        ("555130190", ("555130190",)),
        ("55513-0190", ("555130190",)),
        ("0003083050", ("000030830", "000300830", "000308305")),
        ("12", ()),
        ("9" * 100, ()),
    ],
)
def test_an_ndc_names_its_product(code: str, products: tuple[str, ...]) -> None:
    """Nine digits are the labeler and the product; ten without hyphens leave three."""
    assert ndc_products(code) == products


@pytest.mark.parametrize(("wanted", "size", "unit"), UNITS)
def test_a_unit_is_read_by_its_customary_names(wanted: str, size: float | None, unit: str) -> None:
    """One of the unit is so many of the wanted one; what measures something else is no unit of it."""
    if size is None:
        with pytest.raises(UnknownUnit):
            convert(1.0, unit, wanted)
    else:
        assert convert(1.0, unit, wanted) == pytest.approx(float(size), rel=1e-8)


@pytest.mark.parametrize(
    ("number", "unit", "celsius"),
    [(100.4, "degF", 38), (100.4, "°F", 38), (100.4, "deg F", 38), (100.4, "F", 38), (100.4, "[degF]", 38), (38, "°C", 38), (38, "C", 38),
     (38, "Cel", 38), (38, "degrees C", 38), (311.15, "K", 38), (100.4, "Degrees Fahrenheit", 38)],
)  # fmt: skip
def test_temperatures_are_read_by_their_customary_names(number: float, unit: str, celsius: float) -> None:
    """Fahrenheit, Celsius and kelvin, however they are called."""
    assert convert(number, unit, "Cel") == celsius


@pytest.mark.parametrize(("number", "meant"), [(7.332731308, True), (7.332731307, True), (7.3327, False)])
def test_a_number_that_the_sender_rounded_is_the_one_that_was_meant(number: float, meant: bool) -> None:
    """What a conversion leaves behind nine digits decides nothing at a threshold: 55 mm[Hg] sent in kPa are 55."""
    assert (convert(number, "kPa", "mm[Hg]") == 55.0) is meant


@pytest.mark.parametrize("number", [1e300, 1.7e308])
def test_a_number_that_becomes_infinite_is_none(number: float) -> None:
    """Neither overflow nor a number that vanishes is a value."""
    with pytest.raises(OutOfReach):
        convert(number, "10*99/uL", "/uL")
    with pytest.raises(OutOfReach):
        convert(1 / number, "mg/L", "mg/dL")


def test_units_are_those_of_the_library() -> None:
    """Every unit of the table is as great as a library of UCUM says, but for the units of assays, which count as one here."""
    library = PintUcumRegistry()
    compared = 0
    for unit, (size, dimensions) in SYMBOLS.items():
        other = next((one for one, (_, same) in SYMBOLS.items() if same == dimensions and one != unit), None)
        if other is None or dimensions in ((("unit", 1),), (("bsa", 1),)):
            continue
        expected = library.Quantity(1, library.from_ucum(unit)).to(library.from_ucum(other)).magnitude
        assert size / SYMBOLS[other][0] == pytest.approx(expected, rel=1e-4 if "[Hg]" in unit + other else 1e-9), unit
        compared += 1
    assert compared > 100


@given(st.text(max_size=60) | st.text("10*^.{}/[]()xeEkKuLm ", max_size=45))
def test_no_unit_is_too_strange(unit: str) -> None:
    """Whatever a unit is, it is one or it is not; longer ones are not looked at."""
    assert is_unit(unit) in (True, False)
    try:
        factor, _ = scale(unit, "/uL")
    except UnknownUnit:
        return
    assert 0 < factor < float("inf")
    assert len(unit) <= LONGEST


@pytest.mark.parametrize(
    "unit", ["(" * 40, "{" * 40, "/" * 40, "10*" * 13, "10*9." * 8, "x" * 10**6, " " * 10**6, "1" * 40, "m9999999999", "10*-999"]
)
def test_hostile_units_are_none(unit: str) -> None:
    """Nesting, repetition and exponents are not computed with."""
    with pytest.raises(UnknownUnit):
        scale(unit, "mg/dL")


@pytest.mark.parametrize(("said", "number", "unit"), table("numbers.yaml"))
def test_a_string_that_is_nothing_but_a_number_is_read(said: str, number: Any, unit: str | None) -> None:
    """A number with its unit is read; with a word more it is free text."""
    found = read_number(said)
    if number is None:
        assert found is None
    else:
        assert found is not None
        assert (found.number.text(), found.unit) == (number if isinstance(number, str) else f"{number:g}", unit)


@pytest.mark.parametrize(
    ("said", "grade"),
    [
        ("1", 1),
        ("1 - Restricted in physically strenuous activity but ambulatory", 1),
        ("ECOG 2", 2),
        ("ECOG PS: 3 - Capable of only limited selfcare, confined to bed or chair more than 50% of waking hours", 3),
        ("Grade 0: No symptoms", 0),
        ("2= Ambulatory and capable of all selfcare but unable to carry out any work activities", 2),
        ("3-4", None),
        ("1 - 2", None),
        ("0 - Unable to assess", None),
        ("1 - not assessed today", None),
        ("2 or 3", None),
        ("improved from 3 to 1", None),
        ("KPS 90", None),
        ("12", None),
    ],
)
def test_a_grade_may_stand_before_its_label(said: str, grade: int | None) -> None:
    """Flowsheets send a grade with what it means; two grades, or a label that says that there is none, are no grade."""
    assert read_grade(said) == grade


@pytest.mark.parametrize(
    "holder",
    [
        {"valueString": "1 - Restricted in physically strenuous activity"},
        {"valueCodeableConcept": {"text": "1 - Restricted"}},
        {"valueCodeableConcept": {"coding": [{"system": "urn:flowsheet", "code": "77", "display": "ECOG 1 - Restricted"}]}},
        {"valueCodeableConcept": {"coding": [{"system": "urn:flowsheet", "code": "77", "display": "1"}], "text": "1 - Restricted"}},
        {"valueCodeableConcept": {"coding": [{"system": "http://loinc.org", "code": "LA9623-5", "display": "2 - wrong"}]}},
    ],
)
def test_a_grade_is_read_however_it_is_sent(holder: Json) -> None:
    """A known code decides; else the words do, where they are a grade with its label."""
    wanted = held_content().catalogue["ecog_performance"].wanted
    assert read_value(holder, wanted, held_content().terminology, "csf-ecog-grades") == Interval.exactly(1)


def test_words_that_give_two_grades_are_no_grade() -> None:
    """A text and a display that disagree are not read."""
    wanted = held_content().catalogue["ecog_performance"].wanted
    holder = {"valueCodeableConcept": {"coding": [{"display": "2 - Ambulatory"}], "text": "1 - Restricted"}}
    with pytest.raises(Unreadable):
        read_value(holder, wanted, held_content().terminology, "csf-ecog-grades")


COUNT = Wanted("count", "quantity", "/uL", 0, 1e9, ())
AGE = Wanted("age", "quantity", "d", 0, 308, ())
SCORE = Wanted("score", "quantity", "{score}", 0, 10, ())
FIFTEEN = Interval.exactly(1500)


def value(wanted: Wanted, **holder: Any) -> Any:
    """What is read of an Observation with these elements."""
    return read_value(holder, wanted, held_content().terminology)


@pytest.mark.parametrize(
    "holder",
    [
        {"valueQuantity": {"value": "1500", "unit": "/uL"}},
        {"valueQuantity": {"value": "1,500", "unit": "cells/uL"}},
        {"valueQuantity": {"value": "1500 cells/uL"}},
        {"valueQuantity": {"value": 1.5, "unit": "K/uL", "system": "http://unitsofmeasure.org", "code": "K/uL"}},
        {"valueQuantity": {"value": 1.5, "unit": "K/uL", "system": "http://unitsofmeasure.org", "code": "thousands of them"}},
        {"valueQuantity": {"value": 1.5, "unit": "K/uL", "system": "urn:local", "code": "7"}},
        {"valueQuantity": {"value": 1.5, "system": "https://unitsofmeasure.org/", "code": "10*3/uL"}},
        {"valueString": "1.5 K/uL"},
        {"valueString": "1500 /uL"},
    ],
)
def test_a_count_is_read_however_it_is_sent(holder: Json) -> None:
    """The number may be a string, and the unit customary, in the code, in the words or in the string."""
    assert value(COUNT, **holder) == FIFTEEN


@pytest.mark.parametrize(
    ("wanted", "holder", "why"),
    [
        (COUNT, {"valueQuantity": {"value": 1.5}}, "it has no unit"),
        (COUNT, {"valueQuantity": {"value": "1.5 K/uL", "unit": "/uL"}}, "not a number"),
        (COUNT, {"valueQuantity": {"value": 1.5, "code": "7", "system": "urn:local"}}, "a system other than UCUM"),
        (COUNT, {"valueQuantity": {"value": 1.5, "unit": "mg/dL"}}, "does not convert to /uL"),
        (COUNT, {"valueQuantity": {"value": "<1.5", "unit": "K/uL", "comparator": "<"}}, "two comparators"),
        (COUNT, {"valueQuantity": {"value": 10**400, "unit": "/uL"}}, "not a number"),
        (COUNT, {"valueQuantity": {"value": 1e300, "unit": "10*99/uL"}}, "not a plausible value"),
        (COUNT, {"valueString": "not measured"}, "free text"),
        (AGE, {"valueString": "12"}, "it has no unit"),
        (AGE, {"valueInteger": 12, "code": {"coding": [{"system": "http://loinc.org", "code": "18185-9"}]}}, "it has no unit"),
    ],
)
def test_what_cannot_be_read_says_why(wanted: Wanted, holder: Json, why: str) -> None:
    """A value that nobody can tell is unreadable, with its reason."""
    with pytest.raises(Unreadable, match=why):
        value(wanted, **holder)


@pytest.mark.parametrize(
    ("wanted", "holder", "number"),
    [
        (AGE, {"valueInteger": 12, "code": {"coding": [{"system": "https://loinc.org", "code": "49051-6"}]}}, 84),
        (AGE, {"valueQuantity": {"value": 87}, "code": {"coding": [{"system": "http://loinc.org", "code": "49052-4"}]}}, 87),
        (AGE, {"valueString": "12w3d"}, 87),
        (AGE, {"valueQuantity": {"value": "12 weeks 3 days"}}, 87),
        (SCORE, {"valueString": "3"}, 3),
        (SCORE, {"valueString": "3/10"}, 3),
        (SCORE, {"valueQuantity": {"value": "7", "unit": "points"}}, 7),
    ],
)
def test_a_unit_may_stand_in_the_name_of_the_code_or_go_without_saying(wanted: Wanted, holder: Json, number: float) -> None:
    """Weeks in the LOINC name, weeks and days in the string, scores without any."""
    assert value(wanted, **holder) == Interval.exactly(number)


@given(st.text(max_size=80) | st.text("0123456789 ,.<>=wkd/+-", max_size=45), st.text(max_size=80))
def test_no_string_is_too_strange(said: str, other: str) -> None:
    """Whatever a string, a code or an address is, it is read or it is not, and nothing raises."""
    read_number(said)
    key_of(said, other)
    is_known(other, said)
    system_name(said)
    ndc_products(said)
    held_content().terminology.possible(said, other)
    for holder in ({"valueString": said}, {"valueQuantity": {"value": said, "unit": other, "code": said, "system": other}}):
        try:
            found = value(COUNT, **holder)
        except Unreadable:
            continue
        assert isinstance(found, Interval)


@pytest.mark.parametrize(
    ("written_as", "first", "last"),
    [
        ("2025-05-01", "2025-05-01", "2025-05-01"),
        ("2025-05", "2025-05-01", "2025-05-31"),
        ("2025", "2025-01-01", "2025-12-31"),
        ("2025-05-01T23:59:59Z", "2025-05-01", "2025-05-01"),
        ("2025-05-01T23:59:59-11:00", "2025-05-01", "2025-05-01"),
        ("2025-05-01T00:00:00+14:00", "2025-05-01", "2025-05-01"),
        ("2025-05-01T10:00:00.123456789Z", "2025-05-01", "2025-05-01"),
        ("2025-05-01T10:00:00", "2025-05-01", "2025-05-01"),
        ("2025-05-01T10:00:00+0000", "2025-05-01", "2025-05-01"),
        ("2025-05-01 10:00", "2025-05-01", "2025-05-01"),
        (" 2025-05-01 ", "2025-05-01", "2025-05-01"),
        ("2024-02-29", "2024-02-29", "2024-02-29"),
        ("9999-12", "9999-12-01", "9999-12-31"),
        ("2025-02-29", None, None),
        ("2025-13", None, None),
        ("0000-01-01", None, None),
        ("2025-W01-1", None, None),
        ("05/01/2025", None, None),
        ("2025-5-1", None, None),
        ("\u0662\u0660\u0662\u0665-\u0660\u0665-\u0660\u0661", None, None),
        ("yesterday", None, None),
        (20250501, None, None),
        (None, None, None),
    ],
)
def test_a_day_is_the_one_that_is_written(written_as: Any, first: str | None, last: str | None) -> None:
    """Whatever the time and its zone, the calendar day as written counts; a partial date leaves its days open."""
    found = days(written_as)
    assert (found.first.isoformat(), found.last.isoformat()) == (first, last) if found else first is None


@pytest.mark.parametrize("pressure", [55.0, 56.0, 59.0, 60.0, 88.0, 160.0])
def test_a_number_that_was_converted_before_is_the_same_again(pressure: float) -> None:
    """A partial pressure told in kilopascals lies on the same side of a limit in millimetres of mercury."""
    assert convert(convert(pressure, "mm[Hg]", "kPa"), "kPa", "mm[Hg]") == pressure


@pytest.mark.parametrize(
    ("unit", "highest", "read"),
    [
        ("/30", 30, True),
        ("out of 30", 30, True),
        ("points / 30", 30, True),
        ("/40", 40, True),
        ("/30", 10, False),
        ("/5", 10, False),
        ("/0", 30, False),
    ],
)
def test_a_score_out_of_the_highest_is_read(unit: str, highest: float, read: bool) -> None:
    """A score out of 30 is one of a scale that ends at 30; of another scale it is none."""
    wanted = Wanted("score", "quantity", "{score}", 0, highest, ())
    if read:
        assert in_unit(Interval.exactly(3), unit, wanted) == Interval.exactly(3)
    else:
        with pytest.raises(Unreadable):
            in_unit(Interval.exactly(3), unit, wanted)
