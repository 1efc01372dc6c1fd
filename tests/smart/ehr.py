"""An EHR on this machine: an authorization server and a FHIR server that hold a client to every rule of a SMART launch.

Codes are bound to client, redirect, challenge and launch, taken once, and a second use revokes the token; ``aud`` is the FHIR server
to the letter; no error goes to an address that is not registered; the chart wants a token, its scopes and its patient.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from cds_service.fhir.elements import patient_of
from cds_service.fhir.scopes import Scopes
from tests.fhir_server import tokens

Json = dict[str, Any]
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@lru_cache
def signing_key(kid: str = "ehr-1") -> RSAKey:
    """A key of the EHR, the same for the same name."""
    return RSAKey.generate_key(2048, {"kid": kid})


@lru_cache
def client_key() -> ECKey:
    """The app's own key."""
    return ECKey.generate_key("P-384", {"kid": "app-1"})


@dataclass
class Registered:
    """How the app is registered with the EHR."""

    redirect: str
    client_id: str = "cds-service"
    auth: str = "public"
    secret: str = "a secret that both know"  # noqa: S105 - it guards nothing


@dataclass
class Granting:
    """A code that waits to be exchanged."""

    challenge: str
    redirect: str
    scope: str
    nonce: str
    launch: Json
    used: bool = False
    token: str = ""


@dataclass
class Ways:
    """How the EHR goes about it, where a test wants it otherwise than it is by default."""

    configuration: Json = field(default_factory=dict)
    token: Json = field(default_factory=dict)
    claims: Json = field(default_factory=dict)
    signer: RSAKey | None = None
    scope: str | None = None
    authorize_error: str = ""
    token_error: tuple[int, Json] | None = None
    write: int = 201
    keeps: bool = True
    changes: bool = False
    finds: bool = True
    says: Json | None = None


class Ehr(ThreadingHTTPServer):
    """The servers, the chart, and all that they were asked."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, chart: list[Json], redirect: str) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.chart = chart
        self.client = Registered(redirect)
        self.ways = Ways()
        self.origin = f"http://127.0.0.1:{self.server_port}"
        self.iss = f"{self.origin}/fhir"
        self.launches: dict[str, Json] = {}
        self.codes: dict[str, Granting] = {}
        self.tokens: dict[str, Json] = {}
        self.jtis: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self.written: list[Json] = []

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error of the test."""

    def launch(self, patient: str = "p1", **context: Any) -> str:
        """A launch of the app from a patient's chart; ``context`` is what comes with the token."""
        name = secrets.token_urlsafe(12)
        self.launches[name] = {"patient": patient} | context
        return name

    def kinds(self) -> set[str]:
        """The resource types that were asked for."""
        paths = [urlsplit(path).path for _, path in self.asked]
        return {path.split("/")[2] for path in paths if path.startswith("/fhir/")}


