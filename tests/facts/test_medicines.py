"""Medicines are read by ingredient, whatever they are coded by and however a record refers to them (rule 25)."""

from __future__ import annotations

import tracemalloc
from datetime import date
from types import MappingProxyType
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.case import Case
from cds_service.chart import UNREAD, Chart
from cds_service.content.content import shipped_content
from cds_service.facts.found.doubtful_medicines import doubtful_medicines
from cds_service.facts.kinds.allergy import AllergyEvidence
from cds_service.facts.kinds.medication import MedicationEvidence
from cds_service.facts.unread import unread
from cds_service.facts.wanted import Wanted
from cds_service.fhir.code_systems import HCPCS, NDC, RXNORM, SNOMED
from cds_service.fhir.codes import Coding, Key
from cds_service.fhir.medication import DEEPEST, MOST_PARTS, Medications, doubt_of, said_medicine
from cds_service.fhir.medicines import read_medicines
from cds_service.fhir.value_sets import Carried, Terminology, ValueSet
from cds_service.order import read_order
from cds_service.policy.evidence import Evidence, Standing
from cds_service.policy.values import Days
from tests.conftest import held_content
from tests.exchange import ADDRESS, PATIENT, condition, decisions, order, request, sign

Json = dict[str, Any]
CONTENT = held_content()
MEDICINES = CONTENT.terminology.medicines
AS_OF = date(2026, 3, 1)
CVX = "http://hl7.org/fhir/sid/cvx"
NOBODYS = "urn:oid:1.2.840.114350.1.13.861.1.7.2.698288"


def value_set(id_: str, codes: dict[Key, Carried | None], **more: Any) -> ValueSet:
    """A value set of medicines."""
    none: MappingProxyType[Any, Any] = MappingProxyType({})
    return ValueSet(id_, id_, "1", id_, MappingProxyType(codes), none, frozenset(), frozenset(), none, **more)


DRUGS = {"3639": "doxorubicin", "40048": "carboplatin", "224905": "trastuzumab", "3041": "cytarabine", "3109": "daunorubicin"}
SETS = {
    "cytotoxic": value_set("cytotoxic", {Key("rxnorm", code): Carried(name) for code, name in DRUGS.items()}),
    "factors": value_set("factors", {Key("procedure", "Q5101"): Carried("Zarxio"), Key("rxnorm", "1605064"): Carried("Zarxio")}),
    "plain-factors": value_set("plain-factors", {Key("rxnorm", "68442"): Carried("Neupogen")}, as_written=True),
    "spinal": value_set("spinal", {Key("snomed", "72607000"): None}),
    "failed": value_set("failed", {Key("snomed", "58848006"): None}),
}
TERMINOLOGY = Terminology(SETS, (), MEDICINES)


def concept(system: str, code: str, **more: Any) -> Json:
    """A CodeableConcept of one coding."""
    return {"coding": [{"system": system, "code": code}], **more}


DOXORUBICIN = concept(RXNORM, "1790099")
"""10 mL of doxorubicin 2 mg/mL: a product."""


def record(kind: str = "MedicationRequest", medicine: Json | None = None, id_: str = "m1", **more: Any) -> Json:
    """A record of a medicine in force, of 2026-02-20."""
    when = {
        "MedicationRequest": {"authoredOn": "2026-02-20", "intent": "order"},
        "MedicationStatement": {"effectiveDateTime": "2026-02-20"},
        "MedicationAdministration": {"effectiveDateTime": "2026-02-20"},
        "MedicationDispense": {"whenHandedOver": "2026-02-20"},
        "ServiceRequest": {"authoredOn": "2026-02-20", "intent": "order"},
        "Procedure": {"performedDateTime": "2026-02-20"},
    }[kind]
    held = (
        {"code" if kind in ("ServiceRequest", "Procedure") else "medicationCodeableConcept": medicine}
        if medicine is not None
        else {}
    )
    status = "completed" if kind in ("MedicationAdministration", "MedicationDispense", "Procedure") else "active"
    return {"resourceType": kind, "id": id_, "status": status, "subject": PATIENT} | when | held | more


def found(
    *chart: Json, codes: str = "cytotoxic", drafts: tuple[Json, ...] = (), as_of: date = AS_OF, type_: str = "choice", **kind: Any
) -> list[Evidence]:
    """The evidence of a medicine of a value set."""
    choices = ("Zarxio", "Neupogen", *DRUGS.values()) if type_ == "choice" else ()
    wanted = Wanted("fact", type_, "", float("-inf"), float("inf"), choices)
    source = MedicationEvidence(codes=codes, **({"states": ["draft", "active", "completed"]} | kind))
    own = read_order({"resourceType": "ServiceRequest", "id": "o1", "status": "draft", "code": {}}, 0, as_of)
    signing = (own, *(read_order(draft, at, as_of) for at, draft in enumerate(drafts, 1)))
    return list(source.find(Case(Chart(chart, TERMINOLOGY, "p1"), own, signing, as_of), wanted))


def values(evidence: list[Evidence]) -> list[Any]:
    """The values that decide."""
    return [one.value for one in evidence if one.standing is Standing.USABLE]


def notes(evidence: list[Evidence]) -> list[str]:
    """What is uncertain, and why: in the words of a question where it could not be read."""
    return [unread(one) or one.note for one in evidence if one.standing is Standing.UNCERTAIN]


def unknown(name: str, why: str = "which is not recognised") -> str:
    """What is said of a medicine that could not be read."""
    return f"on the medication list: '{name}', {why}"


