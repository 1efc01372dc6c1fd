"""Da Vinci CRD coverage-information over HTTP: what is asserted on an order, in both versions, and what is not.

The marks name the requirements: `resp-…`, `hook-…`, `dev-…`, `conf-…` of CRD 2.2, Inferno's tests and names of our own (tests/conformance.yaml).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from cds_service.content.content import Content, read_content
from cds_service.content_files.yaml_file import YamlFile
from cds_service.fhir.coverage_information import CRD_VERSIONS, URL, CrdVersion
from cds_service.fhir.coverage_invariants import violations
from cds_service.hooks.answered.echo import with_extensions
from cds_service.hooks.received.conversation import CONFIGURATION, MOST_CARDS, OPTIONS, TOPICS
from cds_service.hooks.settings import Settings
from cds_service.policy.answers import AnswersEntry
from cds_service.serving.app import create_app
from cds_service.vignettes.as_request import request_of
from cds_service.vignettes.read import Vignette, read_vignettes
from tests.conftest import TODAY
from tests.content.test_content import POLICY, P, change, folder, problems, saturation
from tests.content.test_payers import CARELON, coverage
from tests.exchange import ADDRESS, decisions, gestational_age, order, request

__all__ = ["folder"]
Json = dict[str, Any]
verifies = pytest.mark.verifies
TEMPORARY = "http://hl7.org/fhir/us/davinci-crd/CodeSystem/temp"
TEN_WEEKS = gestational_age(70, "2025-05-01")
OUTCOMES = {
    "necessary": ("81420", (TEN_WEEKS,)),
    "not necessary": ("81422", ()),
    "not documented": ("81420", ()),
}
"""Outcomes of the shipped policy: the code ordered and the chart that leads to each."""


def signed(made: Json, version: str = "", configuration: Any = None) -> Json:
    """A request with its CRD version and configuration."""
    extension: Json = {"davinci-crd.requestedVersion": version} if version else {}
    if configuration is not None:
        extension[CONFIGURATION] = configuration
    return made | ({"extension": extension} if extension else {})


def member_signs(*orders: Json, chart: tuple[Json, ...] = (), coverages: tuple[Json, ...] = (coverage(CARELON),)) -> Json:
    """A request of a member whose Coverage is recognised."""
    return request(*orders, chart=(*chart, *coverages))


def ask(client: FlaskClient, made: Json | str) -> Json:
    """The answer to a request, as it was sent or as text, which must be 200."""
    response = client.post(ADDRESS, data=made if isinstance(made, str) else json.dumps(made))
    assert response.status_code == 200, response.get_data(as_text=True)
    answered: Json = response.get_json()
    return answered


def assertions(action: Json) -> list[Json]:
    """The coverage-information of an action's order."""
    return [extension for extension in action["resource"]["extension"] if extension["url"] == URL]


def said(extension: Json) -> dict[str, list[Any]]:
    """The values of an extension by element."""
    found: dict[str, list[Any]] = {}
    for part in extension["extension"]:
        (value,) = (value for name, value in part.items() if name != "url")
        found.setdefault(part["url"], []).append(value)
    return found


def the_assertion(answered: Json) -> dict[str, list[Any]]:
    """What the only assertion of an answer says."""
    (action,) = answered["systemActions"]
    (extension,) = assertions(action)
    return said(extension)


def oxygen(folder: Path, answers: str = "", more: str = "") -> FlaskClient:
    """A service over the throwaway policy with these answers, and a payer that owns it."""
    (folder / "policies/meadowlark/payer.yaml").write_text("payer: meadowlark\nname: Meadowlark\nidentifiers: [{value: M1}]\n")
    (folder / P).write_text(POLICY.replace("necessary_when:", f"{answers}\n{more}\nnecessary_when:", 1))
    return create_app(read_content(folder), today=lambda: TODAY).test_client()


def oxygen_signed(saturated: float | None = 86, **more: Any) -> Json:
    """A request for oxygen by a member of that payer."""
    chart = () if saturated is None else (saturation(saturated),)
    return member_signs(
        order("99503", on="2026-02-03", **more), chart=chart, coverages=(coverage({"identifier": {"value": "M1"}}),)
    )


# What is asserted


@verifies("resp-25", "resp-29", "hook-16", "hook-39", "crd-respci1")
@pytest.mark.parametrize("version", ["2.0", "2.0.1", "2.2"])
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_outcome_is_asserted_on_its_order(client: FlaskClient, outcome: str, version: str) -> None:
    """Each outcome is one update of the order, valid in the version asked for, and denies nothing."""
    code, chart = OUTCOMES[outcome]
    answered = ask(client, signed(member_signs(order(code), chart=chart), version))
    (action,) = answered["systemActions"]
    assert action["type"] == "update"
    assert action["description"]
    assert "resourceId" not in action
    (extension,) = assertions(action)
    assert violations(extension, "2.2" if version == "2.2" else "2.0.1") == []
    found = said(extension)
    assert found["coverage"] == [{"reference": "Coverage/cov1"}]
    assert (found["covered"], found["pa-needed"], found["info-needed"]) == (["conditional"], ["conditional"], ["OTH"])
    assert found["date"] == [TODAY.isoformat()]
    assert found.get("doc-needed") == (["clinical"] if outcome == "not documented" else None)
    assert UUID(found["coverage-assertion-id"][0])
    assert "satisfied-pa-id" not in found


def vignettes(content: Content) -> Iterator[Vignette]:
    """Every vignette of the shipped policies."""
    for path in sorted((Path(__file__).parent.parent / "vignettes").rglob("*.yaml")):
        yield from read_vignettes(path, path.name, content)


@pytest.mark.slow
@verifies("resp-29", "crd-respci1")
@pytest.mark.parametrize("version", CRD_VERSIONS)
def test_every_vignette_is_answered_validly(client: FlaskClient, content: Content, version: CrdVersion) -> None:
    """For a member of the policy's payer, every vignette's orders get one valid assertion each, whatever is said of them."""
    payers = {payer.id: payer for payer in content.payers}
    answered_ones = 0
    for vignette in vignettes(content):
        payer = payers.get(vignette.policy.payer)
        if payer is None:
            continue
        made = signed(request_of(vignette, content), version)
        about = {"reference": f"Patient/{made['context']['patientId']}"}
        made["prefetch"]["coverage"] = coverage({"display": payer.name}, beneficiary=about)
        answered = ask(client, made)
        addressed = {d["order"] for d in decisions(answered)}
        found = {f"{one['resource']['resourceType']}/{one['resource']['id']}": one for one in answered["systemActions"]}
        assert set(found) == addressed, vignette.name
        sent = [one for entry in made["context"]["draftOrders"]["entry"] for one in entry["resource"].get("extension", [])]
        for action in found.values():
            (extension,) = (one for one in assertions(action) if one not in sent)  # what the order came with stays untouched
            assert violations(extension, version) == [], vignette.name
            assert said(extension)["covered"] != ["not-covered"], vignette.name
        answered_ones += bool(found)
    assert answered_ones > 100


