"""The days of which evidence speaks.

These are its first and last day, what is recent, what is latest and, where a record gives it, the very minute. Rules
that weigh the days of evidence themselves read them here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final

from cds_service.policy.evidence import Evidence, Fact, Standing

DAY: Final = timedelta(days=1)


def usable(fact: Fact) -> list[Evidence]:
    """Return the evidence of a fact that decides and carries a day."""
    return [e for e in fact.evidence if e.standing is Standing.USABLE and e.when is not None]


def uncertain(fact: Fact, as_of: date, days: int) -> list[Evidence]:
    """Return a fact's evidence that only ends the silence.

    Returned is what may be of the last ``days`` days, undated evidence included.
    """
    start = as_of - timedelta(days)
    open_ = [e for e in fact.evidence if e.standing is Standing.UNCERTAIN]
    return [e for e in open_ if e.when is None or (start <= last(e) and first(e) <= as_of)]


def first(evidence: Evidence) -> date:
    """Return the earliest day that evidence may speak of.

    For undated evidence it is the beginning of time.
    """
    return evidence.when.first if evidence.when else date.min


def last(evidence: Evidence) -> date:
    """Return the latest day that evidence may speak of.

    For undated evidence it is the beginning of time.
    """
    return evidence.when.last if evidence.when else date.min


def recent(evidence: Iterable[Evidence], as_of: date, days: int) -> list[Evidence]:
    """Return the evidence that may be of the last ``days`` days.

    Nothing after the date of service counts.
    """
    start = as_of - timedelta(days)
    return [e for e in evidence if start <= last(e) and first(e) <= as_of]


def latest(evidence: list[Evidence]) -> list[Evidence]:
    """Return the evidence of the latest day."""
    day = max([last(e) for e in evidence], default=date.min)
    return [e for e in evidence if last(e) == day]


def said(evidence: Evidence, value: bool | None, note: str = "", standing: Standing = Standing.USABLE) -> Evidence:
    """Return the same evidence with another fact's value."""
    return evidence._replace(value=value, note=note, standing=standing)


def minute(evidence: Evidence) -> datetime | None:
    """Return the instant that a record states with its time zone.

    Returns None where it names only a day.
    """
    return _read(evidence.instant) if "T" in evidence.instant else None


@lru_cache(maxsize=8192)
def _read(instant: str) -> datetime | None:
    """Parse an instant as it is written.

    The result is cached, since hourly values are each compared with all others.
    """
    try:
        read = datetime.fromisoformat(instant)
    except ValueError:
        return None
    return read if read.tzinfo is not None else None


def last_of_each_day(evidence: Iterable[Evidence]) -> list[Evidence]:
    """Return the last of the records of each day.

    Of records of the same days, those with the latest instant are kept, and one without an instant. Where any record is
    later than something else (``after``), or may be, one of those kept is.
    """
    found: dict[tuple[date, date, bool], Evidence] = {}
    for one in evidence:
        at = minute(one)
        key = (first(one), last(one), at is None)
        held = found.get(key)
        if held is None or (at is not None and (before := minute(held)) is not None and at > before):
            found[key] = one
    return list(found.values())


def within_a_day(one: Evidence, other: Evidence) -> bool | None:
    """Tell whether two records lie at most 24 hours apart.

    Returns None where their days leave it open.
    """
    at, beside = minute(one), minute(other)
    if at is not None and beside is not None:
        return abs(at - beside) <= DAY
    nearest = max((first(other) - last(one)).days, (first(one) - last(other)).days, 0)
    farthest = max((last(other) - first(one)).days, (last(one) - first(other)).days)
    return True if farthest == 0 else None if nearest <= 1 else False


def after(one: Evidence, other: Evidence) -> bool | None:
    """Tell whether one record is later than another.

    Returns None where their days leave it open.
    """
    at, beside = minute(one), minute(other)
    if at is not None and beside is not None:
        return at > beside
    if first(one) > last(other):
        return True
    return False if last(one) < first(other) else None
