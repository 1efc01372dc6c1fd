"""The addresses of CDS Hooks: discovery and the service itself."""

from __future__ import annotations

import orjson
from flask import Blueprint, Response, g, request

from cds_service.hooks.calls import ROUTE, Calls
from cds_service.hooks.feedback import receive
from cds_service.hooks.messages import Issue, Unusable
from cds_service.hooks.prefetch import SERVICES, discovery


def hooks_routes(calls: Calls) -> Blueprint:
    """The blueprint of `/cds-services`. The discovery document is `hooks.json` of the content, or made where it has none.

    Whoever hangs them up puts the ``Caller`` of each request in ``flask.g.caller`` (``security.guard``).
    """
    routes = Blueprint("hooks", __name__)
    file = calls.content.root / "hooks.json"
    document = file.read_bytes() if file.is_file() else orjson.dumps(discovery(calls.content))

    @routes.get("/cds-services")
    def services() -> Response:
        return Response(document, mimetype="application/json")

    @routes.post(ROUTE)
    def call(service: str) -> Response:
        _refuse_unknown(service)
        reply = calls.reply(request.get_data(cache=False), g.caller, service)
        return Response(reply.body, reply.status, mimetype=reply.media_type)

    @routes.post(f"{ROUTE}/feedback")
    def feedback(service: str) -> Response:
        _refuse_unknown(service)
        receive(request.get_data(cache=False), service, calls.store, calls.settings.keep_comments)
        return Response(b"{}", mimetype="application/json")

    return routes


def _refuse_unknown(service: str) -> None:
    if service not in SERVICES:
        raise Unusable(404, [Issue("", "there is no such service; GET /cds-services lists them", "not-found")])
