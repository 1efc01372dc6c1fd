"""Datings that cannot be read.

They decide nothing, and are never taken as absent. One whose value is plain and whose code is not known is tried as it
is said: where that makes another age, the age is open. One without any value that can be read may be anything, where it
is so much later that it may be of another pregnancy.
"""

from __future__ import annotations

import re
from typing import Final

from cds_service.facts.computed.gestation import LONGEST, NINE_WEEKS, but
from cds_service.facts.computed.one_pregnancy import spanning
from cds_service.policy.evidence import ONLY_WORDS, Evidence, Standing
from cds_service.policy.values import Interval

_WEEKS: Final = re.compile(r"(?<![\d.-])(?:(\d{1,2}) (?:completed )?w(?:ee)?ks?\b|\bweeks?:? (\d{1,2})\b)", re.IGNORECASE)
_BOUND: Final = (
    "than",
    "before",
    "after",
    "over",
    "under",
    "until",
    "till",
    "to",
    "beyond",
    "end of",
    "past",
    "within",
    "least",
    "most",
)
"""Words before a number of weeks that make a bound of it."""
ANY_AGE: Final = Interval(0.0, float(LONGEST))


def only_named(evidence: Evidence) -> bool:
    """Tell whether a measurement is known only by its name.

    It has a value that can be read.
    """
    return evidence.standing is Standing.UNCERTAIN and evidence.value is not None and ONLY_WORDS in evidence.note


def with_said_weeks(evidence: Evidence) -> Evidence:
    """Give a diagnosis the age that its words say in weeks.

    It is a diagnosis that gives the weeks only in words, and it stays unread.
    """
    if evidence.standing is not Standing.UNCERTAIN or evidence.value is not None or ONLY_WORDS not in evidence.note:
        return evidence
    found = _WEEKS.search(evidence.shown)
    bounds = found is not None and evidence.shown[: found.start()].lower().rstrip().endswith(_BOUND)
    weeks = int(found[1] or found[2]) if found and not bounds else 0
    return evidence._replace(value=Interval(7.0 * weeks, 7.0 * weeks + 6)) if 4 <= weeks <= 42 else evidence


def unread(routes: list[list[Evidence]]) -> list[Evidence]:
    """Return the datings that are known only by their names.

    They are of all routes, and carry the ages that they would make.
    """
    return [e for route in routes for e in route if only_named(e) and isinstance(e.value, Interval)]


def read_as_said(routes: list[list[Evidence]], taken: list[Evidence]) -> list[list[Evidence]]:
    """Return the routes as if these datings could be read."""
    return [[e._replace(standing=Standing.USABLE) if e in taken else e for e in route] for route in routes]


def blank_since(routes: list[list[Evidence]]) -> list[Evidence]:
    """Return late datings without a value that can be read.

    They were stated nine weeks or more after all that can be read. Week codes are none.
    """
    days = [e.when.last.toordinal() for route in routes for e in route if e.standing is Standing.USABLE and e.when]
    last = max(days, default=0) + NINE_WEEKS
    return [
        e
        for route in routes[:-1]
        for e in route
        if e.standing is Standing.UNCERTAIN and e.value is None and e.when and e.when.first.toordinal() >= last
    ]


def unsettled(
    found: list[Evidence], others: list[list[Evidence]], doubtful: list[Evidence], blank: list[Evidence]
) -> list[Evidence]:
    """Widen the age that was found by what unread datings may say.

    ``others`` are the ages that these datings, read as they are said, would make instead. ``blank`` are datings without
    a value, which may make any age.
    """
    ages = [ANY_AGE] * len(blank)
    for other in others:
        made = _ages(other)
        ages += made or [ANY_AGE]
    own = _ages(found)
    low, high = min([age.low for age in own]), max([age.high for age in own])
    if not any(age.low < low or age.high > high for age in ages):
        return found
    stated = ", ".join(sorted({e.when.text() for e in [*doubtful, *blank] if e.when}))
    note = f"a dating of {stated} that cannot be read says otherwise"
    open_ = {e.resource for e in [*doubtful, *blank]}
    kept: list[Evidence] = []
    for e in found:
        if e.standing is Standing.USABLE:
            kept.append(but(spanning(e, ages), Standing.USABLE, note))
        elif e.resource not in open_:
            kept.append(e)
    return [*kept, *doubtful, *blank]


def _ages(found: list[Evidence]) -> list[Interval]:
    return [e.value for e in found if e.standing is Standing.USABLE and isinstance(e.value, Interval)]
