"""What operators ask: health, ready, metrics, the OpenAPI document; and fuzzed requests, few of them."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bench.fuzz import PAGE, WORD, examples, fuzz
from cds_service import limits
from cds_service.configuration.configuration import Configuration
from cds_service.content.content import Content
from cds_service.hooks.discovery import HOOK_OF
from cds_service.security.operators import OPERATORS
from cds_service.serving.app import create_app
from cds_service.serving.log_lines import LogLine
from cds_service.serving.readiness import readiness_of
from cds_service.serving.worker import PAGES, make_pages
from cds_service.store.probe import FRESH
from cds_service.store.store import Store
from cds_service.store.upgrade import upgrade
from cds_service.web.pages import AHEAD
from tests.conftest import TODAY, held_app, held_content
from tests.exchange import ADDRESS, decisions, fetuses, gestational_age, order, request, sign

AT_THEIR_PORT = {OPERATORS: "1"}
"""What the operators' own port says of a request."""


def test_health_and_ready_tell_what_is_held(client: FlaskClient) -> None:
    """Health answers without work; ready names the content, and that there is no store."""
    assert client.get("/health").get_json() == {"status": "ok"}
    told = client.get("/ready").get_json()
    assert told == {
        "status": "ready",
        "revision": held_content().revision,
        "policies": len(held_content().policies),
        "store": "none",
        "metrics": "ok",
    }


def test_metrics_count_requests_outcomes_and_evidence_that_did_not_count(client: FlaskClient) -> None:
    """A request adds to its hook, its outcome and its latency; a count of another year is evidence that did not count."""
    sign(client, order(), chart=(gestational_age(77, "2025-05-01"), fetuses(3, "2020-05-01")))
    told = client.get("/metrics", environ_overrides=AT_THEIR_PORT).get_data(as_text=True)
    assert 'cds_requests_total{hook="order-sign",status="200"}' in told
    assert 'cds_outcomes_total{outcome="' in told
    assert 'cds_request_seconds_bucket{hook="order-sign",le="0.0005"}' in told
    assert 'cds_unusable_evidence_total{policy="carelon/prenatal-cfdna-screening",standing="discounted"}' in told


def test_metrics_count_the_questions_of_orders_that_are_open(client: FlaskClient) -> None:
    """An order that is asked about adds its questions to its policy's; one that is decided adds nothing."""
    sign(client, order(), chart=(gestational_age(77, "2025-05-01"), fetuses(3, "2025-05-01")))
    before = _questions(client)
    sign(client, order(), chart=(gestational_age(77, "2025-05-01"), fetuses(3, "2025-05-01")))
    assert _questions(client) == before
    answered = sign(client, order())
    asked = len(decisions(answered)[0]["asks"])
    assert asked
    assert _questions(client) == (before[0] + 1, before[1] + asked)


def _questions(client: FlaskClient) -> tuple[float, float]:
    told = client.get("/metrics", environ_overrides=AT_THEIR_PORT).get_data(as_text=True)
    name = 'cds_questions_asked_{}{{policy="carelon/prenatal-cfdna-screening"}}'
    held = dict(line.rsplit(" ", 1) for line in told.splitlines() if not line.startswith("#"))
    count, total = (float(held.get(name.format(of), 0)) for of in ("count", "sum"))
    return count, total


def test_no_label_of_the_metrics_is_a_clients_word(client: FlaskClient) -> None:
    """Whatever address, hook or instance a client names, the labels stay ours."""
    client.get(f"/{WORD}")
    client.post(f"/cds-services/{WORD}", json={})
    client.post(ADDRESS, json={"hook": WORD, "hookInstance": WORD})
    client.open(ADDRESS, method=WORD.upper())
    assert WORD.upper() not in client.get("/metrics", environ_overrides=AT_THEIR_PORT).get_data(as_text=True).upper()


