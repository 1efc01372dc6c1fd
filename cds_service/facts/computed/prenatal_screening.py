"""Facts of prenatal screening that are computed.

They are whether there was a screen before, and whether another is ordered besides. Each rule takes named facts and the
date of service, and gives the evidence of one fact.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
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


def _together(day: list[Evidence]) -> Evidence | None:
    """Return the different markers of one day as a screen.

    Returns None for a single marker. Markers that are known by their names only ask.
    """
    read = {e.value: e for e in day if e.standing is Standing.USABLE}
    named = {marker for e in day if e.standing is Standing.UNCERTAIN for said, marker in _MARKERS if said in e.shown.lower()}
    together = read.keys() | named
    if len(together) < 2:
        return None
    note = f"{len(together)} different markers ordered together"
    return but(day[0], Standing.USABLE if len(read) > 1 else Standing.UNCERTAIN, note, True)


@rule("concurrent serum screen", "panels", "markers")
def concurrent_serum_screen(facts: Inputs, as_of: date) -> list[Evidence]:
    """Compute whether another serum screen for aneuploidy is ordered besides.

    It is a panel, or two different single markers ordered together. A report since then whose code is not known, and
    whose words say that it is such a screen, may be its result.
    """
    panels = [e for e in facts["panels"].evidence if not e.resource.startswith("DiagnosticReport/")]
    reported = [e for e in facts["panels"].evidence if e.resource.startswith("DiagnosticReport/")]
    last = max([e.when.last for e in reported if e.when], default=date.min)
    by_day: dict[Days | None, list[Evidence]] = {}
    for e in facts["markers"].evidence:
        if e.standing is not Standing.DISCOUNTED:
            by_day.setdefault(e.when, []).append(e)
    together = [one for day in by_day.values() if (one := _together(day)) is not None]
    note = "a report that cannot be read may be its result"
    return [
        but(e, Standing.UNCERTAIN, note) if e.standing is Standing.USABLE and e.when and e.when.first <= last else e
        for e in [*panels, *together]
    ] + [but(e, Standing.DISCOUNTED, "a screen that is done is none besides") for e in reported]
