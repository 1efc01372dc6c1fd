"""Content: what is shipped holds together, a new policy needs no Python, and mistakes are told with their lines."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from cds_service.content.content import Content, read_content, shipped_content
from cds_service.content_files.problems import ContentError
from cds_service.hooks.discovery import SERVICE_ID, discovery
from cds_service.serving.app import create_app
from tests.conftest import TODAY
from tests.exchange import ADDRESS, CPT, decisions, order, request

POLICY = """
policy: meadowlark/home-oxygen
version: 2026-01-01
title: Home oxygen
status: active
effective: {from: 2026-01-01}
applies_to: {payer: meadowlark, orders: {value_set: home-oxygen}}
sources:
  d1: {title: Home Oxygen Policy, publisher: Meadowlark Health Plan, url: "https://policies.meadowlark.example/oxygen"}
review: {encoded_on: 2026-01-01, second_reader: none yet}
alternatives:
  - instead_of: [low-saturation]
    order: HCPCS E0431
    label: portable oxygen
    cite: {source: d1, at: IV}
necessary_when:
  id: necessary
  says: Home oxygen is necessary when the saturation is low.
  cite: {source: d1, at: I}
  all:
    - id: low-saturation
      says: Oxygen saturation at rest is 88 % or less.
      cite: {source: d1, at: I.A}
      fact: oxygen_saturation
      is_at_most: 88 %
      within: 30 days
"""
SATURATION = """\
oxygen_saturation:
  means: Oxygen saturation at rest.
  type: quantity
  unit: "%"
  range: {from: 0, to: 100}
  ask: What is the oxygen saturation at rest on room air?
"""
"""A fact whose file goes on with what documents it."""
FACTS = f"""
{SATURATION}  from:
    - observation: {{codes: saturation}}
"""


def value_set(id_: str, system: str, *codes: str) -> str:
    """A small FHIR ValueSet."""
    concepts = [{"code": code, "display": code} for code in codes]
    return json.dumps(
        {
            "resourceType": "ValueSet",
            "id": id_,
            "url": f"urn:test:{id_}",
            "version": "1",
            "name": "Test",
            "title": id_,
            "status": "active",
            "date": "2026-01-01",
            "publisher": "test",
            "compose": {"include": [{"system": system, "concept": concepts}]},
        },
        indent=1,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A content folder of one throwaway policy, one fact and two value sets."""
    (tmp_path / "policies/meadowlark/home-oxygen").mkdir(parents=True)
    (tmp_path / "policies/meadowlark/home-oxygen/2026-01-01.yaml").write_text(POLICY)
    (tmp_path / "facts").mkdir()
    (tmp_path / "facts/oxygen.yaml").write_text(FACTS)
    (tmp_path / "value_sets").mkdir()
    (tmp_path / "value_sets/home-oxygen.json").write_text(value_set("home-oxygen", CPT, "E1390", "99503"))
    (tmp_path / "value_sets/saturation.json").write_text(value_set("saturation", "http://loinc.org", "59408-5", "2708-6"))
    return tmp_path


def change(folder: Path, file: str, old: str, new: str) -> None:
    """Makes one mistake in a content file."""
    path = folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def problems(folder: Path) -> list[str]:
    """What is told of a content folder that does not hold together."""
    with pytest.raises(ContentError) as told:
        read_content(folder)
    return [str(problem) for problem in told.value.problems]


def saturation(value: float, on: str = "2026-02-01") -> dict[str, object]:
    """An observed oxygen saturation."""
    quantity = {"value": value, "unit": "%", "system": "http://unitsofmeasure.org", "code": "%"}
    code = {"coding": [{"system": "http://loinc.org", "code": "59408-5"}]}
    observed: dict[str, object] = {
        "resourceType": "Observation",
        "id": "s1",
        "status": "final",
        "code": code,
        "effectiveDateTime": on,
    }
    return observed | {"valueQuantity": quantity, "subject": {"reference": "Patient/p1"}}


