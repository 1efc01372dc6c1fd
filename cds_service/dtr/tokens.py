"""The token endpoint, and what a token gives access to.

Where clients are named, it is that of SMART Backend Services; where anyone may call, there is none.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response, jsonify, request

from cds_service.hooks.received.faults import RequestIssue, Unusable
from cds_service.security.access import Access
from cds_service.security.access_tokens import LASTS, granted, issue, offered
from cds_service.store.failures import StoreFailed
from cds_service.store.store import Store

if TYPE_CHECKING:
    from cds_service.security.clients import Clients
    from cds_service.security.outbound import Outbound

log = logging.getLogger("cds_service")
TOKEN: Final = "/auth/token"  # noqa: S105 - an address
SCOPE_OF: Final = {"ValueSet": "system/valueset.rs", "Questionnaire": "system/questionnaire.rs"}
"""The scope that the operations of a type need."""


def check_scope(access: Access, secret: str, kind: str) -> str:
    """Check that a call's token allows the operations of a type.

    Returns the issuer of the client that it was given to; empty where anyone may call. Raises Unusable: 401 without a
    token, 403 where the token does not allow it.
    """
    if access.clients is None:
        return ""
    scheme, _, token = request.headers.get("Authorization", "").strip().partition(" ")
    held = granted(token.strip(), secret, access.now()) if secret and scheme.lower() == "bearer" else None
    if held is None:
        raise Unusable(
            401,
            [RequestIssue("", "an access token of this server is needed; .well-known/smart-configuration tells where", "login")],
        )
    if SCOPE_OF[kind] not in held.scopes:
        raise Unusable(403, [RequestIssue("", f"the token does not have the scope {SCOPE_OF[kind]}", "forbidden")])
    return held.issuer


def token_route(routes: Blueprint, access: Access, secret: str, store: Store | None) -> None:
    """Add the token endpoint where clients are named."""
    if access.clients is None or access.outbound is None:
        return
    answer = _answers(access, access.clients, access.outbound, secret, store)

    @routes.post(TOKEN)
    def token() -> Response:
        response = answer(request.form)
        response.headers["Cache-Control"] = "no-store"
        response.headers["Pragma"] = "no-cache"
        return response


def _answers(
    access: Access, clients: Clients, outbound: Outbound, secret: str, store: Store | None
) -> Callable[[Mapping[str, str]], Response]:
    from cds_service.security.backend_services import ASSERTION, check_assertion  # noqa: PLC0415 - ten megabytes of cryptography
    from cds_service.security.client_keys import ClientKeys  # noqa: PLC0415
    from cds_service.security.client_tokens import Refused  # noqa: PLC0415
    from cds_service.security.guard import first_use_of  # noqa: PLC0415

    keys, first_use = ClientKeys(outbound), first_use_of(store)
    endpoint = f"{access.public_url}{TOKEN}"

    def answer(form: Mapping[str, str]) -> Response:
        if not secret:
            log.error("no access token can be signed: CDS_SERVICE_LINK_SECRET is not set")
            return _error(503, "temporarily_unavailable", "the server cannot sign tokens")
        if form.get("grant_type") != "client_credentials":
            return _error(400, "unsupported_grant_type", "client_credentials is meant")
        if form.get("client_assertion_type") != ASSERTION or not form.get("client_assertion"):
            return _error(400, "invalid_request", "a client_assertion that is a JWT is needed")
        try:
            issuer = check_assertion(form["client_assertion"], endpoint, clients, keys, first_use, access.now())
        except Refused as refused:
            told = {"reason": refused.reason, "issuer": refused.issuer, "path": TOKEN}
            log.info("token refused", extra={name: value for name, value in told.items() if value})
            return _error(401, "invalid_client", "the assertion is not one of a client that is known here")
        except StoreFailed as failed:
            log.error("tokens cannot be checked for replay", extra={"why": failed.why, "path": TOKEN})  # noqa: TRY400 - values
            return _error(503, "temporarily_unavailable", "the assertion cannot be checked now; send a new one")
        scopes = offered(form.get("scope", ""))
        if not scopes:
            return _error(400, "invalid_scope", "none of the scopes asked for is given here")
        log.info("access token given", extra={"issuer": issuer, "scopes": list(scopes)})
        seconds = int(LASTS.total_seconds())
        given = {"access_token": issue(secret, issuer, scopes, access.now()), "token_type": "bearer", "expires_in": seconds}
        return jsonify(given | {"scope": " ".join(scopes)})

    return answer


def _error(status: int, code: str, said: str) -> Response:
    response = jsonify({"error": code, "error_description": said})
    response.status_code = status
    return response
