"""What operators are told in numbers: metrics for Prometheus.

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
from pathlib import Path
from threading import Lock
from typing import Any, Final

log = logging.getLogger("cds_service")
FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable that names the folder for numbers.

prometheus_client learns from it where the numbers of several processes are.
"""
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
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
        questions = "Questions that are open for an order that is not yet documented."
        self.asked: Any = made.Histogram("cds_questions_asked", questions, ["policy"], buckets=(1, 2, 3, 5, 8, 13, 21), **held)
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
        self.requests = self.seconds = self.outcomes = self.asked = self.unusable = self.outbound = self.not_logged = (
            self.waiting
        ) = _UNCOUNTED


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


def outbound(kind: str, result: str) -> None:
    """Count a call to a client's server.

    ``kind`` is what was asked for (``fhir``, ``jwks``). ``result`` is how it ended, in a word of ours: ``ok``,
    ``error`` (the server said so), ``refused`` (by our guard), ``timeout`` or ``failed``.
    """
    child_of(metrics().outbound, kind, result).inc()


_children: dict[tuple[Any, ...], Any] = {}


def child_of(metric: Any, *labels: str) -> Any:
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
