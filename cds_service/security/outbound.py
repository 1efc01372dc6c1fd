"""The guard of every outbound call: where it may go, how long it may take and how much it may bring back.

A call goes to an allowed URL prefix, over https, to an address of the public internet that was checked and is the one connected to;
it follows no redirect and uses no proxy, cookie or password of the environment. Nothing here logs, and no exception holds a URL,
a header or what a server said.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from http.client import HTTPException
from typing import NamedTuple

import requests
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import DecodeError, HTTPError

from cds_service.security.addresses import may_connect
from cds_service.security.connections import CALL, Call, CheckedAdapter
from cds_service.security.unreached import NotAllowed, Unreachable
from cds_service.security.urls import Address, allows, read_url

__all__ = ["NotAllowed", "Outbound", "Reply", "Unreachable"]

RESOLVERS = 8
"""Names that are resolved at once. A name server that hangs keeps one of them for as long as the system lets it."""
CHUNK = 64 * 1024
"""Bytes of a body, decompressed, that are read at once."""
Resolve = Callable[[str, int], Sequence[str]]


class Reply(NamedTuple):
    """What a server answered: its status (no redirect), its headers by any spelling, and its whole body, decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Outbound:
    """Makes outbound calls. One for each process; threads share it and its open connections."""

    def __init__(self, *, development: bool = False, ca_bundle: str | None = None, resolve: Resolve | None = None) -> None:
        """``development`` also lets calls go to this machine (loopback), there by http too, and to nothing else that is private.

        ``ca_bundle`` is a file of certificates to trust in place of the public ones; ``resolve`` gives the addresses of a name.
        Raises OSError when the file cannot be read.
        """
        self._development = development
        self._adapter = CheckedAdapter(ca_bundle)
        self._resolve = resolve or _addresses_of
        self._resolving = ThreadPoolExecutor(RESOLVERS, thread_name_prefix="resolve")

    def get(
        self, url: str, *, allowed: Sequence[str], headers: Mapping[str, str] | None = None, deadline: float, largest: int
    ) -> Reply:
        """Gets a URL that lies below one of the ``allowed`` prefixes. The whole call is over by ``deadline`` (``time.monotonic``
        seconds), and its body has at most ``largest`` bytes, decompressed.

        Raises NotAllowed before anything is sent, Unreachable afterwards.
        """
        return self._called("GET", url, None, allowed, headers or {}, deadline, largest)

    def post(
        self,
        url: str,
        body: bytes,
        *,
        allowed: Sequence[str],
        headers: Mapping[str, str] | None = None,
        deadline: float,
        largest: int,
    ) -> Reply:
        """Posts a question to a URL, within the same limits as ``get``. It may be sent twice, so it must change nothing there."""
        return self._called("POST", url, body, allowed, headers or {}, deadline, largest)

    def _called(
        self,
        method: str,
        url: str,
        body: bytes | None,
        allowed: Sequence[str],
        headers: Mapping[str, str],
        deadline: float,
        largest: int,
    ) -> Reply:
        address = self._allowed(url, allowed)
        prepared, refused = _prepared(method, url, body, headers)
        if prepared is None:
            raise NotAllowed(refused)
        while True:
            call = Call(deadline, lambda host, port: self._checked(address, host, port, deadline))
            outcome = self._sent(prepared, call, largest)
            if isinstance(outcome, Reply):
                return outcome
            if outcome == "connection" and not call.fresh and time.monotonic() < deadline:
                continue  # the server had closed a connection that was kept open; a call without a fresh one has not failed yet
            raise Unreachable(outcome)

    def close(self) -> None:
        """Closes the connections that are kept open."""
        self._adapter.close()
        self._resolving.shutdown(wait=False, cancel_futures=True)

    def _allowed(self, url: str, allowed: Sequence[str]) -> Address:
        try:
            address = read_url(url)
            listed = allows(allowed, address)
        except ValueError as error:
            why = f"the URL or the allow-list cannot be used: {error}"
        else:
            if address.scheme != "https" and not self._development:
                why = "https is required"
            elif not listed:
                why = "the URL is outside the allowed prefixes"
            else:
                return address
        raise NotAllowed(why)

    def _checked(self, address: Address, host: str, port: int, deadline: float) -> Sequence[str]:
        """The addresses of a host, each of them checked. Raises NotAllowed, _Unnamed, or TimeoutError."""
        if (host.strip("[]").lower(), port) != (address.host, address.port):
            raise NotAllowed("the connection would go to another host than the URL names")
        found = self._resolving.submit(self._resolve, address.host, port)
        try:
            addresses = tuple(found.result(timeout=max(0.0, deadline - time.monotonic())))
        except NotYet:
            found.cancel()
            raise TimeoutError from None
        except (OSError, UnicodeError):
            raise _Unnamed from None
        if not addresses:
            raise _Unnamed
        here = self._development and all(may_connect(ip, loopback=True) for ip in addresses)
        if not here and address.scheme != "https":
            raise NotAllowed("https is required but for addresses of this machine")
        if not here and not all(may_connect(ip) for ip in addresses):
            raise NotAllowed("the host has an address that is not of the public internet")
        return addresses

    def _sent(self, prepared: requests.PreparedRequest, call: Call, largest: int) -> Reply | str:
        """The reply, or why there is none. Errors of requests hold the request with its headers, so they end here."""
        mine = CALL.set(call)
        try:
            response = self._adapter.send(prepared, stream=True, timeout=call.left(), proxies={})
            return _read(response, largest)
        except _Unnamed:
            return "name"
        except (requests.RequestException, HTTPError, HTTPException, OSError) as error:
            return _why(error, call)
        finally:
            CALL.reset(mine)


class _Unnamed(Exception):
    """The name has no address."""


def _prepared(method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> tuple[requests.PreparedRequest | None, str]:
    try:
        prepared = requests.Request(
            method, url, headers={"Accept-Encoding": "gzip", "User-Agent": "cds-service"} | dict(headers), data=body
        ).prepare()
        for value in prepared.headers.values():
            value.encode("ascii")
    except (requests.RequestException, ValueError):
        return None, "a header or the URL cannot be sent"
    return prepared, ""


def _read(response: requests.Response, largest: int) -> Reply | str:
    """The whole body, or why it was not read. A connection with anything left to read is closed."""
    try:
        if 300 <= response.status_code < 400:
            return "redirect"
        said = response.headers.get("Content-Length", "")
        if said.isascii() and said.isdigit() and int(said[:20]) > largest:
            return "too large"
        body = bytearray()
        chunks: Iterator[bytes] = response.raw.stream(CHUNK, decode_content=True)
        for chunk in chunks:
            body += chunk
            if len(body) > largest:
                return "too large"
        return Reply(response.status_code, CaseInsensitiveDict(response.headers), bytes(body))
    finally:
        response.close()


def _why(error: BaseException, call: Call) -> str:
    """The short code of a failure, found along the chain of what caused it."""
    causes: list[BaseException] = []
    pending: list[object] = [error]
    while pending:
        cause = pending.pop()
        if isinstance(cause, BaseException) and cause not in causes:
            causes.append(cause)
            pending += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
    if time.monotonic() >= call.deadline or any(isinstance(cause, TimeoutError | requests.Timeout) for cause in causes):
        return "timeout"
    if any(isinstance(cause, ssl.SSLError | requests.exceptions.SSLError) for cause in causes):
        return "tls"
    return "encoding" if any(isinstance(cause, DecodeError) for cause in causes) else "connection"


def _addresses_of(host: str, port: int) -> Sequence[str]:
    """What the system's resolver says. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
