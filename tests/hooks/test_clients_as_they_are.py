"""What real clients send otherwise than the specifications say, and how it is read: keys of their own, orders inside others, payers by
every kind of reference."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.content.content import Content, read_content
from cds_service.fhir.resource_types import KEYS
from cds_service.hooks.discovery import discovery
from cds_service.hooks.received.messages import VERSIONS
from cds_service.serving.app import create_app
from tests.conftest import TODAY
from tests.content.test_content import folder
from tests.content.test_payers import CARELON, coverage, organization
from tests.exchange import ADDRESS, CPT, PATIENT, Json, decisions, fetuses, gestational_age, order, request
from tests.hook_calls import appointment, booking, dispatching, post, refused, selecting
from tests.hooks.test_coverage_information import assertions, said, signed

__all__ = ["folder"]
verifies = pytest.mark.verifies
TRIPLETS = (gestational_age(77, "2025-05-01"), fetuses(3, "2025-05-01"))
DAY = "2025-05-01T09:00:00-06:00"
CALLED = "Carelon Medical Benefits Management"
UUID = "urn:uuid:0d3a2d57-6e4f-4d5e-8a58-3f3b8c8d2f10"


def outcomes(answered: Json) -> dict[str, str]:
    """The outcome of each order of an answer."""
    return {decision["order"]: decision["outcome"] for decision in decisions(answered)}


def bundle(*resources: Json, kind: str = "collection") -> Json:
    """A Bundle of resources."""
    return {"resourceType": "Bundle", "type": kind, "entry": [{"resource": one} for one in resources]}


# Discovery


@verifies("dev-1", "dev-2")
def test_discovery_declares_every_version_that_is_answered(folder: Path, client: FlaskClient) -> None:
    """Each service lists the CRD versions that it answers, as major.minor: each of them is answered, and no other."""
    services = create_app(read_content(folder), today=lambda: TODAY).test_client().get("/cds-services").get_json()["services"]
    assert services
    for service in services:
        declared = service["extension"]["davinci-crd.version"]
        assert declared == ["2.0", "2.2"]
        assert {VERSIONS[version] for version in declared} == set(VERSIONS.values())
    tried = {f"{major}.{minor}" for major in (1, 2, 3) for minor in range(4)}
    answered = {version for version in tried if client.post(ADDRESS, json=signed(request(order()), version)).status_code == 200}
    assert answered == set(services[0]["extension"]["davinci-crd.version"])


def test_the_shipped_content_declares_them_too(content: Content) -> None:
    """The discovery document of the shipped content has the versions at every hook."""
    assert {tuple(one["extension"]["davinci-crd.version"]) for one in discovery(content)["services"]} == {("2.0", "2.2")}


# Orders under other keys


@pytest.mark.parametrize("key", ["serviceRequestBundle", "draftOrders", "o1", 'order\\u0073 "of" ours'])
@pytest.mark.parametrize("alone", [True, False])
def test_an_order_under_another_key_is_found_by_its_id(client: FlaskClient, key: str, *, alone: bool) -> None:
    """An order that a call names is found wherever its prefetch holds it, in a Bundle or alone, and comes back with its answer."""
    insured = coverage(CARELON)
    for made in (
        dispatching(request(order(), chart=(*TRIPLETS, insured))),
        booking(request(order(), chart=(*TRIPLETS, insured)), DAY),
    ):
        held = made["prefetch"].pop("orderedServices")
        made["prefetch"][key] = held["entry"][0]["resource"] if alone else held
        answered = post(client, made)
        assert outcomes(answered) == {"ServiceRequest/o1": "not-necessary"}
        (action,) = answered["systemActions"]
        assert said(assertions(action)[0])["covered"]


def test_a_key_of_the_clients_own_is_not_repeated(client: FlaskClient) -> None:
    """A fault of an order under a key that nobody asked for is told without the key, which may be anything."""
    made = dispatching(request(order(subject={"reference": "Patient/other"})))
    made["prefetch"]["Jane Doe"] = made["prefetch"].pop("orderedServices")
    response = client.post(ADDRESS, json=made)
    assert (response.status_code, response.get_json()["issue"][0]["expression"]) == (422, ["prefetch.subject"])
    assert "Jane" not in response.get_data(as_text=True)


# The fixed keys of Da Vinci's request generator


@verifies("prefetch-fixed-keys")
@pytest.mark.parametrize("key", ["coverage", "coverageBundle"])
def test_the_coverage_of_the_request_generator_is_read(client: FlaskClient, key: str) -> None:
    """Coverages under ``coverageBundle`` are those of the member, as under the key that discovery asks for."""
    made = request(order("81422"))
    del made["prefetch"]["coverage"]
    made["prefetch"][key] = bundle(coverage({"reference": "Organization/org1"}), organization(name=CALLED))
    answered = post(client, made)
    assert answered["cards"][0]["source"]["label"] == CALLED
    assert len(answered["systemActions"]) == 1


def test_a_key_that_was_asked_for_comes_first(client: FlaskClient) -> None:
    """Where both keys are sent, the one that discovery asks for counts."""
    made = request(order("81422"), chart=(coverage(CARELON),))
    made["prefetch"]["coverageBundle"] = bundle(coverage({"display": "Another Plan"}, id="cov2"))
    assert post(client, made)["cards"][0]["source"]["label"] == CALLED


@pytest.mark.parametrize(
    "key", ["serviceRequestBundle", "deviceRequestBundle", "medicationRequestBundle", "medicationDispenseBundle"]
)
def test_who_comes_along_with_an_order_is_read(client: FlaskClient, key: str) -> None:
    """The patient and the coverage that the generator sends along with an order are read; the order is no evidence against itself."""
    made = request(order("81422"))
    made["prefetch"] = {
        key: bundle(order("81422"), {"resourceType": "Patient", "id": "p1"}, coverage({"reference": "Organization/org1"}), organization(name=CALLED))
    }  # fmt: skip
    answered = post(client, made)
    assert outcomes(answered) == {"ServiceRequest/o1": "not-necessary"}
    assert len(answered["systemActions"]) == 1


@verifies("prefetch-fixed-keys", "prefetch-unknown-key")
def test_what_comes_along_with_an_order_is_no_search_of_the_chart(client: FlaskClient) -> None:
    """Another order in such a Bundle is not taken for the orders of the chart: these were not searched."""
    made = request(order(), chart=TRIPLETS[:1])
    del made["prefetch"]["serviceRequests"]
    del made["prefetch"]["procedures"]
    without = post(client, made)
    made["prefetch"]["serviceRequestBundle"] = bundle(order(), order("81420", "earlier", "2025-04-10", status="completed"))
    assert decisions(post(client, made)) == decisions(without)


# Appointments


SCREEN: Json = {"serviceType": [{"coding": [{"system": CPT, "code": "81420"}]}]}


def test_two_appointments_are_not_each_others_earlier_screen(client: FlaskClient) -> None:
    """Of two appointments for a screen that are booked together, neither is an earlier screen of the other."""
    two = [appointment("p1", DAY, id_, **SCREEN) for id_ in ("a1", "a2")]
    answered = post(client, booking(request(order(), chart=TRIPLETS[:1]), DAY, *two))
    assert outcomes(answered) == {"Appointment/a1": "necessary", "Appointment/a2": "necessary"}


@pytest.mark.parametrize(("status", "outcome"), [("active", "not-documented"), ("completed", "not-necessary")])
def test_an_order_that_is_open_may_be_the_appointments_own(client: FlaskClient, status: str, outcome: str) -> None:
    """An appointment that names no order is asked whether the chart's open order for the same is its own; a completed one is not."""
    held = order(id_="s1", on="2025-04-20", status=status)
    made = booking(request(order()), DAY, appointment("p1", DAY, **SCREEN))
    made["prefetch"] = request(order(), chart=(*TRIPLETS[:1], held))["prefetch"]
    (decision,) = decisions(post(client, made))
    assert decision["outcome"] == outcome