@pytest.mark.parametrize(
    ("system", "code", "ingredients"),
    [
        (RXNORM, "3639", ("3639",)),
        (RXNORM, "1790099", ("3639",)),
        (RXNORM, "835603", ("10689",)),
        (RXNORM, "1049502", ("7804",)),
        (RXNORM, "80773", ("3639",)),
        (RXNORM, "617311", ("83367",)),
        (RXNORM, "1605064", ("68442",)),
        (RXNORM, "2017575", ("3041", "3109")),
        (RXNORM, "1942748", ("3041", "3109")),
        (RXNORM, "2267577", ("2267574",)),
        (NDC, "00002-7623-01", ("68446",)),
        (NDC, "0002-7623-01", ("68446",)),
        (NDC, "00002762301", ("68446",)),
        (NDC, "0002762301", ("68446",)),
        (NDC, "000027623", ("68446",)),
        (HCPCS, "J9000", ("3639",)),
        (HCPCS, "j9000-JZ", ("3639",)),
        (HCPCS, "J9070", ("3002",)),
        (HCPCS, "J1200", ("3498",)),
        (HCPCS, "J1569", ("5666",)),
        (HCPCS, "J9316", ("224905", "1298944")),
        (HCPCS, "J9380", ("2619426",)),
        (HCPCS, "J9170", ()),
        (RXNORM, "2267574", ("2267574",)),
        (RXNORM, "1100071", ("1100072",)),
        (SNOMED, "373529000", ("7052",)),
        (RXNORM, "99999999999", ()),
        (RXNORM, "doxorubicin", ()),
        (NDC, "00000-0000-00", ()),
        (HCPCS, "J3590", ()),
        (NOBODYS, "3639", ()),
    ],
)
def test_a_code_tells_the_ingredients(system: str, code: str, ingredients: tuple[str, ...]) -> None:
    """Ingredients, products, brands, precise ingredients, combinations, NDC in its spellings, HCPCS and substances are read."""
    assert MEDICINES.ingredients(system, code) == ingredients


@pytest.mark.parametrize(
    ("words", "ingredients"),
    [
        ("lisinopril 10 MG Oral Tablet", ("29046",)),
        ("metFORMIN (GLUCOPHAGE) 500 mg tablet", ("6809",)),
        ("Neulasta Onpro kit", ("338036",)),
        ("oxyCODONE-acetaminophen 5-325 mg", ("7804", "161")),
        ("5-FU 1000 mg", ("4492",)),
        ("trastuzumab emtansine", ("1371041",)),
        ("NS 0.9 %", ("9863",)),
        ("no such name", ()),
    ],
)
def test_words_name_ingredients_and_brands(words: str, ingredients: tuple[str, ...]) -> None:
    """Names are whole words, whatever their case; the longest name counts."""
    assert MEDICINES.named(words) == ingredients


ORDINARY = """
lisinopril 10 MG Oral Tablet|atorvastatin 40 MG Oral Tablet|LIPITOR 20 mg tab|amlodipine 5 MG Oral Tablet|ASA 81 mg
aspirin 81 mg EC tablet|metoprolol succinate ER 25 mg 24 hr tablet|Synthroid 88 mcg|omeprazole 20 mg DR capsule|HCTZ 12.5 mg
furosemide 20 mg tablet|gabapentin 300 mg capsule|escitalopram (LEXAPRO) 10 mg tablet|bupropion XL 150 mg|Ventolin HFA 2 puffs
albuterol HFA 90 mcg/actuation inhaler|fluticasone-salmeterol (ADVAIR DISKUS) 250-50 mcg/dose|Symbicort|montelukast 10 mg tablet
ipratropium-albuterol (DUO-NEB) 0.5-2.5 mg/3 mL nebulizer solution|insulin glargine (LANTUS) 100 unit/mL injection
Insulin NPH Human|NovoLog FlexPen 100 unit/mL|Ozempic|Trulicity 1.5 mg/0.5 mL|warfarin 5 mg tablet|apixaban (ELIQUIS) 5 mg tablet
enoxaparin 40 mg/0.4 mL syringe|heparin lock flush 100 unit/mL|sodium chloride 0.9 % flush 10 mL|NS flush|lactated ringers infusion
normal saline 0.9% 1000 mL bag|dextrose 5 % in water (D5W) IV solution|dextrose 5%-0.45% sodium chloride infusion 1,000 mL
potassium chloride ER 20 mEq tablet|magnesium oxide 400 mg tablet|calcium carbonate-vitamin D3 600 mg-400 unit tablet
vitamin D3 2,000 units capsule|Vitamin B-12 1000 mcg tablet|folic acid 1 mg tablet|ferrous sulfate 325 mg (65 mg iron) tablet
Multivitamin tablet|MULTIVITAMIN ADULT ORAL|prenatal vitamin with iron|fish oil 1,000 mg capsule|Probiotic|Coenzyme Q10 100 mg
glucosamine-chondroitin|melatonin 3 mg tablet|acetaminophen 325 mg tablet|Tylenol Extra Strength 500 mg|ibuprofen (Advil) 200 mg
diphenhydramine 25 mg capsule|cetirizine (ZyrTEC) 10 mg|fluticasone propionate 50 mcg/actuation nasal spray|MIRALAX 17 gram packet
docusate sodium 100 mg capsule|senna 8.6 mg tablet|ondansetron 4 mg ODT|dexamethasone 4 mg tablet|prednisone 5 mg
lidocaine 5 % patch|diclofenac 1 % gel|triamcinolone acetonide 0.1 % cream|Ketoprofen/gabapentin/lidocaine compounded cream
Artificial tears ophthalmic drops|latanoprost 0.005% ophthalmic solution|Blood glucose test strips|OneTouch Ultra test strips
FreeStyle Libre 2 Sensor|lancets 33 gauge misc|BD Ultra-Fine pen needles 32G x 4mm|insulin syringe-needle U-100 1 mL 31 gauge
nitrile gloves|gauze dressing 4x4|Foley catheter 16 Fr|oxygen 2 L/min nasal cannula|Albuterol nebulizer machine
iohexol (OMNIPAQUE) 350 mg iodine/mL|gadobutrol injection|influenza vaccine quadrivalent 2024-2025|COVID-19 vaccine, mRNA
pneumococcal conjugate vaccine 20-valent|tamsulosin 0.4 mg capsule|alprazolam (XANAX) 0.5 mg|amoxicillin 500 mg capsule
azithromycin (Z-PAK) 250 mg|nitroglycerin 0.4 mg SL tablet|Ortho Tri-Cyclen|levonorgestrel IUD|allopurinol 300 mg
nicotine 21 mg/24 hr patch|buprenorphine-naloxone 8-2 mg SL film|Ensure Plus|CBD oil|No known medications|Tums|Zantac
epinephrine (EPIPEN) 0.3 mg/0.3 mL auto-injector|sacubitril-valsartan (ENTRESTO) 24-26 mg|epoetin alfa 10,000 unit/mL
"""
UNKNOWN = """
XYZ 20|XYZ-101 capsule 20 mg|Study drug|Investigational agent ABC-123|Unknown medication|compounded cream|R-CHOP|Home med
XYZ-20 in 0.9% sodium chloride 250 mL|prefilled syringe XYZ|XYZ medicated swab 5 mg|Chemotherapy per protocol|pain pump refill
"""


