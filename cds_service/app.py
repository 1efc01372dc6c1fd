"""The Flask application: reads the content once, hangs up the routes, answers every fault with an OperationOutcome."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, current_app, g, request
from flask_cors import CORS
from werkzeug.exceptions import HTTPException

from cds_service.content import Content, read_content, shipped_content
from cds_service.hooks.answer import Settings
from cds_service.hooks.calls import Calls
from cds_service.hooks.client_server import ClientServers
from cds_service.hooks.decision_links import SHORTEST_SECRET
from cds_service.hooks.messages import VERSIONS, Issue, Unusable
from cds_service.hooks.replies import Reply, failure, outcome, refusal, too_deep
from cds_service.hooks.routes import hooks_routes
from cds_service.limits import body_limit
from cds_service.openapi import openapi_routes
from cds_service.operations import account_for, operations_routes
from cds_service.security.access import Access, access_of_environment
from cds_service.security.caller import Caller
from cds_service.store.store import Store
from cds_service.web.pages import guarded, web_pages
from cds_service.web.problem_page import PAGE_SAID, problem_page, wants_page

CALLS = "cds_service.calls"
"""The name under which an application holds its ``Calls`` among its extensions."""


def create_app(
    content: Content | None = None,
    settings: Settings | None = None,
    today: Callable[[], date] | None = None,
    store: Store | None = None,
    access: Access | None = None,
    servers: ClientServers | None = None,
) -> Flask:
    """Builds the service for a content (the shipped one by default). ``today`` tells the day of a call.

    Decisions and feedback go to ``store``, whose tables are there already; without one, nothing is kept.
    Who may call, and whom the service may call, is ``access``, by default that of the environment. What clients did not prefetch is
    read from their FHIR servers within the limits of ``servers``, by default those of ``Limits``.
    Raises ContentError when the content or the clients file does not hold together, ValueError for settings that do not.
    """
    held = content or content_of_environment()
    app = Flask("cds_service", static_folder=None)
    app.url_map.strict_slashes = False
    app.config["MAX_CONTENT_LENGTH"] = body_limit()
    account_for(app)
    chosen, day = settings or settings_of_environment(), today or _local_day
    entry = access or access_of_environment()
    reading = servers or (ClientServers(entry.outbound) if entry.outbound else None)
    calls = Calls(held, chosen, day, store, reading)
    routes = hooks_routes(calls)
    app.extensions[CALLS] = calls
    _admit(routes, entry, store)
    app.register_blueprint(routes)
    app.register_blueprint(operations_routes(held, store))
    app.register_blueprint(openapi_routes(held))
    app.register_blueprint(web_pages(held, chosen, day, store))
    _share_with_other_sites(app)
    app.register_error_handler(Unusable, _unusable)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(RecursionError, _too_deep)
    app.register_error_handler(Exception, _unforeseen)
    return app


def _admit(routes: Blueprint, access: Access, store: Store | None) -> None:
    """Settles who calls before every route: anyone, or whoever has a token of a client that is named."""
    if access.clients is None:
        anyone = Caller(None, access.fhir_servers)
        routes.before_request(lambda: setattr(g, "caller", anyone))
        return
    from cds_service.security.guard import guard  # noqa: PLC0415 - ten megabytes of cryptography, of no use to an open service

    guard(routes, access, store)


def _share_with_other_sites(app: Flask) -> None:
    """Lets scripts of any site call what is not a page (CORS). Only browsers ask, by an ``Origin``; EHR servers cost nothing."""
    CORS(
        app,
        resources=r"/(?!(stats|decisions|try|policies|value-sets|static|metrics)(/|$)).+",  # pages are for no other site's scripts
        methods=["GET", "POST", "OPTIONS"],
        allow_headers=["Authorization", "Content-Type", "Accept"],
        max_age=600,
        send_wildcard=True,
    )
    shared = app.after_request_funcs[None].pop()

    @app.after_request
    def share(response: Response) -> Any:
        return shared(response) if "HTTP_ORIGIN" in request.environ else response


def content_of_environment() -> Content:
    """The content that the environment names: ``CDS_SERVICE_CONTENT`` (else the shipped one), with ``CDS_SERVICE_VALUE_SETS``."""
    own = os.environ.get("CDS_SERVICE_VALUE_SETS")
    return read_content(Path(os.environ.get("CDS_SERVICE_CONTENT") or shipped_content()), Path(own) if own else None)


def settings_of_environment() -> Settings:
    """The settings that the environment names: ``CDS_SERVICE_CRD_VERSION``, ``2.2`` by default, for requests that name no version;
    what is kept of patients, turned on by ``CDS_SERVICE_LOG_VALUES=1`` and ``CDS_SERVICE_KEEP_COMMENTS=1``; and
    ``CDS_SERVICE_STRICT=1``, which refuses what the specifications refuse and the service could answer. Cards link
    their decisions where ``CDS_SERVICE_PUBLIC_URL`` and ``CDS_SERVICE_LINK_SECRET`` are set.

    Raises ValueError for a version that is not spoken, and for a secret that could be guessed.
    """
    named = os.environ.get("CDS_SERVICE_CRD_VERSION") or "2.2"
    if named not in VERSIONS:
        raise ValueError(f"CDS_SERVICE_CRD_VERSION: {named} is no CRD version spoken here; {', '.join(VERSIONS)} are")
    secret = os.environ.get("CDS_SERVICE_LINK_SECRET", "")
    if secret and len(secret) < SHORTEST_SECRET:
        raise ValueError(f"CDS_SERVICE_LINK_SECRET: it signs links, so it is at least {SHORTEST_SECRET} random characters")
    return Settings(
        crd_version=VERSIONS[named],
        log_values=os.environ.get("CDS_SERVICE_LOG_VALUES") == "1",
        keep_comments=os.environ.get("CDS_SERVICE_KEEP_COMMENTS") == "1",
        public_url=os.environ.get("CDS_SERVICE_PUBLIC_URL", "").rstrip("/"),
        link_secret=secret,
        strict=os.environ.get("CDS_SERVICE_STRICT") == "1",
    )


def _local_day() -> date:
    now = time.localtime()
    return date(now.tm_year, now.tm_mon, now.tm_mday)


def _response(reply: Reply) -> Response:
    return Response(reply.body, reply.status, mimetype=reply.media_type)


def _unusable(error: Unusable) -> Response:
    return _response(refusal(error))


def _http(error: HTTPException) -> Response:
    if wants_page():
        return guarded(problem_page(error.code or 500, PAGE_SAID.get(error.code or 500, error.name)))
    codes = {404: "not-found", 405: "not-supported", 408: "timeout", 413: "too-long", 503: "transient"}
    code = codes.get(error.code or 0, "processing")
    said = {
        404: "there is nothing at this address; GET /cds-services lists the services",
        405: "this address answers other methods",
        408: "the body did not arrive in time",
        413: f"the body is larger than {current_app.config['MAX_CONTENT_LENGTH'] // 1024 // 1024} MiB",
        503: "the service is busy; send it again",
    }.get(error.code or 0, error.name)
    response = _response(outcome(error.code or 500, (Issue("", said, code),)))
    for header, value in error.get_headers():
        if header.lower() == "allow":
            response.headers[header] = value
    return response


def _too_deep(_: RecursionError) -> Response:
    return _response(too_deep())


def _unforeseen(error: Exception) -> Response:
    reply = failure(error, str(request.url_rule))
    return guarded(problem_page(500, "Its log says where.")) if wants_page() else _response(reply)
