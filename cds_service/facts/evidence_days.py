"""When evidence speaks: its first and last day, what is recent, what is latest, and, where a record gives it, the very minute.

Rules that weigh the days of evidence themselves read them here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final

from cds_service.policy.model import Evidence, Fact, Standing

DAY: Final = timedelta(days=1)


def usable(fact: Fact) -> list[Evidence]:
    """The evidence of a fact that decides and carries a day."""
    return [e for e in fact.evidence if e.standing is Standing.USABLE and e.when is not None]


def uncertain(fact: Fact, as_of: date, days: int) -> list[Evidence]:
    """The evidence of a fact that only ends the silence, if it may be of the last ``days`` days; the undated may."""
    start = as_of - timedelta(days)
    open_ = [e for e in fact.evidence if e.standing is Standing.UNCERTAIN]
    return [e for e in open_ if e.when is None or (start <= last(e) and first(e) <= as_of)]


def first(evidence: Evidence) -> date:
    """The earliest day that evidence may speak of; the beginning of time for the undated."""
    return evidence.when.first if evidence.when else date.min


def last(evidence: Evidence) -> date:
    """The latest day that evidence may speak of; the beginning of time for the undated."""
    return evidence.when.last if evidence.when else date.min


def recent(evidence: Iterable[Evidence], as_of: date, days: int) -> list[Evidence]:
    """What may be of the last ``days`` days, nothing after the date of service."""
    start = as_of - timedelta(days)
    return [e for e in evidence if start <= last(e) and first(e) <= as_of]


def latest(evidence: list[Evidence]) -> list[Evidence]:
    """The evidence of the latest day."""
    day = max([last(e) for e in evidence], default=date.min)
    return [e for e in evidence if last(e) == day]


def said(evidence: Evidence, value: bool | None, note: str = "", standing: Standing = Standing.USABLE) -> Evidence:
    """The same evidence, saying this of another fact."""
    return evidence._replace(value=value, note=note, standing=standing)


def minute(evidence: Evidence) -> datetime | None:
    """The instant that a record states with its time zone; None where it names a day only."""
    if "T" not in evidence.instant:
        return None
    try:
        read = datetime.fromisoformat(evidence.instant)
    except ValueError:
        return None
    return read if read.tzinfo is not None else None


def within_a_day(one: Evidence, other: Evidence) -> bool | None:
    """Whether two records lie no more than 24 hours apart; None where their days leave it open."""
    at, beside = minute(one), minute(other)
    if at is not None and beside is not None:
        return abs(at - beside) <= DAY
    nearest = max((first(other) - last(one)).days, (first(one) - last(other)).days, 0)
    farthest = max((last(other) - first(one)).days, (last(one) - first(other)).days)
    return True if farthest == 0 else None if nearest <= 1 else False


def after(one: Evidence, other: Evidence) -> bool | None:
    """Whether one record is later than another; None where their days leave it open."""
    at, beside = minute(one), minute(other)
    if at is not None and beside is not None:
        return at > beside
    if first(one) > last(other):
        return True
    return False if last(one) < first(other) else None