def test_ready_is_ready(content: Content, tmp_path: Path) -> None:
    """Until what a worker makes is made, and its store was writable once, ``/ready`` is 503; a store that fails later is told."""
    store = Store(f"sqlite:///{tmp_path}/store.sqlite")
    app = create_app(content, today=lambda: TODAY, store=store)
    readiness_of(app).waits_for("pages")
    client = app.test_client()

    def told() -> tuple[int, str, list[str]]:
        time.sleep(FRESH + 0.1)
        answered = client.get("/ready")
        said = answered.get_json()
        return answered.status_code, said["store"], said.get("waits_for", [])

    assert told() == (503, "unreachable", ["pages", "store"])
    readiness_of(app).made("pages")
    assert told() == (503, "unreachable", ["store"])
    upgrade(store.engine)
    assert told() == (200, "ok", [])
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE seen_token")
    assert told() == (200, "unreachable", [])
    store.close()


def test_a_worker_whose_pages_cannot_be_made_is_not_ready(content: Content, caplog: pytest.LogCaptureFixture) -> None:
    """A fault in a page is told in the log, and ``/ready`` waits for the pages."""
    app = create_app(content, today=lambda: TODAY)
    readiness_of(app).waits_for(PAGES)
    app.extensions[AHEAD] = lambda _: 1 / 0
    make_pages(app)
    assert app.test_client().get("/ready").get_json()["waits_for"] == ["pages"]
    assert [record.message for record in caplog.records] == ["the pages could not be made"]


@pytest.mark.parametrize("headers", [{}, {"X-Forwarded-For": "10.0.0.1"}, {"Host": "localhost"}, {"Cds-Service.Operators": "1"}])
def test_metrics_are_told_to_nobody_at_the_services_own_port(client: FlaskClient, headers: dict[str, str]) -> None:
    """Without a token nobody is told there, not from this machine either: a proxy on it asks from this machine, for anyone."""
    assert client.get("/metrics", headers=headers).status_code == 403
    assert client.get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": "10.0.0.1"}).status_code == 403


def test_a_strangers_page_cannot_lead_a_browser_to_the_operators_port(client: FlaskClient) -> None:
    """At the operators' port, a name that is not this machine's is refused: somebody else's name was led here."""
    assert client.get("/metrics", headers={"Host": "evil.example"}, environ_overrides=AT_THEIR_PORT).status_code == 403
    assert client.get("/metrics", headers={"Host": "localhost:9000"}, environ_overrides=AT_THEIR_PORT).status_code == 200


@pytest.mark.parametrize("length", ["x", "-5", "1_0", "٣", " ", "9" * 50])
@pytest.mark.parametrize("path", ["/metrics", "/health", "/nowhere"])
def test_a_length_that_is_none_is_no_fault_of_ours(client: FlaskClient, path: str, length: str) -> None:
    """The operators' port hands on what a caller wrote; a length that is no number is answered as any other call."""
    at = AT_THEIR_PORT | {"CONTENT_LENGTH": length}
    assert client.get(path, headers={"Host": "localhost"}, environ_overrides=at).status_code in (200, 400, 404, 413)


@pytest.mark.parametrize("host", ["[", "[x", "a]b", "[::1", "localhost:x", "\x7f", ""])
@pytest.mark.parametrize("path", ["/metrics", "/stats"])
def test_a_host_that_is_none_is_refused(client: FlaskClient, path: str, host: str) -> None:
    """At the operators' port, what is no host is no name of this machine."""
    answered = client.get(path, headers={"Host": host}, environ_overrides=AT_THEIR_PORT | {"HTTP_HOST": host})
    assert answered.status_code in (200, 400, 403)


def test_a_token_opens_the_metrics(content: Content) -> None:
    """With a token set, whoever has it is told, from wherever, and nobody else."""
    configured = Configuration(metrics_token="of-the-operator")  # noqa: S106 - of nobody
    client = create_app(content, today=lambda: TODAY, configuration=configured).test_client()
    away = {"REMOTE_ADDR": "10.0.0.1"}
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer of-the-operator"}, environ_base=away).status_code == 200


