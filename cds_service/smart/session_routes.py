"""The addresses of a session: its page, and what its form does.

All of it works without a script.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

import orjson
from flask import Blueprint, Response, render_template, request

from cds_service.hooks.received.faults import Unusable
from cds_service.smart.app import SmartApp
from cds_service.smart.cookies import drop_cookie
from cds_service.smart.private import private, told
from cds_service.smart.questions import typed_answers
from cds_service.smart.registry import Issuer
from cds_service.smart.session_page import SessionWork
from cds_service.smart.sessions import Session, SessionKey, cookie_of, end, form_token, resume
from cds_service.store.failures import StoreFailed

log = logging.getLogger("cds_service")
PAGE: Final = "/smart/session/<name>"
LARGEST_FORM: Final = 256 * 1024
ENDED: Final = "This session has ended"
ENDED_SAID: Final = "A session ends with the EHR's token, or when you close it. Launch the app again from the EHR."
OUT_OF_REACH: Final = "The service cannot find your session at the moment. Try again in a minute."
FOREIGN: Final = "This form was not sent from a page of this session. Launch the app again from the EHR."
CLOSED: Final = "Nothing of the session is kept. What you saved is in the chart, and nowhere else."
NOTHING_TO_TAKE: Final = "No question has an answer that can be read, so there is nothing to take away. Go back, and answer one."


def add_session(routes: Blueprint, app: SmartApp) -> None:
    """Add the page of a session."""

    @routes.get(PAGE)
    def session(name: str) -> Response:
        return _held(app, name, lambda held, key, issuer: _shown(app, held, key, issuer))

    @routes.post(PAGE)
    def sent(name: str) -> Response:
        request.max_content_length = request.max_form_memory_size = LARGEST_FORM
        return _held(app, name, lambda held, key, issuer: _done(app, held, key, issuer))


def _held(app: SmartApp, name: str, then: Callable[[Session, SessionKey, Issuer], Response]) -> Response:
    """Do something for a session that this browser holds the key of."""
    key = SessionKey(name, request.cookies.get(cookie_of(name), ""))
    try:
        held = resume(key, app.store, app.secret, app.now()) if key.key else None
        issuer = app.registry.find(held.iss) if held else None
        if held is None or issuer is None:
            return told(403, ENDED, ENDED_SAID, typed=typed_answers(request.form, app.content))
        return then(held, key, issuer)
    except StoreFailed as failed:
        log.error("a session cannot be read", extra={"why": failed.why})  # noqa: TRY400 - values
        return told(503, ENDED, OUT_OF_REACH)


def _done(app: SmartApp, session: Session, key: SessionKey, issuer: Issuer) -> Response:
    """Do what a form of the page asks for."""
    given, own = request.form.get("form", ""), form_token(key, app.secret)
    if not hmac.compare_digest(given.encode("utf-8", "replace"), own.encode()) or _from_elsewhere(app):
        return told(403, "Nothing was done", FOREIGN, issuer)
    match request.form.get("do", ""):
        case "end" if typed_answers(request.form, app.content):
            return _shown(app, session, key, issuer, leaving=True)
        case "end" | "leave":
            end(key, app.store)
            page = told(200, "Closed", CLOSED, issuer)
            drop_cookie(page, cookie_of(key.name), f"/smart/session/{key.name}", issuer, app.public_url)
            return page
        case "download":
            answers = _work(app, session).answers()
            if answers is None:
                return told(422, "Nothing to take away", NOTHING_TO_TAKE, issuer)
            page = Response(orjson.dumps(answers, option=orjson.OPT_INDENT_2), mimetype="application/fhir+json")
            page.headers["Content-Disposition"] = 'attachment; filename="answers.json"'
            return private(page, issuer)
        case do:
            return _shown(app, session, key, issuer, saving=do == "save")


def _from_elsewhere(app: SmartApp) -> bool:
    """Tell whether a browser says the form came from another site."""
    origin = request.headers.get("Origin")
    own = urlsplit(app.public_url)
    return origin is not None and origin != f"{own.scheme}://{own.netloc}"


def _work(app: SmartApp, session: Session) -> SessionWork:
    return SessionWork(app, session, request.form, request.form.getlist("shown"))


def _shown(
    app: SmartApp, session: Session, key: SessionKey, issuer: Issuer, *, saving: bool = False, leaving: bool = False
) -> Response:
    try:
        page = _work(app, session).page(saving=saving, leaving=leaving)
    except Unusable as fault:
        said = "; ".join(f"{issue.expression}: {issue.said}" if issue.expression else issue.said for issue in fault.issues)
        typed = typed_answers(request.form, app.content)
        return told(422, "This order cannot be judged", f"{said[0].upper()}{said[1:]}.", issuer, typed)
    fragment = request.headers.get("X-Fragment") == "session"
    template = "smart_judged.html" if fragment else "smart_session.html"
    html = render_template(template, page=page, ehr=issuer.name, banner=session.granted.banner, form=form_token(key, app.secret))
    return private(Response(html, mimetype="text/html"), issuer)
