"""Reading what was not prefetched from the client's FHIR server: from one that behaves, and from those that do not."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.content.content import Content
from cds_service.fhir.coverage_invariants import violations
from cds_service.fhir.lanes import Lanes
from cds_service.fhir.resource_types import KEYS
from cds_service.fhir.server import Limits
from cds_service.hooks.gathered.client_server import ClientServers
from cds_service.hooks.settings import Settings
from cds_service.security.access import Access
from cds_service.security.outbound import Outbound
from cds_service.serving.app import create_app
from cds_service.vignettes.as_request import request_of
from cds_service.vignettes.read import Vignette, read_vignettes
from tests.conftest import TODAY, held_content
from tests.content.test_payers import CARELON, coverage
from tests.exchange import ADDRESS, PATIENT, condition, decisions, fetuses, gestational_age, order, request
from tests.fhir_server import Asked, Served, cut, fhir_server, hang
from tests.hook_calls import booking, dispatching
from tests.hooks.test_coverage_information import assertions, said

pytestmark = pytest.mark.server

Json = dict[str, Any]
TOKEN = "the-token-of-this-call"  # noqa: S105
SCOPE = "patient/*.rs user/Organization.r"
BUDGET = 0.6
"""Seconds for all reading in these tests; the service's own is 3.5."""
CHART: list[Json] = [
    {"resourceType": "Patient", "id": "p1"},
    coverage(CARELON),
    gestational_age(70, "2025-05-01"),
    fetuses(1, "2025-04-20"),
]


@pytest.fixture
def outbound() -> Iterator[Outbound]:
    """The guard as in development, where this machine may be called."""
    guard = Outbound(development=True)
    yield guard
    guard.close()


@pytest.fixture
def ask(outbound: Outbound) -> Iterator[Callable[..., Json]]:
    """Sends a request with the token of a server, and gives the answer with its status under ``status``."""
    lanes: list[Lanes] = []

    def send(
        served: Served, made: Json, *, scope: str = SCOPE, listed: str = "", settings: Settings | None = None, **limits: Any
    ) -> Json:
        lanes.append(Lanes())
        servers = ClientServers(outbound, Limits(**({"seconds": BUDGET} | limits)), lanes[-1])
        allowed = (listed or served.address,)
        client: FlaskClient = create_app(
            held_content(), settings or Settings(), lambda: TODAY, None, Access(outbound, fhir_servers=allowed), servers
        ).test_client()
        access = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 30, "scope": scope, "subject": "cds"}
        response = client.post(ADDRESS, json={"fhirServer": served.address, "fhirAuthorization": access} | made)
        answered: Json = response.get_json()
        return answered | {"status": response.status_code}

    yield send
    for one in lanes:
        one.close()


def unfetched(*orders: Json, **prefetch: Any) -> Json:
    """An order-sign request with only this prefetched."""
    return request(*(orders or (order(),))) | {"prefetch": prefetch}


def decided(answered: Json) -> Json:
    """The only decision of an answer."""
    assert answered["status"] == 200, answered
    (decision,) = decisions(answered)
    return decision


