"""Replies to clients: a status and a body.

Here stands also what a client is told when its request cannot be answered.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import orjson

from cds_service.hooks import account
from cds_service.hooks.received.faults import RequestIssue, Unusable, operation_outcome

log = logging.getLogger("cds_service")
JSON, FHIR_JSON = "application/json", "application/fhir+json"


class Reply(NamedTuple):
    """The status, media type and body of an answer."""

    status: int
    media_type: str
    body: bytes


def outcome(status: int, issues: Iterable[RequestIssue], severity: str = "error") -> Reply:
    """Return a reply of one OperationOutcome under a status."""
    return Reply(status, FHIR_JSON, orjson.dumps(operation_outcome(issues, severity)))


def refusal(error: Unusable) -> Reply:
    """Return the reply that tells a client the elements at fault.

    The log line of the request names them too.
    """
    call = account.current()
    if call:
        call.elements = [issue.expression for issue in error.issues]
    return outcome(error.status, error.issues)


def too_deep() -> Reply:
    """Return the reply to a request nested too deeply to be read.

    That is the request's fault (the JSON parser itself refuses 1024 levels).
    """
    return outcome(400, (RequestIssue("", "it is nested too deeply to be read", "too-costly"),))


def failure(error: Exception, path: str) -> Reply:
    """Return the reply to a fault of ours, and log it.

    The log gets where it happened and never the values, which may be a patient's. ``path`` is the route of ours that
    was asked.
    """
    frames = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)][-6:]
    call = account.current()
    extra = {"error": type(error).__name__, "at": frames, "path": path}
    log.error("failed", extra=extra | {"hook_instance": call.hook_instance if call else ""})
    return outcome(500, (RequestIssue("", "the service failed; its log says where", "exception"),), "fatal")
