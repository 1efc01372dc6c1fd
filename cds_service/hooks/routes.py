"""The addresses of CDS Hooks: discovery and the service itself."""

from __future__ import annotations

import orjson
from flask import Blueprint, Response, current_app, g, request

from cds_service.hooks.calls import ROUTE, Calls
from cds_service.hooks.discovery import SERVICES, discovery
from cds_service.hooks.feedback import receive
from cds_service.hooks.received.bodies import ENCODED, plain_body
from cds_service.hooks.received.faults import RequestIssue, Unusable


def hooks_routes(calls: Calls) -> Blueprint:
    """Make the blueprint of `/cds-services`.

    The discovery document is `hooks.json` of the content. It is made anew where the content has none, and where
    prefetch must ask for the least.

    The caller must set ``flask.g.caller`` to the ``Caller`` of each request (``security.guard`` does).
    """
    routes = Blueprint("hooks", __name__)
    file = calls.content.root / "hooks.json"
    least = calls.settings.least_prefetch
    written = file.is_file() and not least
    document = orjson.dumps(orjson.loads(file.read_bytes()) if written else discovery(calls.content, least=least))

    @routes.get("/cds-services")
    def services() -> Response:
        return Response(document, mimetype="application/json")

    @routes.post(ROUTE)
    def call(service: str) -> Response:
        _refuse_unknown(service)
        reply = calls.reply(_body(), g.caller, service)
        return Response(reply.body, reply.status, mimetype=reply.media_type)

    @routes.post(f"{ROUTE}/feedback")
    def feedback(service: str) -> Response:
        _refuse_unknown(service)
        receive(_body(), service, calls.store, calls.settings.keep_comments, g.caller.issuer or "")
        return Response(b"{}", mimetype="application/json")

    return routes


def _body() -> bytes:
    """Return the body of the request as its client wrote it.

    Raises Unusable for a body whose encoding cannot be undone.
    """
    body = request.get_data(cache=False)
    encoding = request.headers.get(ENCODED, "")
    return plain_body(body, encoding, current_app.config["MAX_CONTENT_LENGTH"]) if encoding else body


def _refuse_unknown(service: str) -> None:
    if service not in SERVICES:
        raise Unusable(404, [RequestIssue("", "there is no such service; GET /cds-services lists them", "not-found")])
