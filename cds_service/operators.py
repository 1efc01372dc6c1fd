"""Who may see the service's own numbers: its operators, by a token or at a port of their own. Nobody else, wherever they ask from.

A proxy on the same machine asks from this machine too, and not every proxy says for whom; so an address alone opens nothing.
"""

from __future__ import annotations

import hmac
import os
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from flask import Request

TOKEN = "CDS_SERVICE_METRICS_TOKEN"  # noqa: S105 - the name of a variable
OPERATORS: Final = "cds_service.operators"
"""The key of a request's environment that is there when it came to the operators' own port. No header can make it."""


def refused(request: Request) -> int:
    """The status with which to refuse a request for the service's numbers; 0 for an operator's.

    With a token set, it must come as ``Authorization: Bearer``, or as the password of HTTP Basic, as browsers ask for it (401).
    Without one, only calls to the operators' own port are let in, by a name of this machine (403).
    """
    token = os.environ.get(TOKEN)
    if token:
        given = request.authorization
        said = (given.token if given.type == "bearer" else given.password) if given else None
        return 0 if said and hmac.compare_digest(said.encode("utf-8", "replace"), token.encode()) else 401
    return 0 if OPERATORS in request.environ and _named_as_this_machine(request.host) else 403


def _named_as_this_machine(host: str) -> bool:
    """Whether the call was made to a name of this machine, and not to one that a stranger's page has led here."""
    name = urlsplit(f"//{host}").hostname or ""
    return name == "localhost" or _of_this_machine(name)


def _of_this_machine(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
