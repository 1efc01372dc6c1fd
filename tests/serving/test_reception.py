"""The reception: which calls are answered on the event loop, by the same reply as the application's, and what bodies may take."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask

from bench.bodies import BODIES, body_of
from cds_service.cli.serve import processors
from cds_service.content.content import Content
from cds_service.hooks.settings import Settings
from cds_service.serving.app import CALLS, create_app
from cds_service.serving.reception import SMALL, Patience, Reception, waits_for_nothing
from tests.conftest import TODAY

CALL = "/cds-services/medical-policy"
BODY = json.dumps({"hook": "order-sign", "prefetch": {"patient": {"name": "Müller"}}}, ensure_ascii=False).encode()


class Headers(dict[str, str]):
    """Headers as the server tells them; one that stands twice has a line break between its values."""

    def get_all(self, name: str) -> list[str]:
        """All values of a header."""
        return self[name].split("\n") if name in self else []


@dataclass(frozen=True)
class Scope:
    """The head of a request, as the server tells it."""

    path: str = CALL
    method: str = "POST"
    headers: dict[str, str] = field(default_factory=dict)
    query_string: str = ""
    scheme: str = "http"
    http_version: str = "1.1"
    server: str = "127.0.0.1:8080"
    client: str = "127.0.0.1:50000"
    authority: str | None = None


class Wire:
    """The body of a request and its answer, as the server passes them on; a body of None never comes."""

    def __init__(self, body: bytes | None) -> None:
        self._body = body
        self.status, self.headers, self.answer = 0, dict[str, str](), b""

    def __call__(self) -> Awaitable[bytes]:
        """The body in one piece."""
        return self._whole()

    async def _whole(self) -> bytes:
        if self._body is None:
            await asyncio.Event().wait()
        return self._body or b""

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._pieces()

    async def _pieces(self) -> AsyncIterator[bytes]:
        for at in range(0, len(self._body or b""), 1000):
            yield (self._body or b"")[at : at + 1000]
        if self._body is None:
            await asyncio.Event().wait()

    def response_bytes(self, status: int, headers: list[tuple[str, str]], answer: bytes) -> None:
        """Takes the answer."""
        self.status, self.headers, self.answer = status, dict(headers), answer

    def response_empty(self, status: int, headers: list[tuple[str, str]]) -> None:
        """Takes an answer without a body."""
        self.response_bytes(status, headers, b"")


def receive(reception: Reception, scope: Scope, body: bytes | None, announced: int | None = None) -> Wire:
    """What a reception answers to one request."""
    wire = Wire(body)
    headers = {"content-length": str(announced if announced is not None else len(body or b""))} | scope.headers
    headers = {name: value for name, value in headers.items() if value}
    told = Scope(scope.path, scope.method, Headers(headers))
    asyncio.run(reception.__rsgi__(told, wire))
    return wire


@pytest.fixture
def app(content: Content) -> Flask:
    """The service."""
    return create_app(content, Settings(), lambda: TODAY)


@pytest.fixture
def forbidden(app: Flask) -> Flask:
    """The service, as long as nobody calls its WSGI application."""
    called = Flask("nobody")
    called.config["MAX_CONTENT_LENGTH"] = app.config["MAX_CONTENT_LENGTH"]
    called.extensions[CALLS] = app.extensions[CALLS]
    called.wsgi_app = lambda *_: pytest.fail("the application was called")  # type: ignore[method-assign]
    return called


@pytest.mark.parametrize(
    ("scope", "body", "expected"),
    [
        (Scope(), BODY, True),
        (Scope(), b"not JSON at all", True),
        (Scope(), b"", True),
        (Scope(), BODY.replace(b'"hook"', b'"fhirServer": "https://ehr.example/fhir", "hook"'), False),
        (Scope(), BODY.replace(b'"hook"', rb'"\u0066hirServer": "https://ehr.example/fhir", "hook"'), False),
        (Scope(), BODY.replace(b'"hook"', rb'"fhir\u0053erver": "https://ehr.example/fhir", "hook"'), False),
        (Scope(), BODY + b" " * SMALL, False),
        (Scope(headers={"origin": "https://sandbox.example"}), BODY, False),
        (Scope(headers={"content-encoding": "gzip"}), BODY, False),
        (Scope(method="OPTIONS"), b"", False),
        (Scope(method="GET"), b"", False),
        (Scope(f"{CALL}/feedback"), BODY, False),
        (Scope("/cds-services"), b"", False),
        (Scope("/ready"), b"", False),
        (Scope("/"), b"", False),
    ],
)
def test_only_calls_that_wait_for_nothing_are_answered_on_the_loop(scope: Scope, body: bytes, expected: bool) -> None:
    """A small plain call that names no FHIR server, in whatever spelling, and comes from no browser's script; nothing else."""
    assert waits_for_nothing(scope, body) is expected


REQUESTS: dict[str, bytes] = {
    "no JSON": b"{",
    "no object": b"[]",
    "empty": b"",
    "nested too deeply": b'{"a":' * 2000 + b"1" + b"}" * 2000,
    "another hook": json.dumps({"hook": "patient-view", "hookInstance": "1", "context": {"patientId": "p"}}).encode(),
    "without its context": json.dumps({"hook": "order-sign", "hookInstance": "1"}).encode(),
}