# Orders inside other resources


def group(kind: str, *inside: Json, **more: Any) -> Json:
    """A resource that holds orders inside it."""
    return {
        "resourceType": kind,
        "id": "g1",
        "status": "draft",
        "intent": "order",
        "subject": PATIENT,
        "contained": list(inside),
    } | more


def loose(code: str = "81420", id_: str = "s1") -> Json:
    """An order as it stands inside another resource: with nothing that the resource around it says already."""
    return {name: value for name, value in order(code, id_).items() if name not in ("subject", "authoredOn")}


GROUPS = ["RequestGroup", "CarePlan", "RequestOrchestration"]


@verifies("orders-inside")
@pytest.mark.parametrize("kind", GROUPS)
@pytest.mark.parametrize("hook", ["order-sign", "order-select", "order-dispatch"])
def test_orders_inside_another_resource_are_judged(client: FlaskClient, kind: str, hook: str) -> None:
    """Each order that a group, a plan or an orchestration contains is judged, beside those that stand alone."""
    held = group(kind, loose(), loose("81422", "s2"), authoredOn="2025-05-01")
    made = request(held, order("81422", "o1"), chart=TRIPLETS)
    if hook == "order-select":
        made = selecting(made)
    if hook == "order-dispatch":
        made = dispatching(made)
        made["prefetch"]["held"] = bundle(held)
    answered = post(client, made)
    assert outcomes(answered) == {
        f"{kind}/g1#s1": "not-necessary",
        f"{kind}/g1#s2": "not-necessary",
        "ServiceRequest/o1": "not-necessary",
    }
    cards = {card["extension"]["davinci-crd.associated-resource"][0]["reference"] for card in answered["cards"]}
    assert cards == {f"{kind}/g1", "ServiceRequest/o1"}


