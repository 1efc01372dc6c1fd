"""What operators ask of the decision log and of feedback.

The database counts it: SQLite or PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, case, func, select
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause

from cds_service.store.database import reading
from cds_service.store.tables import DecisionRow, FeedbackRow

STEPS = (0.5, 1, 2, 5, 10, 20, 50, 100, 1000)
"""Upper ends of the groups of latency, in milliseconds."""
MOST = 12
"""The most facts that are listed among those that block."""


@dataclass(frozen=True, slots=True)
class DecisionCount:
    """How many decisions of one day, policy and outcome there were."""

    day: date
    policy: str
    outcome: str
    times: int


@dataclass(frozen=True, slots=True)
class Blocking:
    """A fact that was asked for, and how often."""

    fact: str
    times: int


@dataclass(frozen=True, slots=True)
class Overridden:
    """What became of the cards that one criterion settled.

    ``reasons`` are why they were overridden: the reason's code, and how often.
    """

    policy: str
    criterion: str
    shown: int
    accepted: int
    overridden: int
    reasons: tuple[tuple[str, int], ...]

    @property
    def rate(self) -> float | None:
        """The share of shown cards that were overridden.

        It is None where none was shown in this time.
        """
        return min(1.0, self.overridden / self.shown) if self.shown else None


@dataclass(frozen=True, slots=True)
class Latency:
    """How long calls took, in milliseconds.

    ``groups`` are the calls up to each of ``STEPS`` and above them; ``p50`` and ``p99`` are quantiles.
    """

    calls: int
    groups: tuple[int, ...]
    p50: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class Statistics:
    """All that is counted since one moment."""

    decided: tuple[DecisionCount, ...]
    blocking: tuple[Blocking, ...]
    overridden: tuple[Overridden, ...]
    latency: Latency


def statistics(engine: Engine, since: datetime, policy: str = "") -> Statistics:
    """Count everything since a moment, of all policies or of one.

    How long calls took is of all policies: a call may be of several. Raises StoreFailed.
    """
    with reading(engine) as connection:
        return Statistics(
            tuple(_decided(connection, since, policy)),
            tuple(_blocking(connection, since, policy)),
            tuple(one for one in _overridden(connection, since) if policy in ("", one.policy)),
            _latency(connection, since),
        )


def _of(policy: str) -> list[ColumnElement[bool]]:
    return [DecisionRow.policy == policy] if policy else []


def _decided(connection: Connection, since: datetime, policy_id: str) -> Iterator[DecisionCount]:
    moment: ColumnElement[datetime] = DecisionRow.decided_at.expression
    day = func.date(func.timezone("UTC", moment) if connection.dialect.name == "postgresql" else moment)
    grouped = (day, DecisionRow.policy, DecisionRow.outcome)
    counted = (
        select(*grouped, func.count()).where(DecisionRow.decided_at >= since, *_of(policy_id)).group_by(*grouped).order_by(*grouped)
    )
    for on, policy, outcome, times in connection.execute(counted):
        yield DecisionCount(date.fromisoformat(str(on)), policy, outcome, times)


def _each(connection: Connection, column: ColumnElement[Any]) -> tuple[FromClause, ColumnElement[str]]:
    """Spread the texts of a JSON list into rows."""
    if connection.dialect.name == "postgresql":
        spread = func.json_array_elements_text(column).table_valued("value")
    else:
        spread = func.json_each(column).table_valued("value")
    return spread, spread.c.value


def _blocking(connection: Connection, since: datetime, policy: str) -> Iterator[Blocking]:
    spread, fact = _each(connection, DecisionRow.asks.expression)
    times = func.count()
    counted = (
        select(fact, times)
        .select_from(DecisionRow)
        .join(spread, DecisionRow.id.is_not(None))
        .where(DecisionRow.decided_at >= since, DecisionRow.outcome == "not-documented", *_of(policy))
        .group_by(fact)
        .order_by(times.desc(), fact)
        .limit(MOST)
    )
    for name, count in connection.execute(counted):
        yield Blocking(name, count)


def _overridden(connection: Connection, since: datetime) -> list[Overridden]:
    spread, criterion = _each(connection, DecisionRow.because.expression)
    cards = (
        select(DecisionRow.policy, criterion, func.count(DecisionRow.card.distinct()))
        .select_from(DecisionRow)
        .join(spread, DecisionRow.id.is_not(None))
        .where(DecisionRow.decided_at >= since, DecisionRow.card.is_not(None))
        .group_by(DecisionRow.policy, criterion)
    )
    shown = {(policy, id_): times for policy, id_, times in connection.execute(cards)}
    said, id_of = _each(connection, FeedbackRow.because.expression)
    keys = (FeedbackRow.policy, id_of, FeedbackRow.outcome, FeedbackRow.reason_code)
    reported = (
        select(*keys, func.count())
        .select_from(FeedbackRow)
        .join(said, FeedbackRow.id.is_not(None))
        .where(FeedbackRow.received_at >= since, FeedbackRow.because.is_not(None))
        .group_by(*keys)
    )
    found: dict[tuple[str, str], list[_Report]] = {}
    for policy, id_, outcome, reason, times in connection.execute(reported):
        found.setdefault((policy or "", id_), []).append(_Report(outcome, reason, times))
    counted = [_counted(key, rows, shown.get(key, 0)) for key, rows in found.items()]
    return sorted(counted, key=lambda one: (-one.overridden, one.policy, one.criterion))


class _Report(NamedTuple):
    """How often cards of one criterion had an outcome, for one reason."""

    outcome: str
    reason: str | None
    times: int


def _counted(key: tuple[str, str], reports: list[_Report], shown: int) -> Overridden:
    reasons: dict[str, int] = {}
    totals = {"accepted": 0, "overridden": 0}
    for outcome, reason, times in reports:
        totals[outcome] = totals.get(outcome, 0) + times
        if outcome == "overridden":
            reasons[reason or "no reason given"] = reasons.get(reason or "no reason given", 0) + times
    ranked = tuple(sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0])))
    return Overridden(*key, shown, totals["accepted"], totals["overridden"], ranked)


def _latency(connection: Connection, since: datetime) -> Latency:
    took = DecisionRow.milliseconds
    measured = (DecisionRow.decided_at >= since, took.is_not(None))
    step = case(*((took <= limit, number) for number, limit in enumerate(STEPS)), else_=len(STEPS))
    counted = connection.execute(select(step, func.count()).where(*measured).group_by(step))
    groups: dict[int, int] = {number: times for number, times in counted}  # noqa: C416 - a result is no mapping
    calls = sum(groups.values())

    def quantile(part: float) -> float | None:
        at = min(calls - 1, int(part * calls))
        return connection.scalar(select(took).where(*measured).order_by(took).offset(at).limit(1)) if calls else None

    return Latency(calls, tuple(groups.get(number, 0) for number in range(len(STEPS) + 1)), quantile(0.5), quantile(0.99))
