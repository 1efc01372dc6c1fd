"""What goes with a fusion of the sacroiliac joint: the sacrectomy with it, and the treatment of an infection."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from cds_service.order import CODE_ELEMENTS
from cds_service.policy.model import Evidence, Fact, Standing
from cds_service.policy.values import Days

Inputs = Mapping[str, Fact]
TAKES: Final[frozenset[str]] = frozenset({"given", "going_on", "local", "elsewhere", "infection"})
"""What the treatment of an infection is computed from."""


def with_fusion(facts: Inputs, as_of: date) -> list[Evidence]:
    """What was done, is given, or is planned for a day after the fusion: planning it is what counts, so it holds on that day."""
    return [_planned(e, as_of) for e in facts["recorded"].evidence]


def treatment(facts: Inputs, as_of: date) -> list[Evidence]:
    """Medicines against the infection, given on or after the day it was recorded; those given before are asked about.

    Those that act only where they are put are none; those with another infection as their reason are asked about.
    Where only the order names the infection, no day of it is on record: then a medicine that is in use now counts.
    """
    recorded = _recorded_on(facts["infection"])
    in_use = {e.resource for e in facts["going_on"].evidence if e.standing is Standing.USABLE}
    local = {e.resource for e in facts["local"].evidence if e.standing is Standing.USABLE}
    elsewhere = {e.resource for e in facts["elsewhere"].evidence if e.standing is Standing.USABLE and e.resource}
    found: list[Evidence] = []
    for e in [one for one in facts["given"].evidence if one.resource not in local or not one.resource]:
        planned = _planned(e, as_of)
        if e.standing is not Standing.USABLE or e.value is not True or planned.when is None:
            found.append(planned)
        elif e.resource in elsewhere:
            found.append(_open(planned, "its reason is another infection, or prevention"))
        elif recorded is None:
            found.append(_before(planned, None) if _is_over(e, facts, in_use, as_of) else planned)
        else:
            found.append(_before(planned, recorded) if planned.when.last < recorded else planned)
    return found


def _is_over(e: Evidence, facts: Inputs, in_use: set[str], as_of: date) -> bool:
    """Whether a medicine is not in use, and was given before the order that alone names the infection."""
    named = any(one.standing is not Standing.DISCOUNTED for one in facts["infection"].evidence)
    return named and e.resource not in in_use and e.when is not None and e.when.last < as_of


def _recorded_on(infection: Fact) -> date | None:
    """The first day on which the chart records the infection, or what may be it; a reason of the order only repeats it."""
    days = [
        e.when.first
        for e in infection.evidence
        if e.when is not None and e.value is not False and e.standing is not Standing.DISCOUNTED and not _is_of_an_order(e)
    ]
    return min(days, default=None)


def _is_of_an_order(e: Evidence) -> bool:
    return e.resource.partition("/")[0] in CODE_ELEMENTS


def _before(e: Evidence, recorded: date | None) -> Evidence:
    note = "it was given before the order, which alone names the infection"
    if recorded is not None:
        note = f"it was given before {recorded.isoformat()}, when the infection was recorded"
    return _open(e, note)


def _open(e: Evidence, note: str) -> Evidence:
    return Evidence(e.value, e.when, e.resource, e.kind, Standing.UNCERTAIN, note, e.shown)


def _planned(e: Evidence, as_of: date) -> Evidence:
    if e.when is None or e.when.first <= as_of:
        return e
    return Evidence(e.value, Days.on(as_of), e.resource, e.kind, e.standing, e.note, f"{e.shown}, planned for {e.when.text()}")
