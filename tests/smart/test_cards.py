"""Cards link the app where their call comes from an EHR that may launch it, and hand on nothing of the patient."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cds_service.hooks.answered.launch_links import launch_context, launch_links, no_launch
from cds_service.hooks.discovery import SERVICE_ID
from tests.exchange import PATIENT, fetuses, gestational_age, order
from tests.smart.launched import ON, PUBLIC, SECRET, Launching

Json = dict[str, Any]
CARD = "07bc9814-9d2a-41ee-8c90-0242ac120002"


def links(launched: Launching, *chart: Json, server: str | None = None, **more: Any) -> list[Json]:
    """The links to apps on the cards of an order-sign call."""
    call: Json = {
        "hook": "order-sign",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {
            "userId": "Practitioner/dr1",
            "patientId": "p1",
            "draftOrders": {"resourceType": "Bundle", "entry": [{"resource": order(on=ON)}]},
        },
        "prefetch": {"observations": {"resourceType": "Bundle", "entry": [{"resource": one} for one in chart]}} | more,
    }
    if server:
        call["fhirServer"] = server
    cards = launched.client.post(f"/cds-services/{SERVICE_ID}", json=call).get_json()["cards"]
    return [card | {"link": link} for card in cards for link in card.get("links", []) if link["type"] == "smart"]


@pytest.mark.parametrize(
    ("chart", "label"),
    [
        ((), "Answer the open questions"),
        ((fetuses(3, ON),), "See it against the chart"),
        ((gestational_age(84, ON), fetuses(1, ON)), ""),
    ],
)
def test_open_and_adverse_cards_link_the_app(launched: Launching, chart: tuple[Json, ...], label: str) -> None:
    """A card that asks or warns links the app with a signed context; a necessary order has no card, and so no link."""
    found = links(launched, *chart, server=launched.ehr.iss)
    if not label:
        whole = {"resourceType": "Bundle", "entry": []}
        found = links(
            launched,
            *chart,
            server=launched.ehr.iss,
            **dict.fromkeys(("conditions", "procedures", "serviceRequests", "diagnosticReports"), whole),
        )
        assert found == []
        return
    (card,) = found
    assert card["link"]["label"] == label
    assert card["link"]["url"] == f"{PUBLIC}/smart/launch"
    context = launch_context(card["link"]["appContext"], SECRET, datetime.now(UTC))
    assert context == (card["uuid"], "ServiceRequest/o1", "carelon/prenatal-cfdna-screening@2025-04-01")
    assert "p1" not in str(context)


@pytest.mark.parametrize("server", [None, "https://elsewhere.example/fhir", "not a url", "{iss}.evil"])
def test_other_calls_have_no_such_link(launched: Launching, server: str | None) -> None:
    """A call that names no FHIR server, or one from which the app cannot be launched, gets cards as before."""
    assert links(launched, server=server.format(iss=launched.ehr.iss) if server else None) == []


@pytest.mark.verifies("launch-app", "resp-72")
def test_a_recognised_member_gets_a_card_of_its_own(launched: Launching) -> None:
    """Where cards are CRD's, an app is linked by a card that holds nothing but links to apps."""
    coverage = {
        "resourceType": "Coverage",
        "id": "c1",
        "status": "active",
        "beneficiary": PATIENT,
        "payor": [{"display": "Carelon Medical Benefits Management"}],
    }
    (card,) = links(launched, server=launched.ehr.iss, coverage={"resourceType": "Bundle", "entry": [{"resource": coverage}]})
    assert [link["type"] for link in card["links"]] == ["smart"]
    assert card["indicator"] == "info"
    assert len(card["summary"]) < 140
    assert "suggestions" not in card


def test_a_context_ends_after_thirty_days() -> None:
    """What a card handed on long ago, or was changed, says nothing any more."""
    made = datetime(2026, 11, 1, tzinfo=UTC)
    issuers = ["https://ehr.example/fhir"]
    link = launch_links(PUBLIC, SECRET, made, issuers, issuers[0])(CARD, "ServiceRequest/o1", "a/b@2025-01-01")
    assert link is not None
    written = link["appContext"]
    assert launch_context(written, SECRET, made + timedelta(days=29)) is not None
    assert launch_context(written, SECRET, made + timedelta(days=31)) is None
    assert launch_context(written, SECRET, made - timedelta(days=1)) is None
    assert launch_context(written, "", made) is None


@pytest.mark.parametrize(
    ("url", "secret", "issuers"), [("", SECRET, ["https://e.example"]), (PUBLIC, "", ["https://e.example"]), (PUBLIC, SECRET, [])]
)
def test_where_it_is_not_configured_nothing_is_linked(url: str, secret: str, issuers: list[str]) -> None:
    """Without a public address, a secret or an EHR no card can link the app."""
    assert launch_links(url, secret, datetime.now(UTC), issuers, "https://e.example") is no_launch
