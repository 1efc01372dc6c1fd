"""The reception, which reads each request before a thread answers it.

A request is read whole first, so clients that send slowly keep nobody else waiting.

Granian gives a WSGI application its thread when the head of a request is there; a body that never comes then holds that
thread for good. Here bodies are awaited beside each other on the worker's event loop (RSGI), under a deadline and a
bound on the memory they take, and the application gets a thread when all of the body is there.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from queue import SimpleQueue
from threading import Thread
from typing import Any

from flask import Flask
from werkzeug.test import run_wsgi_app

from cds_service.hooks.calls import Calls
from cds_service.hooks.discovery import SERVICES
from cds_service.hooks.received.bodies import ENCODED
from cds_service.serving.arrivals import BUSY, Arrival, Arrivals
from cds_service.serving.operations import REFUSED, TWICE

SMALL = 131_072
"""The most bytes of a body answered on the event loop.

It is answered between two turns of the loop, which waits meanwhile.
"""
CALLS = {f"/cds-services/{service}": service for service in SERVICES}
OBJECTS = 20_000
"""Objects made, and not yet freed, at which Python looks for garbage."""
TOO_LARGE = 413
ONCE = ("authorization", "host", "content-length")
AT_ONCE = 262_144
"""The most bytes of a body that is awaited in one piece.

