"""Facts of prenatal screening that are computed.

They are whether there was a screen before, and whether another is ordered besides. Each rule takes named facts and the
date of service, and gives the evidence of one fact.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from cds_service.facts.computed.gestation import but
from cds_service.facts.rule import rule
from cds_service.policy.evidence import Evidence, Fact, Standing
from cds_service.policy.values import Days

Inputs = Mapping[str, Fact]


@rule("earlier screen", "orders", "results")
def earlier_screen(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute whether this pregnancy had a screen done or ordered before.

    A result counts; a test without one leaves it open. An order or procedure up to the day of a test without result is
    that test: the result speaks for it.
    """
    results = list(facts["results"].evidence)
    done = [but(e, Standing.USABLE, "", True) for e in results if e.standing is Standing.USABLE and e.value == "reported"]
    empty = [e for e in results if e.standing is Standing.USABLE and e.value == "no result"]
    uncertain = [e for e in results if e.standing is not Standing.USABLE]
    last_empty = max((e.when.last for e in empty if e.when and e.when.first <= as_of), default=date.min)
    ordered = [e for e in facts["orders"].evidence if e.when is None or e.when.last > last_empty]
    note = "the test was done and gave no result; a technical repeat may need review"
    return done + ordered + uncertain + [but(e, Standing.UNCERTAIN, note, True) for e in empty]


_MARKERS: Final = (("papp", "PAPP-A"), ("hcg", "hCG"), ("gonadotropin", "hCG"), ("inhibin", "inhibin A"), ("estriol", "estriol"))
"""What the names of the markers say, and the marker."""

_APART: Final = timedelta(days=84)
"""How far apart two markers of one screen are ordered at most. Ours."""


def _marker(evidence: Evidence) -> str:
    """Return the marker that is ordered, by its code or its name."""
    if evidence.standing is Standing.USABLE:
        return str(evidence.value)
    return next((marker for said, marker in _MARKERS if said in evidence.shown.lower()), "")


def _together(day: list[Evidence]) -> Evidence | None:
    """Return the different markers of one day as a screen.

    Returns None for a single marker. Markers that are known by their names only ask.
    """
    together = {_marker(e) for e in day} - {""}
    if len(together) < 2:
        return None
    note = f"{len(together)} different markers ordered together"
    read = len({e.value for e in day if e.standing is Standing.USABLE}) > 1
    return but(day[0], Standing.USABLE if read else Standing.UNCERTAIN, note, True)


def _apart(markers: list[Evidence]) -> list[Evidence]:
    """Return single markers of different days as what may be a screen.

    PAPP-A is drawn days or weeks before the others. An hCG before all others is the usual test of an early pregnancy.
    """
    dated = [(e.when.last, e) for e in markers if e.when and _marker(e)]
    first = min((day for day, e in dated if _marker(e) != "hCG"), default=None)
    last = max((one for one in dated), key=lambda one: one[0], default=None)
    if first is None or last is None:
        return []
    found = {_marker(e) for day, e in dated if day >= first and last[0] - day <= _APART}
    note = f"{len(found)} different markers ordered on different days"
    return [but(last[1], Standing.UNCERTAIN, note, True)] if len(found) > 1 else []


@rule("concurrent serum screen", "panels", "markers")
def concurrent_serum_screen(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute whether another serum screen for aneuploidy is ordered besides.

    It is a panel, or two different single markers ordered together; ordered on different days, they leave it open. A
    report since then whose code is not known, and whose words say that it is such a screen, may be its result.
    """
    panels = [e for e in facts["panels"].evidence if not e.resource.startswith("DiagnosticReport/")]
    reported = [e for e in facts["panels"].evidence if e.resource.startswith("DiagnosticReport/")]
    last = max([e.when.last for e in reported if e.when], default=date.min)
    by_day: dict[Days | None, list[Evidence]] = {}
    for e in facts["markers"].evidence:
        if e.standing is not Standing.DISCOUNTED:
            by_day.setdefault(e.when, []).append(e)
    together = [one for day in by_day.values() if (one := _together(day)) is not None]
    apart = [] if together else _apart([e for day in by_day.values() for e in day])
    note = "a report that cannot be read may be its result"
    return [
        but(e, Standing.UNCERTAIN, note) if e.standing is Standing.USABLE and e.when and e.when.first <= last else e
        for e in [*panels, *together, *apart]
    ] + [but(e, Standing.DISCOUNTED, "a screen that is done is none besides") for e in reported]
