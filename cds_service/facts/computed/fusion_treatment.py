"""What goes with a fusion of the sacroiliac joint.

It is the sacrectomy with it, and the treatment of an infection.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Final

from cds_service.facts.rule import rule
from cds_service.fhir.resource_types import CODE_ELEMENTS
from cds_service.policy.evidence import Evidence, Fact, Standing
from cds_service.policy.values import Days, LookBack

Inputs = Mapping[str, Fact]
TAKES: Final[frozenset[str]] = frozenset({"given", "going_on", "local", "elsewhere", "meant", "infection"})
"""The facts that the treatment of an infection is computed from."""
GOES_WITH: Final = LookBack(12, "month")
"""How far back a sacrectomy goes with a tumor that no record dates.

The span is ours, no payer's.
"""
OVER: Final = "it was given before the order, and no record says since when there is an infection"
"""Note on a medicine that was over before an infection that no record dates."""
LONG_BEFORE: Final = f"it was done more than {GOES_WITH} ago, and no record says since when there is a tumor"
"""Note on a sacrectomy of long before a tumor that no record dates."""


@rule("sacrectomy with the fusion", "recorded", "going_on", "tumor", "pelvic_bone_tumor")
def sacrectomy(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute the sacrectomy that goes with the fusion.

    It was done, is done, or is planned for a day after the fusion. Planning it is what counts, so what is planned
    holds on the date of service. One that was done before the tumor was recorded is asked about. So is one of long ago
    where the chart names no day of the tumor.
    """
    first = [day for name in ("tumor", "pelvic_bone_tumor") if (day := _recorded_on(facts[name])) is not None]
    since = min(first, default=GOES_WITH.start(as_of))
    note = f"it was done before {since.isoformat()}, when the tumor was recorded" if first else LONG_BEFORE
    going_on = _resources(facts["going_on"], (Standing.USABLE,))
    found = [_planned(e, as_of) for e in facts["recorded"].evidence]
    return [_open(e, note) if _is_older(e, since) and e.resource not in going_on else e for e in found]


def _is_older(e: Evidence, since: date) -> bool:
    return e.standing is Standing.USABLE and e.when is not None and e.when.last < since


@rule("treatment of the infection", *TAKES)
def treatment(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute whether medicines are given against the infection.

    They count from the day on which the infection was recorded; those given before are asked about. Those that act only
    where they are put are none; those with another infection as their reason are asked about, where the joint is not a
    reason too. Where only the order or an answer names the infection, no day of it is on record: then a medicine that
    is in use now counts.
    """
    recorded = _recorded_on(facts["infection"])
    in_use = _resources(facts["going_on"], (Standing.USABLE,))
    local = _resources(facts["local"], (Standing.USABLE,))
    elsewhere = _resources(facts["elsewhere"], (Standing.USABLE, Standing.UNCERTAIN))
    elsewhere -= _resources(facts["meant"], (Standing.USABLE,))
    found: list[Evidence] = []
    for e in [one for one in facts["given"].evidence if one.resource not in local]:
        planned = _planned(e, as_of)
        if e.standing is not Standing.USABLE or e.value is not True or planned.when is None:
            found.append(planned)
        elif e.resource in elsewhere:
            found.append(_open(planned, "its reason is another infection, or prevention"))
        elif recorded is None:
            found.append(_open(planned, OVER) if _is_over(e, in_use, as_of) else planned)
        else:
            note = f"it was given before {recorded.isoformat()}, when the infection was recorded"
            found.append(_open(planned, note) if planned.when.last < recorded else planned)
    return found


def _resources(fact: Fact, standings: Collection[Standing]) -> set[str]:
    """Return the resources with evidence of a fact of these standings."""
    return {e.resource for e in fact.evidence if e.standing in standings and e.resource}


def _is_over(e: Evidence, in_use: Collection[str], as_of: date) -> bool:
    """Tell whether a medicine was over before the order."""
    return e.resource not in in_use and e.when is not None and e.when.last < as_of


def _recorded_on(infection: Fact) -> date | None:
    """Return the first day on which the chart records the infection.

    What may be the infection counts too; a reason of the order only repeats it. Returns None where no day is on record.
    """
    days = [
        e.when.first
        for e in infection.evidence
        if e.when is not None and e.value is not False and e.standing is not Standing.DISCOUNTED and not _is_of_an_order(e)
    ]
    return min(days, default=None)


def _is_of_an_order(e: Evidence) -> bool:
    return e.resource.partition("/")[0] in CODE_ELEMENTS


def _open(e: Evidence, note: str) -> Evidence:
    return Evidence(e.value, e.when, e.resource, e.kind, Standing.UNCERTAIN, note, e.shown)


def _planned(e: Evidence, as_of: date) -> Evidence:
    if e.when is None or e.when.first <= as_of:
        return e
    return Evidence(e.value, Days.on(as_of), e.resource, e.kind, e.standing, e.note, f"{e.shown}, planned for {e.when.text()}")
