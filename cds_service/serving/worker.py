"""A worker: the service in a process of its own.

The server starts it so. It loads nothing of the command line.
"""

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
from cds_service.configuration.environment import handed_over
from cds_service.fhir.resource_types import READ
from cds_service.fhir.validation import model_of
from cds_service.limits import LONGEST_END
from cds_service.serving.app import CALLS, create_app
from cds_service.serving.operators_port import listen
from cds_service.serving.prefix import prefix_of
from cds_service.serving.readiness import readiness_of
from cds_service.serving.reception import Patience, Reception, spare_the_collector
from cds_service.serving.warm_up import warm_up
from cds_service.store.address import NONE
from cds_service.store.store import Store
from cds_service.telemetry import FOLDER
from cds_service.web.pages import render_ahead

log = logging.getLogger("cds_service")
LOOKS = 0.5
"""Seconds between two looks whether the server still lives."""
FIRST_ORDERS = 2.0
"""Seconds that a worker answers before it makes pages ahead.

Nobody has asked for these pages yet: the first orders have the processor alone.
"""
PAGES = "pages"
"""What `/ready` calls the pages that a worker makes."""
_taken: list[IO[str]] = []
"""The files that say which processor this process has taken.

They are open as long as it lives.
"""


def take_processor(folder: Path) -> int | None:
    """Keep this process to a processor that no other worker has.

    That is, no other of the same ``serve``; ``folder`` is theirs alone. Its threads then hand a request to each other
    without waking another processor, whose caches would know nothing of it: at one connection that is a sixth of what
    an order costs. Returns the processor, or None where each is taken or the system has no way to do it.
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
    """End this process soon after its server has ended.

    It ends however the server died: else it would keep the port, and answer, for good. ``server`` is the process that
    started this one. What waits to be written is written, as at any end.
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
    """Make what the first calls would otherwise make.

    They may come together. It makes metrics, models of resources, and caches.
    """
    telemetry.metrics()
    for kind in READ:
        model_of({"resourceType": kind})
    warm_up(app.extensions[CALLS])


def make_pages(app: Flask) -> None:
    """Make the pages ahead.

    Where that fails, the log says so, and the worker is never ready, though it answers orders.
    """
    try:
        render_ahead(app)
    except Exception as error:  # whatever it is: a thread that died would say nothing
        log.error("the pages could not be made", extra={"why": type(error).__name__})  # noqa: TRY400 - a traceback names content
        return
    readiness_of(app).made(PAGES)


def worker() -> Reception:
    """Make the service in a worker process.

    Raises ContentError when the content was broken since the server started. Ctrl-C reaches every process of the
    terminal, and the server then tells its workers to end as well. A worker that is told twice may hang (Granian 2.8:
    one end in twenty), so workers leave Ctrl-C to the server.
    """
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    server = parent_process()
    if server and server.pid and hasattr(os, "getppid"):
        end_with(server.pid)
    started = handed_over()
    configuration = started.configuration
    if started.pinned and os.environ.get(FOLDER):
        take_processor(Path(os.environ[FOLDER]))
    if not started.metrics:
        telemetry.keep_none()
    url = configuration.store or NONE
    app = create_app(
        store=None if url == NONE else Store(url, started.store_file, configuration.context_days), configuration=configuration
    )
    prepare_worker(app)
    spare_the_collector()
    readiness_of(app).waits_for(PAGES)
    pages = threading.Timer(FIRST_ORDERS, make_pages, (app,))
    pages.daemon = True
    pages.start()
    if configuration.operators_port:
        listen(app, configuration.operators_port)
    patience = Patience(body=configuration.body_seconds)
    return Reception(app, patience, None if configuration.clients else app.extensions[CALLS], prefix_of(configuration))
