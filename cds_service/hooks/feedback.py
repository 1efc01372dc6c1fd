"""Feedback on cards (CDS Hooks 2.0).

It is checked whole, kept, and only then acknowledged. Clients report again what they are not sure of, and report cards
of other days; both are answered like any other.
"""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from cds_service.hooks.received.faults import RequestIssue, Unusable
from cds_service.hooks.received.messages import json_object
from cds_service.store.failures import StoreFailed
from cds_service.store.feedback import Feedback
from cds_service.store.store import Store

log = logging.getLogger("cds_service")
MOST = 1000
"""The most reports of one call.

A client that has more sends them in several calls.
"""
_RFC_3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})")
_CODE = re.compile(r"[^\s]+( [^\s]+)*")
_LONGEST = {"code": 64, "system": 255}


def receive(body: bytes, service: str, store: Store | None, keep_comments: bool, issuer: str = "") -> None:
    """Keep the feedback of one call.

    ``issuer`` is the client that calls; empty where the service is open. A report on a card that was not shown to it is
    answered and kept like one on an unknown card. Without a store, as the operator chose, it is checked and not kept.

    Raises Unusable: 400 naming every element at fault, 503 when the store did not keep it and the client may send it
    again.
    """
    reports = read_feedback(body, keep_comments)
    known = [report for report in reports if report.card]
    strange = len(reports) - len(known)
    if store is None:
        log.info("feedback is not kept: there is no store", extra={"reports": len(reports)})
        return
    try:
        kept = store.keep_feedback(issuer, service, known) if known else None
    except StoreFailed as error:
        log.error("feedback was not kept", extra={"why": error.why, "reports": len(reports)})  # noqa: TRY400 - no values
        raise Unusable(503, [RequestIssue("", "the feedback could not be kept; send it again later", "transient")]) from None
    new, unknown = kept or (0, ())
    extra = {"reports": len(reports), "new": new, "unknown_cards": list(unknown[:10]), "unknown": len(unknown) + strange}
    log.info("feedback", extra=extra)


def read_feedback(body: bytes, keep_comments: bool) -> list[Feedback]:
    """Read the reports of a body.

    A card that is no UUID was never ours: its report is returned with an empty card.

    Raises Unusable (400) naming every element at fault.
    """
    sent = json_object(body).get("feedback")
    if sent is None:
        raise Unusable(400, [RequestIssue("feedback", "it is required and missing", "required")])
    if not isinstance(sent, list):
        raise Unusable(400, [RequestIssue("feedback", "it is a list of reports")])
    if len(sent) > MOST:
        raise Unusable(
            400, [RequestIssue("feedback", f"it holds more than {MOST} reports; send them in several calls", "too-long")]
        )
    issues: list[RequestIssue] = []
    reports = [_Entry(entry, f"feedback[{at}]", issues).report(keep_comments) for at, entry in enumerate(sent)]
    if issues:
        raise Unusable(400, issues)
    return reports


class _Entry:
    """One report as it was sent.

    Each method that reads a part adds what is wrong to ``issues``.
    """

    def __init__(self, sent: Any, where: str, issues: list[RequestIssue]) -> None:
        self.sent, self.where, self.issues = sent, where, issues

    def report(self, keep_comments: bool) -> Feedback:
        if not isinstance(self.sent, dict):
            self._fault("", "it is an object")
            return Feedback("", "", datetime.now(UTC))
        card = own_uuid(self._text(self.sent, "card"))
        outcome = self._text(self.sent, "outcome")
        if outcome and outcome not in ("accepted", "overridden"):
            self._fault("outcome", "it is accepted or overridden")
        at = self._moment(self._text(self.sent, "outcomeTimestamp"))
        if outcome == "accepted":
            return Feedback(card, outcome, at, self._suggestions())
        system, code, comment = self._override()
        return Feedback(card, outcome, at, (), system, code, comment if keep_comments else None)

    def _fault(self, element: str, said: str, code: str = "invalid") -> None:
        self.issues.append(RequestIssue(f"{self.where}.{element}" if element else self.where, said, code))

    def _text(self, holder: dict[str, Any], name: str, path: str = "") -> str:
        """Return a required text; the empty string if it is at fault."""
        value = holder.get(name)
        if value is None:
            self._fault(path + name, "it is required and missing", "required")
        elif not isinstance(value, str):
            self._fault(path + name, "it is a text")
        elif not value.strip():
            self._fault(path + name, "it is required and blank", "required")
        else:
            return value.strip()
        return ""

    def _moment(self, written: str) -> datetime:
        if written and _RFC_3339.fullmatch(written):
            try:
                return datetime.fromisoformat(written.upper()).astimezone(UTC)
            except (ValueError, OverflowError):
                pass
        if written:
            self._fault("outcomeTimestamp", "it is a moment such as 2026-03-26T10:05:31Z")
        return datetime.now(UTC)

    def _suggestions(self) -> tuple[str, ...]:
        sent = self.sent.get("acceptedSuggestions")
        if sent is None:
            self._fault("acceptedSuggestions", "it is required where the outcome is accepted", "required")
            return ()
        if not isinstance(sent, list) or not sent:
            self._fault("acceptedSuggestions", "it is a list of one suggestion or more")
            return ()
        found = []
        for at, suggestion in enumerate(sent):
            place = f"acceptedSuggestions[{at}]"
            if isinstance(suggestion, dict):
                found.append(own_uuid(self._text(suggestion, "id", f"{place}.")))
            else:
                self._fault(place, "it is an object")
        return tuple(dict.fromkeys(filter(None, found)))

    def _override(self) -> tuple[str | None, str | None, str | None]:
        """Return the system and code of the reason, and the comment."""
        sent = self.sent.get("overrideReason")
        if sent is None:
            return None, None, None
        if not isinstance(sent, dict):
            self._fault("overrideReason", "it is an object")
            return None, None, None
        comment = sent.get("userComment")
        if comment is not None and not isinstance(comment, str):
            self._fault("overrideReason.userComment", "it is a text")
        said = comment.replace("\0", "").strip() if isinstance(comment, str) else ""
        reason = sent.get("reason")
        if reason is None:
            if not said and not isinstance(comment, int | float | list | dict):
                self._fault("overrideReason", "it has a reason or a userComment", "required")
            return None, None, said or None
        if not isinstance(reason, dict):
            self._fault("overrideReason.reason", "it is a Coding")
            return None, None, said or None
        code = self._text(reason, "code", "overrideReason.reason.")
        if code and (len(code) > _LONGEST["code"] or not _CODE.fullmatch(code) or "\0" in code):
            self._fault("overrideReason.reason.code", f"it is a code of at most {_LONGEST['code']} characters")
        return self._system(reason), code, said or None

    def _system(self, reason: dict[str, Any]) -> str | None:
        system = reason.get("system")
        if system is not None and not (isinstance(system, str) and len(system) <= _LONGEST["system"] and "\0" not in system):
            self._fault("overrideReason.reason.system", f"it is a URI of at most {_LONGEST['system']} characters")
            return None
        return system


def own_uuid(written: str) -> str:
    """Return a UUID as this service writes it.

    Returns the empty string for any other text: no card or suggestion here is named so.
    """
    try:
        return str(UUID(written))
    except ValueError:
        return ""
