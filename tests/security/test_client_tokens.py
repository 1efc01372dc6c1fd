"""Client tokens over HTTP: which are accepted, in what order they are checked, and what is told of those that are not."""

from __future__ import annotations

import base64
import json
import logging
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cds_service.configuration.configuration import Configuration
from cds_service.content.content import shipped_content
from cds_service.security.access import Access
from cds_service.security.caller import Caller
from cds_service.security.client_keys import PAUSE, ClientKeys
from cds_service.security.clients import Client, read_clients
from cds_service.security.outbound import Outbound
from cds_service.serving.app import create_app
from cds_service.serving.log_lines import LogLine
from cds_service.store.database import engine_for
from cds_service.store.store import Store
from cds_service.store.upgrade import upgrade
from tests.conftest import TODAY, held_content
from tests.exchange import ADDRESS, order, request
from tests.security.server import Server, says
from tests.security.signing import DISCOVERY, ISSUER, NOW, PUBLIC_URL, SERVICE, SHARED, key, key_set, token

Serving = Callable[..., Server]


def access(folder: Path, outbound: Outbound | None = None, **members: Any) -> Access:
    """Access for one client with pinned keys, or with what is named."""
    client = {"issuer": ISSUER, "keys": key_set(key(), key("rsa", "RSA")), "fhir_servers": ["https://ehr.example/fhir"]} | members
    discovery = client.pop("discovery", "open")
    if client.get("jku") and "keys" not in members:
        del client["keys"]
    path = folder / "clients.yaml"
    path.write_text(json.dumps({"discovery": discovery, "clients": [client]}), encoding="utf-8")
    return Access(
        outbound or Outbound(development=True),
        read_clients(path, development=True),
        PUBLIC_URL,
        now=lambda: datetime.fromtimestamp(NOW, UTC),
    )


def service(folder: Path, outbound: Outbound | None = None, store: Store | None = None, **members: Any) -> FlaskClient:
    """A service for that client."""
    named = Configuration(allow_origins=("https://ehr.example",))
    app = create_app(
        held_content(), today=lambda: TODAY, store=store, access=access(folder, outbound, **members), configuration=named
    )
    return app.test_client()


def sign(client: FlaskClient, bearer: str | None, address: str = ADDRESS, **more: Any) -> TestResponse:
    """Signs an order with a token."""
    headers = {"Origin": "https://ehr.example"} | ({"Authorization": f"Bearer {bearer}"} if bearer is not None else {})
    return client.post(address, json=request(order()) | more, headers=headers)


def unsigned(**header: Any) -> str:
    """A token that nobody signed."""
    parts = (
        {"typ": "JWT", "kid": "k1", "alg": "none"} | header,
        {"iss": ISSUER, "aud": SERVICE, "iat": NOW, "exp": NOW + 300, "jti": "1"},
    )
    return ".".join(base64.urlsafe_b64encode(orjson.dumps(part)).rstrip(b"=").decode() for part in parts) + "."


@pytest.mark.parametrize(
    "good",
    [
        token(),
        token(key("rsa", "RSA"), {"kid": "rsa"}, "RS384"),
        token(key("rsa", "RSA"), {"kid": "rsa"}, "PS256"),
        token(aud=[DISCOVERY, SERVICE]),
        token(aud=f"{SERVICE}/"),
        token(aud=SERVICE.replace("https://cds.example", "HTTPS://CDS.example:443")),
        token(iat=NOW + 20),
        token(exp=NOW + 300, iat=NOW - 200, sub="someone", tenant="t"),
        token(header={"x-of-their-own": "1" * 600}),
    ],
    ids=[
        "ES384",
        "RS384",
        "PS256",
        "audience among others",
        "slash at the end",
        "host in capitals",
        "clock 20 s ahead",
        "more claims",
        "long header",
    ],
)
def test_good_tokens_are_accepted(tmp_path: Path, good: str) -> None:
    """A registered issuer with a good signature, the service's URL as audience and times that hold is answered."""
    assert sign(service(tmp_path), good).status_code == 200


