"""How one value answers one test.

It passes, fails, or leaves the test open.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from cds_service.policy.criterion import Outcome, Test
from cds_service.policy.finding import MET, NOT_DOCUMENTED, NOT_MET
from cds_service.policy.values import Code, Days, Interval, Value

_SAID: Final = (bool, str)
_LATER: Final = {"is_at_most": "is_at_least", "is_below": "is_above", "is_at_least": "is_at_most", "is_above": "is_below"}
"""The comparison of days for each comparison of how long ago.

What was at most a year ago was on or after the day one year back.
"""


def answer(test: Test, value: Value | None, as_of: date) -> Outcome:
    """Return whether a value passes a test.

    The test stays open where the value is not of the kind that the test asks for.
    """
    wanted = test.value
    match test.compare:
        case "is" if isinstance(value, _SAID):
            return MET if value == wanted else NOT_MET
        case "in" if isinstance(value, Code) and isinstance(wanted, str):
            return MET if wanted in value.sets else NOT_MET
        case "documented" if isinstance(value, Days):
            return MET
        case name if isinstance(value, Interval) and isinstance(wanted, Interval):
            return compare(name, value, wanted.low)
        case name if test.ago is not None and isinstance(value, Days):
            days = Interval(value.first.toordinal(), value.last.toordinal())
            return compare(_LATER.get(name, ""), days, test.ago.start(as_of).toordinal())
        case _:
            return NOT_DOCUMENTED


def compare(name: str, value: Interval, bound: float) -> Outcome:
    """Compare an interval with a bound.

    Met if every value of the interval passes, not met if none does, else open.
    """
    all_at_least = value.low >= bound
    all_above = value.low > bound or (value.low == bound and value.low_open)
    all_at_most = value.high <= bound
    all_below = value.high < bound or (value.high == bound and value.high_open)
    match name:
        case "is_at_least":
            met, not_met = all_at_least, all_below
        case "is_above":
            met, not_met = all_above, all_at_most
        case "is_at_most":
            met, not_met = all_at_most, all_above
        case "is_below":
            met, not_met = all_below, all_at_least
        case "is":
            met, not_met = value.low == value.high == bound, all_above or all_below
        case _:
            return NOT_DOCUMENTED
    return MET if met else NOT_MET if not_met else NOT_DOCUMENTED