@verifies("resp-30", "impl-5", "covinfo-2")
def test_the_reasons_say_what_it_rests_on(client: FlaskClient) -> None:
    """The reasons name the aspect each explains: the plan's part, the outcome with its place, and what was assumed."""
    silent = [reason["text"] for reason in the_assertion(ask(client, member_signs(order())))["reason"]]
    assert silent[0].startswith("Coverage and prior authorization: ")
    assert silent[1].startswith("Medical necessity: the chart does not yet document")
    assert "has not been clinically reviewed" in silent[1]
    assert any(text.startswith("Documentation: How far along") for text in silent)
    assert any("Assumed, because the chart is silent: The patient is pregnant." in text for text in silent)
    (_, never) = the_assertion(ask(client, member_signs(order("81422"))))["reason"]
    assert "not medically necessary as documented" in never["text"]
    assert never["text"].endswith("[Codes, Not Medically Necessary]")


@verifies("resp-30")
def test_the_code_judged_is_named(client: FlaskClient) -> None:
    """The assertion holds for the code that was judged, which it names as the client wrote it."""
    found = the_assertion(ask(client, member_signs(order("81422"))))
    assert found["billingCode"] == [{"system": "http://www.ama-assn.org/go/cpt", "code": "81422"}]


def test_a_code_too_coarse_is_asked_for(client: FlaskClient) -> None:
    """An unlisted code without a description leaves all open until the code is finer: info-needed in 2.2, a reason in 2.0.1."""
    pregnant = {"resourceType": "Condition", "id": "c1", "subject": {"reference": "Patient/p1"}, "recordedDate": "2025-04-20"}
    pregnant |= {"clinicalStatus": {"coding": [{"code": "active"}]}, "verificationStatus": {"coding": [{"code": "confirmed"}]}}
    pregnant |= {"code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "Z34.01"}]}}
    made = member_signs(order("81479"), chart=(pregnant,))
    assert the_assertion(ask(client, signed(made, "2.2")))["info-needed"] == ["detail-code"]
    early = the_assertion(ask(client, signed(made, "2.0")))
    assert "info-needed" not in early
    assert early["reason"][0]["coding"] == [{"system": TEMPORARY, "code": "detail-code"}]


def test_the_policy_is_linked_in_2_2_only(client: FlaskClient) -> None:
    """CRD 2.2 gets a link to the policy as a detail with its category; 2.0.1 has no such code and gets none."""
    made = member_signs(order("81422"))
    (detail,) = the_assertion(ask(client, signed(made, "2.2")))["detail"]
    assert [part["url"] for part in detail] == ["category", "code", "value"]
    assert detail[2]["valueUrl"].startswith("https://")
    assert "detail" not in the_assertion(ask(client, signed(made, "2.0")))


ANSWERS = """
answers:
  necessary:
    covered: covered
    pa_needed: {pa_needed}
    doc_needed: [clinical, admin]
    doc_purpose: [retain-doc]
    reason: "Documentation: keep the measurement."
    questionnaire: ["https://plan.example/Questionnaire/q|1"]
    limits:
      - {{limit: allowed-quantity, quantity: 2, unit: visits, says: A week.}}
      - {{limit: allowed-period, from: 2026-01-01, until: 2026-12-31}}
      - {{limit: concurrent-review, is: true}}
      - {{limit: instructions, text: Send the report.}}
  not necessary: {{covered: conditional, pa_needed: conditional, info_needed: [OTH], reason: It is open.}}
"""


@pytest.mark.parametrize("version", CRD_VERSIONS)
def test_an_answer_is_written_as_its_version_has_it(folder: Path, version: CrdVersion) -> None:
    """Documentation of two kinds is one code in 2.0.1, details have their category in 2.2 only, and both versions are valid."""
    client = oxygen(folder, ANSWERS.format(pa_needed="no-auth"))
    (action,) = ask(client, signed(oxygen_signed(), version))["systemActions"]
    (extension,) = assertions(action)
    assert violations(extension, version) == []
    found = said(extension)
    assert (found["covered"], found["pa-needed"], found["doc-purpose"]) == (["covered"], ["no-auth"], ["retain-doc"])
    assert found["doc-needed"] == (["both"] if version == "2.0.1" else ["clinical", "admin"])
    assert found["questionnaire"] == ["https://plan.example/Questionnaire/q|1"]
    details = {parts[-1]["url"]: parts for parts in found["detail"]}
    assert set(details) <= {"value", "qualification"}
    values = [part for parts in found["detail"] for part in parts if part["url"] == "value"]
    assert values[:3] == [
        {"url": "value", "valueQuantity": {"value": 2, "unit": "visits"}},
        {"url": "value", "valuePeriod": {"start": "2026-01-01", "end": "2026-12-31"}},
        {"url": "value", "valueBoolean": True},
    ]
    if version == "2.0.1":
        assert {"text": "Send the report."} in found["reason"]
    else:
        assert {"url": "value", "valueString": "Send the report."} in values
        assert all(parts[0]["url"] == "category" for parts in found["detail"])


AUTHORIZATION = "authorization: [{{says: Prior authorization., cite: {{source: d1, at: V}}, needed: {needed}}}]"


@pytest.mark.parametrize(
    ("written", "needed", "sent"),
    [
        ("no-auth", "true", "auth-needed"),
        ("auth-needed", "false", "no-auth"),
        ("satisfied", "true", "satisfied"),
        ("satisfied", "false", "no-auth"),
        ("performpa", "true", "performpa"),
    ],
)
def test_the_document_says_whether_authorization_is_needed(folder: Path, written: str, needed: str, sent: str) -> None:
    """What the policy's authorization entry says is asserted in place of the block's default."""
    client = oxygen(folder, ANSWERS.format(pa_needed=written), AUTHORIZATION.format(needed=needed))
    found = the_assertion(ask(client, oxygen_signed()))
    assert found["pa-needed"] == [sent]
    assert ("satisfied-pa-id" in found) == (sent == "satisfied")


def test_a_settled_authorization_leaves_nothing_to_ask_for(folder: Path) -> None:
    """Where authorization was the only open point and the document settles it, no information is asked for any more."""
    block = "answers: {necessary: {covered: covered, pa_needed: conditional, info_needed: [performer], reason: Ask.}}"
    found = the_assertion(ask(oxygen(folder, block, AUTHORIZATION.format(needed="true")), oxygen_signed()))
    assert found["pa-needed"] == ["auth-needed"]
    assert "info-needed" not in found


@pytest.mark.parametrize("saturated", [86, 93, None], ids=["necessary", "not necessary", "not documented"])
def test_a_policy_without_answers_asserts_nothing_definite(folder: Path, saturated: float | None) -> None:
    """An outcome that a policy file has no answer for is conditional on what the plan says."""
    found = the_assertion(ask(oxygen(folder), oxygen_signed(saturated)))
    assert (found["covered"], found["pa-needed"], found["info-needed"]) == (["conditional"], ["conditional"], ["OTH"])
    assert "the member's plan decides" in found["reason"][0]["text"]


def test_a_referred_order_is_answered_as_referred(folder: Path) -> None:
    """An order that another policy governs names it, and a rule's own answer goes before that of its outcome."""
    rule = """settled_first:
  - when: {id: low, says: It is low., cite: {source: d1, at: II}, fact: oxygen_saturation, is_below: 87 %}
    then: referred
    referred_to: meadowlark/ventilation
"""
    block = "answers:\n  referred: {covered: conditional, pa_needed: conditional, info_needed: [OTH], reason: See there.}\n"
    found = the_assertion(ask(oxygen(folder, block, rule), oxygen_signed()))
    assert found["reason"][0] == {"text": "See there."}
    assert "meadowlark/ventilation" in found["reason"][1]["text"]
    own = block + "  rules: {low: {covered: conditional, pa_needed: auth-needed, info_needed: [location], reason: Where.}}\n"
    assert the_assertion(ask(oxygen(folder, own, rule), oxygen_signed()))["info-needed"] == ["location"]


NEVER = """settled_first:
  - when: {id: low, says: It is low., cite: {source: d1, at: II}, fact: oxygen_saturation, is_below: 87 %}
    then: not necessary
"""


@pytest.mark.parametrize("version", CRD_VERSIONS)
def test_no_benefit_has_no_authorization(folder: Path, version: str) -> None:
    """A rule may say that there is no benefit; then nothing is said of prior authorization, in either version."""
    block = "answers: {rules: {low: {covered: not-covered, reason: Not a benefit.}}}"
    found = the_assertion(ask(oxygen(folder, block, NEVER), signed(oxygen_signed(), version)))
    assert found["covered"] == ["not-covered"]
    assert "pa-needed" not in found


# Byte-true


ODD_ORDER = r"""{ "resourceType" : "ServiceRequest", "id":"o1", "status":"draft","intent":"order",
  "quantityQuantity": {"value": 1.50, "unit":"each"}, "unheardOf": [1.0e0, 0.10, {"deep": -0.0}],
  "subject": {"reference":"Patient\/p1"}, "text": {"status":"generated","div":"<div>caf\u00e9 é \"}{\"</div>"},
  "contained":[{"resourceType":"Basic","id":"b","extension":[{"url":"urn:x","valueDecimal":2.00}]}],
  "authoredOn":"2025-05-01"%s,
  "code":{"coding":[{"system":"http://www.ama-assn.org/go/cpt","code":"81422"}]} }"""


def raw_request(odd: str, prefetch_first: bool = True, twice: bool = False) -> str:
    """A request's text that holds an order's text as it stands."""
    made = member_signs({"resourceType": "ServiceRequest", "id": "PLACE"})
    if prefetch_first:
        made = {"prefetch": made.pop("prefetch"), **made}
    if twice:
        made["prefetch"]["unasked"] = {"draftOrders": "here as well"}
    return json.dumps(made).replace(json.dumps({"resourceType": "ServiceRequest", "id": "PLACE"}), odd)


def sent_text(client: FlaskClient, body: str) -> str:
    """The text of an answer."""
    response = client.post(ADDRESS, data=body.encode())
    assert response.status_code == 200, response.get_data(as_text=True)
    return response.get_data(as_text=True)


@verifies("resp-37")
@pytest.mark.parametrize("prefetch_first", [True, False])
@pytest.mark.parametrize("twice", [True, False])
def test_an_order_comes_back_byte_by_byte(client: FlaskClient, prefetch_first: bool, twice: bool) -> None:
    """Decimals, escapes, space, unknown members and their order come back as they were sent, with the extension added."""
    odd = ODD_ORDER % ""
    answered = sent_text(client, raw_request(odd, prefetch_first, twice))
    assert odd[:-1].rstrip() + ',"extension":[{"url":' in answered
    (extension,) = assertions(json.loads(answered)["systemActions"][0])
    before, after = json.loads(odd), json.loads(answered)["systemActions"][0]["resource"]
    assert after == before | {"extension": [extension]}


@verifies("resp-37")
@pytest.mark.parametrize("held", [('{"url" : "urn:a","valueDecimal":1.50}', '{"url":"urn:b", "valueCode":"x"}'), ()])
def test_other_extensions_come_back_byte_by_byte(client: FlaskClient, held: tuple[str, ...]) -> None:
    """Extensions of others stand as they were written, and the new one after them; so do the order's other members."""
    answered = sent_text(client, raw_request(ODD_ORDER % f', "extension": [{" , ".join(held)}]'))
    assert "".join(f"{one}," for one in held) + '{"url":' in answered
    assert '"unheardOf":[1.0e0, 0.10, {"deep": -0.0}]' in answered
    assert len(json.loads(answered)["systemActions"][0]["resource"]["extension"]) == len(held) + 1


def test_an_order_whose_text_is_ambiguous_is_written_anew(client: FlaskClient) -> None:
    """Where a member stands twice, the order is given back with what it was understood to say."""
    odd = (ODD_ORDER % "").replace("{ ", '{ "id": "first", ', 1)
    body = raw_request(odd).replace('"entry": [{"resource": {', '"entry": [], "entry": [{"resource": {')
    (action,) = json.loads(sent_text(client, body))["systemActions"]
    assert action["resource"]["id"] == "o1"
    assert action["resource"]["unheardOf"] == [1.0, 0.1, {"deep": 0.0}]


def test_an_extension_that_stands_twice_is_written_once(client: FlaskClient) -> None:
    """Of a member that stands twice the last counts, and what is added is added to that."""
    odd = ODD_ORDER % ', "extension": [{"url":"urn:a"}], "extension": [{"url":"urn:b"}]'
    (action,) = json.loads(sent_text(client, raw_request(odd)))["systemActions"]
    assert [one["url"] for one in action["resource"]["extension"]] == ["urn:b", URL]


@pytest.mark.parametrize("depth", [200, 300, 600, 900, 960, 1000, 1010])
def test_deep_nesting_is_no_failure(client: FlaskClient, depth: int) -> None:
    """However deep an order is nested, it comes back as it came, or its request is refused, or it gets no action."""
    odd = ODD_ORDER % f', "deep": {"[" * depth}1.0{"]" * depth}'
    response = client.post(ADDRESS, data=raw_request(odd).encode())
    assert response.status_code in (200, 400)
    assert depth > 900 or (f"{'[' * depth}1.0" in response.get_data(as_text=True)) == (response.status_code == 200)


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(
    order=st.dictionaries(st.text(max_size=8), JSONS, max_size=5),
    held=st.none() | st.lists(JSONS, max_size=4),
    replaced=st.dictionaries(st.integers(0, 5), st.none() | st.just("{}"), max_size=3),
    added=st.lists(st.just('{"url":"urn:new"}'), max_size=2),
    indent=st.sampled_from([None, 0, 2]),
    ascii_only=st.booleans(),
)
def test_only_extensions_change(
    order: Json, held: list[Any] | None, replaced: dict[int, str | None], added: list[str], indent: int | None, ascii_only: bool
) -> None:
    """Whatever an order holds and however it is written, only the named extensions differ afterwards."""
    order = {"resourceType": "ServiceRequest"} | order | ({} if held is None else {"extension": held})
    order = (
        order if held is not None or isinstance(order.get("extension"), list) else {k: order[k] for k in order if k != "extension"}
    )
    expected = [
        json.loads(new) if (new := replaced.get(n, "")) else one
        for n, one in enumerate(order.get("extension", []))
        if replaced.get(n, "") is not None
    ]
    text = json.dumps(order, indent=indent, ensure_ascii=ascii_only)
    changed = json.loads(with_extensions(text, replaced, added))
    assert changed == order | {"extension": [*expected, *(json.loads(one) for one in added)]}


@pytest.mark.parametrize("held", [{"url": "urn:a"}, "x"])
def test_an_extension_that_is_no_list_gets_none(client: FlaskClient, held: Any) -> None:
    """Nothing can be added to an extension that is not a list without changing it, so the order is left alone."""
    answered = ask(client, member_signs(order("81422", extension=held)))
    assert answered["systemActions"] == []
    assert len(answered["cards"]) == 1


# Repeats


def resigned(answered: Json, chart: tuple[Json, ...] = (), change: Any = None) -> Json:
    """The order of an answer signed again, perhaps changed."""
    resource = answered["systemActions"][0]["resource"]
    if change:
        change(resource)
    return member_signs(resource, chart=chart)


def foreign(coverage_reference: str = "Coverage/other", id_: str = "theirs") -> Json:
    """Another payer's coverage-information."""
    parts = [
        {"url": "coverage", "valueReference": {"reference": coverage_reference}},
        {"url": "covered", "valueCode": "covered"},
        {"url": "coverage-assertion-id", "valueString": id_},
    ]
    return {"url": URL, "extension": parts}


@verifies("resp-35")
def test_nothing_is_sent_again_when_nothing_is_new(client: FlaskClient) -> None:
    """An order that already says it gets no action, though the date is another and the reference has a base."""

    def older(resource: Json) -> None:
        parts = {part["url"]: part for part in resource["extension"][0]["extension"]}
        parts["date"]["valueDate"] = "2020-01-01"
        parts["coverage"]["valueReference"]["reference"] = "https://ehr.example/fhir/Coverage/cov1"
        resource["extension"][0]["extension"].reverse()

    first = ask(client, member_signs(order("81422")))
    assert ask(client, resigned(first))["systemActions"] == []
    assert ask(client, resigned(first, change=older))["systemActions"] == []


@verifies("resp-33", "resp-36")
def test_a_changed_decision_replaces_its_own_and_leaves_others(client: FlaskClient) -> None:
    """New evidence replaces our repetition in its place under the same id; other payers' stand untouched."""
    first = ask(client, member_signs(order(extension=[foreign()])))
    one = said(first["systemActions"][0]["resource"]["extension"][1])
    again = ask(client, resigned(first, (TEN_WEEKS,), lambda resource: resource["extension"].append(foreign(id_="later"))))
    before, ours, after = again["systemActions"][0]["resource"]["extension"]
    assert (before, after) == (foreign(), foreign(id_="later"))
    assert said(ours)["coverage-assertion-id"] == one["coverage-assertion-id"]
    assert "the order is medically necessary" in said(ours)["reason"][1]["text"]


def test_our_own_stands_once(client: FlaskClient) -> None:
    """An order that carries our repetition twice comes back with one."""
    first = ask(client, member_signs(order("81422")))
    twice = resigned(first, change=lambda resource: resource["extension"].append(resource["extension"][0]))
    (action,) = ask(client, twice)["systemActions"]
    assert len(assertions(action)) == 1


@verifies("resp-32")
def test_the_id_is_that_of_order_and_coverage(client: FlaskClient) -> None:
    """The same order under the same Coverage keeps its id whatever is decided; another order or Coverage has another."""

    def id_(made: Json) -> str:
        return str(the_assertion(ask(client, made))["coverage-assertion-id"][0])

    own = id_(member_signs(order()))
    assert own == id_(member_signs(order(), chart=(TEN_WEEKS,))) == id_(signed(member_signs(order()), "2.0"))
    assert own != id_(member_signs(order(id_="o2")))
    assert own != id_(member_signs(order(), coverages=(coverage(CARELON, id="cov2"),)))


# Orders and coverages


@verifies("resp-29")
def test_each_order_has_an_action_of_its_own(client: FlaskClient) -> None:
    """Several orders have an action each, in their order, with ids of their own; withdrawn and forbidden ones have none."""
    made = member_signs(
        order("81420", "o1"),
        order("81422", "o2", status="revoked"),
        order("81422", "o3", doNotPerform=True),
        {"resourceType": "Claim", "id": "x"},
        order("99999", "o4"),
        order("81422", "o5"),
    )
    actions = ask(client, made)["systemActions"]
    assert [action["resource"]["id"] for action in actions] == ["o1", "o4", "o5"]
    assert len({said(one)["coverage-assertion-id"][0] for action in actions for one in assertions(action)}) == 3


PATIENT_ONE = {"reference": "Patient/p1"}
UNLISTED: dict[str, Json] = {
    "ServiceRequest": order("99999"),
    "NutritionOrder": {"status": "draft", "intent": "order", "patient": PATIENT_ONE, "dateTime": "2025-05-01"},
    "VisionPrescription": {"status": "draft", "patient": PATIENT_ONE, "created": "2025-05-01", "dateWritten": "2025-05-01"},
    "CommunicationRequest": {"status": "draft", "subject": PATIENT_ONE},
}


@verifies("hook-16")
@pytest.mark.parametrize("kind", UNLISTED)
def test_an_order_that_no_policy_addresses_says_that_the_plan_decides(client: FlaskClient, kind: str) -> None:
    """At signing every order of a member gets coverage-information; where no policy speaks, only that the plan decides."""
    said_of = the_assertion(ask(client, member_signs(UNLISTED[kind] | {"resourceType": kind, "id": "o1"})))
    assert (said_of["covered"], said_of["pa-needed"], said_of["info-needed"]) == (["conditional"], ["conditional"], ["OTH"])
    assert "no medical policy that is held here" in said_of["reason"][0]["text"]


@verifies("hook-19")
def test_an_order_that_no_policy_addresses_is_not_answered_early(client: FlaskClient) -> None:
    """While orders are only selected, nothing is said of those that no policy addresses."""
    made = member_signs(order("99999")) | {"hook": "order-select"}
    made["context"]["selections"] = ["ServiceRequest/o1"]
    assert ask(client, made)["systemActions"] == []


def test_reliance_on_another_order_is_a_dependency(client: FlaskClient) -> None:
    """A second screen of a signing, not necessary because of the first, says that it depends on it."""
    made = member_signs(order("81420", "o1"), order("81507", "o2"), chart=(TEN_WEEKS,))
    first, second = (said(assertions(action)[0]) for action in ask(client, made)["systemActions"])
    assert "dependency" not in first
    assert second["dependency"] == [{"reference": "ServiceRequest/o1"}]


@verifies("resp-32")
def test_each_recognised_coverage_has_a_repetition(folder: Path) -> None:
    """Two payers that both speak of an order are two repetitions on one action, with their own Coverage and id."""
    oxygen(folder)
    (folder / "policies/harrier/oxygen-again").mkdir(parents=True)
    (folder / "policies/harrier/oxygen-again/2026-01-01.yaml").write_text(
        POLICY.replace("meadowlark/home-oxygen", "harrier/oxygen-again").replace("payer: meadowlark", "payer: harrier")
    )
    (folder / "policies/harrier/payer.yaml").write_text("payer: harrier\nname: Harrier\nidentifiers: [{value: H1}]\n")
    client = create_app(read_content(folder), today=lambda: TODAY).test_client()
    both = tuple(coverage({"identifier": {"value": value}}, id=value) for value in ("H1", "M1"))
    (action,) = ask(client, member_signs(order("99503", on="2026-02-03"), coverages=both))["systemActions"]
    found = [said(extension) for extension in assertions(action)]
    assert [one["coverage"][0]["reference"] for one in found] == ["Coverage/H1", "Coverage/M1"]
    assert len({one["coverage-assertion-id"][0] for one in found}) == 2


@verifies("resp-32")
@pytest.mark.parametrize("second", ["another payer that adopts it", "another Coverage of the payer"])
def test_each_coverage_that_a_policy_speaks_of_has_a_repetition(folder: Path, second: str) -> None:
    """One policy that speaks of two recognised Coverages is asserted for each, with an id of its own, once signed and again."""
    oxygen(folder)
    (folder / "policies/harrier").mkdir()
    (folder / "policies/harrier/payer.yaml").write_text(
        "payer: harrier\nname: Harrier\nidentifiers: [{value: H1}]\nadopts: [meadowlark/home-oxygen]\n"
    )
    client = create_app(read_content(folder), today=lambda: TODAY).test_client()
    values = ("M1", "H1" if second == "another payer that adopts it" else "M1")
    both = tuple(coverage({"identifier": {"value": value}}, id=f"c{at}") for at, value in enumerate(values))
    (action,) = ask(client, member_signs(order("99503", on="2026-02-03"), coverages=both))["systemActions"]
    found = [said(extension) for extension in assertions(action)]
    assert [one["coverage"][0]["reference"] for one in found] == ["Coverage/c0", "Coverage/c1"]
    assert len({one["coverage-assertion-id"][0] for one in found}) == 2
    assert ask(client, member_signs(action["resource"], coverages=both))["systemActions"] == []


def test_two_policies_of_one_payer_are_one_assertion(folder: Path) -> None:
    """Where two policies of a payer speak of an order, the most serious decision is asserted and the other named."""
    oxygen(folder)
    (folder / "policies/meadowlark/oxygen-too").mkdir()
    (folder / "policies/meadowlark/oxygen-too/2026-01-01.yaml").write_text(
        POLICY.replace("home-oxygen\nversion", "oxygen-too\nversion").replace("is_at_most: 88", "is_at_most: 80")
    )
    client = create_app(read_content(folder), today=lambda: TODAY).test_client()
    texts = [reason["text"] for reason in the_assertion(ask(client, oxygen_signed()))["reason"]]
    assert "not medically necessary" in texts[1]
    assert texts[-1] == "Also judged by meadowlark/home-oxygen: necessary."


@pytest.mark.parametrize(
    "coverages",
    [(), (coverage({"display": "Some Other Plan"}),), (coverage(CARELON, id=None),)],
    ids=["none", "another payer's", "without id"],
)
def test_nothing_is_asserted_without_a_coverage_to_name(client: FlaskClient, coverages: tuple[Json, ...]) -> None:
    """Without a recognised Coverage that can be named there are cards only, and the key is still there."""
    without_empty = tuple({name: value for name, value in one.items() if value is not None} for one in coverages)
    answered = ask(client, member_signs(order("81422"), coverages=without_empty))
    assert answered["systemActions"] == []
    assert len(answered["cards"]) == 1


def test_the_operator_sets_the_version_of_silent_clients(folder: Path) -> None:
    """The version that a request names is the one spoken; without one it is the operator's."""
    oxygen(folder)
    made = oxygen_signed(None)
    for chosen, sent in ((Settings(), TOPICS), (Settings(crd_version="2.0.1"), TEMPORARY)):
        client = create_app(read_content(folder), chosen, lambda: TODAY).test_client()
        (card,) = ask(client, made)["cards"]
        assert card["source"]["topic"]["system"] == sent
        (card,) = ask(client, signed(made, "2.2"))["cards"]
        assert card["source"]["topic"]["system"] == TOPICS


def test_the_environment_sets_the_version(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator names the version in the environment; one that is not spoken is told before anything is served."""
    monkeypatch.setenv("CDS_SERVICE_CRD_VERSION", "2.0")
    (card,) = ask(oxygen(folder), oxygen_signed(None))["cards"]
    assert card["source"]["topic"]["system"] == TEMPORARY
    monkeypatch.setenv("CDS_SERVICE_CRD_VERSION", "3")
    with pytest.raises(ValueError, match="no CRD version spoken here"):
        create_app(read_content(folder))


@verifies("requested-version")
@pytest.mark.parametrize("version", ["1.0", "2.1", "", 2.2, [], {"x": 1}])
def test_an_unknown_version_is_refused(client: FlaskClient, version: Any) -> None:
    """A version that is not spoken, or no version at all, is 422 with the element named."""
    made = member_signs(order()) | {"extension": {"davinci-crd.requestedVersion": version}}
    response = client.post(ADDRESS, json=made)
    assert response.status_code == 422
    assert response.get_json()["issue"][0]["expression"] == ["extension.davinci-crd.requestedVersion"]


# Configuration


@verifies("dev-4", "dev-7", "dev-8")
def test_discovery_declares_every_option(client: FlaskClient) -> None:
    """Discovery declares every option with code, type, name, description and a default of that type."""
    services = client.get("/cds-services").get_json()["services"]
    assert [service["hook"] for service in services] == ["order-sign", "order-select", "order-dispatch", "appointment-book"]
    extension = services[0]["extension"]
    assert all(service["extension"] == extension for service in services)
    options = extension["davinci-crd.configuration-options"]
    for option in options:
        assert set(option) == {"code", "type", "name", "description", "default"}
        assert type(option["default"]) is {"boolean": bool, "integer": int}[option["type"]]
    for member in ("code", "name", "description"):
        assert len({option[member] for option in options}) == len(options)
    assert {option["code"] for option in options} >= {"coverage-info", "guideline", "off-guideline", "max-cards"}


@verifies("resp-28", "dev-14")
def test_coverage_information_can_be_turned_off(client: FlaskClient) -> None:
    """With coverage-info off there is no action, and the cards are the same."""
    made = member_signs(order("81422"))
    off = ask(client, signed(made, configuration={"coverage-info": False}))
    assert off["systemActions"] == []
    assert off["cards"] == ask(client, made)["cards"] != []


@pytest.mark.parametrize("version", ["2.0", "2.2"])
@pytest.mark.parametrize(("topic", "left"), [("guideline", "off-guideline"), ("off-guideline", "guideline")])
def test_cards_of_a_topic_can_be_turned_off(client: FlaskClient, topic: str, left: str, version: str) -> None:
    """With a topic off no card of that topic is returned, and the assertions stand."""
    made = signed(member_signs(order("81422", "o1"), order("81420", "o2")), version, {topic: False})
    answered = ask(client, made)
    assert [card["source"]["topic"]["code"] for card in answered["cards"]] == [left]
    assert len(answered["systemActions"]) == 2


@verifies("max-cards", "dev-14")
@pytest.mark.parametrize(("most", "indicators"), [(0, []), (1, ["warning"]), (5, ["warning", "info"])])
def test_the_most_important_cards_are_kept(client: FlaskClient, most: int, indicators: list[str]) -> None:
    """With fewer cards allowed than there are, the most serious stay; actions are no cards."""
    made = signed(member_signs(order("81420", "o1"), order("81422", "o2")), configuration={"max-cards": most})
    answered = ask(client, made)
    assert [card["indicator"] for card in answered["cards"]] == indicators
    assert len(answered["systemActions"]) == 2


@verifies("unsolicited-determ", "dev-14")
def test_a_determination_nobody_asked_for_can_be_declined(folder: Path) -> None:
    """With unsolicited-determ off, nothing is satisfied and no authorization number is sent."""
    client = oxygen(folder, ANSWERS.format(pa_needed="satisfied"))
    satisfied = the_assertion(ask(client, oxygen_signed()))
    assert satisfied["pa-needed"] == ["satisfied"]
    assert len(satisfied["satisfied-pa-id"]) == 1
    declined = the_assertion(ask(client, signed(oxygen_signed(), configuration={"unsolicited-determ": False})))
    assert declined["pa-needed"] == ["auth-needed"]
    assert "satisfied-pa-id" not in declined


@verifies("dev-15", "dev-17", "option-of-wrong-type", "dev-6")
@pytest.mark.parametrize(
    ("configuration", "logged"),
    [
        ({}, []),
        ({"cost": False, "claim": 7, "unheard-of": None}, []),
        ({"coverage-info": "false"}, ["coverage-info"]),
        ({"coverage-info": 0, "max-cards": True}, ["coverage-info", "max-cards"]),
        ({"max-cards": -1}, ["max-cards"]),
        ({"max-cards": 1.0, "guideline": []}, ["guideline", "max-cards"]),
        ([], [CONFIGURATION]),
        ("x", [CONFIGURATION]),
    ],
    ids=str,
)
def test_odd_configuration_is_ignored(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, configuration: Any, logged: list[str]
) -> None:
    """Unknown options are ignored silently, wrong types with a line of the log that names the option and not its value."""
    made = member_signs(order("81420", "o1"), order("81422", "o2"))
    with caplog.at_level(logging.WARNING):
        answered = ask(client, signed(made, configuration=configuration))
    assert answered == ask(client, made)
    assert sorted(record.__dict__["option"] for record in caplog.records if hasattr(record, "option")) == logged


def test_the_default_of_the_number_of_cards_is_obeyed(client: FlaskClient) -> None:
    """Without configuration no more cards are returned than discovery says."""
    answered = ask(client, member_signs(*(order("81422", f"o{number}") for number in range(MOST_CARDS + 2))))
    assert len(answered["cards"]) == MOST_CARDS
    assert len(answered["systemActions"]) == MOST_CARDS + 2
    assert next(option for option in OPTIONS if option.code == "max-cards").default == MOST_CARDS


# Cards in a CRD conversation


@verifies("resp-5", "resp-15")
@pytest.mark.parametrize(("version", "system"), [("2.0", TEMPORARY), ("2.2", TOPICS)])
def test_cards_are_of_one_crd_type(client: FlaskClient, version: str, system: str) -> None:
    """Not necessary is an External Reference, not documented Instructions; topic and associated order are the version's."""
    reference, instructions = ask(client, signed(member_signs(order("81420", "o1"), order("81422", "o2")), version))["cards"]
    assert reference["links"]
    assert all(link["type"] == "absolute" and "appContext" not in link for link in reference["links"])
    assert "links" not in instructions
    for card, id_ in ((reference, "o2"), (instructions, "o1")):
        assert "suggestions" not in card
        assert "selectionBehavior" not in card
        assert card["source"]["topic"]["system"] == system
        own = f"ServiceRequest/{id_}"
        assert card["extension"]["davinci-crd.associated-resource"] == [own if version == "2.0" else {"reference": own}]
        assert UUID(card["uuid"])


@verifies("crd-respar-1", "resp-3", "resp-53", "resp-54", "resp-55", "resp-56", "suggestion-shape")
def test_a_proposed_order_is_a_card_of_its_own(folder: Path) -> None:
    """The order that the policy names instead is a card with one suggestion, delete and create, and no links."""
    client = oxygen(folder)
    warning, proposal = ask(client, oxygen_signed(95))["cards"]
    assert "suggestions" not in warning
    assert warning["links"]
    assert "links" not in proposal
    assert proposal["source"]["topic"]["code"] == "therapy-alternatives-req"
    assert len(proposal["summary"]) < 140
    assert proposal["uuid"] != warning["uuid"]
    (suggestion,) = proposal["suggestions"]
    assert suggestion["uuid"]
    assert [action["type"] for action in suggestion["actions"]] == ["delete", "create"]
    held = oxygen_signed(95)["context"]["draftOrders"]["entry"][0]["resource"]
    made = suggestion["actions"][1]["resource"]
    assert {name: value for name, value in made.items() if name != "code"} == {
        n: v for n, v in held.items() if n not in ("id", "code")
    }
    assert made["code"] != held["code"]
    off = signed(oxygen_signed(95), configuration={"therapy-alternatives-req": False})
    assert ask(client, off)["cards"] == [warning]


# Invariants


SOUND: list[Json] = [
    {"url": "coverage", "valueReference": {"reference": "Coverage/1"}},
    {"url": "covered", "valueCode": "covered"},
    {"url": "pa-needed", "valueCode": "no-auth"},
    {"url": "date", "valueDate": "2026-01-01"},
    {"url": "coverage-assertion-id", "valueString": "x"},
]


def extension_with(**changes: Any) -> Json:
    """A sound extension with some elements changed: a code, a list of codes, or None to leave it out."""
    names = {name.replace("_", "-"): value for name, value in changes.items() if value is not None}
    left = {name.replace("_", "-") for name in changes}
    parts: list[Json] = [part for part in SOUND if part["url"] not in left]
    for name, value in names.items():
        values = value if isinstance(value, list) else [value]
        parts += [{"url": name} | (one if isinstance(one, dict) else {"valueCode": one}) for one in values]
    return {"url": URL, "extension": parts}


REASON = {"valueCodeableConcept": {"text": "why"}}
ID = {"valueString": "pa"}
FORM = {"valueCanonical": "urn:q"}
PERIOD = {"url": "value", "valuePeriod": {"start": "2026"}}
CODE = {"url": "code", "valueCodeableConcept": {"coding": [{"code": "allowed-period"}]}}
CATEGORY = {"url": "category", "valueCode": "cat-limitation"}
VIOLATIONS: list[tuple[str, Json, tuple[CrdVersion, ...], str]] = [
    ("a questionnaire without documentation", extension_with(questionnaire=FORM), CRD_VERSIONS, "q1"),
    ("not covered, yet authorization", extension_with(covered="not-covered"), CRD_VERSIONS, "q2"),
    ("covered without authorization", extension_with(pa_needed=None), ("2.0.1",), "q2"),
    ("conditional without what is needed", extension_with(pa_needed="conditional"), ("2.2",), "q3"),
    ("documentation conditional", extension_with(doc_needed="conditional"), ("2.2",), "q3"),
    ("something needed, nothing open", extension_with(info_needed="location"), CRD_VERSIONS, "q3"),
    ("documents with no authorization", extension_with(doc_purpose="withpa", reason=REASON), CRD_VERSIONS, "q4"),
    ("documents with what is not covered", extension_with(covered="not-covered", pa_needed=None, doc_purpose="withpa", reason=REASON), CRD_VERSIONS, "q4"),
    ("satisfied without a number", extension_with(pa_needed="satisfied"), CRD_VERSIONS, "q5"),
    ("a number without satisfied", extension_with(satisfied_pa_id=ID), CRD_VERSIONS, "q5"),
    ("something other, unsaid", extension_with(covered="conditional", info_needed="OTH"), ("2.2",), "q6"),
    ("an empty reason", extension_with(reason={"valueCodeableConcept": {"coding": [{"code": "new"}]}}), ("2.2",), "q7"),
    ("a purpose without reason", extension_with(doc_purpose="retain-doc"), ("2.2",), "q8"),
    ("indeterminate without reason", extension_with(covered="indeterminate"), ("2.2",), "q9"),
    ("indeterminate before its time", extension_with(covered="indeterminate"), ("2.0.1",), "no code of 'covered'"),
    ("both, after its time", extension_with(doc_needed="both"), ("2.2",), "no code of 'doc-needed'"),
    ("patient, before its time", extension_with(doc_needed="patient"), ("2.0.1",), "no code of 'doc-needed'"),
    ("two kinds of documentation", extension_with(doc_needed=["clinical", "admin"]), ("2.0.1",), "may stand once"),
    ("an unknown code", extension_with(pa_needed="noauth"), CRD_VERSIONS, "no code of 'pa-needed'"),
    ("a finer code as information", extension_with(covered="conditional", info_needed="detail-code"), ("2.0.1",), "no code of 'info-needed'"),
    ("no coverage", extension_with(coverage=None), CRD_VERSIONS, "'coverage' is required"),
    ("no id", extension_with(coverage_assertion_id=None), CRD_VERSIONS, "'coverage-assertion-id' is required"),
    ("covered twice", extension_with(covered=["covered", "covered"]), CRD_VERSIONS, "may stand once"),
    ("a date that is a string", extension_with(date={"valueString": "2026"}), CRD_VERSIONS, "holds a valueDate"),
    ("an expiry date before its time", extension_with(expiry_date={"valueDate": "2026-01-01"}), ("2.0.1",), "no element"),
    ("a response after its time", extension_with(response={"valueReference": {"reference": "x"}}), ("2.2",), "no element"),
    ("a detail without category", extension_with(detail={"extension": [CODE, PERIOD]}), ("2.2",), "one category"),
    ("a detail with category", extension_with(detail={"extension": [CATEGORY, CODE, PERIOD]}), ("2.0.1",), "no category"),
    ("a detail without value", extension_with(detail={"extension": [CATEGORY, CODE]}), CRD_VERSIONS, "one code and one value"),
    ("another extension", {"url": "urn:other"}, CRD_VERSIONS, "not a coverage-information"),
]  # fmt: skip


@verifies("crd-ci-q1", "crd-ci-q2", "crd-ci-q3", "crd-ci-q4", "crd-ci-q5", "crd-ci-q6", "crd-ci-q7", "crd-ci-q8", "crd-ci-q9")
@pytest.mark.parametrize(("extension", "versions", "told"), [case[1:] for case in VIOLATIONS], ids=[case[0] for case in VIOLATIONS])
def test_a_violation_is_caught(extension: Json, versions: tuple[CrdVersion, ...], told: str) -> None:
    """Each invariant is caught in the versions that have it, and in no other."""
    for version in CRD_VERSIONS:
        assert any(told in one for one in violations(extension, version)) == (version in versions), version


def test_a_sound_extension_is_let_through() -> None:
    """The published example, and 2.2's indeterminate with its reason, break nothing; neither does withpa with auth-needed."""
    for version in CRD_VERSIONS:
        assert violations({"url": URL, "extension": SOUND}, version) == []
        needed = extension_with(pa_needed="auth-needed", doc_needed="clinical", doc_purpose="withpa", reason=REASON)
        assert violations(needed, version) == []
    assert violations(extension_with(covered="indeterminate", reason=REASON), "2.2") == []


def test_what_breaks_an_invariant_does_not_leave(
    content: Content, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An assertion that CRD does not allow is held back and logged; the cards are answered all the same."""
    monkeypatch.setattr("cds_service.hooks.answered.coverage_information.violations", lambda *_: ["broken"])
    answered = ask(create_app(content, today=lambda: TODAY).test_client(), member_signs(order("81422")))
    assert answered["systemActions"] == []
    assert len(answered["cards"]) == 1
    assert any("held back" in record.getMessage() for record in caplog.records)


WRONG = [
    ("q1", "necessary: {covered: covered, pa_needed: no-auth, questionnaire: [urn:q]}", "", "crd-ci-q1"),
    ("q2", "necessary: {covered: covered}", "", "crd-ci-q2: pa-needed is required"),
    ("q2, no benefit", "rules: {low: {covered: not-covered, pa_needed: no-auth, reason: No.}}", NEVER, "crd-ci-q2: what is not-covered"),
    ("q3", "necessary: {covered: conditional, pa_needed: no-auth}", "", "crd-ci-q3: what is conditional"),
    ("q3 the other way", "necessary: {covered: covered, pa_needed: no-auth, info_needed: [location]}", "", "crd-ci-q3: info-needed"),
    ("q4", "necessary: {covered: covered, pa_needed: no-auth, doc_purpose: [withpa], reason: x}", "", "crd-ci-q4"),
    ("q6", "necessary: {covered: conditional, pa_needed: no-auth, info_needed: [OTH]}", "", "crd-ci-q6"),
    ("q8", "necessary: {covered: covered, pa_needed: no-auth, doc_purpose: [retain-doc]}", "", "crd-ci-q8"),
    ("satisfied too early", "not documented: {covered: covered, pa_needed: satisfied}", "", "only a necessary order"),
    ("a denial by criteria", "not necessary: {covered: not-covered, reason: x}", "", "not-covered denies"),
    ("a denial unsaid", "rules: {low: {covered: not-covered}}", NEVER, "states its rule in 'reason'"),
    ("an unknown rule", "rules: {high: {covered: covered, pa_needed: no-auth}}", NEVER, "there is no rule 'high'"),
    ("a code that is none", "necessary: {covered: perhaps, pa_needed: no-auth}", "", "'covered'"),
    ("a key that is none", "unnecessary: {covered: covered}", "", "'unnecessary' is not a key"),
    ("a limit without its value", "necessary: {covered: covered, pa_needed: no-auth, limits: [{limit: allowed-quantity}]}", "", "given by 'quantity'"),
    ("a limit with another value", "necessary: {covered: covered, pa_needed: no-auth, limits: [{limit: concurrent-review, text: x}]}", "", "given by 'is'"),
]  # fmt: skip


@pytest.mark.parametrize(("answers", "more", "told"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_a_wrong_answer_is_told_with_its_line(folder: Path, answers: str, more: str, told: str) -> None:
    """An answer that CRD or the language does not allow is told on load, at its line."""
    change(folder, P, "necessary_when:", f"answers:\n  {answers}\n{more}necessary_when:")
    found = [problem for problem in problems(folder) if told in problem]
    line = (folder / P).read_text().splitlines().index(f"  {answers}") + 1
    assert [problem for problem in found if problem.startswith(f"{P}:{line}:")], problems(folder)


def test_an_answer_is_checked_in_every_case_of_authorization(folder: Path) -> None:
    """An answer that is sound as written and broken where the document wants no authorization is told on load."""
    block = "answers:\n  necessary: {covered: covered, pa_needed: satisfied, doc_needed: [clinical], doc_purpose: [withpa], reason: x}\n"
    change(folder, P, "necessary_when:", f"{block}necessary_when:")
    assert any("crd-ci-q4" in problem for problem in problems(folder))


def test_the_language_reference_shows_a_sound_block(tmp_path: Path) -> None:
    """The block in the language reference is one that a policy file may hold."""
    page = (Path(__file__).parent.parent / "spec/answers.md").read_text(encoding="utf-8")
    file = tmp_path / "block.yaml"
    file.write_text(page.split("```yaml\n")[1].split("```")[0])
    assert AnswersEntry.model_validate(YamlFile(file, "block.yaml").data["answers"]).rules
