"""Reports and services being there, what was measured nobody knows how, numbers that grow, answers to standard surveys, and the patient's own elements: found in a chart, and imagined into one."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from cds_service.case import Case
from cds_service.chart import Chart
from cds_service.content.content import Content, read_content
from cds_service.facts.extract import Facts
from cds_service.facts.imagine import imagine
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.order import read_order
from cds_service.policy.evidence import Evidence, Standing
from cds_service.policy.values import Days, Interval, Value, show
from tests.exchange import order

AS_OF = date(2026, 6, 15)
FACTS = """
ct_reported: {means: A CT is reported., type: boolean, ask: Is it?, from: [{report: {codes: ct, speaks_for: always}}]}
ct_day: {means: The day of a CT., type: date, ask: When?, from: [{report: {codes: ct, speaks_for: always}}]}
ct_done: {means: The day of a CT., type: date, ask: When?, from: [{service: {codes: ct, states: [active, completed], signed_with: none, speaks_for: always}}]}
ct_result: {means: A CT has a result., type: boolean, ask: Is it?, from: [{report: {codes: ct, results: yes, speaks_for: always}}]}
gas: {means: A gas at rest., type: quantity, unit: "mm[Hg]", range: {from: 0, to: 700}, ask: How much?, from: [{observation: {codes: gas, uncertain: yes, speaks_for: 30 days, older: says nothing}}]}
packs: {means: Pack-years., type: quantity, unit: "{pack-years}", range: {from: 0, to: 300}, ask: How many?, from: [{observation: {codes: packs, speaks_for: 12 months, older: is the least}}]}
little_interest: {means: The item., type: quantity, unit: "{score}", range: {from: 0, to: 3}, ask: How often?, from: [{survey: {items: interest, speaks_for: always}}]}
smokes: {means: Smokes., type: boolean, ask: Smokes?, from: [{survey: {items: tobacco, coded: tobacco-answers, speaks_for: always}}]}
born: {means: The birthday., type: date, from: [{patient: {element: born, speaks_for: always}}]}
state: {means: The state., type: choice, choices: [OH, MI], from: [{patient: {element: state, speaks_for: always}}]}
"""
HEAD = "# title: A list\n# version: 2026-01-01\nsystem,code,label,meaning\n"
LISTS = {
    "ct": "CPT,71271,low-dose CT of the lung,\n",
    "gas": "LOINC,2703-7,oxygen in arterial blood,\n",
    "packs": "SNOMED,401201003,pack-years,\n",
    "interest": "LOINC,44250-9,little interest,\n",
    "tobacco": "LOINC,72166-2,tobacco status,\n",
    "tobacco-answers": "SNOMED,449868002,smokes daily,yes\nSNOMED,266919005,never smoked,no\n",
}


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Content:
    """A folder of one's own with facts of these kinds."""
    folder = tmp_path_factory.mktemp("own")
    for name in ("policies", "facts", "value_sets"):
        (folder / name).mkdir()
    (folder / "facts/mine.yaml").write_text(FACTS, encoding="utf-8")
    for id_, rows in LISTS.items():
        (folder / f"value_sets/{id_}.csv").write_text(HEAD + rows, encoding="utf-8")
    return read_content(folder)


def found(name: str, resources: list[dict[str, Any]], content: Content) -> list[Evidence]:
    """What a chart of these resources says of a fact."""
    draft = read_order(order(on=AS_OF.isoformat()), 0, AS_OF)
    case = Case(Chart(resources, content.terminology, "p1"), draft, (draft,), AS_OF)
    return list(Facts(case, content.catalogue)[name].evidence)


def report(status: str = "final", **elements: Any) -> dict[str, Any]:
    """A report of a CT."""
    code = {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "71271"}]}
    about = {"resourceType": "DiagnosticReport", "id": "r", "subject": {"reference": "Patient/p1"}, "code": code}
    return about | {"status": status, "effectiveDateTime": "2026-02-03"} | elements


def service(kind: str = "Procedure", status: str = "completed", **elements: Any) -> dict[str, Any]:
    """A CT that was ordered or done."""
    return report(status) | {"resourceType": kind, "effectiveDateTime": None} | elements


def measured(code: str, value: float, on: str = "2026-06-01", **elements: Any) -> dict[str, Any]:
    """An Observation with a number."""
    system = "http://loinc.org" if "-" in code else "http://snomed.info/sct"
    about = {"resourceType": "Observation", "id": "o", "subject": {"reference": "Patient/p1"}, "status": "final"}
    said = {"code": {"coding": [{"system": system, "code": code}]}, "valueQuantity": {"value": value}, "effectiveDateTime": on}
    return about | said | elements


def answered(link: str, **answer: Any) -> dict[str, Any]:
    """A response to a survey with one item."""
    about = {"resourceType": "QuestionnaireResponse", "id": "q", "subject": {"reference": "Patient/p1"}, "status": "completed"}
    return about | {"authored": "2026-03-04", "item": [{"linkId": link, "answer": [answer]}]}


def daily(code: str) -> dict[str, Any]:
    """A coded answer of SNOMED CT."""
    return {"valueCoding": {"system": "http://snomed.info/sct", "code": code}}


