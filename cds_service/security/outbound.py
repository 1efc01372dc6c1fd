"""The guard of every outbound call.

It decides where a call may go, how long it may take and how much it may bring back. A call goes to an allowed URL
prefix, over https, to an address of the public internet or of a private network that was named; the address was checked
and is the one connected to. It follows no redirect and uses no proxy, cookie or password of the environment. Nothing
here logs, and no exception holds a URL, a header or what a server said.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from http.client import HTTPException
from typing import NamedTuple

import requests
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import DecodeError, HTTPError

from cds_service.security.connections import CALL, CheckedAdapter, OutboundCall
from cds_service.security.resolver import NoAddress, Private, Resolve, Resolver
from cds_service.security.unreached import NotAllowed, Unreachable
from cds_service.security.urls import Address, allows, read_url

__all__ = ["NotAllowed", "Outbound", "ServerReply", "Unreachable"]

CHUNK = 64 * 1024
"""How much of a body is read at once, decompressed, in bytes."""


class ServerReply(NamedTuple):
    """What a server answered.

    It has its status (no redirect), its headers by any spelling, and its whole body, decompressed.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class Outbound:
    """The maker of outbound calls.

    There is one for each process; threads share it and its open connections.
    """

    def __init__(
        self,
        *,
        development: bool = False,
        ca_bundle: str | None = None,
        private: Sequence[Private] = (),
        resolve: Resolve | None = None,
    ) -> None:
        """Set up the guard.

        ``development`` also lets calls go to this machine (loopback), there by http too, and to nothing else that is
        private. ``ca_bundle`` is a file of certificates to trust in place of the public ones; ``private`` are the
        networks that were named; ``resolve`` gives the addresses of a name. Raises OSError when the file cannot be
        read.
        """
        self._development = development
        self._adapter = CheckedAdapter(ca_bundle)
        self._resolver = Resolver(development, private, resolve)

    def get(
        self, url: str, *, allowed: Sequence[str], headers: Mapping[str, str] | None = None, deadline: float, largest: int
    ) -> ServerReply:
        """Get a URL that lies below one of the ``allowed`` prefixes.

        The whole call is over by ``deadline`` (``time.monotonic`` seconds), and its body has at most ``largest`` bytes,
        decompressed. Raises NotAllowed before anything is sent, Unreachable afterwards.
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
        once: bool = False,
    ) -> ServerReply:
        """Post to a URL, within the limits of ``get``.

        It may be sent twice, so it must change nothing there. What changes something is sent ``once`` at most, over a
        connection of its own.
        """
        return self._called("POST", url, body, allowed, headers or {}, deadline, largest, once=once)

    def _called(
        self,
        method: str,
        url: str,
        body: bytes | None,
        allowed: Sequence[str],
        headers: Mapping[str, str],
        deadline: float,
        largest: int,
        *,
        once: bool = False,
    ) -> ServerReply:
        address = self._allowed(url, allowed)
        prepared, refused = _prepared(method, url, body, headers)
        if prepared is None:
            raise NotAllowed(refused)
        while True:
            call = OutboundCall(deadline, lambda host, port: self._checked(address, host, port, deadline), alone=once)
            outcome = self._sent(prepared, call, largest)
            if isinstance(outcome, ServerReply):
                return outcome
            if outcome == "connection" and not call.fresh and not once and time.monotonic() < deadline:
                continue  # the server had closed a connection that was kept open; a call without a fresh one has not failed yet
            raise Unreachable(outcome)

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._adapter.close()
        self._resolver.close()

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
        """Return the checked addresses of a host that is connected to.

        It must be that of the URL. Raises NotAllowed, NoAddress, or TimeoutError.
        """
        if (host.strip("[]").lower(), port) != (address.host, address.port):
            raise NotAllowed("the connection would go to another host than the URL names")
        return self._resolver.checked(address, deadline)

    def never(self, url: str, deadline: float) -> str:
        """Say why a URL can never be called, as names resolve now.

        It is empty where the URL may be called, or its name is not known. It is waited for until ``deadline``
        (``time.monotonic`` seconds). Raises ValueError for what is no URL.
        """
        address = read_url(url)
        try:
            self._resolver.checked(address, deadline)
        except NotAllowed as refused:
            return str(refused)
        except (NoAddress, TimeoutError):
            return ""
        return ""

    def _sent(self, prepared: requests.PreparedRequest, call: OutboundCall, largest: int) -> ServerReply | str:
        """Send a request; return the reply, or why there is none.

        Errors of requests hold the request with its headers, so they end here.
        """
        mine = CALL.set(call)
        try:
            response = self._adapter.send(prepared, stream=True, timeout=call.left(), proxies={})
            return _read(response, largest)
        except NoAddress:
            return "name"
        except (requests.RequestException, HTTPError, HTTPException, OSError) as error:
            return _why(error, call)
        finally:
            CALL.reset(mine)


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


def _read(response: requests.Response, largest: int) -> ServerReply | str:
    """Read the whole body, or say why it was not read.

    A connection with anything left to read is closed.
    """
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
        return ServerReply(response.status_code, CaseInsensitiveDict(response.headers), bytes(body))
    finally:
        response.close()


def _why(error: BaseException, call: OutboundCall) -> str:
    """Return the short code of a failure.

    It is found along the chain of what caused the failure.
    """
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
