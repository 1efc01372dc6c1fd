"""The servers of the integration tests: HAPI FHIR where Java and Maven are, loaded with a member of each policy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cds_service.facts.imagined_chart import CannotImagine
from cds_service.vignettes.as_request import request_of
from cds_service.vignettes.read import PATIENT, Vignette, read_vignettes
from tests.conftest import held_content
from tests.integration.ehr import Door, Ehr, door, renamed
from tests.server_scripts import started

VIGNETTES = Path(__file__).parent.parent / "vignettes"
POLICIES = (
    "bcbsm/colony-stimulating-factors",
    "carelon/prenatal-cfdna-screening",
    "lhcc/implantable-intrathecal-epidural-pain-pump",
    "medica-central/open-si-joint-fusion",
)
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Member:
    """A member in the FHIR server, with a draft order there and what the policy says of it."""

    policy: str
    patient: str
    order: Json
    outcome: str
    signed_on: str


@pytest.fixture(scope="session")
def hapi() -> Iterator[str]:
    """The URL of a throwaway HAPI FHIR server; what asks for it is skipped without Java or Maven, and fails in CI."""
    with started("hapi") as url:
        yield url


@pytest.fixture(scope="session")
def entrance(hapi: str) -> Iterator[Door]:
    """The door in front of the FHIR server."""
    with door(hapi) as opened:
        yield opened


@pytest.fixture(scope="session")
def members(entrance: Door) -> dict[str, Member]:
    """One member of each policy whose order is necessary, stored in the FHIR server; by policy."""
    ehr = Ehr(entrance.url)
    found = {}
    for number, policy in enumerate(POLICIES, 1):
        vignette, request = _imagined(policy)
        chart = [entry["resource"] for key in request["prefetch"].values() if key for entry in key.get("entry", [])]
        drafts = [entry["resource"] for entry in request["context"]["draftOrders"]["entry"]]
        patient = request["prefetch"]["patient"]
        everything = renamed([patient, *chart, *drafts], f"m{number}")
        payer = policy.partition("/")[0]
        ehr.load([*everything, *insured(f"m{number}", f"m{number}-{PATIENT}", payer)])
        (order,) = everything[-len(drafts) :]
        found[policy] = Member(policy, f"m{number}-{PATIENT}", order, vignette.outcome.value, vignette.as_of.isoformat())
    return found


def _imagined(policy: str) -> tuple[Vignette, Json]:
    """The first vignette of the newest version of a policy that is necessary, of one order, with a chart that FHIR can say."""
    content = held_content()
    for file in sorted((VIGNETTES / policy).glob("*.yaml"), reverse=True):
        for vignette in read_vignettes(file, file.name, content):
            if vignette.outcome.value != "necessary" or not vignette.given or vignette.not_searched:
                continue
            try:
                request = request_of(vignette, content)
            except CannotImagine:
                continue
            searched = [key for key, found in request["prefetch"].items() if found and found.get("entry")]
            if searched and len(request["context"]["draftOrders"]["entry"]) == 1:
                return vignette, request
    raise LookupError(policy)


def insured(name: str, patient: str, payer: str) -> list[Json]:
    """A Coverage of a payer, and the payer."""
    identifier = {"system": "urn:cds-service:payer", "value": payer}
    organization = {"resourceType": "Organization", "id": f"{name}-payer", "active": True, "identifier": [identifier]}
    coverage = {
        "resourceType": "Coverage",
        "id": f"{name}-coverage",
        "status": "active",
        "beneficiary": {"reference": f"Patient/{patient}"},
        "payor": [{"reference": f"Organization/{name}-payer", "identifier": identifier}],
    }
    return [organization, coverage]
