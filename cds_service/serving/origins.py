"""The sites whose scripts may call from a browser (CORS).

They are those that the operator named, and by default this machine's own.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from re import Pattern
from typing import Final

from cds_service.configuration.configuration import Configuration
from cds_service.configuration.naming import called
from cds_service.configuration.normal_url import normal_url
from cds_service.security.urls import read_url

ANY: Final = "*"
NOBODY: Final = "none"
_THIS_MACHINE: Final = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?\Z"


def origins_of(configuration: Configuration) -> list[str | Pattern[str]]:
    """Return the origins whose scripts may call.

    Where none is named, an open service that listens to this machine alone lets pages of this machine in. Raises
    ValueError for what is no origin.
    """
    named = configuration.allow_origins
    if not named:
        here = configuration.clients is None and _is_loopback(configuration.listen_address)
        return [re.compile(_THIS_MACHINE)] if here else []
    if ANY in named:
        return [ANY]
    return [re.compile(re.escape(_origin(one)) + r"\Z") for one in named if one != NOBODY]


def _origin(written: str) -> str:
    try:
        path = read_url(written.rstrip("/")).segments
    except ValueError as error:
        raise ValueError(f"{called('allow_origins')}: {written}: no origin: {error}") from None
    if any(path) or "?" in written:
        raise ValueError(f"{called('allow_origins')}: {written}: an origin has no path; https://sandbox.cds-hooks.org is one")
    return normal_url(written)


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return address == "localhost"