def some_vignettes() -> list[Vignette]:
    """Some vignettes of every policy of orders."""
    found: list[Vignette] = []
    for path in sorted((Path(__file__).parent.parent / "vignettes").rglob("*.yaml")):
        read = read_vignettes(path, path.name, held_content())
        held = [
            v for v in read if v.policy.subject == "order" and not v.not_searched and not v.fhir
        ]  # a server finds codes by address
        found += held[:: max(1, len(held) // 6)]
    return found


@pytest.mark.parametrize("vignette", some_vignettes(), ids=lambda v: f"{v.policy.id}: {v.name}")
@pytest.mark.verifies("found-5", "fhir-token-sent", "resp-39")
def test_what_is_read_decides_as_what_is_prefetched(
    ask: Callable[..., Json], content: Content, client: FlaskClient, vignette: Vignette
) -> None:
    """With nothing prefetched, the same decision comes from the client's FHIR server, and the token goes with every call."""
    made = request_of(vignette, content)
    chart = [r for v in made["prefetch"].values() if v for r in ([e["resource"] for e in v["entry"]] if "entry" in v else [v])]
    encounter = next((r["id"] for r in chart if r["resourceType"] == "Encounter"), None)
    made["context"] |= {"encounterId": encounter} if encounter else {}
    with fhir_server(chart) as served:
        whole = client.post(ADDRESS, json=made | {"fhirServer": served.address}).get_json()
        assert served.asked == []
        answered = ask(served, made | {"prefetch": {}}, seconds=4.0)
    assert answered["status"] == 200
    assert decisions(answered) == decisions(whole)
    assert answered["cards"] == whole["cards"]
    assert all(token == f"Bearer {TOKEN}" for _, token in served.asked)


def test_nothing_is_asked_when_all_is_prefetched(ask: Callable[..., Json]) -> None:
    """A request with every key, also null and empty ones, asks the server nothing."""
    with fhir_server(CHART) as served:
        ask(served, request(order(), chart=tuple(CHART)))
        ask(served, unfetched(**dict.fromkeys(KEYS)))
    assert served.asked == []


def test_nothing_is_asked_for_an_order_that_no_policy_lists(ask: Callable[..., Json]) -> None:
    """An order that no policy governs needs no chart, so none is read."""
    with fhir_server(CHART) as served:
        assert decided(ask(served, unfetched(order("99999"))))["outcome"] == "not-addressed"
    assert served.asked == []


@pytest.mark.verifies("fhir-only-needed")
def test_only_what_the_policy_reads_is_asked(ask: Callable[..., Json]) -> None:
    """Types that the selected policy's facts do not read are not asked for, nor those the client's token does not cover."""
    with fhir_server(CHART) as served:
        ask(served, unfetched(), scope="patient/*.read")
        assert "Coverage" in served.kinds()
        assert not served.kinds() & {"AllergyIntolerance", "MedicationAdministration"}
        served.asked.clear()
        decision = decided(ask(served, unfetched(), scope="patient/Coverage.rs patient/Condition.read launch"))
        assert served.kinds() == {"Coverage", "Condition"}
    assert "Observation" in decision["searched"]


def test_a_failed_prefetch_is_not_repeated_but_for_the_coverage(ask: Callable[..., Json]) -> None:
    """An OperationOutcome in place of data is not asked again, except for the Coverage."""
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
    made = unfetched(**(dict.fromkeys(KEYS) | {"coverage": outcome, "observations": outcome}))
    with fhir_server(CHART) as served:
        answered = ask(served, made)
    assert served.kinds() == {"Coverage"}
    assert said(assertions(answered["systemActions"][0])[0])["covered"] == ["indeterminate"]


@pytest.mark.verifies("fhir-pages")
def test_the_pages_after_a_prefetched_one_are_read(ask: Callable[..., Json]) -> None:
    """A prefetched Bundle with a next link is followed on the same server."""

    def trick(asked: Asked) -> bool:
        if "page" in asked.query:
            asked.say(asked.bundle([CHART[3]]))
            return True
        return False

    with fhir_server(CHART, trick) as served:
        first = {"resourceType": "Bundle", "entry": [{"resource": CHART[2]}], "total": 2}
        first["link"] = [{"relation": "next", "url": f"{served.address}/Observation?page=2"}]
        made = unfetched(**(dict.fromkeys(KEYS) | {"observations": first, "coverage": CHART[1]}))
        assert decided(ask(served, made))["outcome"] == "necessary"
    assert [path for path, _ in served.asked] == ["/fhir/Observation?page=2"]


def test_the_payer_of_a_coverage_is_read(ask: Callable[..., Json]) -> None:
    """The Organization that a Coverage refers to is read when it did not come along, and the payer recognised by it."""
    owner = {"resourceType": "Organization", "id": "org1", "name": "Carelon Medical Benefits Management"}
    chart = [*CHART[:1], coverage({"reference": "Organization/org1"}), owner, *CHART[2:]]
    with fhir_server(chart) as served:
        assert len(ask(served, unfetched())["systemActions"]) == 1


# Servers that misbehave: each trick plays on searches for observations, and the rest is answered


def _private(asked: Asked) -> None:
    asked.say(b"", 302, Location="http://169.254.169.254/latest/meta-data")


def _drip(asked: Asked) -> None:
    asked.send_response(200)
    asked.send_header("Content-Length", "100000")
    asked.end_headers()
    while not asked.server.over.wait(0.05):
        asked.wfile.write(b" ")


def _endless(asked: Asked) -> None:
    number = int(asked.query.get("n", ["0"])[0]) + 1
    link = [{"relation": "next", "url": f"{asked.server.address}/Observation?n={number}"}]
    asked.say(asked.bundle([]) | {"link": link})


TRICKS: dict[str, Callable[[Asked], None]] = {
    "hanging": hang,
    "dripping": _drip,
    "closing": cut,
    "500": lambda asked: asked.say(b"", 500),
    "401": lambda asked: asked.say(b"", 401),
    "403": lambda asked: asked.say(b"", 403),
    "truncated": lambda asked: asked.say(b'{"resourceType": "Bundle", "entry": ['),
    "not JSON": lambda asked: asked.say(b"<html>sign in</html>"),
    "not FHIR": lambda asked: asked.say(b"[]"),
    "another type": lambda asked: asked.say({"resourceType": "Patient", "id": "p1"}),
    "an outcome": lambda asked: asked.say({"resourceType": "OperationOutcome", "issue": []}),
    "redirect": _private,
    "huge page": lambda asked: asked.say(b" " * 300_000),
    "endless pages": _endless,
    "unfit entries": lambda asked: asked.say(asked.bundle([]) | {"entry": [{}]}),
    "fewer than found": lambda asked: asked.say(asked.bundle([], total=3)),
    "another search": lambda asked: asked.say(
        asked.bundle([]) | {"link": [{"relation": "self", "url": f"{asked.server.address}/Observation?patient=p2"}]}
    ),
    "a next page of no address": lambda asked: asked.say(asked.bundle([]) | {"link": [{"relation": "next", "url": "http://[x"}]}),
    "a search of no address": lambda asked: asked.say(asked.bundle([]) | {"link": [{"relation": "self", "url": "http://[x"}]}),
}


def on_observations(trick: Callable[[Asked], None]) -> Callable[[Asked], bool]:
    """Plays a trick on every call for observations, and leaves the rest."""

    def play(asked: Asked) -> bool:
        if asked.kind == "Observation":
            trick(asked)
            return True
        return False

    return play


@pytest.mark.parametrize("version", ["2.0.1", "2.2"])
@pytest.mark.parametrize("name", TRICKS)
@pytest.mark.verifies("fhir-limits", "resp-43", "impl-2")
def test_a_server_that_fails_leaves_the_rest_standing(ask: Callable[..., Json], name: str, version: str) -> None:
    """What cannot be read is named as not searched, the assertion is lawful and says it is technical, and all else is used."""
    made = unfetched() | {"extension": {"davinci-crd.requestedVersion": version}}
    with fhir_server(CHART, on_observations(TRICKS[name])) as served:
        slow = {"hanging", "dripping", "closing", "endless pages"}
        answered = ask(served, made, page_bytes=200_000, seconds=2.0 if name in slow else 3.5)
    decision = decided(answered)
    assert decision["outcome"] == "not-documented"
    assert decision["searched"] == ["Observation"]
    (extension,) = assertions(answered["systemActions"][0])
    assert violations(extension, "2.2" if version == "2.2" else "2.0.1") == []
    found = said(extension)
    assert found["covered"] == ["indeterminate" if version == "2.2" else "conditional"]
    assert found["reason"][0].get("coding", [{}])[0].get("code") == ("technical" if version == "2.2" else None)
    assert found["reason"][0]["text"].startswith("Technical: ")
    assert len(served.asked) < 60


def hang_always(asked: Asked) -> bool:
    """Keeps every call open."""
    hang(asked)
    return True


@pytest.mark.verifies("fhir-limits")
def test_a_server_that_hangs_altogether_is_left(ask: Callable[..., Json]) -> None:
    """When nothing comes at all, the answer is advisory and in time, and names what was not searched."""
    with fhir_server(CHART, hang_always) as served:
        answered = ask(served, unfetched())
    assert decided(answered)["outcome"] == "not-documented"
    assert answered["systemActions"] == []


def test_what_came_before_a_failure_is_kept(ask: Callable[..., Json]) -> None:
    """A first page that rules an order out does so though the second page fails."""

    def trick(asked: Asked) -> None:
        if "n" in asked.query:
            asked.say(b"", 500)
        else:
            link = [{"relation": "next", "url": "Observation?n=2"}]
            asked.say(asked.bundle([fetuses(3, "2025-04-28")]) | {"link": link})

    with fhir_server(CHART, on_observations(trick)) as served:
        assert decided(ask(served, unfetched()))["because"] == ["higher-order-gestation"]


@pytest.mark.verifies("fhir-token-nowhere-else")
def test_the_token_stays_with_the_server(ask: Callable[..., Json]) -> None:
    """A next link to another server is not followed, so that server gets neither call nor token."""
    with fhir_server([]) as other:

        def trick(asked: Asked) -> None:
            asked.say(asked.bundle([]) | {"link": [{"relation": "next", "url": f"{other.address}/Observation?n=2"}]})

        with fhir_server(CHART, on_observations(trick)) as served:
            assert decided(ask(served, unfetched()))["searched"] == ["Observation"]
        assert other.asked == []


@pytest.mark.verifies("fhir-server-allowed")
def test_a_server_that_is_not_listed_is_not_called(ask: Callable[..., Json]) -> None:
    """A fhirServer outside the caller's prefixes gets no call, and the data count as not searched."""
    with fhir_server(CHART) as served:
        answered = ask(served, unfetched(), listed="https://ehr.example.org/fhir")
    assert "Observation" in decided(answered)["searched"]
    assert served.asked == []


def test_resources_of_others_are_not_used(ask: Callable[..., Json]) -> None:
    """A server that ignores the patient gives others' data: they decide nothing, and the type counts as not searched."""
    others = [fetuses(3, "2025-04-28") | {"subject": {"reference": "Patient/p2"}}, *CHART[2:]]
    with fhir_server([*CHART[:2], *others]) as served:
        decision = decided(ask(served, unfetched(), seconds=10.0))
    assert decision["outcome"] == "not-documented"
    assert decision["searched"] == ["Observation"]
    assert not any("2025-04-28" in str(row) for row in decision["evidence"])


@pytest.mark.parametrize("refusal", [400, 404, 405, 501])
@pytest.mark.verifies("fhir-capabilities")
def test_other_names_of_parameters_are_learned(ask: Callable[..., Json], refusal: int) -> None:
    """A refused search is asked again in the words of the server's CapabilityStatement, which is read once."""
    kinds = dict.fromkeys([*KEYS.values()], ("subject",)) | {"Coverage": ("beneficiary",)}
    entries = [{"type": kind, "searchParam": [{"name": name} for name in names]} for kind, names in kinds.items()]
    statement = {"resourceType": "CapabilityStatement", "rest": [{"mode": "server", "resource": entries}]}

    def trick(asked: Asked) -> bool:
        if asked.kind == "metadata":
            asked.say(statement)
        elif "patient" in asked.query or "_count" in asked.query:
            asked.say(b"", refusal)
        else:
            return False
        return True

    with fhir_server(CHART, trick) as served:
        answered = ask(served, unfetched(), seconds=3.0)
    assert decided(answered)["outcome"] == "necessary"
    assert len(answered["systemActions"]) == 1


def test_a_hanging_host_leaves_the_threads_of_others(outbound: Outbound) -> None:
    """A host takes its own threads and calls; beyond these it is turned away while another host is still served."""
    lanes = Lanes(threads=1, calls=1, all_calls=2)
    try:
        with lanes.lane("a") as first, lanes.lane("a") as second, lanes.lane("b") as other, lanes.lane("c") as beyond:
            assert first is not None
            assert second is None
            assert other is not None
            assert beyond is None
        with lanes.lane("a") as again:
            assert again is first
    finally:
        lanes.close()


def test_the_log_names_types_and_codes_only(ask: Callable[..., Json], caplog: pytest.LogCaptureFixture) -> None:
    """One log line says what was read and what failed, with the hook instance, and holds no address, patient or token."""
    with caplog.at_level(logging.INFO, "cds_service"), fhir_server(CHART, on_observations(TRICKS["500"])) as served:
        ask(served, unfetched())
    (record,) = (r for r in caplog.records if "FHIR server" in r.getMessage())
    assert record.__dict__["read"]["Observation"] == "http-500"
    assert record.__dict__["read"]["Coverage"] == "read"
    assert not any(secret in str(r.__dict__) for r in caplog.records for secret in (TOKEN, "p1", served.address))


@pytest.mark.parametrize(("version", "status"), [("2.2", 400), ("2.0.1", 422)])
def test_a_token_without_a_server_is_refused(client: FlaskClient, version: str, status: int) -> None:
    """fhirAuthorization without fhirServer is refused: 400 in CRD 2.2, 422 in 2.0.1."""
    made = unfetched() | {"fhirAuthorization": {"access_token": TOKEN}, "extension": {"davinci-crd.requestedVersion": version}}
    assert client.post(ADDRESS, json=made).status_code == status


@pytest.mark.parametrize(
    ("prefetch", "status"),
    [
        ({}, 412),
        ({"coverage": None}, 400),
        ({"coverage": coverage({"display": "Some Other Plan"})}, 400),
        ({"coverage": coverage(CARELON)}, 200),
    ],
    ids=["not to be had", "none", "another payer's", "recognised"],
)
@pytest.mark.verifies("data-required", "hook-13")
def test_strict_wants_one_coverage(content: Content, prefetch: Json, status: int) -> None:
    """A strict service answers for a recognised Coverage only: 412 where it could not look, 400 where it looked in vain."""
    strict = create_app(content, Settings(strict=True), lambda: TODAY).test_client()
    assert strict.post(ADDRESS, json=unfetched(**prefetch)).status_code == status


def test_a_medicine_that_an_order_refers_to_is_read(ask: Callable[..., Json]) -> None:
    """An order whose medicine is a Medication on the server is judged by its code."""
    medicine = {
        "resourceType": "Medication",
        "id": "m1",
        "code": {"coding": [{"system": "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", "code": "J2506"}]},
    }
    drafted = {"resourceType": "MedicationRequest", "id": "o1", "status": "draft", "intent": "order", "subject": PATIENT}
    drafted |= {"authoredOn": "2025-05-01", "medicationReference": {"reference": "Medication/m1"}}
    with fhir_server([*CHART[:1], condition("C50.911"), medicine]) as served:
        decision = decided(ask(served, unfetched(drafted)))
    assert decision["policy"] == "bcbsm/colony-stimulating-factors"


@pytest.mark.parametrize(
    "call", [dispatching, partial(booking, start="2025-05-01T09:00:00Z")], ids=["order-dispatch", "appointment-book"]
)
@pytest.mark.verifies("found-5")
def test_an_order_that_a_call_names_is_read(ask: Callable[..., Json], call: Callable[[Json], Json]) -> None:
    """The orders of order-dispatch and appointment-book, which the call only names, are read and decided like signed ones."""
    signed = order()
    with fhir_server([*CHART, signed]) as served:
        answered = ask(served, call(request(signed)) | {"prefetch": {}}, scope="patient/*.rs", seconds=4.0)
    decision = decided(answered)
    assert (decision["order"], decision["outcome"]) == ("ServiceRequest/o1", "necessary")
    (action,) = answered["systemActions"]
    assert {name: value for name, value in action["resource"].items() if name != "extension"} == signed
    assert all(token == f"Bearer {TOKEN}" for _, token in served.asked)


def test_an_order_that_cannot_be_read_is_told(ask: Callable[..., Json]) -> None:
    """A named order that the server does not have, or that the token does not cover, is 412: nothing can be said without it."""
    with fhir_server(CHART) as served:
        call = dispatching(request(order())) | {"prefetch": {}}
        assert ask(served, call, scope="patient/*.rs")["status"] == 412
        assert ask(served, call, scope="patient/Coverage.rs")["status"] == 412


def test_an_order_of_another_patient_is_not_judged(ask: Callable[..., Json]) -> None:
    """An order that was read and is for another patient than the call's is refused, not judged on this chart."""
    with fhir_server([*CHART, order(subject={"reference": "Patient/p2"})]) as served:
        assert ask(served, dispatching(request(order())) | {"prefetch": {}}, scope="patient/*.rs")["status"] in (412, 422)