@verifies("orders-inside")
@pytest.mark.parametrize("kind", GROUPS)
def test_of_orders_inside_the_client_is_told_that_they_carry_nothing(client: FlaskClient, kind: str) -> None:
    """A recognised member's client is told that no coverage can be written on orders inside; nothing suggests to change one."""
    made = request(group(kind, loose("81422")), order("81422", "o1"), chart=(coverage(CARELON),))
    answered = post(client, made)
    assert [action["resource"]["id"] for action in answered["systemActions"]] == ["o1"]
    (told,) = [card for card in answered["cards"] if card["source"]["topic"]["code"] == "coverage-info"]
    assert "an entry of its own" in told["detail"]
    assert "links" not in told
    unpaid = post(client, request(group(kind, loose("81422"))))
    assert [("suggestions" in card, "overrideReasons" in card) for card in unpaid["cards"]] == [(False, True)]
    off = post(client, signed(made, configuration={"coverage-info": False}))
    assert all(card["source"]["topic"]["code"] != "coverage-info" for card in off["cards"])


def test_the_day_and_the_patient_of_the_group_are_those_of_its_orders(client: FlaskClient) -> None:
    """Orders inside that name no day are of the day of the group; a group of another patient is refused with its place."""
    answered = post(client, request(group("RequestGroup", loose(), authoredOn="2025-01-10"), chart=TRIPLETS))
    assert decisions(answered)[0]["version"] == "2024-11-17"
    other = request(group("CarePlan", loose(), subject={"reference": "Patient/other"}))
    assert refused(client, other) == (422, ["context.draftOrders.entry[0].resource.contained[0].subject"])


def test_activities_that_are_spelled_out_are_judged(client: FlaskClient) -> None:
    """An activity of a plan that says in place what is to be done is an order; one that is done with, or forbidden, is none."""
    code = {"coding": [{"system": CPT, "code": "81422"}]}
    details = [
        {"kind": "ServiceRequest", "status": "not-started", "code": code},
        {"kind": "ServiceRequest", "status": "completed", "code": code},
        {"kind": "ServiceRequest", "status": "not-started", "code": code, "doNotPerform": True},
        {"kind": "Appointment", "status": "not-started", "code": code},
        {
            "kind": "DeviceRequest",
            "status": "scheduled",
            "productCodeableConcept": code,
            "scheduledPeriod": {"start": "2025-05-01"},
        },
    ]
    plan = {
        "resourceType": "CarePlan",
        "id": "c1",
        "status": "draft",
        "intent": "plan",
        "subject": PATIENT,
        "created": "2025-05-01",
    }
    answered = post(client, request(plan | {"activity": [{"detail": one} for one in details]}))
    assert outcomes(answered) == {"CarePlan/c1#activity-0": "not-necessary", "CarePlan/c1#activity-4": "not-necessary"}


