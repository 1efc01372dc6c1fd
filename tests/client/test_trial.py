"""A trial of a service says in words what is wrong with it, as an engineer would who connects a client."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from cds_service.client.tokens import PRIVATE, PUBLIC, UnusableKey, make_key, signer_of
from cds_service.client.trial import filled
from tests.cli.test_command_line import said
from tests.security.server import Server, says

Json = dict[str, Any]
CARD: Json = {"uuid": "c1", "summary": "Not supported.", "indicator": "warning", "source": {"label": "Plan"}}
DISCOVERY: Json = {
    "services": [
        {"hook": "order-sign", "id": "policy", "description": "x", "prefetch": {"patient": "Patient/{{context.patientId}}"}}
    ]
}


@pytest.fixture
def serving() -> Iterator[Callable[..., str]]:
    """Starts a service that answers each path as told; gives its address."""
    made: list[Server] = []

    def serve(answers: dict[str, Any], status: int = 200) -> str:
        def answer(request: BaseHTTPRequestHandler) -> None:
            request.rfile.read(int(request.headers.get("Content-Length") or 0))
            found = answers.get(request.path)
            says(json.dumps(found if found is not None else {}).encode(), status if found is not None else 404)(request)

        made.append(Server(answer))
        return f"http://127.0.0.1:{made[-1].port}"

    yield serve
    for server in made:
        server.close()


def tried(url: str, *options: str) -> tuple[int, str]:
    """What a trial of a service says."""
    result = said("client", "try", url, *options)
    return result.exit_code, result.stdout


def test_a_service_without_fault_is_told_step_by_step(serving: Callable[..., str]) -> None:
    """Discovery, the order and the feedback are tried, and each says what came."""
    url = serving({"/cds-services": DISCOVERY, "/cds-services/policy": {"cards": [CARD]}, "/cds-services/policy/feedback": {}})
    status, told = tried(url)
    assert status == 0
    assert [line.split(":")[0].split()[-1] for line in told.splitlines() if line.startswith("ok")] == [
        "discovery",
        "order-sign",
        "feedback",
    ]
    assert "warning: Not supported." in told


@pytest.mark.parametrize(
    ("discovery", "answer", "words"),
    [
        ({}, {}, "it has no list 'services'"),
        ({"services": [{"hook": "patient-view", "id": "p", "description": "x"}]}, {}, "no service is for the hook order-sign"),
        (DISCOVERY, {}, "it has no list 'cards'"),
        (DISCOVERY, {"cards": [CARD | {"summary": "x" * 140}]}, "140 characters"),
        (DISCOVERY, {"cards": [CARD | {"indicator": "hard-stop"}]}, "cards[0].indicator"),
        (DISCOVERY, {"cards": [CARD | {"source": {}}]}, "cards[0].source has no 'label'"),
        (DISCOVERY, {"cards": [CARD | {"suggestions": [{"label": "a"}]}]}, "selectionBehavior"),
        (DISCOVERY, {"cards": [CARD | {"links": [{"label": "a"}]}]}, "cards[0].links[0] has no 'url'"),
        (DISCOVERY, {"cards": [], "systemActions": [{"type": "update"}]}, "systemActions[0] is a update without a resource"),
        (DISCOVERY, {"cards": [CARD]}, "feedback: http"),
    ],
)  # fmt: skip
def test_each_fault_is_said(serving: Callable[..., str], discovery: Json, answer: Json, words: str) -> None:
    """What CDS Hooks forbids in an answer, or a step that is not there, is told, and the exit code is 1."""
    status, told = tried(serving({"/cds-services": discovery, "/cds-services/policy": answer}))
    assert (status, words in told) == (1, True), told


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "it wants a token"), (404, "ends in /cds-services"), (500, "its log says why"), (302, "it redirects")],
)
def test_a_refusal_is_explained(serving: Callable[..., str], status: int, words: str) -> None:
    """A status says what to do."""
    code, told = tried(serving({"/cds-services": DISCOVERY}, status))
    assert (code, words in told) == (1, True), told


def test_nobody_and_no_certificate_are_told() -> None:
    """An address at which nobody answers is told as that."""
    assert "nobody answers there" in tried("http://127.0.0.1:9")[1]


def test_prefetch_is_read_as_the_service_asks_for_it(serving: Callable[..., str]) -> None:
    """Keys are read from the FHIR server for the patient named; one that cannot be is left out, and the status is told."""
    fhir = serving({"/Patient/p7": {"resourceType": "Patient", "id": "p7"}})
    asked = {
        "patient": "Patient/{{context.patientId}}",
        "coverage": "Coverage?patient={{context.patientId}}",
        "visit": "Encounter/{{context.encounterId}}",
    }
    services = {"services": [DISCOVERY["services"][0] | {"prefetch": asked}]}
    url = serving({"/cds-services": services, "/cds-services/policy": {"cards": []}})
    status, told = tried(url, "--fhir-server", fhir, "--patient", "p7")
    assert status == 1
    assert "'coverage' was not read and is left out" in told
    assert "'visit' is left out: the context has no context.encounterId" in told
    assert "1 of 3 keys were read" in told


def test_a_template_is_filled_from_the_context() -> None:
    """Tokens of a template are the context's values; what is not there is named."""
    assert (
        filled("Patient/{{context.patientId}}?x={{userPractitionerId}}", {"patientId": "p", "userId": "Practitioner/u"})
        == "Patient/p?x=u"
    )
    with pytest.raises(LookupError, match=r"no context\.encounterId"):
        filled("Encounter/{{context.encounterId}}", {})


def test_a_key_is_made_once_and_for_its_owner(tmp_path: Path) -> None:
    """The private key is readable to its owner alone and never overwritten; the public set holds nothing private."""
    private, public = make_key(tmp_path, "k1")
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert "d" not in json.loads(public.read_bytes())["keys"][0]
    with pytest.raises(FileExistsError):
        make_key(tmp_path, "k2")
    assert said("client", "key", str(tmp_path)).exit_code == 1


def test_a_token_is_signed_for_one_address(tmp_path: Path) -> None:
    """The token's claims are those that services check, and the published key verifies it."""
    make_key(tmp_path, "k1")
    made = said(
        "client",
        "token",
        "--key",
        str(tmp_path / PRIVATE),
        "--issuer",
        "https://ehr.example",
        "--audience",
        "https://cds.example/cds-services/x",
    )
    keys = KeySet.import_key_set(json.loads((tmp_path / PUBLIC).read_bytes()))
    read = jwt.decode(made.stdout.strip(), keys, algorithms=["ES384"])
    assert (read.header["kid"], read.claims["iss"], read.claims["aud"]) == (
        "k1",
        "https://ehr.example",
        "https://cds.example/cds-services/x",
    )
    assert read.claims["exp"] - read.claims["iat"] == 300
    assert abs(read.claims["iat"] - datetime.now(UTC).timestamp()) < 60


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"kty": "oct", "k": "AAAA", "kid": "k"}'])
def test_a_file_that_is_no_private_key_is_refused(tmp_path: Path, text: str) -> None:
    """What is no private key is told, and a public key is none."""
    (tmp_path / "key.json").write_text(text, encoding="utf-8")
    with pytest.raises(UnusableKey):
        signer_of(tmp_path / "key.json", "https://ehr.example")
    make_key(tmp_path, "k1")
    (one,) = json.loads((tmp_path / PUBLIC).read_bytes())["keys"]
    (tmp_path / "public.json").write_text(json.dumps(one), encoding="utf-8")
    with pytest.raises(UnusableKey, match="a private key is meant"):
        signer_of(tmp_path / "public.json", "https://ehr.example")
