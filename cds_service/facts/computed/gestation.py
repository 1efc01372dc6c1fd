"""How long a pregnancy has lasted on a day.

An age, a due date or a last period says it; some spans bound it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from cds_service.policy.evidence import Evidence, Fact, Standing
from cds_service.policy.values import Days, Interval, Value

LONGEST: Final = 308
"""Days that no pregnancy exceeds: 44 weeks.

A dating that would make it longer is stale.
"""
TERM: Final = 280
"""Days from the last menstrual period to the due date (Naegele's rule)."""
ONE_PREGNANCY: Final = 28
"""Days that two datings of one pregnancy may differ by.

Datings whose beginnings lie further apart are of two pregnancies; redating seldom exceeds three weeks.
"""
NINE_WEEKS: Final = 63
"""Nine weeks in days.

A pregnancy of this age began no later than these days ago; and a statement older than that says nothing of a pregnancy
that began since.
"""
ROUNDING: Final = 1e-6
"""Days that a decimal number of weeks may lack.

Adding them makes a whole day of what is nearly one.
"""
CONCEPTION: Final = 14
"""Days from the last menstrual period until a pregnancy begins.

A smaller age is the days beside a number of weeks.
"""

Inputs = Mapping[str, Fact]


def carried_forward(evidence: Evidence, as_of: date) -> Iterable[Evidence]:
    """Yield an age stated earlier, with the days since then added.

    One that cannot be read is carried forward too, and stays unread.
    """
    if evidence.standing is Standing.DISCOUNTED or not isinstance(evidence.value, Interval):
        yield evidence
        return
    if evidence.when is None:
        yield but(evidence, Standing.UNCERTAIN, "it carries no date") if evidence.standing is Standing.USABLE else evidence
        return
    if evidence.when.first > as_of:
        yield but(evidence, Standing.DISCOUNTED, f"it is dated after the date of service, {as_of}")
        return
    shortest, longest = (as_of - min(evidence.when.last, as_of)).days, (as_of - evidence.when.first).days
    age = evidence.value
    if age.low == age.high < CONCEPTION and evidence.kind != "answered":
        yield but(evidence, Standing.DISCOUNTED, "an age of less than two weeks is none")
        return
    # a bound that is itself excluded ("< 63 d") leaves whole days up to the one before it
    high = age.high - 1 if age.high_open and age.high == int(age.high) else age.high
    yield _plausible(evidence, age.low + shortest, high + longest)


def since(evidence: Evidence, as_of: date, term: int) -> Iterable[Evidence]:
    """Yield the age that a beginning makes on the date of service.

    A due date, ``term`` days after the beginning, counts as one too.
    """
    if evidence.standing is Standing.DISCOUNTED or not isinstance(evidence.value, Days):
        yield evidence
        return
    if evidence.when is not None and evidence.when.first > as_of:
        yield but(evidence, Standing.DISCOUNTED, f"it is dated after the date of service, {as_of}")
        return
    day = evidence.value
    yield _plausible(evidence, term + (as_of - day.last).days, term + (as_of - day.first).days)


def _plausible(evidence: Evidence, low: float, high: float) -> Evidence:
    if low > LONGEST:
        return but(evidence, Standing.DISCOUNTED, f"stale: the pregnancy would be {int(low // 7)} weeks, longer than 44")
    if high < 0:
        return but(evidence, Standing.DISCOUNTED, "the pregnancy would begin after the date of service")
    # whole days: a decimal number of weeks is never rounded up
    least, most = max(low, 0), min(high, LONGEST)
    return but(evidence, evidence.standing, "", Interval(float(int(least + ROUNDING)), float(int(most + ROUNDING))))


def but(evidence: Evidence, standing: Standing, note: str, value: Value | None = None) -> Evidence:
    """Return the same evidence with another standing.

    It has also the ``value`` that a rule makes of it, if one is given.
    """
    kept = evidence.value if value is None else value
    return Evidence(
        kept, evidence.when, evidence.resource, evidence.kind, standing, note or evidence.note, evidence.shown, evidence.instant
    )