def test_orders_of_which_one_is_to_be_chosen_are_judged_apart(client: FlaskClient) -> None:
    """Where a group leaves open which of its orders is meant, none of them is an earlier screen of another."""
    either = [
        {"selectionBehavior": "exactly-one", "action": [{"resource": {"reference": "#s1"}}, {"resource": {"reference": "#s2"}}]}
    ]
    both = group("RequestGroup", loose(), loose("81420", "s2"), authoredOn="2025-05-01")
    assert len({tuple(one["because"]) for one in decisions(post(client, request(both, chart=TRIPLETS[:1])))}) == 2
    found = decisions(post(client, request(both | {"action": either}, chart=TRIPLETS[:1])))
    assert len(found) == 2
    assert len({tuple(one["because"]) for one in found}) == 1


def test_an_order_of_a_later_fhir_version_inside_an_orchestration_is_read(client: FlaskClient) -> None:
    """A RequestOrchestration is of FHIR R5, which writes the code and the reasons of its orders one level deeper."""
    triplets = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "O30.101"}]}
    later = loose() | {"code": {"concept": {"coding": [{"system": CPT, "code": "81420"}]}}, "reason": [{"concept": triplets}]}
    answered = post(client, request(group("RequestOrchestration", later, authoredOn="2025-05-01"), chart=TRIPLETS[:1]))
    assert decisions(answered)[0]["because"] == ["higher-order-gestation"]


@pytest.mark.parametrize("status", ["revoked", "entered-in-error"])
def test_a_withdrawn_group_orders_nothing(client: FlaskClient, status: str) -> None:
    """Nothing is said of orders inside a group that was withdrawn."""
    answered = post(client, request(group("RequestGroup", loose("81422"), status=status)))
    assert (answered["cards"], decisions(answered)) == ([], [])


@pytest.mark.parametrize(
    ("held", "status", "element"),
    [
        ({"id": ""}, 422, "context.draftOrders.entry[0].resource.contained[0].id"),
        ({"contained": [loose("81422", f"s{n}") for n in range(201)]}, 413, "context.draftOrders.entry[0].resource"),
    ],
)
def test_a_group_that_cannot_be_answered_is_named(client: FlaskClient, held: Json, status: int, element: str) -> None:
    """A group without an id, of whose orders nothing can be said, and one of too many orders are refused by name."""
    found, elements = refused(client, request(group("RequestGroup", loose("81422"), **held)))
    assert (found, elements[0].split("[200]")[0].startswith(element)) == (status, True)


@pytest.mark.parametrize(
    "odd",
    [
        None,
        7,
        "x",
        [1],
        [None],
        [[]],
        {"id": 7},
        [{"resourceType": "ServiceRequest"}],
        [{"resourceType": "ServiceRequest", "id": 3}],
    ],
)
@pytest.mark.parametrize("element", ["contained", "activity", "action"])
def test_nothing_inside_makes_the_service_fail(client: FlaskClient, element: str, odd: Any) -> None:
    """Whatever stands where a group holds its orders is answered or refused, and never a failure."""
    for kind in GROUPS:
        made = request(group(kind, loose("81422")) | {element: odd})
        assert client.post(ADDRESS, json=made).status_code in (200, 400, 422)


@pytest.mark.parametrize("odd", [[], {}, ["final"], {"value": "final"}, 7, None, True])
def test_a_type_of_another_shape_inside_a_group_is_passed_over(client: FlaskClient, odd: Any) -> None:
    """What stands inside a group and says no type is no order; those beside it are judged."""
    answered = post(client, request(group("RequestGroup", loose("81422"), loose("81422", "s2") | {"resourceType": odd})))
    assert outcomes(answered) == {"RequestGroup/g1#s1": "not-necessary"}


@pytest.mark.parametrize("odd", [[], {}, ["final"], {"value": "final"}, 7, None, True])
@pytest.mark.parametrize(
    "key", ["conditions", "observations", "procedures", "serviceRequests", "diagnosticReports", "questionnaireResponses"]
)
def test_a_status_of_another_shape_leaves_the_order_decided(client: FlaskClient, key: str, odd: Any) -> None:
    """A record whose status is no word never keeps an order from being decided."""
    made = request(order("81422"), order("81420", "o2"), chart=TRIPLETS)
    coded = {"coding": [{"system": "http://loinc.org", "code": "18185-9"}, {"system": CPT, "code": "81420"}]}
    odd_one = {"resourceType": KEYS[key], "id": "odd", "subject": PATIENT, "code": coded, "status": odd, "item": []}
    made["prefetch"][key].setdefault("entry", []).append({"resource": odd_one})
    answered = post(client, made)
    assert "not-decided" not in [rule for one in decisions(answered) for rule in one["because"]]
    assert outcomes(answered)["ServiceRequest/o1"] == "not-necessary"


