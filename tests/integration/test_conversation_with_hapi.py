"""A whole CRD conversation: an EHR over HAPI FHIR, and the service as a process of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests

from cds_service.fhir.coverage_information import URL
from cds_service.hooks.received.messages import EXTENSION
from tests.cli.test_command_line import LONGEST
from tests.integration.conftest import POLICIES, Member
from tests.integration.ehr import TOKEN, Door, Ehr
from tests.store.service import accepted, kept_in
from tests.store.test_processes import served

Json = dict[str, Any]
verifies = pytest.mark.verifies
GIVEN = ("patient", "encounter", "coverage", "questionnaireResponses")
"""What a busy EHR prefetches: the rest is left to the service."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of the service's store."""
    from cds_service.store.database import engine_for
    from cds_service.store.upgrade import upgrade

    url = f"sqlite:///{tmp_path_factory.mktemp('store')}/store.sqlite"
    engine = engine_for(url)
    upgrade(engine)
    engine.dispose()
    return url


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the service's log goes."""
    return tmp_path_factory.mktemp("log") / "log"


@pytest.fixture(scope="module")
def address(store: str, log: Path, entrance: Door) -> Iterator[str]:
    """The address of the service, which may read behind the door."""
    with served(log, "--store", store, CDS_SERVICE_FHIR_SERVERS=entrance.url, CDS_SERVICE_DEVELOPMENT="1") as (_, url):
        yield url


def discovered(address: str) -> Json:
    """The service's prefetch templates, as discovery names them."""
    services = requests.get(address.rsplit("/", 1)[0], timeout=LONGEST).json()["services"]
    (service,) = [one for one in services if one["hook"] == "order-sign"]
    found: Json = service["prefetch"]
    return found


def asked(
    address: str, entrance: Door, member: Member, version: str = "", keys: tuple[str, ...] = (), order: Json | None = None
) -> Json:
    """The order-sign request that the EHR makes: the draft as its server holds it, and the keys that it prefetches itself."""
    ehr = Ehr(entrance.url)
    prefetch: Json = {}
    for key, template in discovered(address).items():
        if "draftOrders" in template or "encounterId" in template or (keys and key not in keys):
            continue  # no order refers to a resource, there is no encounter, or the EHR leaves the key out
        prefetch[key] = ehr.prefetch(template, member.patient)
    draft = order or ehr.call("GET", f"{member.order['resourceType']}/{member.order['id']}")
    entry = {"fullUrl": f"{entrance.url}/{draft['resourceType']}/{draft['id']}", "resource": draft}
    made: Json = {
        "hook": "order-sign",
        "hookInstance": str(uuid4()),
        "fhirServer": entrance.url,
        "fhirAuthorization": {
            "access_token": TOKEN,
            "token_type": "Bearer",
            "expires_in": 30,
            "scope": "patient/*.rs",
            "subject": "cds-service",
            "patient": member.patient,
        },
        "context": {
            "userId": "Practitioner/example",
            "patientId": member.patient,
            "draftOrders": {"resourceType": "Bundle", "type": "collection", "entry": [entry]},
        },
        "prefetch": prefetch,
    }
    return made | ({"extension": {"davinci-crd.requestedVersion": version}} if version else {})


def answer(address: str, request: Json) -> Json:
    """The service's answer, which must be 200."""
    said = requests.post(address, json=request, timeout=LONGEST)
    assert said.status_code == 200, said.text
    found: Json = said.json()
    return found


def assertion(resource: Json) -> Json:
    """The one coverage-information of an order: its parts by name."""
    (extension,) = [one for one in resource["extension"] if one["url"] == URL]
    return {part["url"]: part for part in extension["extension"]}


