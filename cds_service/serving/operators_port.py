"""The operators' own port for the service's numbers.

It answers at a loopback address, without a token, and answers nothing else.

Every worker listens there, and the system gives each call to one of them: the numbers are of all workers, whichever is
asked.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from threading import Thread
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from flask import Flask

from cds_service.security.operators import OPERATORS

log = logging.getLogger("cds_service")
HOST: Final = "127.0.0.1"
TOLD: Final = ("/metrics", "/stats", "/static/", "/health", "/ready")
"""What is told there, by how the address begins."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    allow_reuse_port = True

    def server_bind(self) -> None:
        """Bind the port without asking for this machine's name.

        No name server is asked what it is called.
        """
        super(WSGIServer, self).server_bind()
        self.setup_environ()


class _Call(WSGIRequestHandler):
    timeout = 5

    def log_message(self, *_: Any) -> None:
        """Say nothing: the service writes its own line."""


def listen(app: Flask, port: int) -> None:
    """Answer at the operators' port in threads.

    They answer as long as the process lives. A port that is taken is told in the log.
    """

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "GET" or not environ["PATH_INFO"].startswith(TOLD):
            start("404 Not Found", [("Content-Length", "0")])
            return []
        return app.wsgi_app(environ | {OPERATORS: "1"}, start)

    try:
        server = _Server((HOST, port), _Call)
    except OSError as error:
        log.error("the operators' port cannot be listened at", extra={"port": port, "why": os.strerror(error.errno or 0)})  # noqa: TRY400
        return
    server.set_app(answer)
    Thread(target=server.serve_forever, name="operators", daemon=True).start()