def names_of(table: str) -> list[str]:
    """The names of a table of words."""
    return [name for line in table.strip().splitlines() for name in line.split("|")]


def test_ordinary_medication_lists_are_read() -> None:
    """Of a hundred ordinary entries every one is read: a question at every order would be no reading."""
    assert len(names_of(ORDINARY)) > 100
    assert [name for name in names_of(ORDINARY) if not MEDICINES.names.in_words(name).read] == []


def test_what_words_do_not_tell_is_not_read() -> None:
    """An unknown name is unread, also in a fluid or a form that is known."""
    assert [name for name in names_of(UNKNOWN) if MEDICINES.names.in_words(name).read] == []


@pytest.mark.parametrize(
    ("system", "code", "strength"),
    [
        (RXNORM, "835603", (50.0, "mg", "1")),
        (RXNORM, "1049502", (10.0, "mg", "1")),
        (RXNORM, "106500", (5.0, "mg", "mL")),
        (RXNORM, "3639", None),
        (NDC, "00000-0000-00", None),
    ],
)
def test_an_opioid_product_has_a_strength(system: str, code: str, strength: tuple[float, str, str] | None) -> None:
    """The amount of the opioid in one tablet, millilitre or patch, with its unit and what it is per."""
    found = MEDICINES.opioid(system, code)
    assert (found and (found.amount, found.unit, found.per)) == strength


@pytest.mark.parametrize(
    ("codings", "telling"),
    [
        pytest.param([(RXNORM, "4492"), (RXNORM, "197709")], ["197709"], id="an ingredient, and its product"),
        pytest.param([(RXNORM, "197709"), (RXNORM, "4492")], ["197709"], id="in either order"),
        pytest.param([(RXNORM, "4492"), (RXNORM, "224945")], ["224945"], id="an ingredient, and a brand"),
        pytest.param([(RXNORM, "224945"), (RXNORM, "197709")], ["197709"], id="a brand, and a product"),
        pytest.param(
            [(RXNORM, "1605064"), (RXNORM, "1605071"), (RXNORM, "68442")], ["1605071"], id="a maker, a product, an ingredient"
        ),
        pytest.param([(RXNORM, "68442"), (NDC, "61314-0326-01")], ["61314-0326-01"], id="an ingredient, and a package"),
        pytest.param([(RXNORM, "68442"), (HCPCS, "Q5101")], ["Q5101"], id="an ingredient, and a code of HCPCS"),
        pytest.param([(HCPCS, "Q5101"), (RXNORM, "1605064")], ["Q5101", "1605064"], id="a code of HCPCS, and the maker"),
        pytest.param([(HCPCS, "Q5101"), (RXNORM, "1605071")], ["Q5101", "1605071"], id="a code of HCPCS is billed by"),
        pytest.param([(RXNORM, "4492"), (RXNORM, "1790099")], ["4492", "1790099"], id="an ingredient that the product has not"),
        pytest.param([(RXNORM, "4492"), (NOBODYS, "77")], ["4492", "77"], id="a code that nobody knows"),
        pytest.param([(RXNORM, "4492"), (RXNORM, "nothing")], ["4492", "nothing"], id="no code of RxNorm"),
        pytest.param([(SNOMED, "373492002"), (RXNORM, "197696")], ["197696"], id="a substance, and a product"),
        pytest.param([(RXNORM, "4492"), (RXNORM, "4492")], ["4492", "4492"], id="one ingredient twice"),
        pytest.param([(RXNORM, "4492")], ["4492"], id="one code"),
    ],
)
def test_the_codes_of_a_medicine_that_tell_most_of_it(codings: list[tuple[str, str]], telling: list[str]) -> None:
    """Records give ingredient, maker, brand and product beside each other; the closest tells what it is."""
    assert [one.code for one in MEDICINES.plainest([Coding(*one) for one in codings])] == telling