# Payers by every kind of reference


def covered(*entries: Json) -> Json:
    """A request for a test that is never necessary, with these entries under the coverage key."""
    made = request(order("81422"))
    made["prefetch"]["coverage"] = {"resourceType": "Bundle", "type": "searchset", "entry": list(entries)}
    return made


ORGANIZATION = organization(name=CALLED, identifier=[{"system": "urn:ours", "value": "77"}])
NAMELESS = {name: value for name, value in ORGANIZATION.items() if name != "id"}
PAYORS: dict[str, tuple[Json, ...]] = {
    "its address in the Bundle": ({"resource": coverage({"reference": UUID})}, {"fullUrl": UUID, "resource": NAMELESS}),
    "an address that is its id": (
        {"resource": coverage({"reference": UUID})},
        {"fullUrl": "https://ehr.example/fhir/Organization/1", "resource": NAMELESS | {"id": UUID.removeprefix("urn:uuid:")}},
    ),
    "a business identifier": (
        {"resource": coverage({"identifier": {"system": "urn:ours", "value": "77"}})},
        {"resource": ORGANIZATION},
    ),
    "contained": ({"resource": coverage({"reference": "#o"}, contained=[ORGANIZATION | {"id": "o"}])},),
    "an absolute address": ({"resource": coverage({"reference": "https://ehr.example/fhir/Organization/org1/_history/2"})}, {"resource": ORGANIZATION}),
    "several, of which one is ours": (
        {"resource": coverage({"reference": UUID}) | {"payor": [{"reference": "urn:uuid:other"}, {"reference": UUID}]}},
        {"fullUrl": UUID, "resource": NAMELESS},
    ),
}  # fmt: skip


@pytest.mark.parametrize("entries", PAYORS.values(), ids=PAYORS.keys())
def test_a_payer_is_recognised_however_it_is_referred_to(client: FlaskClient, entries: tuple[Json, ...]) -> None:
    """A payor is looked up by its address in the Bundle, by an identifier, inside the Coverage, and by any address of its id."""
    answered = post(client, covered(*entries))
    assert answered["cards"][0]["source"]["label"] == CALLED
    (action,) = answered["systemActions"]
    assert said(assertions(action)[0])["coverage"] == [{"reference": "Coverage/cov1"}]


INSIDE = coverage({"reference": "#o"}, id="cov")
LOOSE = {name: value for name, value in coverage({"reference": UUID}).items() if name != "id"}
ADDRESSED = UUID.replace("0d3a", "1d3a")
INSURED: dict[str, tuple[Json, list[Json], str]] = {
    "inside the order": (
        {"insurance": [{"reference": "#cov"}], "contained": [INSIDE, ORGANIZATION | {"id": "o"}]}, [], "#cov"),
    "inside, its payer told in words": (
        {"insurance": [{"reference": "#cov"}], "contained": [coverage({"display": CALLED}, id="cov")]}, [], "#cov"),
    "inside, its payer beside the order": (
        {"insurance": [{"reference": "#cov"}], "contained": [coverage({"reference": UUID}, id="cov")]}, [{"fullUrl": UUID, "resource": NAMELESS}], "#cov"),
    "inside, its payer by an identifier": (
        {"insurance": [{"reference": "#cov"}], "contained": [coverage({"identifier": {"system": "urn:ours", "value": "77"}}, id="cov")]}, [{"resource": ORGANIZATION}], "#cov"),
    "by its address in the Bundle": (
        {"insurance": [{"reference": ADDRESSED}]}, [{"fullUrl": ADDRESSED, "resource": LOOSE}, {"fullUrl": UUID, "resource": NAMELESS}], ADDRESSED),
    "by its id": (
        {"insurance": [{"reference": "Coverage/cov1"}]}, [{"resource": coverage({"display": CALLED})}], "Coverage/cov1"),
    "one of several": (
        {"insurance": [{"reference": "#other"}, 3, {"display": "x"}, {"reference": "#cov"}], "contained": [3, {"id": "other"}, INSIDE, ORGANIZATION | {"id": "o"}]}, [], "#cov"),
}  # fmt: skip


