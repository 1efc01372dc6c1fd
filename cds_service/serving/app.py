"""The Flask application.

It reads the content once, adds the routes, and answers every fault with an OperationOutcome.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from re import Pattern
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, Response, current_app, g, request
from flask_cors import CORS
from werkzeug.exceptions import HTTPException

from cds_service.configuration.configuration import Configuration
from cds_service.configuration.environment import read_configuration
from cds_service.content.content import Content
from cds_service.dtr.routes import dtr_routes
from cds_service.hooks.answered.replies import Reply, failure, outcome, refusal, too_deep
from cds_service.hooks.calls import Calls
from cds_service.hooks.gathered.client_server import ClientServers
from cds_service.hooks.received.faults import RequestIssue, Unusable
from cds_service.hooks.routes import hooks_routes
from cds_service.hooks.settings import Settings
from cds_service.security.access import Access, access_of
from cds_service.security.caller import Caller
from cds_service.serving.configured import registry_of, settings_of
from cds_service.serving.openapi import openapi_routes
from cds_service.serving.operations import account_for, operations_routes
from cds_service.serving.origins import ANY, origins_of
from cds_service.serving.prefix import Prefixed, named_proxies, prefix_of
from cds_service.serving.readiness import READINESS, Readiness
from cds_service.serving.shared import content_of
from cds_service.store.store import Store
from cds_service.web.pages import web_pages
from cds_service.web.problem_page import PAGE_SAID, problem_page, wants_page
from cds_service.web.sending import guarded

if TYPE_CHECKING:
    from cds_service.smart.registry import Registry

CALLS = "cds_service.calls"
"""The name under which an application holds its ``Calls`` among its extensions."""


def create_app(
    content: Content | None = None,
    settings: Settings | None = None,
    today: Callable[[], date] | None = None,
    store: Store | None = None,
    access: Access | None = None,
    servers: ClientServers | None = None,
    configuration: Configuration | None = None,
    smart: Registry | None = None,
) -> Flask:
    """Build the service for a content (the shipped one by default).

    ``today`` tells the day of a call. Decisions and feedback go to ``store``, whose tables are there already; without
    one, nothing is kept. What is not given here is as the ``configuration`` says, by default that of the environment:
    who may call, and whom the service may call (``access``), what operators decided (``settings``), and all else. What
    clients did not prefetch is read from their FHIR servers within the limits of ``servers``, by default those of
    ``Limits``. The SMART app can be launched from the EHRs of ``smart``, by default those of the file that the
    configuration names, and cards then link it.

    Raises ContentError when the content or the clients file does not hold together, ValueError for settings that do
    not.
    """
    configured = configuration or read_configuration()
    held = content or content_of(configured)
    app = Flask("cds_service", static_folder=None)
    app.url_map.strict_slashes = False
    app.config["MAX_CONTENT_LENGTH"] = configured.largest_body * 1024 * 1024
    account_for(app)
    chosen, day = settings or settings_of(configured), today or _local_day
    entry = access or access_of(configured)
    ehrs = smart or registry_of(configured)
    if ehrs:
        chosen = replace(chosen, smart_issuers=tuple(issuer.iss for issuer in ehrs.issuers))
    reading = servers or (ClientServers(entry.outbound) if entry.outbound else None)
    calls = Calls(held, chosen, day, store, reading)
    routes = hooks_routes(calls)
    app.extensions[CALLS] = calls
    _admit(routes, entry, store)
    app.register_blueprint(routes)
    app.extensions[READINESS] = readiness = Readiness(store)
    app.register_blueprint(operations_routes(held, readiness, configured.metrics_token, stored=store is not None))
    app.register_blueprint(dtr_routes(held, chosen, day, store, entry))
    app.register_blueprint(openapi_routes(held))
    app.register_blueprint(web_pages(held, chosen, day, store, token=configured.metrics_token))
    if ehrs:
        _hang_up_smart(app, ehrs, held, chosen, store, entry, day)
    _share_with_other_sites(app, origins_of(configured))
    app.register_error_handler(Unusable, _unusable)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(RecursionError, _too_deep)
    app.register_error_handler(Exception, _unforeseen)
    prefix, proxies = prefix_of(configured), named_proxies(configured)
    if prefix or proxies:
        app.wsgi_app = Prefixed(app.wsgi_app, prefix, proxies)  # type: ignore[method-assign, assignment]
    return app


def _admit(routes: Blueprint, access: Access, store: Store | None) -> None:
    """Check the caller before every route.

    That is anyone, or whoever has a token of a client that is named.
    """
    if access.clients is None:
        anyone = Caller(None, access.fhir_servers)
        routes.before_request(lambda: setattr(g, "caller", anyone))
        return
    from cds_service.security.guard import guard  # noqa: PLC0415 - ten megabytes of cryptography, of no use to an open service

    guard(routes, access, store, lambda status, said, code: _response(outcome(status, (RequestIssue("", said, code),))))


def _hang_up_smart(
    app: Flask,
    ehrs: Registry,
    content: Content,
    settings: Settings,
    store: Store | None,
    access: Access,
    today: Callable[[], date],
) -> None:
    from cds_service.smart.app import smart_app  # noqa: PLC0415 - ten megabytes of cryptography, of no use without EHRs
    from cds_service.smart.routes import smart_routes  # noqa: PLC0415

    app.register_blueprint(smart_routes(smart_app(ehrs, content, settings, store, access.outbound, today, access.now)))


def _share_with_other_sites(app: Flask, origins: list[str | Pattern[str]]) -> None:
    """Let scripts of some sites call what is not a page (CORS).

    Only browsers ask, by an ``Origin``; calls of EHR servers cost nothing more.
    """
    if not origins:
        return
    CORS(
        app,
        origins=origins,
        resources=r"/(?!(stats|decisions|try|policies|value-sets|static|metrics|smart)(/|$)).+",  # pages are for no other site
        methods=["GET", "POST", "OPTIONS"],
        allow_headers="*",  # whatever a browser says that its script sends
        max_age=600,
        allow_private_network=ANY not in origins,  # a site that was named may call a service inside
        send_wildcard=True,
    )
    shared = app.after_request_funcs[None].pop()

    @app.after_request
    def share(response: Response) -> Any:
        return shared(response) if "HTTP_ORIGIN" in request.environ else response


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
    codes = {404: "not-found", 405: "not-supported", 408: "timeout", 413: "too-long", 415: "not-supported", 503: "transient"}
    code = codes.get(error.code or 0, "processing")
    said = {
        404: "there is nothing at this address; GET /cds-services lists the services",
        405: "this address answers other methods",
        408: "the body did not arrive in time",
        413: f"the body is larger than {current_app.config['MAX_CONTENT_LENGTH'] // 1024 // 1024} MiB",
        503: "the service is busy; send it again",
    }.get(error.code or 0, error.name)
    response = _response(outcome(error.code or 500, (RequestIssue("", said, code),)))
    for header, value in error.get_headers():
        if header.lower() == "allow":
            response.headers[header] = value
    return response


def _too_deep(_: RecursionError) -> Response:
    return _response(too_deep())


def _unforeseen(error: Exception) -> Response:
    reply = failure(error, str(request.url_rule))
    return guarded(problem_page(500, "Its log says where.")) if wants_page() else _response(reply)