def test_a_set_of_ingredients_holds_every_product() -> None:
    """What a set says of the medicine itself comes before what it says of its ingredient; sets as written hold no products."""
    assert TERMINOLOGY.holding(RXNORM, "1790099")["cytotoxic"] == Carried("doxorubicin")
    assert TERMINOLOGY.holding(HCPCS, "J9000")["cytotoxic"] == Carried("doxorubicin")
    assert TERMINOLOGY.holding(RXNORM, "1605066") == {"factors": Carried("Zarxio")}
    assert TERMINOLOGY.holding(RXNORM, "68442") == {"plain-factors": Carried("Neupogen")}
    assert TERMINOLOGY.holding(RXNORM, "727535") == {}


@pytest.mark.parametrize("code", ["J0130", "J1440", "Q9967"])
def test_a_code_without_ingredients_is_read_as_no_medicine_looked_for(code: str) -> None:
    """A code of a medicine that no policy looks for is read; so is one that named a growth factor before its number was used again."""
    assert CONTENT.terminology.tells(HCPCS, code)
    assert not CONTENT.terminology.holding(HCPCS, code)


def test_an_eye_injection_is_no_antineoplastic_and_its_namesake_is() -> None:
    """Aflibercept for the eye is of no regimen; ziv-aflibercept is an antineoplastic."""
    assert not CONTENT.terminology.holding(HCPCS, "J0178")
    assert "csf-antineoplastics" in CONTENT.terminology.holding(HCPCS, "J9400")


@pytest.mark.parametrize(("ingredient", "concerned"), [("7242", False), ("8745", False), ("1819", True)])
def test_a_combination_in_a_set_speaks_of_what_the_set_lists(ingredient: str, concerned: bool) -> None:
    """Buprenorphine with naloxone, and meperidine with promethazine, are opioids: naloxone and promethazine are none."""
    assert ("pump-systemic-opioids" in CONTENT.terminology.concerned_with([ingredient])) is concerned


def test_the_tables_are_small_and_quickly_read() -> None:
    """All tables of a worker take at most 10 MB."""
    tracemalloc.start()
    held = read_medicines(shipped_content() / "value_sets" / "medicines")
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held.knows(RXNORM, "3639")
    assert size < 10_000_000