@pytest.mark.parametrize(("written", "beside", "known_by"), INSURED.values(), ids=INSURED.keys())
def test_a_coverage_that_comes_with_an_order_is_read(client: FlaskClient, written: Json, beside: list[Json], known_by: str) -> None:
    """A Coverage inside an order, or in the Bundle beside it, that the order names as its insurance, counts for that order alone; it
    is asserted for by the reference that the order has, and not again when nothing is new."""
    made = request(order("81422", **written), order("81422", "o2"))
    made["context"]["draftOrders"]["entry"] += beside
    answered = post(client, made)
    (action,) = answered["systemActions"]
    assert action["resource"]["id"] == "o1"
    assert said(assertions(action)[0])["coverage"] == [{"reference": known_by}]
    assert answered["cards"][0]["source"]["label"] == CALLED
    assert "if the member's plan uses this policy" in answered["cards"][1]["detail"]
    made["context"]["draftOrders"]["entry"][0]["resource"] = action["resource"]
    assert post(client, made)["systemActions"] == []


@pytest.mark.parametrize(
    "changed",
    [
        {"beneficiary": {"reference": "Patient/other"}},
        {"status": "cancelled"},
        {"resourceType": "Claim"},
        {"id": "c"},
        {"payor": 3},
    ],
)
def test_a_coverage_inside_an_order_counts_as_any_other(client: FlaskClient, changed: Json) -> None:
    """One of another patient, one that is cancelled, and one that the order does not name recognise nobody."""
    written: Json = {"insurance": [{"reference": "#cov"}], "contained": [INSIDE | changed, ORGANIZATION | {"id": "o"}]}
    answered = post(client, request(order("81422", **written)))
    assert answered["systemActions"] == []
    assert "if the member's plan uses this policy" in answered["cards"][0]["detail"]


OTHER = coverage({"display": "Medica Central"}, id="cov2")
NAMING: dict[str, tuple[list[Any], set[str]]] = {
    "none": ([], {"Coverage/cov1"}),
    "ours": ([{"reference": "Coverage/cov1"}], {"Coverage/cov1"}),
    "another payer's": ([{"reference": "Coverage/cov2"}], {"Coverage/cov2"}),
    "another payer's, by its address": ([{"reference": "https://ehr.example/fhir/Coverage/cov2"}], {"Coverage/cov2"}),
    "both": ([{"reference": "Coverage/cov2"}, 3, {"reference": "Coverage/cov1"}], {"Coverage/cov1"}),
    "one that was not sent": ([{"reference": "Coverage/cov9"}], {"Coverage/cov1"}),
    "words alone": ([{"display": "cov2"}], {"Coverage/cov1"}),
}


def insured_by(insurance: list[Any], second: Json) -> Json:
    """A request for a test that is never necessary under the first of two coverages, which names its insurance."""
    made = covered({"resource": coverage({"display": CALLED})}, {"resource": second})
    made["context"]["draftOrders"]["entry"][0]["resource"]["insurance"] = insurance
    return made


@pytest.mark.parametrize(("insurance", "asserted"), NAMING.values(), ids=NAMING.keys())
def test_an_order_is_judged_for_the_insurance_that_it_names(client: FlaskClient, insurance: list[Any], asserted: set[str]) -> None:
    """Of several coverages, only those that an order names count for it: another payer's policy neither denies nor supports it."""
    answered = post(client, insured_by(insurance, OTHER))
    (action,) = answered["systemActions"]
    assert {said(one)["coverage"][0]["reference"] for one in assertions(action)} == asserted
    assert (outcomes(answered)["ServiceRequest/o1"] == "not-necessary") is ("Coverage/cov1" in asserted)


@pytest.mark.parametrize("over", [{"status": "cancelled"}, {"period": {"end": "2024-12-31"}}])
def test_an_insurance_that_is_over_names_nothing(client: FlaskClient, over: Json) -> None:
    """An order that still names the plan of last year is judged for those of its day."""
    (action,) = post(client, insured_by([{"reference": "Coverage/cov2"}], OTHER | over))["systemActions"]
    assert [said(one)["coverage"][0]["reference"] for one in assertions(action)] == ["Coverage/cov1"]


