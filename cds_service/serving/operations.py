"""What operators ask of the service, and the account of every request.

They ask whether it lives, whether it is ready, and what its numbers are.
"""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Flask, Response, abort, request

from cds_service import telemetry
from cds_service.content.content import Content
from cds_service.hooks import account
from cds_service.hooks.received.faults import RequestIssue, Unusable
from cds_service.security.operators import TOKEN, refused
from cds_service.serving.readiness import Readiness

REFUSED = "cds_service.refused"
"""The key of a request's environment for a refusal.

Under it, the server says with what status the request is to be refused, its body unread.
"""
TWICE = 400
"""The status of a request with two headers where one is meant."""


def account_for(app: Flask) -> None:
    """Give every request its log line and its place in the metrics.

    It does so for all requests of an application.
    """

    @app.before_request
    def begin() -> None:
        rule = request.url_rule
        account.begin(f"{request.method if rule else ''} {rule.rule if rule else account.OTHER}".strip())
        if REFUSED in request.environ:
            if request.environ[REFUSED] == TWICE:
                raise Unusable(TWICE, [RequestIssue("", "Authorization, Host and Content-Length may stand once each", "invalid")])
            abort(request.environ[REFUSED])

    @app.after_request
    def end(response: Response) -> Response:
        account.end(response.status_code, request.content_length or 0)
        return response


def operations_routes(content: Content, readiness: Readiness, token: str = "", *, stored: bool = False) -> Blueprint:
    """Make the blueprint of `/health`, `/ready` and `/metrics`.

    Operators show their ``token`` for the last. ``stored`` says that there is a store.
    """
    routes = Blueprint("operations", __name__)
    health = orjson.dumps({"status": "ok"})

    @routes.get("/health")
    def lives() -> Response:
        """Say that the process answers, and do no work for it."""
        return Response(health, mimetype="application/json")

    @routes.get("/ready")
    def ready() -> Response:
        """Say what is held, with 503 until the worker is ready.

        It is ready when all is made and the store was writable once: whoever rolls a version out sees that it cannot
        write. Answers to orders do not need the store, so one that fails later is told and takes nobody out of service.
        """
        why = readiness.store_why()
        missing = readiness.missing()
        told: dict[str, Any] = {
            "status": "starting" if missing else "ready",
            "revision": content.revision,
            "policies": len(content.policies),
            "store": "none" if not stored else "unreachable" if why else "ok",
            "metrics": "none" if telemetry.metrics().why_not else "ok",
        }
        if why:
            told["store_why"] = why
        if missing:
            told["waits_for"] = missing
        return Response(orjson.dumps(told), 503 if missing else 200, mimetype="application/json")

    @routes.get("/metrics")
    def metrics() -> Response:
        """Give the numbers of all workers, for operators only."""
        _refuse_strangers(token)
        if telemetry.metrics().why_not:
            raise Unusable(503, [RequestIssue("", f"no numbers are kept: {telemetry.metrics().why_not}", "transient")])
        return Response(telemetry.exposition(), content_type=telemetry.CONTENT_TYPE)

    return routes


def _refuse_strangers(token: str) -> None:
    status = refused(request, token)
    if status == 401:
        raise Unusable(401, [RequestIssue("", "the metrics are for operators", "login")])
    if status:
        raise Unusable(
            status,
            [RequestIssue("", f"the metrics are for operators; set {TOKEN} or --operators-port", "forbidden")],
        )
