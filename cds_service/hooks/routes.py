"""The addresses of CDS Hooks: discovery and the service itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import orjson
from flask import Blueprint, Response, g, request

from cds_service.content import Content
from cds_service.hooks.answer import Settings, answer
from cds_service.hooks.client_server import ClientServers
from cds_service.hooks.feedback import receive
from cds_service.hooks.messages import Issue, Unusable
from cds_service.hooks.prefetch import SERVICE_ID, discovery
from cds_service.store.store import Store


def hooks_routes(
    content: Content,
    settings: Settings,
    today: Callable[[], date],
    store: Store | None = None,
    servers: ClientServers | None = None,
) -> Blueprint:
    """The blueprint of `/cds-services`. The discovery document is `hooks.json` of the content, or made where it has none.

    Whoever hangs them up puts the ``Caller`` of each request in ``flask.g.caller`` (``security.guard``).
    """
    routes = Blueprint("hooks", __name__)
    file = content.root / "hooks.json"
    document = file.read_bytes() if file.is_file() else orjson.dumps(discovery(content))

    @routes.get("/cds-services")
    def services() -> Response:
        return Response(document, mimetype="application/json")

    @routes.post("/cds-services/<service>")
    def call(service: str) -> Response:
        _refuse_unknown(service)
        answered = answer(request.get_data(cache=False), content, today(), settings, store, g.caller, servers)
        return Response(orjson.dumps(answered), mimetype="application/json")

    @routes.post("/cds-services/<service>/feedback")
    def feedback(service: str) -> Response:
        _refuse_unknown(service)
        receive(request.get_data(cache=False), service, store, settings.keep_comments)
        return Response(b"{}", mimetype="application/json")

    return routes


def _refuse_unknown(service: str) -> None:
    if service != SERVICE_ID:
        raise Unusable(404, [Issue("", "there is no such service; GET /cds-services lists them", "not-found")])