@verifies("resp-25", "resp-29", "resp-35", "hook-16", "feedback-kept")
@pytest.mark.parametrize("version", ["2.2", "2.0.1"])
@pytest.mark.parametrize("policy", POLICIES)
def test_an_order_goes_from_draft_to_feedback(
    policy: str, version: str, address: str, entrance: Door, members: dict[str, Member], store: str
) -> None:
    """What the EHR prefetched decides the order; HAPI accepts the updated order; it is not updated again; feedback is kept."""
    member, ehr = members[policy], Ehr(entrance.url)
    ehr.put(member.order)
    request = asked(address, entrance, member, version)
    answered = answer(address, request)
    assert [one["outcome"] for one in answered["extension"][EXTENSION]] == [member.outcome]
    (action,) = answered["systemActions"]
    parts = assertion(action["resource"])
    assert action["type"] == "update"
    assert parts["covered"]["valueCode"] in ("covered", "conditional")
    assert parts["coverage"]["valueReference"]["reference"].endswith("-coverage")
    assert ehr.errors(action["resource"]) == ehr.errors(member.order)
    held = ehr.put(action["resource"])
    assert assertion(held) == parts
    again = answer(address, asked(address, entrance, member, version))
    assert again["systemActions"] == []
    card = next((one["uuid"] for one in answered["cards"]), str(uuid4()))
    report = requests.post(f"{address}/feedback", json={"feedback": [accepted(card)]}, timeout=LONGEST)
    assert report.ok
    assert (card, "accepted") in kept_in(store)


@verifies("found-5", "fhir-token-sent", "fhir-token-nowhere-else")
@pytest.mark.parametrize("policy", POLICIES)
def test_what_the_ehr_left_out_is_read_with_its_token(
    policy: str, address: str, entrance: Door, members: dict[str, Member], log: Path
) -> None:
    """With half of the keys prefetched the decision is the same: the rest is read through the door, each time with the token."""
    member = members[policy]
    Ehr(entrance.url).put(member.order)
    whole = answer(address, asked(address, entrance, member))
    request = asked(address, entrance, member, keys=GIVEN)
    before = len(entrance.passed)
    answered = answer(address, request)
    came = entrance.passed[before:]
    assert came
    assert all(one.authorized for one in came)
    assert answered["extension"][EXTENSION][0]["outcome"] == member.outcome
    assert [_undated(one) for one in answered["systemActions"]] == [_undated(one) for one in whole["systemActions"]]
    assert TOKEN not in log.read_text(encoding="utf-8")


@verifies("fhir-pages")
def test_a_long_chart_is_read_page_by_page(address: str, entrance: Door, members: dict[str, Member]) -> None:
    """Of a problem list of four pages every page is read, and the decision is the same."""
    member, ehr = members["carelon/prenatal-cfdna-screening"], Ehr(entrance.url)
    ehr.put(member.order)
    ehr.load([unrelated(member.patient, number) for number in range(18)])
    before = len(entrance.passed)
    answered = answer(address, asked(address, entrance, member, keys=GIVEN))
    pages = [one for one in entrance.passed[before:] if "_getpages" in one.path and one.method == "GET"]
    assert len(pages) >= 3
    assert answered["extension"][EXTENSION][0]["outcome"] == member.outcome


@verifies("resp-43")
def test_a_token_that_is_refused_is_told_as_technical(address: str, entrance: Door, members: dict[str, Member]) -> None:
    """Where the FHIR server refuses the token, the order is answered: what could not be read leaves it open, for technical reasons."""
    member = members["carelon/prenatal-cfdna-screening"]
    Ehr(entrance.url).put(member.order)
    request = asked(address, entrance, member, "2.2", keys=GIVEN)
    request["fhirAuthorization"]["access_token"] = TOKEN[::-1]
    before = len(entrance.passed)
    (action,) = answer(address, request)["systemActions"]
    assert [one for one in entrance.passed[before:] if not one.authorized]
    (extension,) = [one for one in action["resource"]["extension"] if one["url"] == URL]
    assert "technical" in json.dumps([part for part in extension["extension"] if part["url"] == "reason"])


def unrelated(patient: str, number: int) -> Json:
    """A problem that no policy asks about."""
    return {
        "resourceType": "Condition",
        "id": f"{patient}-unrelated-{number}",
        "subject": {"reference": f"Patient/{patient}"},
        "clinicalStatus": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]},
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "H52.4"}]},
        "recordedDate": "2020-01-01",
    }


def _undated(action: Json) -> Json:
    """A system action without what tells two signings apart."""
    told: Json = json.loads(json.dumps(action))
    told["resource"].pop("meta", None)
    return told
