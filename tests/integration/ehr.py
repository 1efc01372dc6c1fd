"""An EHR for tests: a FHIR server with members' charts in it, behind a door that demands the bearer token."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import requests

Json = dict[str, Any]
TOKEN = "token-of-the-test"  # noqa: S105 it opens only the door below
FHIR = "application/fhir+json"
LONGEST = 60
"""Seconds that the FHIR server may take for an answer before a test fails."""


@dataclass(frozen=True, slots=True)
class Passed:
    """One request that came to the door: whether its token was right, and what was asked."""

    method: str
    path: str
    authorized: bool


@dataclass(slots=True)
class Door:
    """The loopback address in front of a FHIR server, and what came to it."""

    url: str
    passed: list[Passed] = field(default_factory=list)


@contextmanager
def door(fhir_server: str) -> Iterator[Door]:
    """Passes requests with the token on to a FHIR server and refuses those without; links in answers lead back to the door."""
    place = urlsplit(fhir_server)

    class Porter(BaseHTTPRequestHandler):
        def pass_on(self) -> None:
            authorized = self.headers.get("Authorization") == f"Bearer {TOKEN}"
            opened.passed.append(Passed(self.command, self.path, authorized))
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if not authorized:
                self.say(401, b"{}", FHIR)
                return
            kept = {name: self.headers[name] for name in ("Accept", "Content-Type", "Host") if self.headers[name]}
            answer = requests.request(
                self.command, f"{place.scheme}://{place.netloc}{self.path}", data=body, headers=kept, timeout=LONGEST
            )
            self.say(answer.status_code, answer.content, answer.headers.get("Content-Type", FHIR))

        def say(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = pass_on  # noqa: N815 the names that http.server calls

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 as http.server has it
            """Nothing is written to stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Porter)
    opened = Door(f"http://127.0.0.1:{server.server_port}{place.path}")
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield opened
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True, slots=True)
class Ehr:
    """What an EHR does with its own FHIR server."""

    url: str

    def call(self, method: str, path: str, **sent: Any) -> Json:
        """One interaction with the FHIR server, which must succeed."""
        headers = {"Authorization": f"Bearer {TOKEN}", "Accept": FHIR} | sent.pop("headers", {})
        url = path if path.startswith(self.url) else f"{self.url}/{path}"
        answer = requests.request(method, url.rstrip("/"), headers=headers, timeout=LONGEST, **sent)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        found: Json = json.loads(answer.content)
        return found

    def put(self, resource: Json) -> Json:
        """Updates (or creates) a resource and gives it as the server holds it."""
        path = f"{resource['resourceType']}/{resource['id']}"
        return self.call("PUT", path, data=json.dumps(resource), headers={"Content-Type": FHIR})

    def load(self, resources: list[Json]) -> None:
        """Stores resources in one transaction."""
        entries = [
            {"resource": one, "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}} for one in resources
        ]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        self.call("POST", "", data=json.dumps(bundle), headers={"Content-Type": FHIR})

    def errors(self, resource: Json) -> list[str]:
        """What the server's validator finds wrong with a resource."""
        answer = requests.post(
            f"{self.url}/{resource['resourceType']}/$validate",
            data=json.dumps(resource),
            headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": FHIR},
            timeout=LONGEST,
        )
        issues = answer.json()["issue"]
        return [str(one.get("diagnostics")) for one in issues if one["severity"] in ("error", "fatal")]

    def prefetch(self, template: str, patient: str) -> Json:
        """What a prefetch template finds for a patient: a resource, or a searchset with all its pages in one."""
        query = template.replace("{{context.patientId}}", patient)
        kind, _, parameters = query.partition("?")
        if not parameters:
            return self.call("GET", query)
        form = {"Content-Type": "application/x-www-form-urlencoded"}  # thousands of codes do not fit into a URL
        bundle = page = self.call("POST", f"{kind}/_search", data=parameters, headers=form)
        while further := [link["url"] for link in page.get("link", []) if link["relation"] == "next"]:
            page = self.call("GET", further[0])
            bundle.setdefault("entry", []).extend(page.get("entry", []))
        bundle["link"] = [link for link in bundle.get("link", []) if link["relation"] == "self"]
        return bundle


def renamed(resources: list[Json], name: str) -> list[Json]:
    """The resources of one chart with ids of their own, so that several charts fit into one server."""
    text = json.dumps(resources)
    for one in sorted({f"{each['resourceType']}/{each['id']}" for each in resources}):
        kind, _, id_ = one.partition("/")
        text = re.sub(rf'"{kind}/{re.escape(id_)}"', f'"{kind}/{name}-{id_}"', text)
    found: list[Json] = json.loads(text)
    return [each | {"id": f"{name}-{each['id']}"} for each in found]
