"""How often the medicines of a regimen come round.

It is told by the doses that were given, and by the timing of orders.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from cds_service.facts.evidence_days import first, last, uncertain
from cds_service.policy.evidence import Evidence, Fact, Standing
from cds_service.policy.values import Interval

ORDERED: Final = 180
"""Days for which an active order is of the present regimen."""
GIVEN: Final = 28
"""Days for which a dose is of the present regimen.

It was given, or is planned.
"""
CYCLES: Final = {7: range(6, 9), 14: range(13, 17), 21: range(19, 26)}
"""The usual days between two doses, by the days of a cycle."""
ONE_DOSE: Final = 3
"""Days within which two records of a drug are of one dose.

One dose is ordered, dispensed and given, each with a record of its own.
"""
CYCLED: Final = ("docetaxel", "doxorubicin", "paclitaxel")
"""The medicines by whose doses cycles are told.

Under these names the rule takes the days between doses that their orders say.
"""

Inputs = Mapping[str, Fact]


def days_of_cycle(facts: Inputs, as_of: date, drug: str) -> int:
    """Return the days of the present cycles of a drug.

    They are told by its doses that were given; before the second dose, by its orders. Returns 0 where nothing tells them,
    where doses and orders tell two, or where an order of it is in doubt.
    """
    given, ordered = _by_doses(facts, as_of, drug), _by_orders(facts[drug], as_of)
    if any(e.value == drug for e in uncertain(facts["ordered"], as_of, ORDERED)):
        return 0
    if given is None:
        return ordered
    return given if ordered in (0, given) else 0


def _by_doses(facts: Inputs, as_of: date, drug: str) -> int | None:
    """Return the days of the cycles by a drug's doses.

    Returns None where fewer than two were given, 0 where they do not tell, or where another one may be among what cannot be
    read, or among orders that were stopped.
    """
    start = as_of - timedelta(ORDERED)
    given = [first(e) for e in facts["given"].evidence if e.standing is Standing.USABLE and e.value == drug and e.when is not None]
    if any(_is_another_dose(e, drug, given) for e in uncertain(facts["given"], as_of, ORDERED)):
        return 0
    doses: list[date] = []
    for day in sorted([day for day in given if start <= day <= as_of]):
        if not doses or (day - doses[-1]).days > ONE_DOSE:
            doses.append(day)
    apart = [(after - before).days for before, after in pairwise(doses)]
    if not apart:
        return None
    return next((days for days, usual in CYCLES.items() if all(gap in usual for gap in apart)), 0)


def _by_orders(interval: Fact, as_of: date) -> int:
    """Return the days between doses that the present orders say.

    Returns 0 where none says it, where one does not, or where they differ.
    """
    start, end = as_of - timedelta(ORDERED), as_of + timedelta(GIVEN)
    present = [e for e in interval.evidence if e.standing is not Standing.DISCOUNTED and start <= last(e) and first(e) <= end]
    found = {e.value for e in present}
    told = found.pop() if len(found) == 1 else None
    return int(told.low) if isinstance(told, Interval) and told.low == told.high else 0


def given_on_one_day(facts: Inputs, as_of: date, drugs: list[str]) -> bool:
    """Tell whether these medicines were all given on one day.

    It must be a day of late.
    """
    start = as_of - timedelta(GIVEN)
    given = [e for e in facts["given"].evidence if e.standing is Standing.USABLE and start <= first(e) <= as_of]
    days = [{first(e) for e in given if e.value == drug and first(e) == last(e)} for drug in drugs]
    return bool(set.intersection(*days))


def _is_another_dose(evidence: Evidence, drug: str, given: list[date]) -> bool:
    """Tell whether evidence in doubt may be a dose of its own."""
    if evidence.value is None or evidence.when is None:
        return evidence.value in (drug, None)
    return evidence.value == drug and not any(abs((first(evidence) - day).days) <= ONE_DOSE for day in given)
