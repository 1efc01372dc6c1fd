"""The pages of a content folder while its author works.

They are those of the service, on this machine alone. An open page loads itself again as soon as a save was read.
"""

from __future__ import annotations

from collections.abc import Iterable
from threading import Condition, Thread
from typing import TYPE_CHECKING, Final

from flask import Flask, Response, request
from werkzeug.serving import WSGIRequestHandler, make_server

from cds_service.configuration.configuration import Configuration
from cds_service.content.content import Content
from cds_service.hooks.settings import Settings
from cds_service.serving.app import create_app
from cds_service.store.address import NONE
from cds_service.web.sending import asset_address

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

HOST: Final = "127.0.0.1"
PATIENCE: Final = 20.0
"""Seconds after which a page that waits for a save asks again."""
_NOT_READ: Final = b"The content does not hold together yet; the terminal says why. This page loads itself again.\n"


class WatchedPages:
    """The service on what was read last, as a WSGI application.

    A content that does not hold together leaves the pages as they were.
    """

    def __init__(self) -> None:
        self._shown = 0
        self._changed = Condition()
        self._application = _nothing_yet(self)

    def show(self, content: Content) -> None:
        """Serve a content from now on; open pages load themselves again."""
        plain = Configuration(content=content.root, store=NONE)  # whatever the environment says
        application = create_app(content, Settings(), configuration=plain)
        _reloading(application, self)
        with self._changed:
            self._application = application
            self._shown += 1
            self._changed.notify_all()

    def after(self, seen: int, seconds: float = PATIENCE) -> int:
        """Return the number of the content that is shown.

        Waits for another than ``seen``, so many seconds at most.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._shown != seen, seconds)
            return self._shown

    @property
    def shown(self) -> int:
        """The number of the content that is shown: 0 before the first."""
        return self._shown

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; a page is sent whole and anew."""
        for name in ("HTTP_ACCEPT_ENCODING", "HTTP_IF_NONE_MATCH"):
            environ.pop(name, None)
        return self._application(environ, start_response)

    def serve(self, port: int) -> None:
        """Serve from a thread that ends with the process.

        Raises SystemExit where the port is taken.
        """
        server = make_server(HOST, port, self, threaded=True, request_handler=_Silent)
        Thread(target=server.serve_forever, name="pages", daemon=True).start()


class _Silent(WSGIRequestHandler):
    """One request of the author's browser, of which nothing is logged."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: the terminal tells what saves come to."""


def _nothing_yet(pages: WatchedPages) -> Flask:
    application = Flask("cds_service", static_folder=None)
    _add_waiting(application, pages)
    refresh = {"Refresh": "1", "Cache-Control": "no-store"}
    application.register_error_handler(404, lambda _: Response(_NOT_READ, 503, refresh, mimetype="text/plain"))
    return application


def _add_waiting(application: Flask, pages: WatchedPages) -> None:
    @application.get("/watched")
    def watched() -> Response:
        seen = request.args.get("seen", 0, type=int)
        return Response(str(pages.after(seen)), headers={"Cache-Control": "no-store"}, mimetype="text/plain")


def _reloading(application: Flask, pages: WatchedPages) -> None:
    _add_waiting(application, pages)

    @application.after_request
    def reload_itself(page: Response) -> Response:
        if page.mimetype == "text/html" and not page.is_streamed:
            script = f'<script src="{asset_address("watched.js")}" data-seen="{pages.shown}" defer></script></body>'
            page.set_data(page.get_data(as_text=True).replace("</body>", script, 1))
            page.headers["Cache-Control"] = "no-store"
            page.headers.pop("ETag", None)
        return page
