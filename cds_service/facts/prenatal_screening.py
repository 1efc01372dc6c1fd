"""Facts of prenatal screening that are computed: whether there was a screen before, and whether another is ordered besides.

Each rule takes named facts and the date of service, and gives the evidence of one fact.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from cds_service.facts.pregnancy_dating import but
from cds_service.policy.model import Evidence, Fact, Standing
from cds_service.policy.values import Days

Inputs = Mapping[str, Fact]


def earlier_screen(facts: Inputs, as_of: date) -> list[Evidence]:
    """Whether a screen was done or ordered before in this pregnancy. A result counts; a test without one leaves it open.

    An order or procedure up to the day of a test without result is that test: the result speaks for it.
    """
    results = list(facts["results"].evidence)
    done = [but(e, Standing.USABLE, "", True) for e in results if e.standing is Standing.USABLE and e.value == "reported"]
    empty = [e for e in results if e.standing is Standing.USABLE and e.value == "no result"]
    uncertain = [e for e in results if e.standing is not Standing.USABLE]
    last_empty = max((e.when.last for e in empty if e.when and e.when.first <= as_of), default=date.min)
    ordered = [e for e in facts["orders"].evidence if e.when is None or e.when.last > last_empty]
    note = "the test was done and gave no result; a technical repeat may need review"
    return done + ordered + uncertain + [but(e, Standing.UNCERTAIN, note, True) for e in empty]


def concurrent_serum_screen(facts: Inputs, as_of: date) -> list[Evidence]:
    """A serum screen for aneuploidy ordered at the same time: a panel, or two different single markers ordered together."""
    panels = list(facts["panels"].evidence)
    by_day: dict[Days | None, list[Evidence]] = {}
    for e in facts["markers"].evidence:
        if e.standing is Standing.USABLE:
            by_day.setdefault(e.when, []).append(e)
    together = [
        but(day[0], Standing.USABLE, f"{len({e.value for e in day})} different markers ordered together", True)
        for day in by_day.values()
        if len({e.value for e in day}) >= 2
    ]
    return panels + together
