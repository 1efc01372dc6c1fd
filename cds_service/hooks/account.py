"""The account of one request: its log line, and its numbers.

It names hooks, statuses, policies, outcomes and kinds. Never an id of a patient, a text or a value of a client.
"""

from __future__ import annotations

import logging
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

from cds_service.telemetry import child_of, metrics

log = logging.getLogger("cds_service")
OTHER: Final = "other"


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
    asked: list[tuple[str, int]] = field(default_factory=list)
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
    child_of(metrics().requests, call.hook, str(status)).inc()
    child_of(metrics().seconds, call.hook).observe(seconds)
    for one in call.outcomes:
        child_of(metrics().outcomes, one["policy"], one["outcome"]).inc()
    for policy, questions in call.asked:
        child_of(metrics().asked, policy).observe(questions)
    for labels, count in Counter(call.unusable).items() if call.unusable else ():
        child_of(metrics().unusable, *labels).inc(count)
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


_ID: Final = re.compile(r"(?=.*[0-9])[A-Za-z0-9-]{16,64}")


def loggable(hook_instance: object) -> str:
    """Return a hook instance as a log may hold it.

    What does not look like an id is left out, since it may be anything.
    """
    if isinstance(hook_instance, str) and _ID.fullmatch(hook_instance):
        return hook_instance
    return "not an id"