KINDS = ["MedicationRequest", "MedicationStatement", "MedicationAdministration", "MedicationDispense"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("medicine", [DOXORUBICIN, concept(HCPCS, "J9000"), concept(RXNORM, "80773")])
def test_a_product_is_evidence_of_its_ingredient(kind: str, medicine: Json) -> None:
    """In every type of record a product, a brand and a billing code say the drug."""
    assert values(found(record(kind, medicine))) == ["doxorubicin"]


def test_a_service_ordered_by_a_drugs_code_is_evidence() -> None:
    """A ServiceRequest with a drug's HCPCS code is an order of the drug."""
    assert values(found(record("ServiceRequest", concept(HCPCS, "J9045")))) == ["carboplatin"]


def test_a_procedure_with_a_drugs_code_is_a_dose_of_it() -> None:
    """A Procedure with a drug's HCPCS code says that the drug was given, on the day on which it was done."""
    (given,) = found(record("Procedure", concept(HCPCS, "J9045")), states=["completed"])
    assert (given.value, given.when, given.resource) == ("carboplatin", Days.on(date(2026, 2, 20)), "Procedure/m1")
    assert found(record("Procedure", concept(HCPCS, "J9045"), status="not-done"), states=["completed"]) == []
    assert found(record("Procedure", concept(HCPCS, "J9045")), states=["active"]) == []


def test_each_ingredient_of_a_product_is_evidence() -> None:
    """A combination of two drugs that a set tells apart says both."""
    assert sorted(values(found(record(medicine=concept(RXNORM, "1942748"))))) == ["cytarabine", "daunorubicin"]


MEDICATION: Json = {
    "resourceType": "Medication",
    "id": "med",
    "code": DOXORUBICIN,
    "identifier": [{"system": "urn:x", "value": "9"}],
}
REFERENCES: list[Json] = [
    {"reference": "Medication/med"},
    {"reference": "https://ehr.example.org/r4/Medication/med"},
    {"reference": "Medication/med/_history/3"},
    {"reference": "https://ehr.example.org/r4/Medication/med/_history/3"},
    {"reference": "urn:uuid:med"},
    {"identifier": {"system": "urn:x", "value": "9"}},
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("named", REFERENCES, ids=[str(next(iter(one.values()))) for one in REFERENCES])
def test_a_medication_is_found_by_every_form_of_reference(kind: str, named: Json) -> None:
    """Relative, absolute, with a version, by its address in a Bundle, by a business identifier."""
    assert values(found(record(kind, medicationReference=named), MEDICATION)) == ["doxorubicin"]


def test_a_medication_may_be_contained() -> None:
    """One that the record contains is read, and no other of the same id."""
    assert values(found(record(contained=[MEDICATION], medicationReference={"reference": "#med"}))) == ["doxorubicin"]
    missing = found(record(medicationReference={"reference": "#med"}), MEDICATION)
    assert notes(missing) == [unknown("a medicine without a name", "whose record was not sent")]


def test_a_medication_is_found_by_its_address_in_a_bundle() -> None:
    """The fullUrl of an entry names it, whatever its id."""
    sent = {"resourceType": "Bundle", "entry": [{"fullUrl": "urn:uuid:0b1c", "resource": {**MEDICATION, "id": "other"}}]}
    said = said_medicine(record(medicationReference={"reference": "urn:uuid:0b1c"}), Medications([sent]))
    assert said.whole == DOXORUBICIN


INGREDIENTS: list[Json] = [
    {"itemCodeableConcept": concept(RXNORM, "3639")},
    {"itemReference": {"reference": "Medication/part"}},
]


@pytest.mark.parametrize("ingredient", INGREDIENTS, ids=["by code", "by reference"])
def test_a_medication_is_read_by_its_ingredients(ingredient: Json) -> None:
    """A mixture without a code of its own is what its ingredients are."""
    mixture = {"resourceType": "Medication", "id": "mix", "code": {"text": "IV bag"}, "ingredient": [ingredient]}
    part = {"resourceType": "Medication", "id": "part", "code": concept(RXNORM, "3639")}
    evidence = found(record(medicationReference={"reference": "Medication/mix"}), mixture, part)
    assert values(evidence) == ["doxorubicin"]
    assert notes(evidence) == []


def test_an_ingredient_that_is_not_read_asks() -> None:
    """A mixture of a known and an unknown drug is not read whole; its inactive ingredients do not matter."""
    parts: list[Json] = [{"itemCodeableConcept": concept(RXNORM, "3639")}, {"itemCodeableConcept": {"text": "XYZ 20"}}]
    mixture: Json = {"resourceType": "Medication", "id": "mix", "ingredient": parts}
    evidence = found(record(medicationReference={"reference": "Medication/mix"}), mixture)
    assert values(evidence) == ["doxorubicin"]
    assert notes(evidence) == [unknown("XYZ 20")]
    parts[1]["isActive"] = False
    assert notes(found(record(medicationReference={"reference": "Medication/mix"}), mixture)) == []


def test_words_alone_only_ask() -> None:
    """A name of the drug looked for is uncertain evidence of it, a name of another drug is read and none."""
    evidence = found(record(medicine={"text": "doxorubicin 50 mg"}), record(medicine={"text": "lisinopril"}, id_="m2"))
    assert [one.value for one in evidence] == ["doxorubicin"]
    assert notes(evidence) == [unknown("doxorubicin 50 mg", "which is named only in words")]


@pytest.mark.parametrize(
    "medicine",
    [
        {"medicationCodeableConcept": {"text": "Adriamycin"}},
        {"medicationCodeableConcept": {"coding": [{"system": NOBODYS, "code": "1", "display": "DOXOrubicin (ADRIAMYCIN) chemo"}]}},
        {"medicationCodeableConcept": {"coding": [{"display": "doxorubicin"}]}},
        {"medicationReference": {"reference": "Medication/none", "display": "doxorubicin 2 mg/mL"}},
        {"medicationReference": {"display": "doxorubicin 2 mg/mL"}},
    ],
)
def test_words_are_read_wherever_they_stand(medicine: Json) -> None:
    """In the text, the display of an unknown coding, or beside a reference that leads nowhere."""
    assert [note.endswith("named only in words") for note in notes(found(record(**medicine)))] == [True]


@pytest.mark.parametrize(
    ("medicine", "name"),
    [
        ({"medicationCodeableConcept": {"text": "XYZ 20"}}, "XYZ 20"),
        ({"medicationCodeableConcept": concept(RXNORM, "99999999")}, "RXNORM 99999999"),
        ({"medicationCodeableConcept": concept(HCPCS, "J3590")}, "HCPCS J3590"),
        ({"medicationCodeableConcept": {"text": "x" * 500}}, "x" * 60),
        ({}, "a medicine without a name"),
    ],
)
@pytest.mark.parametrize("codes", ["cytotoxic", "factors"])
def test_an_unread_medicine_asks_and_is_named(codes: str, medicine: Json, name: str) -> None:
    """No known code, no known name, a reference that leads nowhere: it could be any medicine that is looked for."""
    assert notes(found(record(**medicine), codes=codes)) == [unknown(name)]


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled", "stopped"])
def test_an_unread_medicine_of_no_force_says_nothing(status: str) -> None:
    """What does not count if it is read does not count if it is not."""
    assert found(record(medicine={"text": "XYZ 20"}, status=status)) == []
    assert found(record(medicine={"text": "XYZ 20"}, doNotPerform=True)) == []
    assert found(record("MedicationStatement", {"text": "XYZ 20"}, status="not-taken")) == []


@pytest.mark.parametrize("medicine", [concept(CVX, "140"), {"text": "nitrile gloves"}, concept(RXNORM, "29046"), {"text": "Tums"}])
def test_what_is_read_and_another_says_nothing(medicine: Json) -> None:
    """Vaccines, supplies and other drugs end no silence."""
    assert found(record(medicine=medicine)) == []


def test_an_unread_medicine_makes_facts_speak() -> None:
    """A case with one mentions it, so that facts about medicines are looked at; one with lisinopril does not."""
    assert UNREAD in Chart([record(medicine={"text": "XYZ 20"})], TERMINOLOGY, "p1").mentioned
    assert Chart([record(medicine={"text": "lisinopril"})], TERMINOLOGY, "p1").mentioned == frozenset()


def test_drafts_signed_together_are_read_alike() -> None:
    """By product, by words, and unread."""
    drafts = tuple(
        record(medicine=one, id_=f"d{at}", status="draft")
        for at, one in enumerate([DOXORUBICIN, {"text": "carboplatin AUC 5"}, {"text": "XYZ 20"}, {"text": "ondansetron"}])
    )
    evidence = found(drafts=drafts)
    assert values(evidence) == ["doxorubicin"]
    assert notes(evidence) == [unknown("carboplatin AUC 5", "which is named only in words"), unknown("XYZ 20")]


@pytest.mark.parametrize(
    ("dispense", "states", "counts"),
    [
        ({}, ["active"], True),
        ({}, ["completed", "stopped"], True),
        ({"whenHandedOver": "2026-01-20"}, ["active"], False),
        ({"whenHandedOver": "2026-01-20"}, ["completed"], True),
        ({"whenHandedOver": "2026-01-20", "daysSupply": {"value": 90}}, ["active"], True),
        ({"whenHandedOver": "2026-01-20", "daysSupply": {"value": 1e300}}, ["active"], False),
        ({"whenHandedOver": "2026-01-20", "daysSupply": {"value": "90"}}, ["active"], False),
        ({"status": "in-progress", "whenHandedOver": None, "whenPrepared": "2026-02-27"}, ["active"], True),
        ({"status": "declined"}, ["active", "completed"], False),
    ],
)
def test_what_was_handed_over_lasts_as_long_as_its_supply(dispense: Json, states: list[str], counts: bool) -> None:
    """A dispense is of the present while its supply, or a month, lasts."""
    given = {k: v for k, v in (record("MedicationDispense", DOXORUBICIN) | dispense).items() if v is not None}
    assert bool(values(found(given, states=states))) is counts


def test_whether_it_is_taken_may_be_unknown() -> None:
    """A record of unknown status is uncertain."""
    assert notes(found(record(medicine=DOXORUBICIN, status="unknown"))) == ["whether it is taken is not known"]


REASON = concept(SNOMED, "58848006")


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("MedicationRequest", {"statusReason": REASON}),
        ("MedicationStatement", {"statusReason": [REASON]}),
        ("MedicationDispense", {"statusReasonCodeableConcept": REASON}),
    ],
)
def test_the_reason_it_was_stopped_for_is_read(kind: str, reason: Json) -> None:
    """In the element of each type of record; in words alone it is open, and another reason is none."""
    stopped = record(kind, DOXORUBICIN, status="stopped")
    asked: Json = {"states": ["stopped"], "because": "failed"}
    assert values(found(stopped | reason, **asked)) == ["doxorubicin"]
    name, value = next(iter(reason.items()))
    spoken: Any = {"text": "did not work"}
    assert notes(found(stopped | {name: [spoken] if isinstance(value, list) else spoken}, **asked)) == [
        "the reason for it is not here, or given in words, which are not read"
    ]
    other = concept(SNOMED, "182862001")
    assert found(stopped | {name: [other] if isinstance(value, list) else other}, **asked) == []
    assert found(stopped, **asked) == []


