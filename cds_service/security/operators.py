"""Who may see the service's own numbers: its operators.

They come with a token or at a port of their own. Nobody else may, wherever they ask from: a proxy on the same machine
asks from this machine too, and not every proxy says for whom; so an address alone opens nothing.
"""

from __future__ import annotations

import hmac
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from cds_service.configuration.naming import variable

if TYPE_CHECKING:
    from flask import Request

TOKEN: Final = variable("metrics_token")
"""The variable that names the token."""
OPERATORS: Final = "cds_service.security.operators"
"""The key of a request's environment for the operators' own port.

It is there when the request came to that port. No header can make it.
"""


def refused(request: Request, token: str) -> int:
    """Return the status with which to refuse a request for numbers.

    Returns 0 for an operator's request. Where there is a ``token``, it must come as ``Authorization: Bearer``, or as the password
    of HTTP Basic, as browsers ask for it (401). Without one, only calls to the operators' own port are let in, by a
    name of this machine (403).
    """
    if token:
        given = request.authorization
        said = (given.token if given.type == "bearer" else given.password) if given else None
        return 0 if said and hmac.compare_digest(said.encode("utf-8", "replace"), token.encode()) else 401
    return 0 if OPERATORS in request.environ and _named_as_this_machine(request.host) else 403


def _named_as_this_machine(host: str) -> bool:
    """Tell whether the call was made to a name of this machine.

    Another name may be one that a stranger's page has led here.
    """
    name = urlsplit(f"//{host}").hostname or ""
    return name == "localhost" or _of_this_machine(name)


def _of_this_machine(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
