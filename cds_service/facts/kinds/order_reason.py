"""The order's own reasons as evidence: what it names itself as being for, apart from all else that the chart holds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import model_validator

from cds_service.chart import Case
from cds_service.facts.found.order_reasons import order_reasons
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.policy.model import Evidence
from cds_service.policy.values import Days


class OrderReasonEvidence(EvidenceKind):
    """A reason of the order itself: ``reasonCode``, or the diagnosis that ``reasonReference`` names.

    With ``codes``, a reason in that value set says yes; with ``by: reference`` only the diagnoses to which the order or its own
    encounter refers, which count however old their record is. ``body_site`` is as of a condition, read of such a diagnosis.
    With ``other_than``, a reason in none of those value sets is one that nobody has read: it ends the silence and decides nothing
    (words alone are such a reason). ``beside`` lists first letters of ICD-10-CM codes that are never what the order is for.
    """

    codes: str = ""
    by: Literal["any", "reference"] = "any"
    body_site: str = ""
    other_than: list[str] = []
    beside: list[str] = []

    @model_validator(mode="after")
    def _one_way(self) -> OrderReasonEvidence:
        if bool(self.codes) == bool(self.other_than):
            raise ValueError("it names either the value set that says yes (codes) or those that are read elsewhere (other_than)")
        if self.body_site and not self.codes:
            raise ValueError("body_site qualifies the value set that says yes (codes)")
        return self

    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        return order_reasons(self, case)

    def speaks_by(self) -> frozenset[str] | None:
        return frozenset({self.codes}) if self.codes else None

    def needs(self) -> tuple[Need, ...]:
        return ()

    def value_sets(self) -> tuple[str, ...]:
        return tuple(id_ for id_ in (self.codes, self.body_site, *self.other_than) if id_)

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        if not self.codes or evidence.value is not True or evidence.when != Days.on(chart.as_of):
            raise CannotImagine("no reason of the order says it")
        concept = chart.any_concept(self.codes)
        if self.by == "any":
            chart.order.setdefault("reasonCode", []).append(concept)
            return
        site = [chart.concept(self.body_site)] if self.body_site else None
        on = chart.as_of.isoformat()
        diagnosis = chart.add("Condition", clinicalStatus=ACTIVE, code=concept, bodySite=site, recordedDate=on)
        chart.order.setdefault("reasonReference", []).append({"reference": f"Condition/{diagnosis['id']}"})


ACTIVE = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]}