@pytest.mark.parametrize(
    ("chart", "outcome"),
    [((saturation(86),), "necessary"), ((saturation(93),), "not-necessary"), ((), "not-documented"),
     ((saturation(86, "2025-06-01"),), "not-documented")],
    ids=["low", "high", "silent", "too old"],
)  # fmt: skip
def test_a_new_policy_needs_no_python(folder: Path, chart: tuple[dict[str, object], ...], outcome: str) -> None:
    """A policy, a fact and value sets in a folder are served over HTTP as they stand."""
    client = create_app(read_content(folder), today=lambda: TODAY).test_client()
    discovered = client.get("/cds-services").get_json()["services"][0]
    assert "59408-5" in discovered["prefetch"]["observations"]
    answered = client.post(ADDRESS, json=request(order("99503", on="2026-02-03"), chart=chart)).get_json()
    assert [decision["outcome"] for decision in decisions(answered)] == [outcome]


def test_a_policy_that_names_an_alternative_suggests_it(folder: Path) -> None:
    """Where the document names an order to place instead, the one suggestion replaces the order by it."""
    client = create_app(read_content(folder), today=lambda: TODAY).test_client()
    placed = request(order("99503", on="2026-02-03"), chart=(saturation(95),))
    (card,) = client.post(ADDRESS, json=placed).get_json()["cards"]
    (suggestion,) = card["suggestions"]
    removed, created = suggestion["actions"]
    assert (removed["type"], removed["resourceId"]) == ("delete", "ServiceRequest/o1")
    assert created["type"] == "create"
    assert created["resource"]["code"]["coding"][0]["code"] == "E0431"
    assert created["resource"]["subject"] == {"reference": "Patient/p1"}
    assert "id" not in created["resource"]


P = "policies/meadowlark/home-oxygen/2026-01-01.yaml"
MISTAKES = [
    ("a key that is none", P, "is_at_most", "is_at_mots", f"{P}:25:", "'is_at_mots' is not a key that belongs here"),
    ("a missing sentence", P, "      says: Oxygen saturation at rest is 88 % or less.\n", "", f"{P}:21:", "'says' is missing"),
    ("an unknown fact", P, "fact: oxygen_saturation", "fact: oxygen_saturatoin", f"{P}:21:", "is 'oxygen_saturation' meant?"),
    ("a unit that measures something else", P, "is_at_most: 88 %", "is_at_most: 88 mg/dL", f"{P}:21:", "is not in a unit that converts to %"),
    ("a threshold outside the range", P, "is_at_most: 88 %", "is_at_most: 188 %", f"{P}:21:", "outside the range"),
    ("a look-back in no unit", P, "30 days", "30 dayz", f"{P}:26:", "is not a length of time"),
    ("an unknown source", P, "{source: d1, at: I.A}", "{source: d2, at: I.A}", f"{P}:23:", "there is no source 'd2'"),
    ("two tests in one criterion", P, "is_at_most: 88 %", "is_at_most: 88 %\n      is_below: 90 %", f"{P}:21:", "one test, not 2"),
    ("no test at all", P, "      is_at_most: 88 %\n      within: 30 days\n", "", f"{P}:21:", "needs a test"),
    ("a file under another date", P, "version: 2026-01-01", "version: 2026-02-01", f"{P}:3:", "named by the date"),
    ("an unknown value set", P, "value_set: home-oxygen", "value_set: home-oxigen", f"{P}:", "no value set 'home-oxigen'"),
    ("a key twice", P, "title: Home oxygen", "title: Home oxygen\ntitle: Again", f"{P}:5:", "duplicate key"),
    ("no YAML", P, "sources:", "sources: [", f"{P}:", "not YAML"),
    ("more parts than there are", P, "  all:\n", "  at_least: 2\n  of:\n", f"{P}:16:", "can never be met"),
    ("a fact with no unit", "facts/oxygen.yaml", '  unit: "%"\n', "", "facts/oxygen.yaml:2:", "a quantity has a unit"),
    ("a fact with an unknown kind of evidence", "facts/oxygen.yaml", "observation:", "observatoin:", "facts/oxygen.yaml:9:", "not a key"),
    ("a fact with an unknown value set", "facts/oxygen.yaml", "codes: saturation", "codes: sat", "facts/oxygen.yaml:9:", "no value set 'sat'"),
    ("a code with a wrong check digit", "value_sets/saturation.json", "59408-5", "59408-6", "value_sets/saturation.json:17:", "check digit"),
    ("a code of the wrong shape", "value_sets/home-oxygen.json", '"code": "99503"', '"code": "9950"', "value_sets/home-oxygen.json:21:", "shape"),
    ("a value set that is not FHIR", "value_sets/saturation.json", '"status": "active"', '"status": 7', "value_sets/saturation.json:8:", "status"),
    ("a value set that is not JSON", "value_sets/saturation.json", "{", "", "value_sets/saturation.json:", "not JSON"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "old", "new", "place", "said"), [case[1:] for case in MISTAKES], ids=[case[0] for case in MISTAKES]
)
def test_a_mistake_is_told_with_its_line(folder: Path, file: str, old: str, new: str, place: str, said: str) -> None:
    """A malformed policy, fact or value set is told as file, line, what is wrong and what was meant."""
    change(folder, file, old, new)
    told = problems(folder)
    assert any(problem.startswith(place) and said in problem for problem in told), told