def test_a_route_in_words_is_open() -> None:
    """A route that is plain in words, or in the display of a code of the sender's own, is read; another might be the one wanted."""

    def by(route: Json) -> list[Evidence]:
        return found(record(medicine=DOXORUBICIN, dosageInstruction=[{"route": route}]), routes="spinal")

    assert values(by(concept(SNOMED, "72607000"))) == ["doxorubicin"]
    assert values(by({"text": "Intrathecal"})) == ["doxorubicin"]
    assert values(by({"coding": [{"system": "urn:oid:1.2.3", "code": "36", "display": "Intrathecal Route"}]})) == ["doxorubicin"]
    assert notes(by({"text": "Intra-lesional"})) == ["its route is given in words, which are not read"]
    assert notes(by({"coding": [{"system": "urn:oid:1.2.3", "code": "9", "display": "See admin instructions"}]})) == [
        "its route is given in words, which are not read"
    ]
    assert by({"text": "Oral"}) == []
    assert by({"coding": [{"system": "urn:oid:1.2.3", "code": "15", "display": "Oral"}]}) == []
    assert by(concept(SNOMED, "26643006")) == []


def test_other_kinds_of_evidence_can_ask_what_is_in_doubt() -> None:
    """A daily dose of a drug asks which medicines could be it."""
    own = read_order({"resourceType": "ServiceRequest", "id": "o1", "status": "draft"}, 0, AS_OF)
    chart = [
        record(medicine={"text": "doxorubicin"}),
        record(medicine={"text": "XYZ"}, id_="m2"),
        record(medicine=DOXORUBICIN, id_="m3"),
    ]
    wanted = Wanted("fact", "quantity", "mg/d", 0, 10_000, ())
    case = Case(Chart(chart, TERMINOLOGY, "p1"), own, (own,), AS_OF)
    evidence = doubtful_medicines(case.seen, "cytotoxic", {"active"}, wanted)
    assert [(one.resource, one.value, one.standing) for one in evidence] == [
        ("MedicationRequest/m1", None, Standing.UNCERTAIN),
        ("MedicationRequest/m2", None, Standing.UNCERTAIN),
    ]