REFUSED = {
    "no token": (None, "no token"),
    "empty": ("", "malformed"),
    "not a token": ("abc", "malformed"),
    "five parts": ("a.b.c.d.e", "malformed"),
    "not JSON": ("YQ.YQ.YQ", "malformed"),
    "nested deeply": (base64.urlsafe_b64encode(b"[" * 3000).decode() + ".YQ.YQ", "malformed"),
    "too long": (token(more="x" * 20_000), "malformed"),
    "alg none": (unsigned() + "YQ", "algorithm"),
    "alg none, no signature": (unsigned(), "malformed"),
    "HS256": (token(SHARED, alg="HS256"), "algorithm"),
    "unknown issuer": (token(iss="https://other.example"), "issuer"),
    "no issuer": (token(iss=None), "issuer"),
    "issuer as list": (token(iss=[ISSUER]), "issuer"),
    "unknown key": (token(header={"kid": "k2"}), "key"),
    "no kid": (token(header={"kid": None}), "key"),
    "another's signature": (token(key("k1", "P-521"), alg="ES512"), "signature"),
    "signature changed": (token()[:-8] + "AAAAAAAA", "signature"),
    "algorithm of another key type": (token(key("x", "RSA"), alg="RS384"), "signature"),
    "typ": (token(header={"typ": "at+jwt"}), "typ"),
    "no typ": (token(header={"typ": None}), "typ"),
    "audience of another service": (token(aud=f"{DISCOVERY}/other"), "audience"),
    "audience of discovery": (token(aud=DISCOVERY), "audience"),
    "audience of feedback": (token(aud=f"{SERVICE}/feedback"), "audience"),
    "audience by Host": (token(aud=f"http://localhost{ADDRESS}"), "audience"),
    "no audience": (token(aud=None), "audience"),
    "expired": (token(iat=NOW - 600, exp=NOW - 300), "expired"),
    "no exp": (token(exp=None), "times"),
    "exp as text": (token(exp=str(NOW + 300)), "times"),
    "exp true": (token(exp=True), "times"),
    "issued in the future": (token(iat=NOW + 600, exp=NOW + 900), "not yet"),
    "not before the future": (token(nbf=NOW + 600), "not yet"),
    "no iat": (token(iat=None), "times"),
    "lives for a day": (token(exp=NOW + 86400), "lives too long"),
    "expires before it was issued": (token(iat=NOW + 10, exp=NOW + 5), "lives too long"),
    "tenant as number": (token(tenant=7), "tenant"),
    "no jti": (token(jti=None), "jti"),
    "jti as number": (token(jti=7), "jti"),
}


@pytest.mark.parametrize(("bad", "reason"), REFUSED.values(), ids=REFUSED.keys())
@pytest.mark.verifies("client-token", "client-token-algorithm", "client-token-audience", "hook-10")
def test_refused_tokens_get_401_and_no_reason(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, bad: str | None, reason: str
) -> None:
    """The client learns nothing but 401, the same OperationOutcome for every fault, which browsers may read; the log has the reason
    and never the token."""
    caplog.set_level(logging.DEBUG)
    response = sign(service(tmp_path), bad)
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert response.get_json() == {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": "error",
                "code": "login",
                "details": {"text": "a token of a client that is known here is needed"},
            }
        ],
    }
    assert response.headers["Access-Control-Allow-Origin"] == "https://ehr.example"
    lines = [json.loads(LogLine().format(record)) for record in caplog.records if record.name == "cds_service"]
    (line,) = [line for line in lines if line["said"] == "token refused"]
    assert (line["said"], line["reason"], line.get("issuer")) == (
        "token refused",
        reason,
        None if reason in ("no token", "malformed", "algorithm", "issuer") else ISSUER,
    )
    for part in (bad or "").split("."):
        assert len(part) < 9 or part not in json.dumps(lines)


def test_a_token_elsewhere_than_in_the_header_is_none(tmp_path: Path) -> None:
    """Tokens in the query, in the body, under another scheme, or twice in the header are not looked at."""
    client = service(tmp_path)
    assert sign(client, None, f"{ADDRESS}?access_token={token()}").status_code == 401
    assert sign(client, None, access_token=token()).status_code == 401
    assert client.post(ADDRESS, json={}, headers={"Authorization": f"Basic {token()}"}).status_code == 401
    assert client.post(ADDRESS, json={}, headers=[("Authorization", f"Bearer {token()}")] * 2).status_code == 401


def test_tenants_that_are_not_listed_are_refused(tmp_path: Path) -> None:
    """Where a client's tenants are listed, a token names one of them."""
    client = service(tmp_path, tenants=["north"])
    assert [sign(client, token(tenant=tenant)).status_code for tenant in ("north", "south", None)] == [200, 401, 401]


def test_feedback_takes_its_own_audience_and_that_of_its_service(tmp_path: Path) -> None:
    """Feedback is called with a token for the feedback URL or the service's."""
    client = service(tmp_path)
    for audience, status in ((f"{SERVICE}/feedback", 400), (SERVICE, 400), (DISCOVERY, 401)):
        assert sign(client, token(aud=audience), f"{ADDRESS}/feedback").status_code == status


