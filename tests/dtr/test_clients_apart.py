"""What was kept of one client's chart is no other client's, though all their ids are the same; nor another FHIR server's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from cds_service.fhir.coverage_information import URL
from cds_service.hooks.settings import Settings
from cds_service.security.access import Access
from cds_service.security.access_tokens import SCOPES, issue
from cds_service.security.clients import read_clients
from cds_service.security.outbound import Outbound
from cds_service.serving.app import create_app
from cds_service.store.store import Store
from cds_service.store.tables import ContextRow
from cds_service.store.upgrade import upgrade
from tests.conftest import TODAY, held_content
from tests.dtr import talks
from tests.dtr.answers_page import CHART, earlier_response
from tests.dtr.conftest import CONTEXT, COVERAGE, PUMP, named, ordered
from tests.exchange import ADDRESS, PATIENT, Json, request
from tests.security.signing import NOW, PUBLIC_URL, key, key_set, token

SECRET = "s" * 40
OURS, THEIRS = "https://one.example", "https://two.example"
FORM = "lhcc-implantable-intrathecal-epidural-pain-pump"
STANDARD = f"{PUBLIC_URL}/fhir/Questionnaire/{FORM}"
DOCUMENTED = earlier_response() | {"subject": PATIENT, "authored": "2025-06-20"}
"""An answered form in the chart: four facts of the policy are documented."""
FILLED = {"noninvasive_pain_control_failed", "pain_origin", "spine_imaging_clear"}
"""What a form is filled with of them: of the life expectancy that was stated ten days ago, nobody knows what is left."""


@dataclass(frozen=True, slots=True)
class Apart:
    """A service of two clients, or of anybody."""

    client: FlaskClient
    store: Store
    open: bool

    def sign(self, issuer: str, *chart: Json, server: str = "", tenant: str | None = None) -> tuple[str, str]:
        """Signs the order as a client; returns the assertion's id and the canonical of its form."""
        made = request(PUMP, chart=(COVERAGE, *chart)) | ({"fhirServer": server} if server else {})
        bearer = token(key(issuer), {"kid": issuer}, iss=issuer, tenant=tenant)
        answered = self.client.post(ADDRESS, json=made, headers=self._headers(bearer))
        assert answered.status_code == 200, answered.get_data(as_text=True)
        held = answered.get_json()["systemActions"][0]["resource"]["extension"]
        (said,) = [talks.parts(one) for one in held if one["url"] == URL]
        return said["coverage-assertion-id"][0], said["questionnaire"][0]

    def call(self, issuer: str, operation: str, body: Json) -> Any:
        """Calls an operation with a token of a client."""
        bearer = issue(SECRET, issuer, SCOPES, datetime.fromtimestamp(NOW, UTC))
        return self.client.post(f"/fhir/Questionnaire/${operation}", json=body, headers=self._headers(bearer))

    def package(self, issuer: str, *parameters: Json, status: int = 200) -> Json:
        """The package of the member's Coverage."""
        body = {"resourceType": "Parameters", "parameter": [{"name": "coverage", "resource": COVERAGE}, *parameters]}
        answered = self.call(issuer, "questionnaire-package", body)
        assert answered.status_code == status, answered.get_data(as_text=True)
        found: Json = answered.get_json()
        return found

    def filled(self, issuer: str, *parameters: Json) -> set[str]:
        """Those of the documented facts that the draft of the standard form has filled in."""
        ((_, draft),) = talks.bundles(self.package(issuer, *parameters, named(STANDARD)))
        return {item["linkId"] for item in draft["item"] if "answer" in item} & set(CHART)

    def talk(self, issuer: str) -> int:
        """The status of the first call for the next question of the order's adaptive form."""
        form: Json = {"resourceType": "Questionnaire", "id": "q", "status": "active", "derivedFrom": [f"{STANDARD}.adaptive"]}
        response: Json = {
            "resourceType": "QuestionnaireResponse",
            "id": "talk",
            "contained": [form],
            "questionnaire": "#q",
            "status": "in-progress",
            "subject": PATIENT,
            "authored": "2026-03-02T12:00:00+00:00",
            "extension": [
                {"url": f"{talks.DTR}qr-coverage", "valueReference": {"reference": "Coverage/c1"}},
                {"url": f"{talks.DTR}qr-context", "valueReference": {"reference": "ServiceRequest/o1"}},
            ],
        }
        status: int = self.call(issuer, "next-question", response).status_code
        return status

    def _headers(self, bearer: str) -> dict[str, str]:
        return {} if self.open else {"Authorization": f"Bearer {bearer}"}