class Request(BaseHTTPRequestHandler):
    """One request to the EHR."""

    protocol_version = "HTTP/1.1"
    server: Ehr

    def do_GET(self) -> None:
        """Answers whatever is read."""
        parts = urlsplit(self.path)
        self.server.asked.append(("GET", unquote(self.path)))
        match parts.path:
            case "/fhir/.well-known/smart-configuration":
                self._say(200, self._configuration())
            case "/authorize":
                self._authorize(dict(parse_qsl(parts.query)))
            case "/jwks":
                self._say(200, {"keys": [signing_key().as_dict(private=False)]})
            case "/window":
                self._window(parts.query)
            case path if path.startswith("/fhir/"):
                self._read(path.removeprefix("/fhir/").split("/"), parse_qs(parts.query))
            case _:
                self._say(404, {})

    def do_POST(self) -> None:
        """Answers whatever is written."""
        self.server.asked.append(("POST", unquote(self.path)))
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/token":
            self._token(body)
        elif self.path == "/fhir/QuestionnaireResponse":
            self._write(body)
        else:
            self._say(404, {})

    def log_message(self, *args: Any) -> None:
        """Says nothing."""

    def _window(self, query: str) -> None:
        """A page of the EHR that shows an app in a frame."""
        address = escape(parse_qs(query)["app"][0])
        body = f'<!doctype html><html lang="en"><title>EHR</title><iframe title="App" src="{address}" width="900" height="700">'
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def _configuration(self) -> Json:
        origin = self.server.origin
        return {
            "issuer": self.server.iss,
            "jwks_uri": f"{origin}/jwks",
            "authorization_endpoint": f"{origin}/authorize",
            "token_endpoint": f"{origin}/token",
            "code_challenge_methods_supported": ["S256"],
            "grant_types_supported": ["authorization_code"],
            "capabilities": [
                "launch-ehr",
                "client-public",
                "client-confidential-asymmetric",
                "permission-v2",
                "sso-openid-connect",
            ],
        } | self.server.ways.configuration

    def _authorize(self, asked: dict[str, str]) -> None:
        ehr = self.server
        if asked.get("client_id") != ehr.client.client_id or asked.get("redirect_uri") != ehr.client.redirect:
            self._say(400, {"error": "not registered"})  # and nobody is sent anywhere
            return
        wrong = ehr.ways.authorize_error
        if asked.get("response_type") != "code":
            wrong = "unsupported_response_type"
        elif (
            asked.get("aud") != ehr.iss
            or asked.get("launch") not in ehr.launches
            or asked.get("code_challenge_method") != "S256"
            or len(asked.get("code_challenge", "")) != 43
            or len(asked.get("state", "")) < 32
            or "launch" not in asked.get("scope", "").split()
        ):
            wrong = "invalid_request"
        if wrong:
            self._redirect({"error": wrong, "error_description": "<b>said by the EHR</b>", "state": asked.get("state", "")})
            return
        code = secrets.token_urlsafe(16)
        ehr.codes[code] = Granting(
            asked["code_challenge"],
            asked["redirect_uri"],
            asked["scope"],
            asked.get("nonce", ""),
            ehr.launches.pop(asked["launch"]),
        )
        self._redirect({"code": code, "state": asked["state"]})

    def _token(self, body: bytes) -> None:
        ehr = self.server
        if self.headers.get("Content-Type") != "application/x-www-form-urlencoded":
            self._say(400, {"error": "invalid_request"})
            return
        form = dict(parse_qsl(body.decode()))
        if ehr.ways.token_error:
            self._say(*ehr.ways.token_error)
            return
        if not self._is_client(form):
            self._say(401, {"error": "invalid_client"})
            return
        granting = ehr.codes.get(form.get("code", ""))
        if granting is None or form.get("grant_type") != "authorization_code" or form.get("redirect_uri") != granting.redirect:
            self._say(400, {"error": "invalid_grant"})
            return
        if granting.used:
            ehr.tokens.pop(granting.token, None)
            self._say(400, {"error": "invalid_grant"})
            return
        made = urlsafe_b64encode(sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=").decode()
        if made != granting.challenge:
            self._say(401, {"error": "invalid_grant"})
            return
        granting.used, granting.token = True, secrets.token_urlsafe(32)
        scope = granting.scope if ehr.ways.scope is None else ehr.ways.scope
        ehr.tokens[granting.token] = {"scope": scope, "patient": granting.launch["patient"]}
        answer = {
            "access_token": granting.token,
            "token_type": "Bearer",
            "expires_in": 900,
            "scope": scope,
            **granting.launch,
        }
        if "openid" in scope.split():
            answer["id_token"] = self._id_token(granting.nonce)
        answer |= ehr.ways.token
        self._say(200, {name: value for name, value in answer.items() if value is not None})

    def _is_client(self, form: dict[str, str]) -> bool:
        client = self.server.client
        given = self.headers.get("Authorization", "")
        if client.auth == "client_secret_basic":
            return given == "Basic " + _basic(client) and "client_id" not in form
        if given or form.get("client_id") != client.client_id:
            return False
        if client.auth == "public":
            return "client_assertion" not in form
        claims = jwt.decode(form["client_assertion"], client_key(), algorithms=["ES384"]).claims
        fresh = claims["jti"] not in self.server.jtis
        self.server.jtis.add(claims["jti"])
        return (
            fresh
            and form.get("client_assertion_type") == ASSERTION
            and claims["iss"] == claims["sub"] == client.client_id
            and claims["aud"] == f"{self.server.origin}/token"
            and time.time() < claims["exp"] <= time.time() + 300
        )

    def _id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.server.iss,
            "aud": self.server.client.client_id,
            "sub": "u1",
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            "fhirUser": f"{self.server.iss}/Practitioner/dr1",
        } | self.server.ways.claims
        key = self.server.ways.signer or signing_key()
        header = {"alg": "RS256", "kid": "ehr-1"}
        return jwt.encode(header, {name: value for name, value in claims.items() if value is not None}, key, algorithms=["RS256"])

    def _may(self) -> Json | None:
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        held = self.server.tokens.get(token) if scheme == "Bearer" else None
        if held is None:
            self._say(401, {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "login"}]})
        return held

    def _read(self, path: list[str], query: dict[str, list[str]]) -> None:
        held = self._may()
        if held is None:
            return
        kind, patient = path[0], held["patient"]
        if Scopes(held["scope"]).access(kind, search=len(path) == 1) == "none":
            self._say(403, {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "forbidden"}]})
            return
        own = [r for r in self.server.chart if r["resourceType"] == kind and _is_of(r, patient)]
        if len(path) == 2:
            found = next((r for r in own if r["id"] == path[1]), None)
            self._say(200 if found else 404, found or {"resourceType": "OperationOutcome", "issue": []})
            return
        if query.get("patient", query.get("beneficiary", [""]))[0].removeprefix("Patient/") != patient:
            self._say(403, {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "forbidden"}]})
            return
        if "code" in query:
            codes = set(query["code"][0].split(","))
            own = [r for r in own if codes & set(tokens(r))]
        if kind == "QuestionnaireResponse" and not self.server.ways.finds:
            own = []
        self._say(200, {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": r} for r in own]})

    def _write(self, body: bytes) -> None:
        held, ways = self._may(), self.server.ways
        if held is None:
            return
        if "crs" not in held["scope"] and "QuestionnaireResponse.write" not in held["scope"]:
            self._say(403, {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "forbidden"}]})
            return
        made = json.loads(body)
        if ways.write == 0:
            self.close_connection = True
            return
        if ways.write >= 400:
            self._say(ways.write, ways.says or {"resourceType": "OperationOutcome", "issue": []})
            return
        if made["subject"]["reference"] != f"Patient/{held['patient']}" or "id" in made:
            self._say(422, {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "business-rule"}]})
            return
        made["id"] = f"qr{len(self.server.written) + 1}"
        self.server.written.append(made)
        if ways.keeps:
            self.server.chart.append(made | ({"item": []} if ways.changes else {}))
        self._say(ways.write, None, Location=f"{self.server.iss}/QuestionnaireResponse/{made['id']}/_history/1")

    def _redirect(self, query: dict[str, str]) -> None:
        self._say(302, None, Location=f"{self.server.client.redirect}?{urlencode(query)}")

    def _say(self, status: int, told: Json | None, **headers: str) -> None:
        body = b"" if told is None else json.dumps(told).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _basic(client: Registered) -> str:
    return b64encode(f"{quote(client.client_id, safe='')}:{quote(client.secret, safe='')}".encode()).decode()


def _is_of(resource: Json, patient: str) -> bool:
    about = patient_of(resource)
    return about in ("", f"Patient/{patient}") and (resource["resourceType"] != "Patient" or resource["id"] == patient)


@contextmanager
def ehr(chart: list[Json], redirect: str) -> Iterator[Ehr]:
    """An EHR that runs as long as the block."""
    made = Ehr(chart, redirect)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.shutdown()
        made.server_close()
        thread.join(5)