def allergies(**elements: Any) -> list[Evidence]:
    """The evidence of an allergy to a cytotoxic drug."""
    resource = {"resourceType": "AllergyIntolerance", "id": "a1", "patient": PATIENT, "recordedDate": "2020-01-01"} | elements
    own = read_order({"resourceType": "ServiceRequest", "id": "o1", "status": "draft"}, 0, AS_OF)
    wanted = Wanted("fact", "choice", "", float("-inf"), float("inf"), tuple(DRUGS.values()))
    return list(AllergyEvidence(codes="cytotoxic").find(Case(Chart([resource], TERMINOLOGY, "p1"), own, (own,), AS_OF), wanted))


def test_an_allergy_is_read_by_ingredient() -> None:
    """To a product, to the substance of a reaction; in words alone it is uncertain, and an allergy to dust is none."""
    assert values(allergies(code=DOXORUBICIN)) == ["doxorubicin"]
    assert values(allergies(code={"text": "chemo"}, reaction=[{"substance": concept(RXNORM, "3639"), "manifestation": []}])) == [
        "doxorubicin"
    ]
    assert notes(allergies(code={"text": "Adriamycin"})) == ["on the allergy list: 'Adriamycin', which is named only in words"]
    assert allergies(code={"text": "house dust"}) == []
    assert allergies(code={"text": "lisinopril"}) == []


def mixture(id_: str, *parts: str) -> Json:
    """A Medication of others, by reference."""
    return {"resourceType": "Medication", "id": id_, "ingredient": [{"itemReference": {"reference": f"#{one}"}} for one in parts]}


def test_hostile_nesting_is_bounded() -> None:
    """Loops, depth and a thousand contained Medications end, and what is left out asks."""
    loop = record(contained=[mixture("a", "b"), mixture("b", "a")], medicationReference={"reference": "#a"})
    assert len(said_medicine(loop, Medications()).parts) <= MOST_PARTS
    chain = [mixture(f"c{n}", f"c{n + 1}") for n in range(1000)]
    deep = said_medicine(record(contained=chain, medicationReference={"reference": "#c0"}), Medications())
    assert len(deep.parts) == DEEPEST + 1
    assert doubt_of(deep, TERMINOLOGY) is not None
    wide = record(contained=[mixture("w", *["x"] * 1000)], medicationReference={"reference": "#w"})
    assert len(said_medicine(wide, Medications()).parts) == MOST_PARTS + 1


@pytest.mark.parametrize(
    "odd",
    [
        {"medicationCodeableConcept": "doxorubicin"},
        {"medicationCodeableConcept": {"coding": [None, 7, {"code": 5, "display": 9}], "text": 3}},
        {"medicationReference": "Medication/med"},
        {"medicationReference": {"reference": 5, "identifier": [[]], "display": {}}},
        {"contained": [None, {"resourceType": "Medication", "id": "a", "ingredient": [None, {}, {"itemReference": 3}]}],
         "medicationReference": {"reference": "#a"}},
        {"medicationCodeableConcept": {"text": "\u0000' OR 1=1 --" * 1000}},
    ],
)  # fmt: skip
def test_odd_records_are_unread(odd: Json) -> None:
    """What is no FHIR is not read, and never fails."""
    assert [note.startswith("on the medication list: '") for note in notes(found(record(**odd)))] == [True]


ORDERED = "2025-04-20"
STEP = {
    "resourceType": "QuestionnaireResponse",
    "id": "answers",
    "status": "completed",
    "subject": PATIENT,
    "authored": "2025-04-30",
    "item": [{"linkId": "other_growth_factor_failed", "answer": [{"valueBoolean": True}]}],
}


def growth_factor(client: FlaskClient, *medicines: Json) -> tuple[str, str]:
    """The outcome of an order of a growth factor for a woman with breast cancer, and what its card says."""
    order = record(medicine=concept(HCPCS, "J2506"), id_="o1", status="draft", authoredOn="2025-05-01")
    answered = sign(client, order, chart=(condition("C50.911"), STEP, *medicines))
    return decisions(answered)[0]["outcome"], "".join(card["detail"] for card in answered["cards"])


DOCETAXEL = record(medicine=concept(RXNORM, "72962"), id_="m1", authoredOn=ORDERED)
CYCLOPHOSPHAMIDE = [
    record(medicine=concept(RXNORM, "3002"), id_="m2", authoredOn=ORDERED),
    record(medicine=concept(RXNORM, "1734919"), id_="m2", authoredOn=ORDERED),
    record(medicine=concept(HCPCS, "J9075"), id_="m2", authoredOn=ORDERED),
    record("ServiceRequest", concept(HCPCS, "J9075"), id_="m2", authoredOn=ORDERED),
    record("MedicationDispense", concept(RXNORM, "1734919"), id_="m2", whenHandedOver="2025-04-24"),
    record(id_="m2", authoredOn=ORDERED, contained=[MEDICATION | {"code": concept(RXNORM, "3002")}], medicationReference={"reference": "#med"}),
]  # fmt: skip


@pytest.mark.parametrize(
    "other", CYCLOPHOSPHAMIDE, ids=["ingredient", "product", "billing code", "service", "dispensed", "contained"]
)
def test_a_regimen_is_the_same_however_it_is_coded(client: FlaskClient, other: Json) -> None:
    """Docetaxel and cyclophosphamide are of high risk, whatever says so."""
    assert growth_factor(client, DOCETAXEL, other)[0] == "necessary"


