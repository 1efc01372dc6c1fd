"""Answers beside what lasts, and beside what was refuted since: for every fact that a diagnosis or an allergy documents."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from cds_service.case import Case
from cds_service.chart import Chart
from cds_service.facts.doubted_answers import AGAINST_LASTING, REFUTED_SINCE
from cds_service.facts.extract import Facts
from cds_service.facts.imagined_chart import CannotImagine, ImaginedChart
from cds_service.facts.kinds.allergy import AllergyEvidence
from cds_service.facts.kinds.condition import ConditionEvidence
from cds_service.facts.kinds.evidence_kind import EvidenceKind
from cds_service.order import read_order
from cds_service.policy.criterion import Check, Citation
from cds_service.policy.criterion import Test as Question
from cds_service.policy.evidence import Evidence, Fact
from cds_service.policy.finding import MET, NOT_DOCUMENTED, NOT_MET
from cds_service.policy.judge import judge
from cds_service.policy.values import Days
from tests.conftest import held_content
from tests.exchange import Json, order

AS_OF = date(2025, 5, 1)
CATALOGUE, TERMINOLOGY = held_content().catalogue, held_content().terminology
LONG_AGO = Days.on(date(2012, 3, 4))
STATUS = "http://terminology.hl7.org/CodeSystem/"


def ago(days: int) -> Days:
    """A day before the date of service."""
    return Days.on(AS_OF - timedelta(days))


def records(name: str, source: EvidenceKind, value: Any, when: Days | None) -> list[Json]:
    """The records by which one kind of evidence says something."""
    chart = ImaginedChart(TERMINOLOGY, "p1", AS_OF, order(on=AS_OF.isoformat()))
    source.imagine(Evidence(value, when), CATALOGUE[name].wanted, chart)
    return chart.resources


def refuted(records: list[Json], on: Days | None) -> list[Json]:
    """The same records, refuted."""
    kind = {"Condition": "condition-ver-status", "AllergyIntolerance": "allergyintolerance-verification"}
    for one in records:
        one["verificationStatus"] = {"coding": [{"system": STATUS + kind[one["resourceType"]], "code": "refuted"}]}
        one.pop("clinicalStatus", None)
        one.pop("recordedDate", None)
        if on is not None:
            one["recordedDate"] = on.text()
    return records


def answered(name: str, value: bool | str, when: Days, **more: Any) -> Json:
    """An answer to a fact's own question, for no certain order."""
    given = {"valueBoolean": value} if isinstance(value, bool) else {"valueCoding": {"code": value, "display": value}}
    item = [{"linkId": name, "answer": [given]}]
    return {
        "resourceType": "QuestionnaireResponse",
        "id": f"q-{value}-{when.text()}{len(more)}",
        "status": "completed",
        "subject": {"reference": "Patient/p1"},
        "authored": when.text(),
        "item": item,
    } | more


FOR_THIS: Json = {"basedOn": [{"reference": "ServiceRequest/o1"}]}


def read(name: str, *chart: Json) -> Fact:
    """What a chart says of a fact."""
    own = read_order(order(on=AS_OF.isoformat()), 0, AS_OF)
    return Facts(Case(Chart(chart, TERMINOLOGY, "p1"), own, (own,), AS_OF), CATALOGUE)[name]


def outcome(name: str, *chart: Json, is_: bool | str = True) -> Any:
    """What a criterion comes to that tests whether a fact is so."""
    check = Check("so", "It is so.", Citation("document", "somewhere"), name, Question("is", is_))
    return judge(check, {name: read(name, *chart)}, AS_OF).outcome


def sources(name: str) -> Iterator[tuple[str, EvidenceKind]]:
    """The kinds of evidence that document a fact, of its inputs too."""
    for one in CATALOGUE.closure((name,)):
        for source in CATALOGUE[one].sources:
            yield one, source


YES_OR_NO = [name for name, one in CATALOGUE.facts.items() if one.entry.ask and one.wanted.type == "boolean"]


def lasting() -> Iterator[Any]:
    """Every fact that a lasting record says, with that record."""
    for name in YES_OR_NO:
        for at, (one, source) in enumerate(sources(name)):
            if not source.lasts:
                continue
            value = True if CATALOGUE[one].wanted.type == "boolean" else next(iter(CATALOGUE[one].entry.choices), None)
            try:
                made = records(one, source, value, LONG_AGO)
            except CannotImagine:
                continue
            if outcome(name, *made) is MET:
                yield pytest.param(name, made, id=f"{name} by {one} {at}")


LASTING = list(lasting())


