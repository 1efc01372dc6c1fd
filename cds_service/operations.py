"""What operators ask of the service: does it live, is it ready, what are its numbers; and the account of every request."""

from __future__ import annotations

import orjson
from flask import Blueprint, Flask, Response, abort, request

from cds_service import telemetry
from cds_service.content import Content
from cds_service.hooks.messages import Issue, Unusable
from cds_service.operators import TOKEN, refused
from cds_service.store.store import Store

REFUSED = "cds_service.refused"
"""The key of a request's environment under which the server says with what status it is to be refused, its body unread."""
TWICE = 400
"""The status of a request with two headers of which one is meant."""
STORE_ANSWERS = 1.0
"""Seconds that `/ready` waits for the store."""


def account_for(app: Flask) -> None:
    """Gives every request of an application its log line and its place in the metrics."""

    @app.before_request
    def begin() -> None:
        rule = request.url_rule
        telemetry.begin(f"{request.method if rule else ''} {rule.rule if rule else telemetry.OTHER}".strip())
        if REFUSED in request.environ:
            if request.environ[REFUSED] == TWICE:
                raise Unusable(TWICE, [Issue("", "Authorization, Host and Content-Length may stand once each", "invalid")])
            abort(request.environ[REFUSED])

    @app.after_request
    def end(response: Response) -> Response:
        telemetry.end(response.status_code, int(request.environ.get("CONTENT_LENGTH") or 0))
        return response


def operations_routes(content: Content, store: Store | None) -> Blueprint:
    """The blueprint of `/health`, `/ready` and `/metrics`."""
    routes = Blueprint("operations", __name__)
    health = orjson.dumps({"status": "ok"})

    @routes.get("/health")
    def lives() -> Response:
        """Says that the process answers, and does no work for it."""
        return Response(health, mimetype="application/json")

    @routes.get("/ready")
    def ready() -> Response:
        """Says what is held; a worker takes no call before all of it is made. Answers to orders do not need the store, so a store
        that cannot be written is told and takes nobody out of service: only feedback waits for it."""
        why = store.why_not(STORE_ANSWERS) if store else ""
        told = {
            "status": "ready",
            "revision": content.revision,
            "policies": len(content.policies),
            "store": "none" if store is None else "unreachable" if why else "ok",
            "metrics": "none" if telemetry.metrics().why_not else "ok",
        }
        if why:
            told["store_why"] = why
        return Response(orjson.dumps(told), mimetype="application/json")

    @routes.get("/metrics")
    def metrics() -> Response:
        """The numbers of all workers, for operators only."""
        _refuse_strangers()
        if telemetry.metrics().why_not:
            raise Unusable(503, [Issue("", f"no numbers are kept: {telemetry.metrics().why_not}", "transient")])
        return Response(telemetry.exposition(), content_type=telemetry.CONTENT_TYPE)

    return routes


def _refuse_strangers() -> None:
    status = refused(request)
    if status == 401:
        raise Unusable(401, [Issue("", "the metrics are for operators", "login")])
    if status:
        raise Unusable(
            status,
            [Issue("", f"the metrics are for operators; set {TOKEN} or --operators-port", "forbidden")],
        )
