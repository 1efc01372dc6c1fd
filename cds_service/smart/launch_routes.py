"""The addresses of a launch.

The EHR opens one, and its authorization server sends the person back to the other.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Final

import orjson
from flask import Blueprint, Response, request

from cds_service.smart.app import SmartApp
from cds_service.smart.cookies import drop_cookie, set_cookie
from cds_service.smart.discovery import LaunchRefused
from cds_service.smart.identity import who_signed_in
from cds_service.smart.launching import LASTS, Left, came_back, cookie_of, leave
from cds_service.smart.private import private, told
from cds_service.smart.registry import Issuer
from cds_service.smart.sessions import Session, SessionKey, begin
from cds_service.smart.sessions import cookie_of as session_cookie
from cds_service.smart.tokens import AGAIN, ERRORS, exchange, refuse_no_code
from cds_service.store.failures import StoreFailed

log = logging.getLogger("cds_service")
CALLBACK: Final = "/smart/callback"
NOT_OPENED: Final = "The app was not opened"
USED: Final = "smart launch"
"""The name under which the used states of launches are stored."""
OUT_OF_REACH: Final = "The service cannot keep your session at the moment. Try again in a minute."
_STRANGER: Final = "This app is not registered with that EHR, or it was not launched from an EHR at all."
_DENIED: Final = "The EHR did not let you in, or you said no. Nothing was read. Launch the app again if that was a mistake."


def add_launch(routes: Blueprint, app: SmartApp) -> None:
    """Add `/smart/launch`, `/smart/callback` and `/smart/jwks.json`."""

    @routes.get("/smart/launch")
    def launch() -> Response:
        iss = request.args.get("iss", "")
        issuer = app.registry.find(iss)
        if issuer is None or len(request.args.getlist("iss")) > 1:
            return _refused(LaunchRefused("issuer", _STRANGER), None)
        try:
            return _leaving(app, iss, issuer)
        except LaunchRefused as refused:
            return _refused(refused, issuer)

    @routes.get(CALLBACK)
    def callback() -> Response:
        state = request.args.get("state", "")
        issuer: Issuer | None = None
        try:
            left = came_back(state, request.cookies.get(cookie_of(state), ""), app.secret, app.now())
            issuer = app.registry.find(left.iss)
            page = _opened(app, left, issuer, state)
        except LaunchRefused as refused:
            page = _refused(refused, issuer)
        except StoreFailed as failed:
            log.error("a launch cannot be kept", extra={"why": failed.why})  # noqa: TRY400 - values
            page = told(503, NOT_OPENED, OUT_OF_REACH, issuer)
        if issuer:
            drop_cookie(page, cookie_of(state), CALLBACK, issuer, app.public_url)
        return page

    @routes.get("/smart/jwks.json")
    def keys() -> Response:
        return Response(orjson.dumps({"keys": app.registry.keys()}), mimetype="application/json")


def _leaving(app: SmartApp, iss: str, issuer: Issuer) -> Response:
    """Send the person to the EHR's authorization server."""
    configuration = app.discovered.of(iss, issuer, app.now())
    scope = app.scopes(second=configuration.second)
    given = request.args.get("launch", "")
    leaving = leave(iss, given, issuer, configuration, scope, app.redirect, app.secret, app.now())
    page = private(_to(leaving.address), issuer)
    set_cookie(page, cookie_of(leaving.state), leaving.sealed, CALLBACK, LASTS.total_seconds(), issuer, app.public_url)
    return page


def _opened(app: SmartApp, left: Left, issuer: Issuer | None, state: str) -> Response:
    """Exchange the code for a session, once for a state."""
    now = app.now()
    if issuer is None:
        raise LaunchRefused("issuer", "This app is no longer registered with that EHR.")
    named = request.args.get("iss")
    if named is not None and named not in (left.configuration.issuer, left.iss):
        raise LaunchRefused("mixed up", f"Another server answered than was asked. {AGAIN}")
    if "error" in request.args:
        said = request.args["error"]
        raise LaunchRefused(f"authorize: {said if said in ERRORS else 'refused'}", _DENIED, 403)
    code = request.args.get("code", "")
    refuse_no_code(code)
    if not app.store.first_use(state, USED, now + LASTS):
        raise LaunchRefused("replayed", f"This launch was used already. {AGAIN}")
    granted = exchange(code, left, issuer, app.redirect, app.outbound, now)
    checkable = granted.id_token and left.configuration.names_people
    user = who_signed_in(granted.id_token, left, issuer, app.keys, now) if checkable else ""
    key = begin(Session(left.iss, granted, user), app.store, app.secret, now)
    log.info("the SMART app was launched", extra={"issuer": issuer.iss})
    page = private(_to(f"{app.public_url}{session_path(key)}"), issuer)
    _keep(page, key, granted.ends, now, issuer, app)
    return page


def _keep(page: Response, key: SessionKey, ends: datetime, now: datetime, issuer: Issuer, app: SmartApp) -> None:
    set_cookie(page, session_cookie(key.name), key.key, session_path(key), (ends - now).total_seconds(), issuer, app.public_url)


def session_path(key: SessionKey) -> str:
    """Return the path of a session's page, and of its cookie."""
    return f"/smart/session/{key.name}"


def _to(address: str) -> Response:
    return Response(status=303, headers={"Location": address})


def _refused(refused: LaunchRefused, issuer: Issuer | None) -> Response:
    log.info("a launch was refused", extra={"reason": refused.reason, "issuer": issuer.iss if issuer else "not registered"})
    return told(refused.status, NOT_OPENED, refused.said, issuer)
