"""Encounters as evidence that the patient was seen.

They also tell in what setting.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from cds_service.facts.fhir_value import partial_date
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.declaration import Declaration, ValueType, types_of
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.fhir.elements import first_days, items, own_reference, text
from cds_service.policy.evidence import Evidence
from cds_service.policy.values import Days
from cds_service.sitting import DatedChart

UNDER_WAY = ("arrived", "triaged", "in-progress", "onleave")
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"


class EncounterEvidence(EvidenceKind):
    """An encounter of one of ``classes`` that has begun.

    Classes are those of HL7's ActCode (EMER, IMP, ACUTE, AMB …). With ``current`` it must still go on.
    """

    declared: ClassVar = Declaration("encounter", frozenset({"boolean", "choice"}))

    classes: list[str]
    current: bool = False
    gives: bool | str = True

    def in_chart(self, seen: DatedChart, wanted: Wanted) -> Iterable[Evidence]:
        return list(self._found(seen))

    def _found(self, seen: DatedChart) -> Iterator[Evidence]:
        for encounter in seen.chart.of("Encounter"):
            status = text(encounter.get("status"))
            if status in ("entered-in-error", "cancelled", "planned") or (self.current and status not in UNDER_WAY):
                continue
            written = encounter.get("class")
            code = next((text(c.get("code")) for c in items(written) if isinstance(c, dict)), "")
            if code in self.classes:
                yield Evidence(
                    self.gives, first_days(encounter, "period") or Days.on(seen.as_of), own_reference(encounter), shown=code
                )

    def can_give(self) -> frozenset[ValueType]:
        return types_of(self.gives)

    def writes(self) -> tuple[bool | str, ...]:
        return (self.gives,)

    def needs(self) -> tuple[Need, ...]:
        return ()

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        if evidence.value != self.gives:
            raise CannotImagine("no encounter says it")
        start = partial_date(evidence.when) if evidence.when else None
        chart.add(
            "Encounter",
            status="in-progress",
            period={"start": start} if start else None,
            **{"class": {"system": ACT, "code": self.classes[0]}},
        )
