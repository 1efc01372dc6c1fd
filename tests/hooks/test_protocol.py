"""What every answer has in common, as Inferno's CRD server suite and CDS Hooks check it, over all vignettes and odd requests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from cds_service.facts.imagined_chart import CannotImagine
from cds_service.fhir.coverage_information import CRD_VERSIONS, URL
from cds_service.vignettes.as_request import request_of
from cds_service.vignettes.read import PATIENT, read_vignettes
from tests.conftest import held_app, held_content
from tests.content.test_payers import CARELON, coverage
from tests.exchange import ADDRESS, decisions, fetuses, gestational_age, order, request, sign

Json = dict[str, Any]
verifies = pytest.mark.verifies
VIGNETTES = Path(__file__).parent.parent / "vignettes"
DATED = gestational_age(70, "2025-05-01")
TOPIC_SYSTEMS = {
    "2.2": "http://terminology.hl7.org/CodeSystem/cdshooks-card-type",
    "2.0.1": "http://hl7.org/fhir/us/davinci-crd/CodeSystem/temp",
}


@lru_cache(maxsize=2)
def answers(version: str) -> tuple[Json, ...]:
    """The answers to all vignettes of orders, of members whose payer is recognised, in a version of CRD."""
    return tuple(_answers(version))


def _answers(version: str) -> Iterator[Json]:
    client, content = held_app().test_client(), held_content()
    for file in sorted(VIGNETTES.rglob("*.yaml")):
        payer = file.relative_to(VIGNETTES).parts[0]
        insured = coverage({"identifier": {"system": "urn:cds-service:payer", "value": payer}})
        insured["beneficiary"] = {"reference": f"Patient/{PATIENT}"}
        for vignette in read_vignettes(file, file.name, content):
            try:
                made = request_of(vignette, content)
            except CannotImagine:
                continue
            made["prefetch"]["coverage"] = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": insured}]}
            made["extension"] = {"davinci-crd.requestedVersion": version}
            response = client.post(ADDRESS, json=made)
            assert response.status_code == 200
            yield response.get_json()


@verifies("discovery-address", "discovery-described", "crd_discovery_services_validation")
def test_discovery_has_what_clients_read(client: FlaskClient) -> None:
    """Discovery is JSON with hook, id, title, description and prefetch for each service, which answers at its id."""
    response = client.get("/cds-services")
    assert (response.status_code, response.mimetype) == (200, "application/json")
    services = response.get_json()["services"]
    assert "order-sign" in [service["hook"] for service in services]
    for service in services:
        assert all(isinstance(service[name], str) and service[name].strip() for name in ("hook", "id", "title", "description"))
        assert service["usageRequirements"]
        assert all(isinstance(template, str) and template for template in service["prefetch"].values())
        assert client.post(f"/cds-services/{service['id']}", json={"hook": service["hook"]}).status_code == 400, "it is there"
    assert len({service["id"] for service in services}) == len(services), "clients keep services by their address"


@pytest.mark.parametrize("suffix", ["", "/feedback"])
def test_every_service_has_an_address_of_its_own(client: FlaskClient, suffix: str) -> None:
    """The services that discovery lists answer for their own hook, the unlisted alias for every hook; each takes feedback."""
    body = request(order())
    sent = {"feedback": []} if suffix else body
    assert client.post(f"/cds-services/medical-policy-order-sign{suffix}", json=sent).status_code == 200
    assert client.post(f"/cds-services/medical-policy{suffix}", json=sent).status_code == 200
    refused = client.post("/cds-services/medical-policy-order-select", json=body)
    assert (refused.status_code, refused.get_json()["issue"][0]["expression"]) == (400, ["hook"])


@verifies("dev-9")
def test_every_hook_of_orders_is_offered_with_the_same_options(client: FlaskClient) -> None:
    """Signing, selecting, dispatching and booking are offered; what can be configured is the same at each."""
    services = client.get("/cds-services").get_json()["services"]
    assert {service["hook"] for service in services} == {"order-sign", "order-select", "order-dispatch", "appointment-book"}
    options = [service["extension"]["davinci-crd.configuration-options"] for service in services]
    assert all({one["code"]: one for one in each} == {one["code"]: one for one in options[0]} for each in options)


def test_the_standard_prefetch_is_used_where_it_covers_the_need(client: FlaskClient) -> None:
    """Patient, encounter and coverage are asked for in the words of CRD's standard prefetch."""
    (service,) = [one for one in client.get("/cds-services").get_json()["services"] if one["hook"] == "order-sign"]
    assert {key: service["prefetch"][key] for key in ("patient", "encounter", "coverage")} == {
        "patient": "Patient/{{context.patientId}}",
        "encounter": "Encounter/{{context.encounterId}}",
        "coverage": "Coverage?patient={{context.patientId}}&status=active",
    }


@pytest.mark.slow
@verifies("crd_service_response_validation", "resp-13")
@pytest.mark.parametrize("version", CRD_VERSIONS)
def test_every_card_and_action_has_its_required_members(version: str) -> None:
    """Cards have uuid, short summary, indicator, source with topic; actions a type and a description; both keys are there."""
    cards = [card for answer in answers(version) for card in answer["cards"]]
    actions = [action for answer in answers(version) for action in answer["systemActions"]]
    assert cards
    assert actions
    for card in cards:
        assert card["uuid"]
        assert 0 < len(card["summary"]) < 140
        assert card["indicator"] in ("info", "warning")
        assert card["source"]["label"]
        assert card["source"]["topic"]["system"] == TOPIC_SYSTEMS[version]
        assert card["source"]["topic"]["code"]
    for action in actions:
        assert action["type"] == "update"
        assert action["description"].strip()
        assert "resourceId" not in action


