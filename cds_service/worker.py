"""A worker: the service in a process of its own, as the server starts it. It loads nothing of the command line."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from contextlib import suppress
from multiprocessing import parent_process
from pathlib import Path
from typing import IO

from flask import Flask

from cds_service import telemetry
from cds_service.app import CALLS, create_app
from cds_service.fhir.validation import READ, model_of
from cds_service.limits import body_seconds
from cds_service.operators_port import PORT as OPERATORS_PORT
from cds_service.operators_port import listen
from cds_service.reception import Patience, Reception, spare_the_collector
from cds_service.security.access import CLIENTS
from cds_service.store.database import ENVIRONMENT as STORE
from cds_service.store.database import NONE
from cds_service.store.store import Store
from cds_service.telemetry import FOLDER
from cds_service.warm_up import warm_up
from cds_service.web.pages import render_ahead

log = logging.getLogger("cds_service")
LONGEST_END = 10
"""Seconds that a worker may take to end before it is killed; an order takes milliseconds."""
LOOKS = 0.5
"""Seconds between two looks whether the server still lives."""
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
        try:
            claim = (folder / f"processor-{processor}").open("w")
        except OSError:  # no room for a file, however small: this worker runs anywhere
            return None
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


def end_with(server: int) -> None:
    """Ends this process soon after its server has, however that died: else it would keep the port, and answer, for good.

    ``server`` is the process that started this one. What waits to be written is written, as at any end.
    """

    def look() -> None:
        while os.getppid() == server:
            time.sleep(LOOKS)
        log.error("the server has died; this worker ends")
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(LONGEST_END)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=look, name="server lives", daemon=True).start()


def prepare_worker(app: Flask) -> None:
    """Makes what is else made by the first calls, which may come together: metrics, models of resources, and caches."""
    telemetry.metrics()
    for kind in READ:
        model_of({"resourceType": kind})
    warm_up(app.extensions[CALLS])


def worker() -> Reception:
    """The service in a worker process. Raises ContentError when the content was broken since the server started.

    Ctrl-C reaches every process of the terminal, and the server then tells its workers to end as well. A worker that is told twice
    may hang (Granian 2.8: one end in twenty), so workers leave Ctrl-C to the server.
    """
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    server = parent_process()
    if server and server.pid and hasattr(os, "getppid"):
        end_with(server.pid)
    if os.environ.get(PINNED) and os.environ.get(FOLDER):
        take_processor(Path(os.environ[FOLDER]))
    url = os.environ.get(STORE, NONE)
    app = create_app(store=None if url == NONE else Store(url))
    prepare_worker(app)
    spare_the_collector()
    threading.Thread(target=render_ahead, args=(app,), name="pages", daemon=True).start()
    if os.environ.get(OPERATORS_PORT):
        listen(app, int(os.environ[OPERATORS_PORT]))
    patience = Patience(body=body_seconds())
    return Reception(app, patience, None if os.environ.get(CLIENTS) else app.extensions[CALLS])
