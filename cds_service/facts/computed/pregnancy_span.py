"""From which day on something is of this pregnancy.

The facts are its beginning, and the first day that its end can be told. Each rule takes named facts and the date of
service, and gives the evidence of one fact.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from cds_service.facts.computed.gestation import NINE_WEEKS, TERM, Inputs, but
from cds_service.facts.computed.one_pregnancy import ends
from cds_service.facts.rule import rule
from cds_service.policy.evidence import Evidence, Standing
from cds_service.policy.values import Days, Interval

FIRST_TOLD: Final = 28
"""Days from the last menstrual period until a pregnancy can be told."""


@rule("pregnancy look-back", "age", "ended")
def pregnancy_look_back(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute the first day that counts as this pregnancy.

    It is the date of service less the pregnancy's age; 280 days back when the age is unknown, but not before the last
    delivery or loss that is on record. Where an age is on file and cannot be read, it may be any day from then up to
    nine weeks ago, or up to the beginning that the age would make.
    """
    ages = [e for e in facts["age"].evidence if e.standing is Standing.USABLE and isinstance(e.value, Interval)]
    if ages:
        return [but(e, Standing.USABLE, "", _beginning(e, as_of)) for e in ages]
    start = date.fromordinal(as_of.toordinal() - TERM)
    latest = max((day for day in ends(facts["ended"], as_of) if start < day), default=None)
    unread = [e for e in facts["age"].evidence if e.standing is Standing.UNCERTAIN]
    if unread:
        return [_some_day(latest or start, unread, as_of)]
    note = "gestational age unknown: " + ("since the last pregnancy ended" if latest else "280 days back")
    return [Evidence(Days.on(latest or start), Days.on(as_of), kind="assumed", note=note)]


@rule("pregnancy start", "age", "ended")
def pregnancy_start(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute the day on which this pregnancy began.

    It is as :func:`pregnancy_look_back`; but when the age is unknown, it may have begun on any day since then up to
    nine weeks ago. A pregnancy that is not known to be below nine weeks began at least nine weeks ago: what is more
    recent is surely of it.
    """
    found = pregnancy_look_back(facts, as_of)
    start = found[0].value
    if found[0].kind != "assumed" or not isinstance(start, Days):
        return found
    surely = date.fromordinal(as_of.toordinal() - NINE_WEEKS)
    return [but(found[0], Standing.USABLE, found[0].note, Days(start.first, max(start.last, surely)))]


@rule("loss look-back", "age", "delivery")
def loss_look_back(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute the first day on which this pregnancy can be lost.

    It is four weeks after the pregnancy began, when one can first be told. A loss before that is of an earlier one,
    whose bleeding was perhaps taken for the last period. Where the age is unknown, it is as in :func:`pregnancy_start`,
    without regard to a loss on record: that loss is what the criterion asks about.
    """
    without_losses = {"age": facts["age"], "ended": facts["delivery"]}
    return [
        but(e, Standing.USABLE, e.note, e.value.plus(FIRST_TOLD) if e.kind != "assumed" else e.value)
        for e in pregnancy_start(without_losses, as_of)
        if isinstance(e.value, Days)
    ]


def _some_day(start: date, unread: list[Evidence], as_of: date) -> Evidence:
    """Return the days on which a pregnancy may have begun.

    An age is on file that cannot be read.
    """
    begun = [_beginning(e, as_of) for e in unread if isinstance(e.value, Interval)]
    first = min([start, *[day.first for day in begun]])
    last = max([start, date.fromordinal(as_of.toordinal() - NINE_WEEKS), *[day.last for day in begun]])
    return Evidence(Days(first, last), Days.on(as_of), kind="assumed", note="the gestational age on file cannot be read")


def _beginning(evidence: Evidence, as_of: date) -> Days:
    age = evidence.value
    if not isinstance(age, Interval):
        raise TypeError("a gestational age is an interval")
    return Days(date.fromordinal(as_of.toordinal() - int(age.high)), date.fromordinal(as_of.toordinal() - int(age.low)))
