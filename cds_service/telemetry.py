"""What operators are told: Prometheus metrics, and a log line a request.

Labels take few values, all of them ours: hooks, statuses, policies, outcomes, kinds. Never an id, a text or a value of
a client.

Workers are processes of their own. ``serve`` names a private folder in ``PROMETHEUS_MULTIPROC_DIR`` before any of them
starts; each writes its numbers there, and whichever is asked for `/metrics` adds up all of them. Without the folder,
the numbers are those of one process.
"""

from __future__ import annotations

import errno
import logging
import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Final

log = logging.getLogger("cds_service")
FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable that names the folder for numbers.

prometheus_client learns from it where the numbers of several processes are.
"""
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
OTHER: Final = "other"
ROOM: Final = 1024 * 1024
"""Size of each file of numbers, in bytes.

prometheus_client makes them as long.
"""
MOST: Final = 3000
"""Most combinations of labels that are counted.

They take less than ``ROOM``; there are some hundreds.
"""
PAUSE: Final = 60.0
"""Seconds after which room for numbers is looked for again."""


class Metrics:
    """The metrics of this process.

    ``why_not`` says in words why there are none, where nothing can be kept.
    """

    why_not = ""

    def __init__(self) -> None:
        """Make the metrics.

        Raises OSError where the folder has no room for them.
        """
        import prometheus_client as made  # noqa: PLC0415 - looks for FOLDER once it is imported: in the worker

        folder = os.environ.get(FOLDER)
        if folder:
            _take_room(Path(folder))
        self.registry = made.CollectorRegistry()
        bounds = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
        said = "Seconds from the whole request to its answer."
        held: dict[str, Any] = {"registry": self.registry}
        self.requests: Any = made.Counter("cds_requests", "Requests answered.", ["hook", "status"], **held)
        self.seconds: Any = made.Histogram("cds_request_seconds", said, ["hook"], buckets=bounds, **held)
        self.outcomes: Any = made.Counter("cds_outcomes", "Orders decided.", ["policy", "outcome"], **held)
        self.unusable: Any = made.Counter("cds_unusable_evidence", "Evidence that did not count.", ["policy", "standing"], **held)
        self.outbound: Any = made.Counter("cds_outbound_calls", "Calls to clients' servers.", ["kind", "result"], **held)
        self.not_logged: Any = made.Counter("cds_decisions_not_logged", "Decisions that the decision log lost.", **held)
        waiting = "Decisions that wait to be logged."
        self.waiting: Any = made.Gauge("cds_decisions_waiting", waiting, multiprocess_mode="livesum", **held)


class _Uncounted:
    """A metric that counts nothing."""

    def labels(self, *_: str) -> _Uncounted:
        return self

    def inc(self, _: float = 1) -> None: ...

    def observe(self, _: float) -> None: ...

    def set(self, _: float) -> None: ...


class NoMetrics(Metrics):
    """The stand-in for the metrics where there is no room for them.

    Requests are answered all the same.
    """

    def __init__(self, why_not: str) -> None:
        self.why_not = why_not
        self.again = time.monotonic() + PAUSE
        self.requests = self.seconds = self.outcomes = self.unusable = self.outbound = self.not_logged = self.waiting = _UNCOUNTED


_UNCOUNTED: Final = _Uncounted()
_LOCK: Final = Lock()
_made: Metrics | None = None
_unkept = False


def keep_none() -> None:
    """Keep no metrics in this process.

    It is called where ``serve`` has no folder for them, before any are made.
    """
    global _unkept  # noqa: PLW0603 - one for each process, settled before any thread starts
    _unkept = True


def metrics() -> Metrics:
    """Return the metrics of this process.

    They are made when the first is needed: not in the server's own process, whose workers inherit it. Where there was
    no room for them, it is looked for again after a while.
    """
    global _made  # noqa: PLW0603 - one for each process, made under the lock
    made = _made
    if made is None or (isinstance(made, NoMetrics) and time.monotonic() > made.again):
        with _LOCK:
            if _made is made:
                _made = _make(known=made)
            return _made or _make(known=None)
    return made


def _make(known: Metrics | None) -> Metrics:
    if _unkept:
        return NoMetrics("the server found no room for them when it started")
    try:
        made = Metrics()
    except OSError as error:
        if known is None:
            log.error("no metrics are kept", extra={"why": errno.errorcode.get(error.errno or 0, "OSError")})  # noqa: TRY400 - paths
        return NoMetrics("there is no room for them in the folder of temporary files")
    if known is not None:
        log.warning("metrics are kept again")
    return made


def _take_room(folder: Path) -> None:
    """Make the files of this process with all of their room.

    Raises OSError where it is not there. prometheus_client maps files that have a length and no room yet; to write to
    one on a full disk kills the process (SIGBUS).
    """
    for kind in ("counter", "histogram", "gauge_livesum"):
        with (folder / f"{kind}_{os.getpid()}.db").open("ab") as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, ROOM)
            elif file.tell() == 0:
                file.write(bytes(ROOM))


@dataclass(slots=True)
class LoggedCall:
    """One request, as the log line and the metrics tell of it.

    It is filled in while the request is answered, and holds nothing of the patient.
    """

    hook: str
    began: float
    hook_instance: str = ""
    orders: int = 0
    revision: str = ""
    outcomes: list[dict[str, Any]] = field(default_factory=list)
    assertions: list[dict[str, str]] = field(default_factory=list)
    unusable: list[tuple[str, str]] = field(default_factory=list)
    elements: list[str] = field(default_factory=list)


_call: ContextVar[LoggedCall | None] = ContextVar("call", default=None)


def begin(hook: str) -> None:
    """Begin the account of a request.

    ``hook`` is a name of ours: a hook, or the address for what is none.
    """
    _call.set(LoggedCall(hook, time.perf_counter()))


def forget() -> None:
    """Drop the account of a request that is handed on.

    Whoever answers it begins another.
    """
    _call.set(None)


def current() -> LoggedCall | None:
    """Return the request that this thread answers, or None."""
    return _call.get()


@contextmanager
def unaccounted() -> Iterator[None]:
    """Suspend accounting (the playground's orders are not counted).

    What is done meanwhile adds nothing to the request's account.
    """
    before = _call.set(None)
    try:
        yield
    finally:
        _call.reset(before)


def end(status: int, size: int) -> None:
    """End the account: write the log line, and count.

    ``size`` is the body's, in bytes.
    """
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


def _write(said: str, told: dict[str, Any]) -> None:
    """Write a log line at INFO.

    Its place in the code is always this: the logger would walk the stack to look for it.
    """
    if log.isEnabledFor(logging.INFO):
        log.handle(log.makeRecord(log.name, logging.INFO, __file__, 0, said, (), None, extra=told))


def outbound(kind: str, result: str) -> None:
    """Count a call to a client's server.

    ``kind`` is what was asked for (``fhir``, ``jwks``). ``result`` is how it ended, in a word of ours: ``ok``,
    ``error`` (the server said so), ``refused`` (by our guard), ``timeout`` or ``failed``.
    """
    _of(metrics().outbound, kind, result).inc()


_children: dict[tuple[Any, ...], Any] = {}


def _of(metric: Any, *labels: str) -> Any:
    """Return a metric's child for labels.

    It is found without the metric's own lock and checks.
    """
    key = (metric, *labels)
    child = _children.get(key)
    if child is None:
        if len(_children) >= MOST:
            return _UNCOUNTED
        child = _children[key] = metric.labels(*labels)
    return child


def exposition() -> bytes:
    """Write all metrics in the text format of Prometheus.

    There must be some (``Metrics.why_not``).
    """
    from prometheus_client import REGISTRY, CollectorRegistry, generate_latest  # noqa: PLC0415 - as in Metrics
    from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415 - as in Metrics

    own = metrics().registry
    folder = os.environ.get(FOLDER)
    if not folder:
        return generate_latest(REGISTRY) + generate_latest(own)
    _forget_the_dead(Path(folder))
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def _forget_the_dead(folder: Path) -> None:
    """Remove the gauges of dead workers, which tell of the present.

    What they counted stays counted.
    """
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
    """Return a hook instance as a log may hold it.

    What does not look like an id is left out, since it may be anything.
    """
    if isinstance(hook_instance, str) and _ID.fullmatch(hook_instance):
        return hook_instance
    return "not an id"