@pytest.mark.parametrize("name", [*BODIES, *REQUESTS])
def test_both_doors_give_the_same_reply(name: str, app: Flask, forbidden: Flask, content: Content) -> None:
    """What is answered on the event loop is, status, media type and body, what the application answers to the same request."""
    body = REQUESTS[name] if name in REQUESTS else body_of(6_000, content, name)
    directly = receive(Reception(forbidden, Patience(), forbidden.extensions[CALLS]), Scope(), body)
    by_the_application = app.test_client().post(CALL, data=body, content_type="application/json")
    assert directly.status == by_the_application.status_code
    assert directly.answer == by_the_application.get_data()
    assert directly.headers["Content-Type"] == by_the_application.headers["Content-Type"]
    assert directly.headers["Content-Length"] == by_the_application.headers["Content-Length"]


def test_a_body_that_was_made_smaller_is_read_by_the_application(app: Flask, content: Content) -> None:
    """A small gzip body is answered as the plain one is."""
    body = body_of(6_000, content, next(iter(BODIES)))
    plain = receive(Reception(app, Patience(), app.extensions[CALLS]), Scope(), body)
    smaller = receive(
        Reception(app, Patience(), app.extensions[CALLS]), Scope(headers=Headers({"content-encoding": "gzip"})), gzip.compress(body)
    )
    assert (smaller.status, smaller.answer) == (plain.status, plain.answer) == (200, plain.answer)


def test_a_fault_of_ours_is_a_reply_too(app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """An error that nobody foresaw is answered with 500 and an OperationOutcome, and the log says where it happened."""

    def broken(*_: object) -> None:
        raise KeyError("Zanzibar7Q")

    monkeypatch.setattr("cds_service.hooks.calls.answer", broken)
    wire = receive(Reception(app, Patience(), app.extensions[CALLS]), Scope(), BODY)
    assert wire.status == 500
    assert json.loads(wire.answer)["issue"][0]["severity"] == "fatal"
    failed = next(record for record in caplog.records if record.getMessage() == "failed")
    assert failed.__dict__["error"] == "KeyError"
    assert any("test_reception" in frame for frame in failed.__dict__["at"])
    assert "Zanzibar7Q" not in wire.answer.decode() + caplog.text


@pytest.mark.parametrize("in_chunks", [False, True])
def test_calls_by_the_application_are_read_whole(in_chunks: bool, app: Flask, content: Content) -> None:
    """Without calls of its own a reception has the application answer, whether the body comes in one piece or in many."""
    body = body_of(6_000, content, "not-documented")
    chunked = Scope(headers={"transfer-encoding": "chunked", "content-length": ""})
    wire = receive(Reception(app, Patience()), chunked if in_chunks else Scope(), body)
    assert wire.status == 200
    assert len(json.loads(wire.answer)["cards"]) == 1


@pytest.mark.parametrize("in_chunks", [False, True])
def test_a_body_that_never_comes_is_refused(in_chunks: bool, app: Flask) -> None:
    """A request whose body is not there in its time gets 408 and an OperationOutcome."""
    chunked = Scope(headers={"transfer-encoding": "chunked", "content-length": ""})
    wire = receive(Reception(app, Patience(body=0.05)), chunked if in_chunks else Scope(), None, announced=1000)
    assert wire.status == 408
    assert json.loads(wire.answer)["resourceType"] == "OperationOutcome"


def test_where_bodies_take_too_much_room_the_largest_is_given_up(app: Flask) -> None:
    """Bodies that arrive at once may take so much memory; with one more, the one that takes the most gets 503, and only that."""
    reception = Reception(app, Patience(body=0.2, room=10_000))
    sizes = (4_000, 5_000, 3_000)
    wires = [Wire(None) for _ in sizes]

    async def together() -> None:
        heads = [Scope(headers=Headers({"content-length": str(size)})) for size in sizes]
        await asyncio.gather(*(reception.__rsgi__(head, wire) for head, wire in zip(heads, wires, strict=True)))

    asyncio.run(together())
    assert [wire.status for wire in wires] == [408, 503, 408]


def test_a_reception_that_is_stopped_stops(app: Flask) -> None:
    """A request that is cancelled by the server while its body arrives ends, and is not taken for a late one."""
    wire = Wire(None)

    async def stopped() -> Any:
        task = asyncio.create_task(Reception(app, Patience()).__rsgi__(Scope(headers=Headers({"content-length": "10"})), wire))
        await asyncio.sleep(0)
        task.cancel()
        return await asyncio.gather(task, return_exceptions=True)

    (ended,) = asyncio.run(stopped())
    assert isinstance(ended, asyncio.CancelledError)
    assert wire.status == 0


@pytest.mark.parametrize("header", ["authorization", "host", "content-length"])
def test_a_header_that_may_stand_once_and_stands_twice_is_refused(header: str, app: Flask) -> None:
    """Whatever is in front of the service may have believed the other one: 400 and an OperationOutcome, the body unread."""
    wire = receive(Reception(app, Patience(), app.extensions[CALLS]), Scope(headers={header: "1\n2"}), BODY)
    assert wire.status == 400
    assert "once" in wire.answer.decode()


@pytest.mark.parametrize("path", ["/cds%2Dservices", "/polici%65s/carelon"])
def test_a_path_is_decoded_once(path: str, app: Flask) -> None:
    """The server decodes a path; what is still encoded then names nothing of ours, whatever it would say decoded again."""
    assert receive(Reception(app, Patience()), Scope(path, "GET"), b"").status == 404


def test_there_is_at_least_one_processor() -> None:
    """``serve`` always has somebody to answer."""
    assert processors() >= 1