@pytest.mark.parametrize("levels", [100, 250, 300, 900, 1200, 100_000])
@pytest.mark.parametrize("where", ["own", "prefetch", "order"])
def test_nesting_is_no_failure(client: FlaskClient, where: str, levels: int) -> None:
    """However deep a member, what is prefetched or an order is nested, the request is answered or refused with 400."""
    deep = f"{'[' * levels}1{']' * levels}"
    made = request(order() | ({"extension": "@"} if where == "order" else {}))
    (made["prefetch"] if where == "prefetch" else made)["deep"] = "@" if where != "order" else 1
    body = json.dumps(made).replace('"@"', deep)
    status = client.post(ADDRESS, data=body).status_code
    assert status == 400 if levels > 1024 else status in {200, 400}


def test_too_many_resources_are_refused_by_their_key(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """More resources than are read get 413 with the prefetch key at which there were too many."""
    monkeypatch.setattr(limits, "MOST_RESOURCES", 30)
    made = request(order())
    made["prefetch"]["observations"]["entry"] = [{"resource": fetuses(1, "2025-05-01")}] * 40
    refused = client.post(ADDRESS, json=made, headers={"Origin": PAGE})
    assert (refused.status_code, refused.get_json()["issue"][0]["expression"]) == (413, ["prefetch.observations"])
    assert refused.headers["Access-Control-Allow-Origin"] == PAGE


def test_the_openapi_document_is_valid_and_complete(client: FlaskClient) -> None:
    """The document is valid OpenAPI 3.1 and names every address and method of the application but those of the pages."""
    document = client.get("/openapi.json").get_json()
    from openapi_spec_validator import validate  # loads grammars for seconds, which every process of the suite would wait for

    validate(document)
    there = {(path, method.upper()) for path, methods in document["paths"].items() for method in methods}
    routes = {
        (rule.rule.replace("<service>", service), method)
        for rule in held_app().url_map.iter_rules()
        for service in HOOK_OF
        if not rule.endpoint.startswith("web.")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert there == routes
    assert "draftOrders" in json.dumps(document["components"]["schemas"])


def test_no_log_line_repeats_a_name_that_the_client_invented(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    """A member that FHIR does not know, in an order or in what is prefetched, is not named in the log."""
    caplog.set_level(logging.INFO)
    made = request(order() | {WORD: 1})
    made["prefetch"] |= {WORD: None, f"{WORD}2": {"resourceType": "Bundle", "entry": []}}
    assert client.post(ADDRESS, json=made).status_code == 200
    lines = [LogLine().format(record) for record in caplog.records]
    assert any("not valid FHIR" in line for line in lines)
    assert not any(WORD in line for line in lines)


def test_fuzzed_requests_get_lawful_answers() -> None:
    """Requests nearly right and noise: never a 5xx, always JSON with CORS, refusals as OperationOutcomes that repeat nothing."""
    statuses, wrong = fuzz(held_app(), examples(held_content()), 500, 20261123)
    assert wrong == []
    assert {200, 400} <= set(statuses)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_the_openapi_document_allows_never_fails(caplog: pytest.LogCaptureFixture) -> None:
    """Requests generated from the service's own document, right and wrong ones, get no 5xx."""
    caplog.set_level(logging.CRITICAL)
    schema = schemathesis.openapi.from_wsgi("/openapi.json", held_app())
    cases = st.one_of(*(found.ok().as_strategy() for found in schema.get_all_operations()))  # type: ignore[union-attr]

    @settings(suppress_health_check=list(HealthCheck), phases=[Phase.generate], database=None)
    @given(cases)
    def run(case: schemathesis.Case[Any]) -> None:
        assert case.call().status_code < 500

    run()
