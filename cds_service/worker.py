"""A worker: the service in a process of its own, as the server starts it. It loads nothing of the command line."""

from __future__ import annotations

import os
import signal
import threading

from cds_service.app import CALLS, create_app
from cds_service.limits import body_seconds
from cds_service.reception import Patience, Reception, spare_the_collector
from cds_service.security.access import CLIENTS
from cds_service.store.database import ENVIRONMENT as STORE
from cds_service.store.database import NONE
from cds_service.store.store import Store
from cds_service.web.pages import render_ahead


def worker() -> Reception:
    """The service in a worker process. Raises ContentError when the content was broken since the server started.

    Ctrl-C reaches every process of the terminal, and the server then tells its workers to end as well. A worker that is told twice
    may hang (Granian 2.8: one end in twenty), so workers leave Ctrl-C to the server.
    """
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    url = os.environ.get(STORE, NONE)
    app = create_app(store=None if url == NONE else Store(url))
    spare_the_collector()
    threading.Thread(target=render_ahead, args=(app,), name="pages", daemon=True).start()
    patience = Patience(body=body_seconds())
    return Reception(app, patience, None if os.environ.get(CLIENTS) else app.extensions[CALLS])