def test_discovery_is_open_unless_the_file_protects_it(tmp_path: Path) -> None:
    """Discovery asks for a token only with ``discovery: protected``; preflights never do."""
    assert service(tmp_path).get("/cds-services").status_code == 200
    client = service(tmp_path, discovery="protected")
    assert client.get("/cds-services").status_code == 401
    assert client.get("/cds-services", headers={"Authorization": f"Bearer {token(aud=DISCOVERY)}"}).status_code == 200
    for address in ("/cds-services", ADDRESS, f"{ADDRESS}/feedback"):
        preflight = {"Origin": "https://ehr.example", "Access-Control-Request-Method": "POST"}
        assert client.options(address, headers=preflight).status_code == 200


# replay


@pytest.mark.verifies("client-token")
def test_a_token_is_used_once_unless_the_client_may_reuse_it(tmp_path: Path) -> None:
    """The second use is refused, whatever the body; with ``replay: allow`` a test kit sends two bodies with one token."""
    for replay, second in (("refuse", 401), ("allow", 200)):
        client, once = service(tmp_path, replay=replay), token()
        assert [sign(client, once).status_code, sign(client, once, hookInstance="another").status_code] == [200, second]


def test_a_refused_token_uses_nobodys_id_up(tmp_path: Path) -> None:
    """A forged token with the id of a good one does not keep the good one out."""
    client = service(tmp_path)
    assert sign(client, token(key("k1", "P-521"), alg="ES512", jti="j")).status_code == 401
    assert sign(client, token(jti="j")).status_code == 200