def test_the_facts_that_last_are_those_of_the_rule() -> None:
    """HIV, cancers, dementia, dependence, inherited disorders, allergies and implants last."""
    names = {one.values[0] for one in LASTING}
    assert names >= {
        *("hiv_infection", "breast_cancer", "advanced_cancer", "lung_cancer", "sacral_tumor", "acute_myeloid_leukemia"),
        *("dementia_or_psychosis", "active_substance_abuse", "coagulopathy", "other_programmable_device"),
        *("aplastic_anemia", "x_linked_family_history"),
    }
    assert names.isdisjoint({"pneumonia_now", "si_joint_infection", "pregnant", "pregnancy_viable", "open_wound_or_infection"})


@pytest.mark.parametrize(("name", "chart"), LASTING)
def test_a_no_beside_what_lasts_is_asked_about(name: str, chart: list[Json]) -> None:
    """An answered "no" of last month against a record of 2012 that stands decides nothing, and both are named."""
    no = answered(name, False, ago(20))
    found = read(name, *chart, no)
    assert outcome(name, *chart, no) is NOT_DOCUMENTED
    assert any(one.note == AGAINST_LASTING for one in found.evidence)
    assert any(one.value is True for one in found.evidence)


def test_a_test_does_not_end_what_lasts() -> None:
    """A negative screen for HIV beside the infection of 2012 is asked about; one of before the diagnosis is not."""
    screen: Json = {"resourceType": "Observation", "id": "s", "status": "final", "subject": {"reference": "Patient/p1"}}
    screen["code"] = {"coding": [{"system": "http://loinc.org", "code": "56888-1"}]}
    screen["valueCodeableConcept"] = {"coding": [{"system": "http://snomed.info/sct", "code": "131194007"}]}
    chart = next(one.values[1] for one in LASTING if one.values[0] == "hiv_infection")
    assert isinstance(chart, list)
    negative = screen | {"effectiveDateTime": ago(60).text()}
    assert outcome("hiv_infection", negative) is NOT_MET
    assert outcome("hiv_infection", negative, *chart) is NOT_DOCUMENTED
    later = [one | {"recordedDate": ago(20).text()} for one in chart]
    assert outcome("hiv_infection", negative, *later) is MET


@pytest.mark.parametrize(("name", "chart"), LASTING)
def test_a_no_settles_what_was_open_before_it(name: str, chart: list[Json]) -> None:
    """Whoever is asked about the contradiction settles it for the order; a later "yes" does so too."""
    no = answered(name, False, ago(20))
    assert outcome(name, *chart, no, answered(name, False, ago(0), **FOR_THIS)) is NOT_MET
    assert outcome(name, *chart, no, answered(name, True, ago(0), **FOR_THIS)) is MET
    assert outcome(name, *chart, no, answered(name, True, ago(3))) is MET
    assert outcome(name, *chart, answered(name, False, ago(0), **FOR_THIS)) is NOT_DOCUMENTED
    early, late = ({"authored": f"{AS_OF}T{hour}:00:00Z"} for hour in ("08", "09"))
    assert (
        outcome(name, *chart, answered(name, False, ago(0), **early), answered(name, False, ago(0), **late, **FOR_THIS)) is NOT_MET
    )
    old = answered(name, False, ago(90))
    if outcome(name, *chart, old) is NOT_DOCUMENTED:
        assert outcome(name, *chart, old, answered(name, False, ago(0), **FOR_THIS)) is NOT_MET


@pytest.mark.parametrize(("name", "chart"), LASTING)
def test_a_no_decides_where_the_diagnosis_is_over(name: str, chart: list[Json]) -> None:
    """A resolved diagnosis, or one that was refuted, does not last."""
    if chart[0]["resourceType"] != "Condition":
        return
    over = [one | {"clinicalStatus": {"coding": [{"system": f"{STATUS}condition-clinical", "code": "resolved"}]}} for one in chart]
    assert outcome(name, *over, answered(name, False, ago(20))) is not MET
    assert not any(one.note == AGAINST_LASTING for one in read(name, *over, answered(name, False, ago(20))).evidence)


@pytest.mark.parametrize(("name", "chart"), LASTING)
def test_a_lasting_record_without_a_day_is_no_newer_than_a_no(name: str, chart: list[Json]) -> None:
    """Nobody can tell which of the two was written first."""
    bare = [{key: value for key, value in one.items() if key not in ("recordedDate", "manufactureDate", "date")} for one in chart]
    if any(e.value is True for e in read(name, *bare).evidence):
        assert outcome(name, *bare, answered(name, False, ago(20))) is NOT_DOCUMENTED