@pytest.mark.parametrize("key", ["medications", "medicationRequests"])
def test_a_medication_is_read_from_any_bundle(client: FlaskClient, key: str) -> None:
    """Prefetched by itself, or included in the search for prescriptions; a Bundle with included ones is whole."""
    order = record(medicine=concept(HCPCS, "J2506"), id_="o1", status="draft", authoredOn="2025-05-01")
    other = record(id_="m2", authoredOn=ORDERED, medicationReference={"reference": "Medication/med"})
    body = request(order, chart=(condition("C50.911"), STEP, DOCETAXEL, other))
    body["prefetch"]["medicationRequests"]["total"] = 2
    entry = {"resource": MEDICATION | {"code": concept(RXNORM, "3002")}, "search": {"mode": "include"}}
    body["prefetch"][key]["entry"].append(entry)
    assert decisions(client.post(ADDRESS, json=body).get_json())[0]["outcome"] == "necessary"
    body["prefetch"][key]["entry"].pop()
    assert decisions(client.post(ADDRESS, json=body).get_json())[0]["outcome"] == "not-documented"


@pytest.mark.parametrize("words", ["lisinopril 10 MG Oral Tablet", "Multivitamin", "nitrile gloves", "ondansetron (ZOFRAN) 8 mg"])
def test_an_ordinary_medicine_in_words_changes_no_regimen(client: FlaskClient, words: str) -> None:
    """It is read, and none of a regimen."""
    other = record(medicine={"text": words}, id_="m3", authoredOn=ORDERED)
    assert growth_factor(client, DOCETAXEL, CYCLOPHOSPHAMIDE[0], other) == ("necessary", "")


@pytest.mark.parametrize("words", ["XYZ 20", "carboplatin AUC 5"])
def test_a_regimen_is_not_concluded_beside_a_medicine_in_doubt(client: FlaskClient, words: str) -> None:
    """What could be of the regimen is asked about by its name."""
    other = record(medicine={"text": words}, id_="m3", authoredOn=ORDERED)
    outcome, said = growth_factor(client, DOCETAXEL, CYCLOPHOSPHAMIDE[0], other)
    assert outcome == "not-documented"
    assert words in said


def pump(client: FlaskClient, *medicines: Json) -> str:
    """The outcome of an order of a pain pump for a patient with opioid dependence."""
    found = sign(client, order("62362", on="2025-08-01"), chart=(condition("F11.20", on="2025-07-01"), *medicines))
    return str(decisions(found)[0]["outcome"])


TRAMADOL = concept(RXNORM, "835603")
PRESCRIBED = [
    record(medicine=TRAMADOL, authoredOn="2025-07-15"),
    record("MedicationStatement", TRAMADOL, effectiveDateTime="2025-07-15"),
    record("MedicationDispense", TRAMADOL, whenHandedOver="2025-07-15"),
    record(medicine={"text": "traMADol (ULTRAM) 50 mg tablet"}, authoredOn="2025-07-15"),
    record(medicine={"text": "XYZ 20"}, authoredOn="2025-07-15"),
]


@pytest.mark.parametrize("medicine", PRESCRIBED, ids=["prescribed", "taken", "dispensed", "in words", "unread"])
def test_dependence_denies_nothing_beside_what_may_be_a_prescribed_opioid(client: FlaskClient, medicine: Json) -> None:
    """A product of tramadol, its name, or an unread medicine: the dependence may be on what was prescribed."""
    assert pump(client, medicine) == "not-documented"


def test_dependence_denies_beside_another_medicine(client: FlaskClient) -> None:
    """Lisinopril is no opioid, by code and by name."""
    by_name = record(medicine={"text": "lisinopril 10 mg"}, id_="m2", authoredOn="2025-07-15")
    assert pump(client, record(medicine=concept(RXNORM, "29046"), authoredOn="2025-07-15"), by_name) == "not-necessary"


def fusion(client: FlaskClient, *medicines: Json) -> str:
    """The outcome of an order of a fusion for an infected sacroiliac joint."""
    found = sign(client, order("27280", on="2025-06-01"), chart=(condition("M46.28", on="2025-05-10"), *medicines))
    return str(decisions(found)[0]["outcome"])


@pytest.mark.parametrize(
    ("medicine", "outcome"),
    [
        (concept(RXNORM, "11124"), "necessary"),
        (concept(RXNORM, "1807516"), "necessary"),
        (concept(HCPCS, "J3370"), "necessary"),
        ({"text": "vancomycin 1 g IV"}, "not-documented"),
        ({"text": "XYZ 20"}, "not-documented"),
        (concept(RXNORM, "29046"), "not-documented"),
    ],
)
def test_an_infection_is_treated_by_any_product(client: FlaskClient, medicine: Json, outcome: str) -> None:
    """Vancomycin by ingredient, product or billing code; named in words alone it is asked about."""
    assert fusion(client, record(medicine=medicine, authoredOn="2025-05-15")) == outcome


def test_what_is_given_beside_any_regimen_tells_none(client: FlaskClient) -> None:
    """Dexamethasone as premedication is no evidence of a regimen that does not hold it; the card names the drugs that are."""
    dexamethasone = record(medicine=concept(HCPCS, "J1100"), id_="m3", authoredOn=ORDERED)
    doxorubicin = record(medicine=concept(HCPCS, "J9000"), id_="m4", authoredOn=ORDERED)
    outcome, detail = growth_factor(client, DOCETAXEL, CYCLOPHOSPHAMIDE[0], doxorubicin, dexamethasone)
    assert outcome == "not-documented"
    assert "`docetaxel`" in detail
    assert "dexamethasone" not in detail
