"""Family history as evidence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from cds_service.facts.fhir_value import partial_date
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.declaration import yes_or_no
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.fhir.elements import first_days, own_reference
from cds_service.fhir.resource_types import TYPES
from cds_service.policy.evidence import Evidence
from cds_service.policy.values import Days
from cds_service.sitting import DatedChart

STATED = TYPES["FamilyMemberHistory"].evidence


class FamilyHistoryEvidence(EvidenceKind):
    """A relative's condition with a code in ``codes``.

    A history without it says nothing of the other relatives.
    """

    declared: ClassVar = yes_or_no("family_history")

    codes: str

    @property
    def lasts(self) -> bool:
        return self.shelf_life is None

    def in_chart(self, seen: DatedChart, wanted: Wanted) -> Iterable[Evidence]:
        found = []
        for hit in seen.chart.coded("FamilyMemberHistory", self.codes):
            if hit.resource.get("status") in STATED:
                when = first_days(hit.resource, "date") or Days.on(seen.as_of)
                found.append(Evidence(True, when, own_reference(hit.resource), shown=hit.coding.text))
        return found

    def speaks_by(self) -> frozenset[str] | None:
        return frozenset({self.codes})

    def needs(self) -> tuple[Need, ...]:
        return (Need("FamilyMemberHistory"),)

    def value_sets(self) -> tuple[str, ...]:
        return (self.codes,)

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        if evidence.value is not True:
            raise CannotImagine("a family history without a condition says nothing")
        chart.add(
            "FamilyMemberHistory",
            status="completed",
            date=partial_date(evidence.when) if evidence.when else None,
            relationship={"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "MBRO"}]},
            condition=[{"code": chart.any_concept(self.codes)}],
        )
