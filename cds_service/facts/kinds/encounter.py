"""Encounters as evidence: that the patient was seen, and in what setting."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cds_service.chart import Case
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.facts.kinds.fhir_value import partial_date
from cds_service.fhir.elements import first_days, items, own_reference, text
from cds_service.policy.model import Evidence
from cds_service.policy.values import Days

UNDER_WAY = ("arrived", "triaged", "in-progress", "onleave")
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"


class EncounterEvidence(EvidenceKind):
    """An encounter of one of ``classes`` (HL7 ActCode: EMER, IMP, ACUTE, AMB …) that has begun; ``current``: that goes on."""

    classes: list[str]
    current: bool = False
    gives: bool | str = True

    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        return list(self._found(case))

    def _found(self, case: Case) -> Iterator[Evidence]:
        for encounter in case.chart.of("Encounter"):
            status = text(encounter.get("status"))
            if status in ("entered-in-error", "cancelled", "planned") or (self.current and status not in UNDER_WAY):
                continue
            written = encounter.get("class")
            code = next((text(c.get("code")) for c in items(written) if isinstance(c, dict)), "")
            if code in self.classes:
                yield Evidence(
                    self.gives, first_days(encounter, "period") or Days.on(case.as_of), own_reference(encounter), shown=code
                )

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
