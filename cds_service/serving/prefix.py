"""The path that a proxy puts before every address.

Pages link below it. The path is that of the public URL, or what a proxy that the operator named says in
``X-Forwarded-Prefix``. The proxy may take it away before it hands a request on, or leave it there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from ipaddress import ip_address, ip_network
from typing import Any, Final
from urllib.parse import urlsplit

from cds_service.configuration.configuration import Configuration
from cds_service.configuration.naming import called
from cds_service.security.addresses import Network
from cds_service.security.operators import OPERATORS

_PATH: Final = re.compile(r"(?:/[A-Za-z0-9._~-]{1,100}){1,8}")
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def prefix_of(configuration: Configuration) -> str:
    """Return the path of the public URL.

    It has no slash at its end. Raises ValueError for a path that pages cannot use.
    """
    url = urlsplit(configuration.public_url)
    path = url.path.rstrip("/") if url.scheme else ""
    if path and not _usable(path):
        raise ValueError(f"{called('public_url')}: its path is of letters, digits and . _ ~ - between slashes")
    return path


def named_proxies(configuration: Configuration) -> tuple[Network, ...]:
    """Return the networks of the proxies that were named.

    Raises ValueError for what is no address.
    """
    found: list[Network] = []
    for written in configuration.proxies:
        try:
            found.append(ip_network(written))
        except ValueError:
            raise ValueError(f"{called('proxies')}: {written}: it is no address and no network") from None
    return tuple(found)


def _usable(path: str) -> bool:
    return bool(_PATH.fullmatch(path)) and not {".", ".."}.intersection(path.split("/"))


class Prefixed:
    """A WSGI application below a path."""

    def __init__(self, application: Application, prefix: str, proxies: tuple[Network, ...]) -> None:
        """Put ``application`` below ``prefix``, or below what one of the ``proxies`` says."""
        self._application, self._prefix, self._proxies = application, prefix, proxies

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request, told below which path it is.

        The operators' own port has no such path.
        """
        if OPERATORS not in environ:
            prefix = self._said(environ) or self._prefix
            path = environ["PATH_INFO"]
            if path == prefix or path.startswith(f"{prefix}/"):
                environ["PATH_INFO"] = path.removeprefix(prefix) or "/"
            environ["SCRIPT_NAME"] = prefix
        return self._application(environ, start)

    def _said(self, environ: dict[str, Any]) -> str:
        said = environ.get("HTTP_X_FORWARDED_PREFIX", "").rstrip("/")
        return said if said and _usable(said) and self._is_named(environ.get("REMOTE_ADDR", "")) else ""

    def _is_named(self, address: str) -> bool:
        try:
            ip = ip_address(address)
        except ValueError:
            return False
        return any(ip in network for network in self._proxies)
