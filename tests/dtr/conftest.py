"""One order that leaves something open, and the service that asks about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from cds_service.fhir.coverage_information import URL
from cds_service.store.store import Store
from tests.conftest import held_content
from tests.dtr import talks
from tests.exchange import ADDRESS, PATIENT, Json, order, request

COVERAGE: Json = {
    "resourceType": "Coverage",
    "id": "c1",
    "status": "active",
    "beneficiary": PATIENT,
    "payor": [{"identifier": {"system": "urn:cds-service:payer", "value": "lhcc"}}],
}
PUMP = order("62362", on="2025-07-01")


@dataclass(frozen=True, slots=True)
class Asking:
    """A service that was called for the order of a pain pump with nothing in the chart, and what it asserted."""

    client: FlaskClient
    store: Store
    context: str
    canonical: str

    def package(self, *parameters: Json, version: str = "2.2", status: int = 200) -> Json:
        """The answer of the operation for the member's Coverage."""
        return talks.package(self.client, version, {"name": "coverage", "resource": COVERAGE}, *parameters, status=status)

    def sign(self, *responses: Json, signed: Json = PUMP) -> Json:
        """The decision when the order is signed with these responses in the chart."""
        made = request(signed, chart=(COVERAGE, *responses))
        found: Json = self.client.post(ADDRESS, json=made).get_json()["extension"]["org.cds-service.decisions"][0]
        return found

    def form(self) -> tuple[Json, Json]:
        """The order's form and draft."""
        ((form, draft),) = talks.bundles(self.package(CONTEXT(self.context)))
        return form, draft


def CONTEXT(id_: str) -> Json:  # noqa: N802 - a parameter, as the others
    """The parameter of a context."""
    return {"name": "context", "valueString": id_}


def ordered(resource: Json) -> Json:
    """The parameter of an order."""
    return {"name": "order", "resource": resource}


def named(canonical: str) -> Json:
    """The parameter of a form."""
    return {"name": "questionnaire", "valueCanonical": canonical}


@pytest.fixture
def asking(tmp_path: Path) -> Iterator[Asking]:
    """The service, after order-sign."""
    client, store = talks.service(held_content(), tmp_path)
    answered = client.post(ADDRESS, json=request(PUMP, chart=(COVERAGE,))).get_json()
    (extension,) = [one for one in answered["systemActions"][0]["resource"]["extension"] if one["url"] == URL]
    said = talks.parts(extension)
    yield Asking(client, store, said["coverage-assertion-id"][0], said["questionnaire"][0])
    store.close()
