"""The reception: a request is read whole before a thread works on it, so clients that send slowly keep nobody else waiting.

Granian gives a WSGI application its thread when the head of a request is there; a body that never comes then holds that thread for
good. Here bodies are awaited beside each other on the worker's event loop (RSGI), under a deadline and a bound on the memory they
take, and the application gets a thread when all of the body is there.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Flask
from werkzeug.test import run_wsgi_app

from cds_service.operations import REFUSED

LATE, TOO_LARGE, BUSY = 408, 413, 503


@dataclass(frozen=True, slots=True)
class Patience:
    """What a worker puts up with. ``body``: seconds that a body may take to arrive; ``turn``: seconds that a request waits for a
    thread; ``threads``: requests that are answered at once; ``room``: bytes of all bodies that are still arriving."""

    body: float = 10.0
    turn: float = 2.0
    threads: int = 64
    room: int = 48 * 1024 * 1024


class Reception:
    """An RSGI application that reads requests and hands them, whole, to a WSGI application."""

    def __init__(self, application: Flask, patience: Patience) -> None:
        self._application = application
        self._largest = int(application.config["MAX_CONTENT_LENGTH"])
        self._patience = patience
        self._threads = ThreadPoolExecutor(patience.threads, thread_name_prefix="request")
        self._turns = asyncio.Semaphore(patience.threads)
        self._arriving: dict[asyncio.Timeout, int] = {}
        self._crowded_out: set[asyncio.Timeout] = set()

    async def __rsgi__(self, scope: Any, proto: Any) -> None:
        """Reads one request and answers it."""
        body: bytes | int
        try:
            body = await self._read(scope, proto)
        except (RuntimeError, OSError):  # the client went away before it had sent all; there is nobody to answer
            proto.response_empty(400, [])
            return
        try:
            async with asyncio.timeout(self._patience.turn):
                await self._turns.acquire()
        except TimeoutError:
            status, headers, content = self._answer(environment(scope, BUSY))  # a refusal takes microseconds
        else:
            try:
                loop = asyncio.get_running_loop()
                status, headers, content = await loop.run_in_executor(self._threads, self._answer, environment(scope, body))
            finally:
                self._turns.release()
        proto.response_bytes(status, headers, content)

    async def _read(self, scope: Any, proto: Any) -> bytes | int:
        """The body of a request, or the status that it is to be refused with."""
        announced = scope.headers.get("content-length") or "0"
        if announced.isdigit() and int(announced) > self._largest:
            return TOO_LARGE
        if scope.method in ("GET", "HEAD", "OPTIONS") and announced == "0" and "transfer-encoding" not in scope.headers:
            return b""
        limit = asyncio.timeout(self._patience.body)
        try:
            async with limit:
                return await self._arrive(proto, limit)
        except TimeoutError:
            return BUSY if limit in self._crowded_out else LATE
        finally:
            self._arriving.pop(limit, None)
            self._crowded_out.discard(limit)

    async def _arrive(self, proto: Any, limit: asyncio.Timeout) -> bytes | int:
        body = bytearray()
        async for chunk in proto:
            body += chunk
            self._arriving[limit] = len(body)
            if len(body) > self._largest:
                return TOO_LARGE
            if sum(self._arriving.values()) > self._patience.room:
                self._make_room()
        return bytes(body)

    def _make_room(self) -> None:
        """Gives up the body that takes the most memory."""
        largest = max(self._arriving, key=self._arriving.__getitem__)
        self._crowded_out.add(largest)
        self._arriving[largest] = 0
        largest.reschedule(asyncio.get_running_loop().time())

    def _answer(self, environ: dict[str, Any]) -> tuple[int, list[tuple[str, str]], bytes]:
        content, status, headers = run_wsgi_app(self._application, environ, buffered=True)
        return int(status.split(" ", 1)[0]), list(headers), _joined(content)


def environment(scope: Any, body: bytes | int) -> dict[str, Any]:
    """The WSGI environment (PEP 3333) of a request with its body, or with the status that the application is to refuse it with."""
    host, _, port = scope.server.rpartition(":")
    whole = body if isinstance(body, bytes) else b""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope.path).decode("latin-1"),
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


def _joined(content: Iterable[bytes]) -> bytes:
    return b"".join(content)
