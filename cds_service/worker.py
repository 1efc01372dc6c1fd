"""A worker: the service in a process of its own, as the server starts it. It loads nothing of the command line."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO

from cds_service.app import CALLS, create_app
from cds_service.limits import body_seconds
from cds_service.reception import Patience, Reception, spare_the_collector
from cds_service.security.access import CLIENTS
from cds_service.store.database import ENVIRONMENT as STORE
from cds_service.store.database import NONE
from cds_service.store.store import Store
from cds_service.telemetry import FOLDER
from cds_service.web.pages import render_ahead

PINNED = "CDS_SERVICE_PINNED"
"""The environment variable by which ``serve`` tells its workers to keep to a processor each."""
_taken: list[IO[str]] = []
"""What says which processor this process has taken, open as long as it lives."""


def take_processor(folder: Path) -> int | None:
    """Keeps this process to one processor that no other worker of the same ``serve`` has; ``folder`` is theirs alone.

    Its threads then hand a request to each other without waking another processor, whose caches would know nothing of it: at one
    connection that is a sixth of what an order costs. Gives the processor, or None where each is taken or the system has no way to.
    """
    if not hasattr(os, "sched_setaffinity"):
        return None
    from fcntl import LOCK_EX, LOCK_NB, flock  # noqa: PLC0415 - where processes are kept to processors, files are locked so

    for processor in sorted(os.sched_getaffinity(0)):
        claim = (folder / f"processor-{processor}").open("w")
        try:
            flock(claim, LOCK_EX | LOCK_NB)
        except OSError:
            claim.close()
            continue
        _taken.append(claim)
        for thread in Path("/proc/self/task").iterdir():
            with suppress(ProcessLookupError):
                os.sched_setaffinity(int(thread.name), {processor})
        return processor
    return None


def worker() -> Reception:
    """The service in a worker process. Raises ContentError when the content was broken since the server started.

    Ctrl-C reaches every process of the terminal, and the server then tells its workers to end as well. A worker that is told twice
    may hang (Granian 2.8: one end in twenty), so workers leave Ctrl-C to the server.
    """
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    if os.environ.get(PINNED):
        take_processor(Path(os.environ[FOLDER]))
    url = os.environ.get(STORE, NONE)
    app = create_app(store=None if url == NONE else Store(url))
    spare_the_collector()
    threading.Thread(target=render_ahead, args=(app,), name="pages", daemon=True).start()
    patience = Patience(body=body_seconds())
    return Reception(app, patience, None if os.environ.get(CLIENTS) else app.extensions[CALLS])