def test_an_insurance_of_a_payer_that_is_not_held_leaves_the_order_to_no_other(client: FlaskClient) -> None:
    """Nothing is asserted for the plan of another payer; every policy that lists the order is judged with the remark."""
    answered = post(
        client, insured_by([{"reference": "Coverage/cov2"}], coverage({"display": "A plan that is not held"}, id="cov2"))
    )
    assert answered["systemActions"] == []
    assert "if the member's plan uses this policy" in answered["cards"][0]["detail"]


def test_a_payer_under_a_key_of_the_clients_own_is_found(client: FlaskClient) -> None:
    """An Organization that a client sends beside the Coverage, under whatever key, is looked up by its address, its identifier and its id."""
    named: list[Json] = [
        {"reference": one} for one in (UUID, "Organization/org1", "https://ehr.example/fhir/Organization/org1/_history/2")
    ]
    for payor in [*named, {"identifier": {"system": "urn:ours", "value": "77"}}]:
        made = covered({"resource": coverage(payor)})
        made["prefetch"]["payers"] = {"resourceType": "Bundle", "entry": [{"fullUrl": UUID, "resource": ORGANIZATION}]}
        assert post(client, made)["cards"][0]["source"]["label"] == CALLED


def test_a_coverage_without_an_id_is_known_by_its_address(client: FlaskClient) -> None:
    """A Coverage that has only its address in the Bundle is asserted for by that address, and not again when nothing is new."""
    insured = {name: value for name, value in coverage(CARELON).items() if name != "id"}
    made = covered({"fullUrl": UUID, "resource": insured})
    (action,) = post(client, made)["systemActions"]
    assert said(assertions(action)[0])["coverage"] == [{"reference": UUID}]
    made["context"]["draftOrders"]["entry"][0]["resource"] = action["resource"]
    assert post(client, made)["systemActions"] == []


@pytest.mark.parametrize(
    "odd", [None, 7, "x", {"identifier": 7}, {"reference": 7}, {"reference": "urn:"}, {"identifier": {"value": 7}}]
)
def test_no_payor_makes_the_service_fail(client: FlaskClient, odd: Any) -> None:
    """Whatever stands as a payor, the order is answered for whoever the member's plan is."""
    answered = post(client, covered({"resource": coverage(odd)}, {"fullUrl": 7, "resource": ORGANIZATION}, {"resource": 3}))
    assert "if the member's plan uses this policy" in answered["cards"][0]["detail"]


# Extensions written as FHIR writes them


@pytest.mark.parametrize(
    "extension", [[], [{"url": "http://x.example/unknown", "valueString": "y"}], [None, 3, {"url": 7}, {"valueString": "y"}]]
)
def test_an_extension_in_fhirs_form_is_tolerated(client: FlaskClient, extension: Any) -> None:
    """A list of extensions, as FHIR has it, in place of CDS Hooks' object changes nothing where it says nothing that is known."""
    assert post(client, request(order()) | {"extension": extension}) == post(client, request(order()))


@verifies("extension-as-list")
def test_what_an_extension_in_fhirs_form_says_is_obeyed(client: FlaskClient) -> None:
    """The version that such a list asks for is the one that is answered, or refused where it is not spoken."""
    made = request(order("81422"), chart=(coverage(CARELON),))
    asked = [{"url": "http://hl7.org/fhir/us/davinci-crd/davinci-crd.requestedVersion", "valueString": "2.0"}]
    (card,) = post(client, made | {"extension": asked})["cards"]
    assert card["extension"]["davinci-crd.associated-resource"] == ["ServiceRequest/o1"]
    asked[0]["valueString"] = "9.9"
    assert refused(client, made | {"extension": asked}) == (422, ["extension.davinci-crd.requestedVersion"])


def test_every_version_that_is_declared_has_the_form_of_major_and_minor(content: Content) -> None:
    """Versions are declared as major.minor, by which clients ask for them."""
    for service in discovery(content)["services"]:
        assert all(re.fullmatch(r"\d+\.\d+", version) for version in service["extension"]["davinci-crd.version"])
