"""How often something happened, as far as a chart can tell.

The days on which evidence passes a test are counted.

Two records of one day are one time. A chart proves that something happened so often, never that it did not happen more
often: only a presumption on silence closes the count.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from math import inf

from cds_service.policy.comparing import answer, compare
from cds_service.policy.criterion import Check, Outcome, Test
from cds_service.policy.evidence import Evidence
from cds_service.policy.finding import NOT_DOCUMENTED, NOT_MET, Basis, Finding
from cds_service.policy.values import Days, Interval


def counted_times(
    check: Check, times: Test, usable: Sequence[tuple[Evidence, Days | None]], uncertain: Sequence[tuple[Evidence, Days | None]],
    unsearched: tuple[str, ...], as_of: date,
) -> Finding:  # fmt: skip
    """Count the days of the evidence and test their number.

    Each piece of evidence comes with its day. ``usable`` lies within the look-back for certain, ``uncertain`` may count
    as well.
    """
    sure = [(e, day) for e, day in usable if answer(check.test, e.value, as_of) is Outcome.MET]
    maybe = [(e, day) for e, day in usable if answer(check.test, e.value, as_of) is NOT_DOCUMENTED]
    maybe += [(e, day) for e, day in uncertain if answer(check.test, e.value, as_of) is not NOT_MET]
    least = fewest_days([day for _, day in sure])
    said = tuple([e for e, _ in (*sure, *maybe)])
    bound = times.value.low if isinstance(times.value, Interval) else 0.0
    outcome, basis = compare(times.compare, Interval(least, inf), bound), Basis.DOCUMENTED
    if outcome is NOT_DOCUMENTED:
        presumption = check.presumption
        most = least if presumption and presumption.always else most_days([day for _, day in sure], [day for _, day in maybe])
        closed = compare(times.compare, Interval(least, most), bound)
        if presumption and closed is not NOT_DOCUMENTED and (presumption.always or not unsearched):
            return Finding(check, closed, (), said, Basis.PRESUMED, unsearched)
        basis = Basis.UNCERTAIN if maybe else Basis.NOT_SEARCHED if unsearched else Basis.STRADDLES if sure else Basis.SILENT
    elif outcome is NOT_MET and check.open_because:
        outcome, basis = NOT_DOCUMENTED, Basis.LEFT_OPEN
    return Finding(check, outcome, (), said if basis is not Basis.DOCUMENTED else tuple([e for e, _ in sure]), basis, unsearched)


def fewest_days(days: Sequence[Days | None]) -> int:
    """Return the fewest different days that these spans can be.

    That is the largest number of spans of which no two can be the same day. What carries no day may be of any day, and
    counts only where nothing else does.
    """
    found, last = 0, date.min
    for day in sorted([day for day in days if day is not None], key=lambda day: day.last):
        if found == 0 or day.first > last:
            found, last = found + 1, day.last
    return found or (1 if days else 0)


def most_days(sure: Sequence[Days | None], maybe: Sequence[Days | None]) -> int:
    """Return the most different days that these spans can be.

    Only records of one full date are surely of one day.
    """
    dates = {day.first for day in sure if day is not None and day.first == day.last}
    spans = [day for day in sure if day is None or day.first != day.last]
    more = [day for day in maybe if day is None or day.first != day.last or day.first not in dates]
    return len(dates) + len(spans) + len(more)