def serving(folder: Path, *, open_: bool) -> Apart:
    """A service for two clients of equal standing, or for anybody."""
    store = Store(f"sqlite:///{folder}/store.sqlite")
    upgrade(store.engine)
    settings, access = Settings(public_url=PUBLIC_URL, link_secret=SECRET), None
    if not open_:
        path = folder / "clients.yaml"
        named_ = [{"issuer": one, "keys": key_set(key(one))} for one in (OURS, THEIRS)]
        path.write_text(json.dumps({"clients": named_}), encoding="utf-8")
        clients = read_clients(path, development=True)
        access = Access(Outbound(development=True), clients, PUBLIC_URL, now=lambda: datetime.fromtimestamp(NOW, UTC))
    app = create_app(held_content(), settings, lambda: TODAY, store, access=access) if access else None
    app = app or create_app(held_content(), settings, lambda: TODAY, store)
    return Apart(app.test_client(), store, open_)


@pytest.fixture
def apart(tmp_path: Path) -> Iterator[Apart]:
    """A service of two clients."""
    made = serving(tmp_path, open_=False)
    yield made
    made.store.close()


@pytest.fixture
def anybody(tmp_path: Path) -> Iterator[Apart]:
    """An open service."""
    made = serving(tmp_path, open_=True)
    yield made
    made.store.close()


def test_a_context_is_its_client_s_alone(apart: Apart) -> None:
    """Another client with the same Coverage, patient and order, and the very id, is told that no such context is held."""
    context, _ = apart.sign(OURS, DOCUMENTED)
    assert apart.filled(OURS, CONTEXT(context)) == FILLED
    answered = apart.package(THEIRS, CONTEXT(context), status=404)
    assert "no decision is held" in answered["issue"][0]["details"]["text"]


def test_another_client_s_order_of_the_same_ids_is_judged_alone(apart: Apart) -> None:
    """By the order and in a talk nothing of the first client's chart is used; the first client finds its own again."""
    apart.sign(OURS, DOCUMENTED)
    assert apart.filled(OURS, ordered(PUMP))
    assert apart.filled(THEIRS, ordered(PUMP)) == set()
    assert (apart.talk(OURS), apart.talk(THEIRS)) == (200, 404)


def test_another_client_s_signing_does_not_touch_a_context(apart: Apart) -> None:
    """Each client's row stands for itself: who signs the same ids with an empty chart overwrites nothing, and has another id."""
    context, form = apart.sign(OURS, DOCUMENTED)
    theirs, longer = apart.sign(THEIRS)
    assert (theirs != context, longer != form) == (True, True)
    assert apart.filled(OURS, CONTEXT(context)) == apart.filled(OURS, ordered(PUMP)) == FILLED
    assert apart.filled(THEIRS, CONTEXT(theirs)) == apart.filled(THEIRS, ordered(PUMP)) == set()
    with apart.store.engine.connect() as connection:
        kept = connection.execute(select(ContextRow.issuer, ContextRow.order_reference).order_by(ContextRow.issuer)).all()
    assert [tuple(row) for row in kept] == [(OURS, "ServiceRequest/o1"), (THEIRS, "ServiceRequest/o1")]


ELSEWHERE: list[tuple[Json, Json]] = [
    ({"server": "https://north.example/fhir"}, {"server": "https://south.example/fhir"}),
    ({"tenant": "north"}, {"tenant": "south"}),
]


@pytest.mark.parametrize(("north", "south"), ELSEWHERE, ids=["servers", "tenants"])
def test_the_same_ids_on_two_servers_of_a_client_are_two_orders(apart: Apart, north: Json, south: Json) -> None:
    """Each has a context of its own. Ids alone do not tell which is meant: the order is then judged alone, and no talk begins."""
    one, _ = apart.sign(OURS, DOCUMENTED, **north)
    again, _ = apart.sign(OURS, DOCUMENTED, **north)
    two, _ = apart.sign(OURS, **south)
    assert one == again != two
    assert (apart.filled(OURS, CONTEXT(one)), apart.filled(OURS, CONTEXT(two))) == (FILLED, set())
    assert apart.filled(OURS, ordered(PUMP)) == set()
    assert apart.talk(OURS) == 404


def test_an_open_service_keeps_its_contexts_apart_by_server(anybody: Apart) -> None:
    """Whoever reaches it may call; the same ids on two FHIR servers are still two orders, and a slash at the end makes no other."""
    one, _ = anybody.sign("", DOCUMENTED, server="https://north.example/fhir")
    again, _ = anybody.sign("", DOCUMENTED, server="https://north.example/fhir/")
    assert (one, anybody.talk("")) == (again, 200)
    two, _ = anybody.sign("", server="https://south.example/fhir")
    assert two != one
    assert (anybody.filled("", CONTEXT(one)), anybody.filled("", CONTEXT(two))) == (FILLED, set())
