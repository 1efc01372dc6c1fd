"""URLs that the service may call.

They are read strictly, so that every program reads the same in them, and compared by whole segments.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

PORTS = {"https": 443, "http": 80}
_PRINTABLE = re.compile(r"[!-~]+")
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|[0-9a-f:.]+")
"""A host.

It is a name as DNS knows it, an IPv4 address, or an IPv6 address without its brackets and without a zone.
"""
_LONGEST_HOST = 253
_AMBIGUOUS = re.compile(r"\\|%(?:2e|2f|5c|25|00|$|[^0-9a-f]|.$|.[^0-9a-f])", re.IGNORECASE)
"""What programs read differently in a path.

One takes it for a separator and another for a letter, or it is a percent sign that encodes nothing.
"""


class Address(NamedTuple):
    """Where a URL leads.

    It has ``scheme`` and ``host`` in lower case, the port that is meant, and the segments of its path.
    """

    scheme: str
    host: str
    port: int
    segments: tuple[str, ...]

    def within(self, prefix: Address) -> bool:
        """Tell whether it is the prefix or lies below it.

        It has the same scheme, host and port, and begins with the prefix's segments, each whole.
        """
        same = (self.scheme, self.host, self.port) == (prefix.scheme, prefix.host, prefix.port)
        return same and self.segments[: len(prefix.segments)] == prefix.segments


def read_url(url: str) -> Address:
    """Read an absolute http or https URL.

    Raises ValueError, in words that do not repeat the URL, for one that is not plain. Refused are user names and
    passwords, fragments, spaces and letters beyond ASCII, dot segments and percent-encoded separators.
    """
    if not _PRINTABLE.fullmatch(url) or len(url) > 8192:
        raise ValueError("it holds what a URL may not hold, or is too long")
    parts = urlsplit(url)
    if parts.scheme not in PORTS:
        raise ValueError("it is no https URL")
    if "@" in parts.netloc:
        raise ValueError("it holds a user name")
    if "#" in url:
        raise ValueError("it holds a fragment")
    host, port = _host_and_port(parts.netloc)
    if _AMBIGUOUS.search(parts.path):
        raise ValueError("its path is ambiguous")
    segments = tuple(parts.path.removeprefix("/").split("/"))
    if any(segment in (".", "..") for segment in segments):
        raise ValueError("its path holds dot segments")
    return Address(parts.scheme, host, PORTS[parts.scheme] if port is None else port, segments)


@lru_cache(maxsize=1024)
def read_prefix(prefix: str) -> Address:
    """Read a URL prefix of an allow-list.

    A slash at its end does not count. Raises ValueError as ``read_url``, or for a query.
    """
    if "?" in prefix:
        raise ValueError("it holds a query, and a prefix ends before one")
    address = read_url(prefix)
    segments = address.segments
    while segments and not segments[-1]:
        segments = segments[:-1]
    return address._replace(segments=segments)


def allows(prefixes: Iterable[str], address: Address) -> bool:
    """Tell whether one of the prefixes covers an address.

    Raises ValueError for a prefix that is no URL.
    """
    return any(address.within(read_prefix(prefix)) for prefix in prefixes)


def _host_and_port(netloc: str) -> tuple[str, int | None]:
    bracketed = re.fullmatch(r"\[([^\[\]]*)\](?::(.*))?", netloc)
    host, number = bracketed.groups() if bracketed else re.fullmatch(r"([^:]*)(?::(.*))?", netloc, re.DOTALL).groups()  # type: ignore[union-attr]
    host = (host or "").lower()
    if not _HOST.fullmatch(host) or len(host) > _LONGEST_HOST or ".." in host or (":" in host) != bool(bracketed):
        raise ValueError("its host is no host name")
    if number is None:
        return host, None
    if not re.fullmatch(r"[0-9]{1,5}", number) or not 0 < int(number) < 65536:
        raise ValueError("its port is no port")
    return host, int(number)