USER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from cds_service.store.store import Store
from cds_service.serving.app import create_app
from cds_service.configuration.configuration import Configuration
from cds_service.security.access import Access
from cds_service.security.clients import read_clients
from cds_service.security.outbound import Outbound
from tests.security.signing import PUBLIC_URL
from tests.security.test_client_tokens import sign
store = Store(sys.argv[1])
now = datetime.fromtimestamp(int(sys.argv[3]), UTC)
held = Access(Outbound(), read_clients(Path(sys.argv[2]) / "clients.yaml"), PUBLIC_URL, now=lambda: now)
client = create_app(store=store, access=held).test_client()
print([sign(client, line.strip()).status_code for line in sys.stdin])
store.close()
"""


@pytest.mark.server
def test_processes_share_the_tokens_that_were_used(tmp_path: Path) -> None:
    """Three processes are sent the same tokens at once: each is accepted exactly once."""
    url = f"sqlite:///{tmp_path}/store.sqlite"
    engine = engine_for(url)
    upgrade(engine)
    engine.dispose()
    sent = tmp_path / "tokens"
    sent.write_text("\n".join(token() for _ in range(10)), encoding="utf-8")
    access(tmp_path)
    processes = []
    for _ in range(3):
        with sent.open("rb") as tokens:
            run = [sys.executable, "-c", USER, url, str(tmp_path), str(NOW)]
            processes.append(
                subprocess.Popen(run, stdin=tokens, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=shipped_content())
            )
    ended = [(*process.communicate(timeout=60), process.returncode) for process in processes]
    assert [code for *_, code in ended] == [0, 0, 0], ended
    statuses = [json.loads(out) for out, *_ in ended]
    assert [sorted(of_one) for of_one in zip(*statuses, strict=True)] == [[200, 401, 401]] * 10


def test_a_store_that_fails_trusts_no_token(tmp_path: Path) -> None:
    """When the store cannot say whether a good token was used, the answer is 503 with an OperationOutcome; a forged one is 401."""
    store = Store(f"sqlite:///{tmp_path}/missing/store.sqlite")
    client = service(tmp_path, store=store)
    response = sign(client, token())
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert response.get_json()["resourceType"] == "OperationOutcome"
    assert [issue["code"] for issue in response.get_json()["issue"]] == ["transient"]
    assert response.headers["Access-Control-Allow-Origin"] == "https://ehr.example"
    assert sign(client, token(aud="x")).status_code == 401
    store.close()


# keys by URL


def test_keys_are_fetched_from_the_registered_url_and_kept(tmp_path: Path, serving: Serving) -> None:
    """The first token fetches the key set, the next ones do not; a key unknown to it fetches once more and no oftener."""
    server = serving(says(json.dumps(key_set(key())).encode()))
    jku = f"http://127.0.0.1:{server.port}/keys.json"
    client = service(tmp_path, jku=jku)
    assert [sign(client, token(header={"jku": jku})).status_code, sign(client, token()).status_code] == [200, 200]
    assert len(server.seen) == 1
    assert [sign(client, token(header={"kid": f"garbage{n}"})).status_code for n in range(5)] == [401] * 5
    assert len(server.seen) == 1  # the fetch of a moment ago counts


@pytest.mark.verifies("client-keys")
def test_pinned_keys_serve_a_client_that_names_a_url_of_its_keys(tmp_path: Path, serving: Serving) -> None:
    """With keys pinned, a ``jku`` in the token's header is compared with the registered one and never fetched, nor is an unknown key
    looked for there."""
    server = serving(says(json.dumps(key_set(key("k2"))).encode()))
    jku = f"http://127.0.0.1:{server.port}/keys.json"
    client = service(tmp_path, jku=jku, keys=key_set(key()))
    assert [sign(client, token(header=header)).status_code for header in ({}, {"jku": jku})] == [200, 200]
    assert sign(client, token(header={"jku": f"{jku}?other"})).status_code == 401
    assert sign(client, token(key("k2"), header={"jku": jku, "kid": "k2"})).status_code == 401
    assert server.seen == []


@pytest.mark.verifies("client-keys")
def test_pinned_keys_alone_serve_tokens_with_any_jku(tmp_path: Path, serving: Serving, caplog: pytest.LogCaptureFixture) -> None:
    """Where keys are pinned and no URL is registered, a ``jku`` changes nothing: the pinned keys verify, and it is never fetched.

    A token signed with a key that stands only there is refused.
    """
    server = serving(says(json.dumps(key_set(key("k2"))).encode()))
    client, jku = service(tmp_path), f"http://127.0.0.1:{server.port}/keys.json"
    assert [sign(client, token(header={"jku": one})).status_code for one in (jku, "https://evil.example/keys")] == [200, 200]
    assert sign(client, token(key("k2"), header={"jku": jku, "kid": "k2"})).status_code == 401
    assert sign(client, token(key("k2"), header={"jku": jku, "kid": "k1"})).status_code == 401
    assert server.seen == []


def test_a_jku_that_is_not_the_registered_one_is_not_fetched(tmp_path: Path, serving: Serving) -> None:
    """Neither the named URL nor the registered one is called for a token with another jku, nor for an unknown issuer."""
    registered, named = serving(says(b"{}")), serving(says(json.dumps(key_set(key())).encode()))
    client = service(tmp_path, jku=f"http://127.0.0.1:{registered.port}/keys")
    assert sign(client, token(header={"jku": f"http://127.0.0.1:{named.port}/keys"})).status_code == 401
    assert (
        sign(client, token(iss="https://other.example", header={"jku": f"http://127.0.0.1:{named.port}/keys"})).status_code == 401
    )
    assert (registered.seen, named.seen) == ([], [])


def test_keys_are_kept_while_their_host_is_down_and_rotate_when_it_is_back(tmp_path: Path, serving: Serving) -> None:
    """A known key works for a day without its host, a new one is found by one fetch, and a withdrawn one ends with the hour."""
    published: list[Any] = [key_set(key())]

    def answer(one: Any) -> None:
        says(json.dumps(published[0]).encode(), 200 if published[0] else 500)(one)

    server, clock = serving(answer), [0.0]
    jku = f"http://127.0.0.1:{server.port}/keys"
    client = Client(ISSUER, jku, {}, (), False, frozenset())
    keys = ClientKeys(Outbound(development=True), lambda: clock[0])
    assert keys.find(client, "k1")
    published[0] = None
    clock[0] = 5 * 3600.0
    assert keys.find(client, "k1")
    clock[0] += PAUSE + 1
    assert keys.find(client, "k2") is None
    before = len(server.seen)
    for _ in range(20):
        assert keys.find(client, "k2") is None
    assert len(server.seen) == before
    published[0] = key_set(key("k2"))
    clock[0] += PAUSE + 1
    assert keys.find(client, "k2")
    assert keys.find(client, "k1") is None
    published[0] = None
    clock[0] += 25 * 3600
    assert keys.find(client, "k2") is None


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"keys": {}}', b"x" * 300_000, b'{"keys": [1, {"kty": "oct", "k": "AA", "kid": "k1"}]}']
)
def test_a_key_set_that_is_none_verifies_nothing(tmp_path: Path, serving: Serving, body: bytes) -> None:
    """Whatever stands at the registered URL, a token without a usable key is refused and nothing fails."""
    server = serving(says(body))
    assert sign(service(tmp_path, jku=f"http://127.0.0.1:{server.port}/keys"), token()).status_code == 401


# what the view gets


def test_the_view_gets_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is made for the checked client: its issuer, tenant, and the FHIR servers that may be read for it."""
    got: list[Any] = []

    def answer(*given: Any) -> dict[str, Any]:
        got.extend(one for one in given if isinstance(one, Caller))
        return {}

    monkeypatch.setattr("cds_service.hooks.calls.answer", answer)
    assert sign(service(tmp_path), token(tenant="north")).status_code == 200
    assert (got[0].issuer, got[0].fhir_servers, got[0].tenant) == (ISSUER, ("https://ehr.example/fhir",), "north")
