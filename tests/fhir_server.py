"""A FHIR server on this machine that holds a chart and misbehaves as a test says; it keeps what it was asked and with what token."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import orjson

Json = dict[str, Any]
Trick = Callable[["Asked"], bool]
"""Answers a call in its own way and returns True, or leaves it to the chart and returns False."""


class Asked(BaseHTTPRequestHandler):
    """One call, as the server received it."""

    protocol_version = "HTTP/1.1"
    server: Served

    @property
    def kind(self) -> str:
        """The resource type asked for."""
        return urlsplit(self.path).path.removeprefix("/fhir/").split("/")[0]

    @property
    def query(self) -> dict[str, list[str]]:
        """The parameters."""
        return parse_qs(urlsplit(self.path).query)

    def do_GET(self) -> None:
        """Answers from the chart, unless the trick does."""
        self.server.asked.append((unquote(self.path), self.headers.get("Authorization", "")))
        if not self.server.trick(self):
            self.from_chart()

    def do_POST(self) -> None:
        """Answers a search whose parameters are in its body, as those too long for an address."""
        said = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        self.path = f"{self.path.removesuffix('/_search')}?{said}"
        self.do_GET()

    def from_chart(self) -> None:
        """What a lawful server answers: a read, or a search by patient, code and id."""
        path = urlsplit(self.path).path.removeprefix("/fhir/").split("/")
        held = [r for r in self.server.chart if r["resourceType"] == path[0]]
        if len(path) == 2:
            found = next((r for r in held if r["id"] == path[1]), None)
            self.say(found or {"resourceType": "OperationOutcome", "issue": []}, 200 if found else 404)
            return
        if "code" in self.query:
            codes = set(self.query["code"][0].split(","))
            held = [r for r in held if codes & set(tokens(r))]
        self.say(self.bundle(held))

    def bundle(self, resources: list[Json], **more: Any) -> Json:
        """A searchset that says what was executed."""
        links = [{"relation": "self", "url": f"{self.server.address}{self.path.removeprefix('/fhir')}"}]
        entries = [{"resource": resource} for resource in resources]
        return {"resourceType": "Bundle", "type": "searchset", "link": links, "entry": entries} | more

    def say(self, body: Json | bytes, status: int = 200, **headers: str) -> None:
        """Answers with a body."""
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Says nothing."""


def tokens(resource: Json) -> Iterator[str]:
    """How a search may name the codes of a resource: with the system, or without."""
    concepts = [resource.get("code", {}), *(part.get("code", {}) for part in resource.get("component", []))]
    for coding in (coding for concept in concepts for coding in concept.get("coding", [])):
        yield from (coding["code"], f"{coding['system']}|{coding['code']}")


class Served(ThreadingHTTPServer):
    """The server: its chart, its trick, and what it was asked."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, chart: list[Json], trick: Trick) -> None:
        super().__init__(("127.0.0.1", 0), Asked)
        self.chart, self.trick = chart, trick
        self.asked: list[tuple[str, str]] = []
        self.over = threading.Event()
        self.address = f"http://127.0.0.1:{self.server_port}/fhir"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error of the test."""

    def kinds(self) -> set[str]:
        """The resource types that it was asked for."""
        return {urlsplit(path).path.split("/")[2] for path, _ in self.asked}


@contextmanager
def fhir_server(chart: list[Json], trick: Trick = lambda _: False) -> Iterator[Served]:
    """A server that runs as long as the block."""
    served = Served(chart, trick)
    thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        served.over.set()
        served.shutdown()
        served.server_close()
        thread.join(5)


def hang(asked: Asked) -> None:
    """Keeps a call open until the server ends."""
    asked.server.over.wait(10)
    asked.close_connection = True


def cut(asked: Asked) -> None:
    """Closes the connection without a word."""
    asked.connection.shutdown(socket.SHUT_RDWR)
    asked.close_connection = True
