"""Connections to checked addresses that end with their call's time.

A name is resolved once for each connection, and connected to by an address that was checked. TLS (SNI and the
certificate) and the Host header still use the name. Every read of the socket waits only for what is left of the call's
time, so that neither headers nor bodies can be dripped beyond it.
"""

from __future__ import annotations

import logging
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import certifi
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

ORIGINS = 32
"""Origins whose connections are kept open.

The one used longest ago goes first.
"""
KEPT = 8
"""Open connections kept for each origin."""


@dataclass(slots=True)
class OutboundCall:
    """One outbound call.

    ``deadline`` is of ``time.monotonic``; ``addresses`` resolves and checks a host; ``fresh`` says whether a connection
    was made for it, and ``alone`` that one has to be: what may not be sent twice takes none that may be dead.
    """

    deadline: float
    addresses: Callable[[str, int], Sequence[str]]
    fresh: bool = False
    alone: bool = False

    def left(self) -> float:
        """Return the seconds that are left.

        Raises TimeoutError when there are none.
        """
        seconds = self.deadline - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds


CALL: ContextVar[OutboundCall] = ContextVar("CALL")
"""The call that this thread makes now."""


class _TimedSocket(socket.socket):
    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(CALL.get().left())
        return super().recv_into(*args, **kwargs)


class _TimedTlsSocket(ssl.SSLSocket):
    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(CALL.get().left())
        return super().recv_into(*args, **kwargs)


def _connect(host: str, port: int) -> socket.socket:
    """Connect a socket to the first checked address that answers.

    The time left is shared among the addresses not tried yet. Raises the OSError of the last one where none answers.
    """
    call = CALL.get()
    call.fresh = True
    addresses = call.addresses(host, port)
    failed: OSError = ConnectionError()
    for position, address in enumerate(addresses):
        connection = _TimedSocket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(call.left() / (len(addresses) - position))
            connection.connect((address, port))
            connection.settimeout(call.left())
        except OSError as error:
            connection.close()
            failed = error
        else:
            return connection
    raise failed


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self.host, self.port)


class _TlsConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self.host, self.port)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection

    def _get_conn(self, timeout: float | None = None) -> Any:
        return self._new_conn() if CALL.get().alone else super()._get_conn(timeout)


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection

    def _get_conn(self, timeout: float | None = None) -> Any:
        return self._new_conn() if CALL.get().alone else super()._get_conn(timeout)


class CheckedAdapter(HTTPAdapter):
    """An adapter that sends requests over checked connections.

    It keeps some of them open. It follows no redirects and knows no proxies or cookies.
    """

    def __init__(self, ca_bundle: str | None = None) -> None:
        """Set up TLS.

        ``ca_bundle`` is a file of certificates to trust in place of the public ones. Raises OSError when it cannot be
        read.
        """
        self._tls = ssl.create_default_context(cafile=ca_bundle or certifi.where())
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_2
        self._tls.sslsocket_class = _TimedTlsSocket
        super().__init__(pool_connections=ORIGINS, pool_maxsize=KEPT, max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        """Make the pools of checked connections, which share one TLS context."""
        kept = PoolManager(num_pools=connections, maxsize=maxsize, block=block, ssl_context=self._tls, cert_reqs="CERT_REQUIRED")
        kept.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
        self.poolmanager = kept

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        """Return the origin's pool, with the adapter's TLS context.

        Nobody can ask for less verification.
        """
        host, _ = super().build_connection_pool_key_attributes(request, True, None)
        return host, {"ssl_context": self._tls, "cert_reqs": "CERT_REQUIRED"}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Do nothing, since the TLS context verifies.

        It holds its certificates already.
        """


def _not_ours(_: logging.LogRecord) -> bool:
    return CALL.get(None) is None


for _name in ("urllib3.connection", "urllib3.connectionpool"):
    logging.getLogger(_name).addFilter(_not_ours)  # their lines quote URLs, and a URL of a chart names its patient
