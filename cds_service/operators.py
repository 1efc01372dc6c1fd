"""Who may see the service's own numbers: its operators, by a token, else only who sits at this machine."""

from __future__ import annotations

import hmac
import os
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Request

TOKEN = "CDS_SERVICE_METRICS_TOKEN"  # noqa: S105 - the name of a variable
_THROUGH_OTHERS = ("Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via")


def refused(request: Request) -> int:
    """The status with which to refuse a request for the service's numbers; 0 for an operator's.

    With a token set, it must come as ``Authorization: Bearer``, or as the password of HTTP Basic, as browsers ask for it (401).
    Without one, only calls from this machine are let in that are not on behalf of another (403).
    """
    token = os.environ.get(TOKEN)
    if token:
        given = request.authorization
        said = (given.token if given.type == "bearer" else given.password) if given else None
        return 0 if said and hmac.compare_digest(said.encode("utf-8", "replace"), token.encode()) else 401
    here = _of_this_machine(request.remote_addr or "") and not any(name in request.headers for name in _THROUGH_OTHERS)
    return 0 if here and _named_as_this_machine(request.host) else 403


def _named_as_this_machine(host: str) -> bool:
    """Whether the call was made to a name of this machine, and not to one that a stranger's page has led here."""
    name = urlsplit(f"//{host}").hostname or ""
    return name == "localhost" or _of_this_machine(name)


def _of_this_machine(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
