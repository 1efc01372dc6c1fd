"""The guard before every route of a blueprint.

Who calls is settled, and stands in ``flask.g.caller``, before a body is read.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock

from flask import Blueprint, Response, g, request

from cds_service.security.access import Access
from cds_service.security.caller import Caller
from cds_service.security.client_keys import ClientKeys
from cds_service.security.client_tokens import FirstUse, Refused, check_token
from cds_service.store.failures import StoreFailed
from cds_service.store.store import Store

log = logging.getLogger("cds_service")
Tell = Callable[[int, str, str], Response]
"""A function that makes the answer of a refusal.

It takes the status, the words, and FHIR's code for the kind of fault.
"""
PURGE = 10_000
"""How many tokens memory holds before expired ones are forgotten."""


def first_use_of(store: Store | None) -> FirstUse:
    """Return what tells whether a token is used for the first time.

    The store tells it for all processes; without a store, this process tells it for itself.
    """
    return store.first_use if store else UsedHere().first_use


class UsedHere:
    """Tokens that this process saw, for a service without a store.

    Other processes do not know of them.
    """

    def __init__(self) -> None:
        self._expires: dict[tuple[str, str], datetime] = {}
        self._purge_at = PURGE
        self._lock = Lock()

    def first_use(self, jti: str, issuer: str, expires: datetime) -> bool:
        """Tell whether this process sees a token for the first time."""
        with self._lock:
            if (issuer, jti) in self._expires:
                return False
            if len(self._expires) >= self._purge_at:
                now = datetime.now(UTC)
                self._expires = {token: ends for token, ends in self._expires.items() if ends > now}
                self._purge_at = max(PURGE, 2 * len(self._expires))
            self._expires[issuer, jti] = expires
            return True


def guard(routes: Blueprint, access: Access, store: Store | None, tell: Tell) -> None:
    """Check every call of a blueprint before its view.

    The view finds the ``Caller`` in ``flask.g.caller``; ``access`` names the clients. What is refused gets 401 and
    never learns why; when the store cannot tell whether a good token was used before, 503. Preflights need no token,
    and discovery only where the clients file says so. ``tell`` puts a refusal as all others of the service are put.
    Raises ValueError when ``access`` names no clients, or has no way to fetch keys.
    """
    clients = access.clients
    if clients is None or access.outbound is None:
        raise ValueError("nobody is named whose tokens could be checked, or their keys cannot be fetched")
    keys = ClientKeys(access.outbound)
    first_use = first_use_of(store)
    nobody = Caller()

    def check() -> Response | None:
        g.caller = nobody
        service = (request.view_args or {}).get("service")
        if request.method == "OPTIONS" or (service is None and not clients.discovery_protected):
            return None
        discovery = f"{access.public_url}/cds-services"
        audiences = {discovery if service is None else f"{discovery}/{service}"}
        if service is not None and str(request.url_rule).endswith("/feedback"):
            audiences.add(f"{discovery}/{service}/feedback")
        path = str(request.url_rule)
        try:
            checked = check_token(_bearer(), audiences, clients, keys, first_use, access.now())
        except Refused as refused:
            told = {"reason": refused.reason, "issuer": refused.issuer, "jti": refused.jti, "path": path}
            log.info("token refused", extra={name: value for name, value in told.items() if value})
            return _with(tell(401, "a token of a client that is known here is needed", "login"), "WWW-Authenticate", "Bearer")
        except StoreFailed as failed:
            log.error("tokens cannot be checked for replay", extra={"why": failed.why, "path": path})  # noqa: TRY400 - values
            return _with(tell(503, "the token cannot be checked now; send it again", "transient"), "Retry-After", "5")
        log.info("token accepted", extra={"issuer": checked.caller.issuer, "jti": checked.jti, "path": path})
        g.caller = checked.caller
        return None

    routes.before_request(check)


def _with(response: Response, header: str, value: str) -> Response:
    response.headers[header] = value
    return response


def _bearer() -> str:
    """Return the token of the one Authorization header.

    Raises Refused where there is none, or more than one.
    """
    given = request.headers.getlist("Authorization")
    if not given:
        raise Refused("no token")
    scheme, _, token = given[0].strip().partition(" ")
    if len(given) > 1 or scheme.lower() != "bearer":
        raise Refused("malformed")
    return token.strip()
