"""The addresses of a host, checked before one is connected to.

A host may have addresses of the public internet and of private networks that were named for it; in development, also of
this machine.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from typing import NamedTuple

from cds_service.security.addresses import Network, may_connect
from cds_service.security.unreached import NotAllowed
from cds_service.security.urls import Address, read_url

RESOLVERS = 8
"""How many names are resolved at once.

A name server that hangs keeps one of these places for as long as the system lets it.
"""
Resolve = Callable[[str, int], Sequence[str]]


class Private(NamedTuple):
    """A private network that may be called, and for which URL.

    The URL's origin may have its addresses there; without one, any allowed URL may.
    """

    network: Network
    url: str = ""

    def of(self, address: Address) -> bool:
        """Tell whether the network is named for an address."""
        return not self.url or read_url(self.url)[:3] == address[:3]


class NoAddress(Exception):
    """The name has no address."""


class Resolver:
    """The resolver of names whose addresses may be connected to.

    There is one for each maker of outbound calls; threads share it.
    """

    def __init__(self, development: bool, private: Sequence[Private], resolve: Resolve | None) -> None:
        """Set up the resolver.

        ``development`` also lets names be of this machine (loopback), there for http too; ``private`` are the networks
        that were named; ``resolve`` gives the addresses of a name in place of the system.
        """
        self._development = development
        self._private = tuple(private)
        self._resolve = resolve or _addresses_of
        self._resolving = ThreadPoolExecutor(RESOLVERS, thread_name_prefix="resolve")

    def checked(self, address: Address, deadline: float) -> Sequence[str]:
        """Return the checked addresses of the host of a URL.

        They are waited for until ``deadline`` (``time.monotonic`` seconds). Raises NotAllowed, NoAddress, or
        TimeoutError.
        """
        found = self._resolving.submit(self._resolve, address.host, address.port)
        try:
            addresses = tuple(found.result(timeout=max(0.0, deadline - time.monotonic())))
        except NotYet:
            found.cancel()
            raise TimeoutError from None
        except (OSError, UnicodeError):
            raise NoAddress from None
        if not addresses:
            raise NoAddress
        here = self._development and all(may_connect(ip, loopback=True) for ip in addresses)
        if not here and address.scheme != "https":
            raise NotAllowed("https is required but for addresses of this machine")
        if not here and not all(may_connect(ip, private=self._networks(address)) for ip in addresses):
            raise NotAllowed("the host has an address that is not of the public internet, nor of a private network that is named")
        return addresses

    def _networks(self, address: Address) -> list[Network]:
        return [one.network for one in self._private if one.of(address)]

    def close(self) -> None:
        """Wait for no name any more."""
        self._resolving.shutdown(wait=False, cancel_futures=True)


def _addresses_of(host: str, port: int) -> Sequence[str]:
    """Return the addresses that the system's resolver gives.

    Raises OSError.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