def test_all_mistakes_are_told_at_once(folder: Path) -> None:
    """Mistakes in a policy, a fact and a value set are all told in one go, and nothing is loaded."""
    change(folder, P, "30 days", "30 dayz")
    change(folder, "facts/oxygen.yaml", "  means: Oxygen saturation at rest.\n", "")
    change(folder, "value_sets/home-oxygen.json", '"99503"', '"9950"')
    told = problems(folder)
    assert {problem.split(":")[0] for problem in told} == {P, "facts/oxygen.yaml", "value_sets/home-oxygen.json"}


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    """A folder that is no content folder is named with what is missing in it."""
    assert "no folder policies" in problems(tmp_path)[0]


def test_versions_do_not_overlap(folder: Path) -> None:
    """Two versions in force on one day are a mistake, told in the earlier file."""
    earlier = folder / "policies/meadowlark/home-oxygen/2025-01-01.yaml"
    earlier.write_text(POLICY.replace("2026-01-01\ntitle", "2025-01-01\ntitle").replace("{from: 2026-01-01}", "{from: 2025-01-01}"))
    assert any("still in force" in problem and "2025-01-01.yaml" in problem for problem in problems(folder))


def test_the_discovery_document_is_the_one_the_facts_need(content: Content) -> None:
    """hooks.json, served as it stands, holds exactly the prefetch that the facts of the policies need."""
    written = json.loads((shipped_content() / "hooks.json").read_text())
    assert written == discovery(content), "run: cds-service policy hooks --write"
    assert written["services"][0]["id"] == f"{SERVICE_ID}-order-sign"


def test_a_template_uses_only_simple_tokens(content: Content) -> None:
    """Templates of the chart can be filled by any client; only what a call names is asked for in CRD 2.2's standard words."""
    import re

    standard = {"medications", "orderedServices", "orderedMedicines", "orderedDevices"}
    for service in discovery(content)["services"]:
        plain = {"context.patientId"} | ({"context.encounterId"} if service["hook"] != "order-dispatch" else set())
        for key, template in service["prefetch"].items():
            assert ("_include=" in template) == key.startswith("medication") or key == "medications"
            if key not in standard:
                assert set(re.findall(r"\{\{(.*?)\}\}", template)) <= plain


def test_a_template_comes_after_the_key_that_it_depends_on(content: Content) -> None:
    """A client that fills templates in their order has what a later one takes from an earlier one."""
    import re

    for service in discovery(content)["services"]:
        keys = list(service["prefetch"])
        for at, template in enumerate(service["prefetch"].values()):
            assert set(re.findall(r"%(\w+)", template)) <= set(keys[:at])


def test_the_revision_names_the_content(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The same files have the same revision wherever they lie, and a changed file another."""
    first = read_content(folder).revision
    copy = tmp_path_factory.mktemp("copy") / "content"
    shutil.copytree(folder, copy)
    assert read_content(copy).revision == first
    change(copy, P, "title: Home oxygen", "title: Home oxygen therapy")
    assert read_content(copy).revision != first


def test_every_card_has_a_summary_that_fits(content: Content) -> None:
    """For every criterion of every policy, the summary of a card that names it stays under 140 characters."""
    from cds_service.decision import Decision, DecisionOutcome
    from cds_service.fhir.codes import Coding
    from cds_service.policy.finding import NOT_MET, Finding
    from cds_service.said.summary import summary

    for policy in content.policies:
        for criterion in policy.criteria():
            because = (Finding(criterion, NOT_MET),)
            for outcome in (DecisionOutcome.NOT_NECESSARY, DecisionOutcome.NOT_DOCUMENTED):
                decision = Decision(
                    "ServiceRequest/1", Coding(CPT, "81420"), policy.id, policy, outcome, because, asks=policy.facts[:3]
                )
                assert 0 < len(summary(decision, content)) < 140