Each piece costs a turn of the event loop.
"""


@dataclass(frozen=True, slots=True)
class Patience:
    """Limits of a worker.

    ``body``: seconds that a body may take to arrive; ``turn``: seconds that a request waits for a thread; ``threads``:
    requests that are answered at once; ``room``: bytes of all bodies that are still arriving.
    """

    body: float = 10.0
    turn: float = 2.0
    threads: int = 64
    room: int = 48 * 1024 * 1024


class Reception:
    """An RSGI application in front of a WSGI application.

    It reads requests and hands them on whole.
    """

    def __init__(self, application: Flask, patience: Patience, calls: Calls | None = None, prefix: str = "") -> None:
        """Take the application and the limits of its worker.

        Small calls of few orders that can wait for nothing are answered by ``calls``, if it is given: between two turns
        of the event loop, without a thread and without the application. ``prefix`` is the path that a proxy may leave
        before the addresses.
        """
        self._application = application
        self._calls = calls
        self._services = CALLS | {prefix + path: service for path, service in CALLS.items()}
        self._largest = int(application.config["MAX_CONTENT_LENGTH"])
        self._patience = patience
        self._turns = asyncio.Semaphore(patience.threads)
        self._waiting: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._arrivals = Arrivals(patience.body, patience.room)
        self._answering = self._threads = 0

    async def __rsgi__(self, scope: Any, proto: Any) -> None:
        """Read one request and answer it."""
        body: bytes | int
        try:
            body = await self._read(scope, proto)
        except (RuntimeError, OSError):  # the client went away before it had sent all; there is nobody to answer
            proto.response_empty(400, [])
            return
        if self._calls and isinstance(body, bytes) and waits_for_nothing(scope, body, self._services):
            reply = self._calls.at_once(body, self._services[scope.path])
            if reply is not None:
                headers = [("Content-Type", reply.media_type), ("Content-Length", str(len(reply.body)))]
                proto.response_bytes(reply.status, headers, reply.body)
                return
        if self._turns.locked():
            try:
                async with asyncio.timeout(self._patience.turn):
                    await self._turns.acquire()
            except TimeoutError:
                self._answer(environment(scope, BUSY), proto)  # a refusal takes microseconds
                return
        else:
            await self._turns.acquire()
        self._answering += 1
        try:
            await self._hand_over(scope, body, proto)
        finally:
            self._answering -= 1
            self._turns.release()

    async def _hand_over(self, scope: Any, body: bytes | int, proto: Any) -> None:
        """Have a thread answer a request.

        There are as many threads as there were ever requests at once.
        """
        if self._answering > self._threads:
            self._threads += 1
            Thread(target=self._work, name=f"request-{self._threads}", daemon=True).start()
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[None] = loop.create_future()
        self._waiting.put(lambda: self._answer_for(loop, answered, environment(scope, body), proto))
        await answered

    async def _read(self, scope: Any, proto: Any) -> bytes | int:
        """Return the body of a request, or the status for its refusal."""
        headers = scope.headers
        if said_twice(headers):
            return TWICE
        announced = headers.get("content-length") or "0"
        size = int(announced) if announced.isdigit() else 0
        if size > self._largest:
            return TOO_LARGE
        in_chunks = "transfer-encoding" in headers
        if size == 0 and not in_chunks and scope.method in ("GET", "HEAD", "OPTIONS"):
            return b""
        known = 0 < size <= AT_ONCE and not in_chunks
        arrival = self._arrivals.begin(size if known else 0)
        try:
            return bytes(await proto()) if known else await self._in_chunks(proto, arrival)
        except asyncio.CancelledError:
            if not arrival.refused or (arrival.task and arrival.task.uncancel()):
                raise
            return arrival.refused
        finally:
            self._arrivals.end(arrival)

    async def _in_chunks(self, proto: Any, arrival: Arrival) -> bytes | int:
        body = bytearray()
        async for chunk in proto:
            body += chunk
            if len(body) > self._largest:
                return TOO_LARGE
            self._arrivals.takes(arrival, len(body))
        return bytes(body)

    def _work(self) -> None:
        """Answer one waiting request after the other, as each thread does."""
        while True:
            self._waiting.get()()

    def _answer_for(
        self, loop: asyncio.AbstractEventLoop, answered: asyncio.Future[None], environ: dict[str, Any], proto: Any
    ) -> None:
        """Answer in a thread, then tell the event loop."""
        failed: BaseException | None = None
        try:
            self._answer(environ, proto)
        except BaseException as error:  # the thread lives on; the event loop, and so the server's log, gets the error
            failed = error
        with suppress(RuntimeError):  # the event loop is closed: the worker is ending
            loop.call_soon_threadsafe(_done, answered, failed)

    def _answer(self, environ: dict[str, Any], proto: Any) -> None:
        content, status, headers = run_wsgi_app(self._application, environ, buffered=True)
        proto.response_bytes(int(status.split(" ", 1)[0]), list(headers), b"".join(content))


def _done(answered: asyncio.Future[None], failed: BaseException | None) -> None:
    if answered.cancelled():
        return
    if failed:
        answered.set_exception(failed)
    else:
        answered.set_result(None)


def said_twice(headers: Any) -> bool:
    """Tell whether a header of which one is meant stands twice.

    What is in front of the service may have believed the other one. Of two lengths that differ the server itself
    refuses the request (400); two that are the same it makes one.
    """
    return any(len(headers.get_all(name)) > 1 for name in ONCE)


def waits_for_nothing(scope: Any, body: bytes, services: Collection[str] = CALLS) -> bool:
    """Tell whether a request is a small call that need not wait.

    It is a call of the service that names no FHIR server, as it was written, and of no browser's script. Such a call is
    decided on what it holds, in a millisecond, where no tokens are checked. The names in JSON may be written with
    escapes, so a body with any of those is taken to name a server.
    """
    small = len(body) <= SMALL and scope.path in services and scope.method == "POST"
    plain = "origin" not in scope.headers and ENCODED not in scope.headers
    return small and plain and b"fhirServer" not in body and b"\\u" not in body


def environment(scope: Any, body: bytes | int) -> dict[str, Any]:
    """Make the WSGI environment (PEP 3333) of a request.

    It has the body, or the status that the application is to refuse the request with.
    """
    host, _, port = scope.server.rpartition(":")
    whole = body if isinstance(body, bytes) else b""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),  # the server has decoded it, once
        "QUERY_STRING": scope.query_string,
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": BytesIO(whole),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope.headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    environ["CONTENT_LENGTH"] = str(len(whole))
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ.pop("HTTP_CONTENT_LENGTH", None)
    environ.setdefault("HTTP_HOST", scope.authority or "")
    if isinstance(body, int):
        environ[REFUSED] = body
    return environ


def spare_the_collector() -> None:
    """Make Python's garbage collector look less often.

    What is held now stays, as it is told; what comes and goes is looked at less often. A request makes some thousand
    objects, almost all freed when it is answered; with a large content held, looking through them at every 700
    (Python's default) takes a tenth of the time of a large request.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS, 10, 10)