@pytest.mark.parametrize(
    ("name", "resource", "said"),
    [
        ("ct_reported", report(), ["yes on 2026-02-03"]),
        ("ct_day", report(), ["2026-02-03 on 2026-02-03"]),
        ("ct_reported", report("preliminary"), ["yes, uncertain on 2026-02-03"]),
        ("ct_reported", report("entered-in-error"), []),
        ("ct_reported", report(effectiveDateTime=None), ["yes, uncertain on no day"]),
        ("ct_done", service(performedDateTime="2026-02-03"), ["2026-02-03 on 2026-02-03"]),
        (
            "ct_done",
            service("ServiceRequest", authoredOn="2026-02-01", occurrenceDateTime="2026-02-03"),
            ["2026-02-03 on 2026-02-03"],
        ),
        ("ct_done", service("ServiceRequest", authoredOn="2026-02-01"), ["nothing, uncertain on 2026-02-01"]),
        ("ct_done", service("ServiceRequest", "active", authoredOn="2026-02-01"), ["nothing, uncertain on 2026-02-01"]),
        ("ct_done", service("ServiceRequest", "revoked", authoredOn="2026-02-01"), []),
        ("ct_done", service(), ["nothing, uncertain on no day"]),
        ("ct_done", service(status="not-done", performedDateTime="2026-02-03"), []),
        ("ct_result", report(), ["yes on 2026-02-03"]),
        ("ct_result", report(resourceType="Observation"), ["yes on 2026-02-03"]),
        ("ct_result", report("cancelled", resourceType="Observation"), []),
        (
            "ct_result",
            report(resourceType="Observation", dataAbsentReason={"text": "declined"}),
            ["nothing, uncertain on 2026-02-03"],
        ),
        ("ct_reported", report(resourceType="Observation"), []),
        ("gas", measured("2703-7", 60, valueQuantity={"value": 60, "unit": "mmHg"}), ["60, uncertain on 2026-06-01"]),
        ("gas", measured("2703-7", 60, status="cancelled"), ["nothing, discounted on 2026-06-01"]),
        ("packs", measured("401201003", 15), ["15 on 2026-06-01"]),
        ("packs", measured("401201003", 15, "2025-06-15"), ["15 on 2025-06-15"]),
        ("packs", measured("401201003", 15, "2025-06-14"), ["15 or more on 2025-06-14"]),
        ("packs", measured("401201003", 15, "2025"), ["15 or more on 2025-01-01 to 2025-12-31"]),
        ("packs", measured("401201003", 15, effectiveDateTime=None), ["15, uncertain on no day"]),
        ("little_interest", answered("/44249-1/44250-9", valueDecimal=2), ["2 on 2026-03-04"]),
        ("little_interest", answered("44250-9", valueInteger=2), ["2 on 2026-03-04"]),
        ("little_interest", answered("/44255-8", valueInteger=2), []),
        ("little_interest", answered("44250-9", valueString="I do not know"), ["nothing, uncertain on 2026-03-04"]),
        ("smokes", answered("72166-2", **daily("449868002")), ["yes on 2026-03-04"]),
        ("smokes", answered("72166-2", **daily("266919005")), ["no on 2026-03-04"]),
        ("smokes", answered("72166-2", **daily("77176002")), ["nothing, uncertain on 2026-03-04"]),
        ("born", {"resourceType": "Patient", "id": "p1", "birthDate": "1960-02"}, ["1960-02-01 to 1960-02-29 on 2026-06-15"]),
        ("state", {"resourceType": "Patient", "id": "p1", "address": [{"state": "OH"}]}, ["OH on 2026-06-15"]),
        ("state", {"resourceType": "Patient", "id": "p1", "address": [{"state": "Ohio"}]}, ["nothing, uncertain on 2026-06-15"]),
        ("state", {"resourceType": "Patient", "id": "p1", "address": [{"state": "MI", "use": "old"}]}, []),
    ],
)
def test_what_is_found(name: str, resource: dict[str, Any], said: list[str], content: Content) -> None:
    """A value with its day; what is not final, not known or not dated ends the silence and decides nothing."""
    told = [
        f"{'nothing' if e.value is None else show(e.value)}{'' if e.standing is Standing.USABLE else f', {e.standing.name.lower()}'}"
        f" on {e.when.text() if e.when else 'no day'}"
        for e in found(name, [resource], content)
    ]
    assert told == said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ct_reported", True),
        ("ct_day", Days.on(date(2026, 1, 2))),
        ("ct_done", Days.on(AS_OF)),
        ("packs", Interval.exactly(15)),
        ("little_interest", Interval.exactly(2)),
        ("smokes", False),
        ("born", Days.on(date(1960, 2, 3))),
        ("state", "MI"),
    ],
)
def test_what_is_imagined_is_found_again(name: str, value: Value, content: Content) -> None:
    """Each of these kinds can imagine itself for a vignette."""
    chart = ImaginedChart(content.terminology, "p1", AS_OF, order(on=AS_OF.isoformat()))
    imagine(name, Evidence(value, Days.on(AS_OF)), content.catalogue, chart)
    again = found(name, chart.resources, content)
    assert [(e.value, e.standing) for e in again] == [(value, Standing.USABLE)]
