"""What the service tells its operators of itself: Prometheus metrics, and one log line for each request.

Labels take few values, all of them ours: hooks, statuses, policies, outcomes, kinds. Never an id, a text or a value of a client.

Workers are processes of their own. ``serve`` names a private folder in ``PROMETHEUS_MULTIPROC_DIR`` before any of them starts;
each writes its numbers there, and whichever is asked for `/metrics` adds up all of them. Without the folder, the numbers are those
of one process.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

log = logging.getLogger("cds_service")
FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable by which prometheus_client learns where the numbers of several processes are."""
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
OTHER: Final = "other"


class Metrics:
    """The metrics of this process."""

    def __init__(self) -> None:
        import prometheus_client as made  # noqa: PLC0415 - looks for FOLDER once it is imported: in the worker

        bounds = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
        said = "Seconds from the whole request to its answer."
        self.requests = made.Counter("cds_requests", "Requests answered.", ["hook", "status"])
        self.seconds = made.Histogram("cds_request_seconds", said, ["hook"], buckets=bounds)
        self.outcomes = made.Counter("cds_outcomes", "Orders decided.", ["policy", "outcome"])
        self.unusable = made.Counter("cds_unusable_evidence", "Evidence that did not count.", ["policy", "standing"])
        self.outbound = made.Counter("cds_outbound_calls", "Calls to clients' servers.", ["kind", "result"])
        self.not_logged = made.Counter("cds_decisions_not_logged", "Decisions that the decision log lost.")
        self.waiting = made.Gauge("cds_decisions_waiting", "Decisions that wait to be logged.", multiprocess_mode="livesum")


@cache
def metrics() -> Metrics:
    """The metrics of this process, made when the first is needed: not in the server's own process, whose workers inherit it."""
    return Metrics()


@dataclass(slots=True)
class Call:
    """One request, as the log line and the metrics tell of it. Filled in while the request is answered; nothing of the patient."""

    hook: str
    began: float
    hook_instance: str = ""
    orders: int = 0
    revision: str = ""
    outcomes: list[dict[str, Any]] = field(default_factory=list)
    assertions: list[dict[str, str]] = field(default_factory=list)
    unusable: list[tuple[str, str]] = field(default_factory=list)
    elements: list[str] = field(default_factory=list)


_call: ContextVar[Call | None] = ContextVar("call", default=None)


def begin(hook: str) -> None:
    """Begins the account of a request. ``hook`` is a name of ours: a hook, or the address for what is none."""
    _call.set(Call(hook, time.perf_counter()))


def current() -> Call | None:
    """The request that is being answered in this thread, None outside of one."""
    return _call.get()


@contextmanager
def unaccounted() -> Iterator[None]:
    """What is done meanwhile adds nothing to the request's account: an order that a person made up counts for nobody."""
    before = _call.set(None)
    try:
        yield
    finally:
        _call.reset(before)


def end(status: int, size: int) -> None:
    """Ends the account: writes the log line and counts. ``size`` is the body's, in bytes."""
    call = _call.get()
    if call is None:
        return
    _call.set(None)
    seconds = time.perf_counter() - call.began
    _of(metrics().requests, call.hook, str(status)).inc()
    _of(metrics().seconds, call.hook).observe(seconds)
    for one in call.outcomes:
        _of(metrics().outcomes, one["policy"], one["outcome"]).inc()
    for labels, count in Counter(call.unusable).items() if call.unusable else ():
        _of(metrics().unusable, *labels).inc(count)
    told: dict[str, Any] = {"hook": call.hook, "status": status, "ms": round(seconds * 1000, 3), "bytes": size}
    if call.hook_instance:
        told["hook_instance"] = call.hook_instance
    if call.outcomes:
        told |= {"orders": call.orders, "outcomes": call.outcomes, "revision": call.revision}
    if call.assertions:
        told["assertions"] = call.assertions
    if call.elements:
        told["elements"] = call.elements
    _write("answered" if status < 400 else "refused" if status < 500 else "failed to answer", told)


_EVERY_LINE: Final = logging.makeLogRecord(
    {"name": log.name, "levelno": logging.INFO, "levelname": "INFO", "pathname": __file__, "filename": "telemetry.py"}
).__dict__
"""What every record of a request has alike. The logger would look for the place in the code that called it: it is always this."""


def _write(said: str, told: dict[str, Any]) -> None:
    """Writes a line at INFO."""
    if log.isEnabledFor(logging.INFO):
        record, now = logging.LogRecord.__new__(logging.LogRecord), time.time()
        record.__dict__.update(_EVERY_LINE, msg=said, created=now, msecs=float(int(now % 1 * 1000)), **told)
        log.handle(record)


def outbound(kind: str, result: str) -> None:
    """Counts a call to a client's server. ``kind`` is what was asked for (``fhir``, ``jwks``); ``result`` is how it ended, in a
    word of ours: ``ok``, ``error`` (the server said so), ``refused`` (by our guard), ``timeout`` or ``failed``."""
    _of(metrics().outbound, kind, result).inc()


_children: dict[tuple[Any, ...], Any] = {}


def _of(metric: Any, *labels: str) -> Any:
    """A metric's child for labels, found without the metric's own lock and checks."""
    key = (metric, *labels)
    child = _children.get(key)
    if child is None:
        child = _children[key] = metric.labels(*labels)
    return child


def exposition() -> bytes:
    """All metrics in the text format of Prometheus."""
    from prometheus_client import REGISTRY, CollectorRegistry, generate_latest  # noqa: PLC0415 - as in Metrics
    from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415 - as in Metrics

    metrics()
    folder = os.environ.get(FOLDER)
    if not folder:
        return generate_latest(REGISTRY)
    _forget_the_dead(Path(folder))
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def _forget_the_dead(folder: Path) -> None:
    """Takes away what dead workers say of the present (gauges); what they counted stays counted."""
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415 - as in Metrics

    for file in folder.glob("gauge_live*.db"):
        found = re.search(r"_(\d+)\.db$", file.name)
        if found and not _lives(int(found[1])):
            mark_process_dead(int(found[1]), str(folder))  # type: ignore[no-untyped-call]


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


_ID: Final = re.compile(r"(?=.*[0-9])[A-Za-z0-9-]{16,64}")


def loggable(hook_instance: object) -> str:
    """A hook instance as a log may hold it: what does not look like an id is left out, since it may be anything."""
    if isinstance(hook_instance, str) and _ID.fullmatch(hook_instance):
        return hook_instance
    return "not an id"
