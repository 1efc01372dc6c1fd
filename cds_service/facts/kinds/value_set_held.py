"""Whether a list that the plan keeps is held here.

It is a value set that an operator fills.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.declaration import yes_or_no
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.policy.evidence import Evidence
from cds_service.policy.values import Days
from cds_service.sitting import DatedChart


class ValueSetHeldEvidence(EvidenceKind):
    """Whether the value set ``codes`` holds any code at all.

    It is always known, whatever was searched.
    """

    declared: ClassVar = yes_or_no("value_set_held", of="plan", never_silent=True)

    codes: str

    def in_chart(self, seen: DatedChart, wanted: Wanted) -> Iterable[Evidence]:
        listed = seen.chart.terminology.sets[self.codes]
        held = bool(listed.codes or listed.categories)
        note = f"{listed.title}: " + ("the list is held here" if held else "the list is not held here")
        return [Evidence(held, Days.on(seen.as_of), note=note)]

    def needs(self) -> tuple[Need, ...]:
        return ()

    def value_sets(self) -> tuple[str, ...]:
        return (self.codes,)

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        raise CannotImagine("no chart says which lists are held")