def refutable() -> Iterator[Any]:
    """Every fact that a record says which can be refuted, with that record and the value that it says."""
    for name, definition in CATALOGUE.facts.items():
        type_ = definition.wanted.type
        if not definition.entry.ask or type_ not in ("boolean", "choice"):
            continue
        derived = definition.derived
        if derived and not derived.key and not derived.imagined_by:
            continue
        named = derived.imagined_by if derived and not derived.key else None
        for at, (one, source) in enumerate(sources(named or name)):
            if not isinstance(source, ConditionEvidence | AllergyEvidence) or source.uncertain or CATALOGUE[one].derived:
                continue
            if getattr(source, "gives", None) is False:
                continue
            for value in [True] if CATALOGUE[one].wanted.type == "boolean" else CATALOGUE[one].entry.choices[:1]:
                try:
                    made = records(one, source, value, ago(5))
                except CannotImagine:
                    continue
                said = True if type_ == "boolean" else value
                if said is True or said in definition.entry.choices:
                    yield pytest.param(name, made, said, id=f"{name} by {one} {at}")


REFUTABLE = list(refutable())


@pytest.mark.parametrize(("name", "chart", "said"), REFUTABLE)
def test_a_yes_is_open_where_the_diagnosis_was_refuted_since(name: str, chart: list[Json], said: bool | str) -> None:
    """Whether it is refuted with a day after the answer, on its day, or without a day: it decides neither yes nor no."""
    if outcome(name, answered(name, said, ago(2)), is_=said) is not MET:
        pytest.skip("an answer alone does not decide it")
    speaks = outcome(name, answered(name, said, ago(20)), is_=said) is MET
    given = ago(20) if speaks else ago(3)
    for on in (ago(1), given, None):
        found = read(name, *refuted(chart, on), answered(name, said, given))
        assert any(one.note == REFUTED_SINCE for one in found.evidence), on
        assert outcome(name, *refuted(chart, on), answered(name, said, given), is_=said) is NOT_DOCUMENTED, on


@pytest.mark.parametrize(("name", "chart", "said"), REFUTABLE)
def test_a_yes_after_the_refutation_stands(name: str, chart: list[Json], said: bool | str) -> None:
    """It is newer; and so is one that is given for the order on the day of the refutation."""
    before = refuted(chart, ago(60))
    for given in (answered(name, said, ago(2)), answered(name, said, ago(2), **FOR_THIS)):
        if outcome(name, given, is_=said) is MET:
            assert outcome(name, *before, given, is_=said) is MET
    for given in (answered(name, said, ago(2), **FOR_THIS), answered(name, said, ago(0), **FOR_THIS)):
        assert not any(one.note == REFUTED_SINCE for one in read(name, *refuted(chart, None), given).evidence)
    today = answered(name, said, ago(0), **FOR_THIS)
    assert not any(one.note == REFUTED_SINCE for one in read(name, *refuted(chart, ago(0)), today).evidence)


def of_local_code(words: str, **more: Any) -> Json:
    """A refuted diagnosis of a code that nobody knows."""
    made: Json = {"resourceType": "Condition", "id": "c1", "subject": {"reference": "Patient/p1"}, "code": {}}
    made["code"] = {"coding": [{"system": "urn:oid:1.2.3", "code": "77"}], **({"text": words} if words else {})}
    return refuted([made | more], ago(1))[0]


@pytest.mark.parametrize(
    ("name", "words", "open_"),
    [
        ("hiv_infection", "HIV disease", True),
        ("hiv_infection", "Fracture of the wrist", False),
        ("hiv_infection", "", True),
        ("pneumonia_now", "Pneumonia of the left lung", True),
        ("pneumonia_now", "Cystitis", False),
        ("lung_cancer", "Lung cancer", True),
        ("lung_cancer", "Asthma", False),
        ("dementia_or_psychosis", "Alzheimer dementia", True),
        ("other_programmable_device", "Hypertension", False),
    ],
)
def test_a_refutation_that_is_not_read_is_read_by_its_words(name: str, words: str, open_: bool) -> None:
    """What may name the fact leaves an older "yes" open; what names something else leaves it alone."""
    yes = answered(name, True, ago(5))
    assert outcome(name, yes) is MET
    assert outcome(name, yes, of_local_code(words)) is (NOT_DOCUMENTED if open_ else MET)


def test_a_refutation_to_come_or_entered_in_error_says_nothing() -> None:
    """What is dated after the date of service is not known on it."""
    yes = answered("hiv_infection", True, ago(5))
    later = of_local_code("HIV disease") | {"recordedDate": "2025-05-20"}
    error = of_local_code("HIV disease")
    error["verificationStatus"]["coding"][0]["code"] = "entered-in-error"
    assert outcome("hiv_infection", yes, later) is MET
    assert outcome("hiv_infection", yes, error) is MET