@pytest.mark.slow
@verifies("crd_card_optional_fields_validation")
@pytest.mark.parametrize("version", CRD_VERSIONS)
def test_every_optional_member_of_a_card_is_valid(version: str) -> None:
    """Links are absolute addresses with a label; reasons to override have code, system and display; suggestions hold actions."""
    for card in (card for answer in answers(version) for card in answer["cards"]):
        assert all(card[name] for name in ("links", "suggestions", "overrideReasons") if name in card)
        for link in card.get("links", []):
            assert (link["type"], bool(link["label"]), "appContext" in link) == ("absolute", True, False)
            assert urlsplit(link["url"]).scheme in ("http", "https")
        assert ("suggestions" in card) == ("selectionBehavior" in card)
        assert all(suggestion["actions"] and suggestion["label"] for suggestion in card.get("suggestions", []))
        assert all(reason["code"] and reason["system"] and reason["display"] for reason in card.get("overrideReasons", []))


@pytest.mark.slow
@verifies("crd_coverage_info_system_action_validation", "resp-14", "covinfo-1")
@pytest.mark.parametrize("version", CRD_VERSIONS)
def test_every_action_carries_one_id_for_each_coverage(version: str) -> None:
    """Each updated order has one assertion for the Coverage, with an id that no other order of the call has."""
    for answer in answers(version):
        carried = [
            {part["url"]: part for part in extension["extension"]}
            for action in answer["systemActions"]
            for extension in action["resource"]["extension"]
            if extension["url"] == URL
        ]
        found = [one for one in carried if "coverage" in one]  # an imagined order may carry another payer's number alone
        assert len(found) == len(answer["systemActions"])
        assert all(one["coverage"]["valueReference"]["reference"] == "Coverage/cov1" for one in found)
        ids = [one["coverage-assertion-id"]["valueString"] for one in found]
        assert len(set(ids)) == len(ids)


@verifies("dev-25")
@pytest.mark.parametrize(("version", "shape"), [("2.2", [{"reference": "ServiceRequest/o1"}]), ("2.0.1", ["ServiceRequest/o1"])])
def test_a_card_says_which_order_it_is_about(client: FlaskClient, version: str, shape: list[Any]) -> None:
    """A card names its order in the extension, in the shape that its version of CRD has."""
    made = request(order("81422"), chart=(coverage(CARELON),)) | {"extension": {"davinci-crd.requestedVersion": version}}
    (card,) = client.post(ADDRESS, json=made).get_json()["cards"]
    assert card["extension"]["davinci-crd.associated-resource"] == shape


@verifies("found-33", "hook-23", "prefetch-unknown-key")
def test_what_nobody_expects_is_ignored(client: FlaskClient) -> None:
    """Unknown members of the call, its context, its token and its prefetch change nothing; `selections` narrow nothing."""
    made = request(order("81422", "o1"), order("81420", "o2"))
    odd = made | {"unknown": {"x": [1]}, "prefetch": made["prefetch"] | {"never-asked": {"resourceType": "Claim"}}}
    odd["context"] = made["context"] | {"selections": ["ServiceRequest/o1"], "another": None}
    assert client.post(ADDRESS, json=odd).get_json() == client.post(ADDRESS, json=made).get_json()


@verifies("prefetch-null", "prefetch-absent")
def test_nothing_found_is_not_the_same_as_not_searched(client: FlaskClient) -> None:
    """A key that is null or an empty searchset is silence, on which things are presumed; a key that is missing leaves them open."""
    outcomes = []
    for given in (None, {"resourceType": "Bundle", "type": "searchset", "total": 0}, ...):
        made = request(order(), chart=(DATED, fetuses(1, "2025-05-01")))
        made["prefetch"]["conditions"] = given
        if given is ...:
            del made["prefetch"]["conditions"]
        (decision,) = decisions(client.post(ADDRESS, json=made).get_json())
        outcomes.append(decision["outcome"])
    assert outcomes == ["necessary", "necessary", "not-documented"]


def test_thin_data_are_answered(client: FlaskClient) -> None:
    """With nothing in the chart and an order of its required elements alone, the answer is 200 and says what is missing."""
    (decision,) = decisions(sign(client, order()))
    assert decision["outcome"] == "not-documented"
    assert decision["asks"]


@verifies("hook-9")
@pytest.mark.parametrize("code", ["81420", "81422", "80050"])
def test_no_finding_is_an_error(client: FlaskClient, code: str) -> None:
    """An order that is not necessary, not documented, or of no policy is answered with 200."""
    assert client.post(ADDRESS, json=request(order(code))).status_code == 200


@verifies("dev-24")
def test_cards_of_several_orders_tell_them_apart_in_words(client: FlaskClient) -> None:
    """Of two orders in one signing, each card's detail names the code of its own order."""
    first, second = sign(client, order("81422", "o1"), order("81420", "o2"))["cards"]
    assert re.search(r"\b81422\b", first["detail"] + first["summary"])
    assert re.search(r"\b81420\b", second["detail"] + second["summary"])
