"""The floor: what Flask and orjson cost on the same server when nothing is decided and the answer is one constant card."""

from __future__ import annotations

import orjson
from flask import Flask, Response, request

from bench.constant_card import CARD


def floor() -> Flask:
    """The application."""
    app = Flask("floor", static_folder=None)

    @app.post("/cds-services/medical-policy")
    def call() -> Response:
        orjson.loads(request.get_data(cache=False))
        return Response(orjson.dumps({"cards": [CARD], "systemActions": []}), mimetype="application/json")

    @app.get("/cds-services")
    def services() -> Response:
        return Response(b'{"services":[]}', mimetype="application/json")

    return app
