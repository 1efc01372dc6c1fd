"""What clinicians did with cards.

Each client's report is kept once, together with the decision that the card showed to that client. Another's card is as
unknown as one that never was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, select

from cds_service.store.database import insert_new
from cds_service.store.failures import failures_told
from cds_service.store.tables import DecisionRow, FeedbackRow

_ASKED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Feedback:
    """One report on one card.

    ``comment`` is a clinician's free text and may speak of the patient.
    """

    card: str
    outcome: str
    outcome_at: datetime
    suggestions: tuple[str, ...] = ()
    reason_system: str | None = None
    reason_code: str | None = None
    comment: str | None = None


class Kept(NamedTuple):
    """How many reports were new, and the cards unknown for the client.

    No decision that they showed is logged for it.
    """

    new: int
    unknown: tuple[str, ...]


class Count(NamedTuple):
    """How often the cards of a criterion had an outcome.

    ``reason`` is the override reason's code, where one was given.
    """

    policy: str
    criterion: str
    outcome: str
    reason: str
    times: int


def keep(engine: Engine, issuer: str, service: str, reports: Sequence[Feedback], now: datetime) -> Kept:
    """Keep all reports of a client or none, each once.

    A report with the card, outcome and time of an earlier one is the same report. ``issuer`` is empty where the service is
    open. Raises StoreFailed when the database
    did not confirm that they are kept.
    """
    cards = list(dict.fromkeys(report.card for report in reports))
    with failures_told(), engine.begin() as connection:
        shown = _decisions(connection, issuer, cards)
        rows = [_row(report, service, shown.get(report.card), now) | {"issuer": issuer} for report in reports]
        new = insert_new(connection, FeedbackRow, rows)
    return Kept(new, tuple(card for card in cards if card not in shown))


def _decisions(connection: Connection, issuer: str, cards: Sequence[str]) -> dict[str, tuple[str, str, list[str]]]:
    """Return the policy, version and criteria of each card's last decision.

    Those alone are looked at that were made for the client. A card may be the one that proposed another order.
    """
    found: dict[str, tuple[str, str, list[str]]] = {}
    for start in range(0, len(cards), _ASKED_AT_ONCE):
        asked = cards[start : start + _ASKED_AT_ONCE]
        for shown in (DecisionRow.card, DecisionRow.proposal):
            columns = select(shown, DecisionRow.policy, DecisionRow.version, DecisionRow.because)
            for card, policy, version, because in connection.execute(
                columns.where(shown.in_(asked), DecisionRow.issuer == issuer).order_by(DecisionRow.decided_at)
            ):
                found[str(card)] = (policy, version, because)
    return found


def _row(report: Feedback, service: str, shown: tuple[str, str, list[str]] | None, now: datetime) -> dict[str, Any]:
    policy, version, because = shown or (None, None, None)
    return {
        "received_at": now,
        "service": service,
        "card": report.card,
        "outcome": report.outcome,
        "outcome_at": report.outcome_at,
        "suggestions": list(report.suggestions),
        "reason_system": report.reason_system,
        "reason_code": report.reason_code,
        "comment": report.comment,
        "policy": policy,
        "version": version,
        "because": because,
    }


def counts(engine: Engine) -> list[Count]:
    """Count how often each criterion's cards were accepted or overridden.

    The reason's code tells why. The most frequent come first. Raises StoreFailed.
    """
    columns = select(FeedbackRow.policy, FeedbackRow.because, FeedbackRow.outcome, FeedbackRow.reason_code)
    with failures_told(), engine.begin() as connection:
        found = Counter(key for row in connection.execute(columns) for key in _keys(*row))
    return [Count(*key, times) for key, times in sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))]


def _keys(policy: str | None, because: list[str] | None, outcome: str, reason: str | None) -> Iterable[tuple[str, str, str, str]]:
    for criterion in because or [""]:
        yield policy or "", criterion, outcome, reason or ""
