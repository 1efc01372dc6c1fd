"""The order's own reasons as evidence.

They are what the order names as its purpose, apart from all else that the chart holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import ClassVar, Literal

from pydantic import model_validator

from cds_service.case import Case
from cds_service.facts.found.order_reasons import SoughtReason, order_reasons
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.declaration import yes_or_no
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.facts.kinds.wording import SayingEntry
from cds_service.policy.evidence import Evidence
from cds_service.policy.values import Days


class OrderReasonEvidence(EvidenceKind):
    """A reason of the order itself.

    It is a ``reasonCode``, or the diagnosis that ``reasonReference`` names. With ``codes``, a reason in that value set
    says yes; with ``by: reference`` only the diagnoses count to which the order or its own encounter refers, however
    old their record is. ``body_site`` is as of a condition, read of such a diagnosis. With ``other_than``, a reason in
    none of those value sets is one that nobody has read: it ends the silence and decides nothing (words alone are such
    a reason). ``beside`` lists first letters of ICD-10-CM codes that are never what the order is for; ``beside_words``
    phrases that say no more than codes that are read: a reason that says nothing else, but its side, is not unread.
    ``doubted`` is as of a condition.
    """

    declared: ClassVar = yes_or_no("order_reason", of="order")

    codes: str = ""
    by: Literal["any", "reference"] = "any"
    body_site: str = ""
    other_than: list[str] = []
    beside: list[str] = []
    beside_words: list[str] = []
    doubted: SayingEntry | None = None

    @model_validator(mode="after")
    def _one_way(self) -> OrderReasonEvidence:
        if bool(self.codes) == bool(self.other_than):
            raise ValueError("it names either the value set that says yes (codes) or those that are read elsewhere (other_than)")
        if self.body_site and not self.codes:
            raise ValueError("body_site qualifies the value set that says yes (codes)")
        return self

    @cached_property
    def sought(self) -> SoughtReason:
        """What the finder is given."""
        return SoughtReason(
            self.codes,
            self.by,
            self.body_site,
            tuple(self.other_than),
            tuple(self.beside),
            tuple(self.beside_words),
            self.doubted.sought if self.doubted is not None else None,
        )

    def of_order(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        return order_reasons(self.sought, case)

    def speaks_by(self) -> frozenset[str] | None:
        return frozenset({self.codes}) if self.codes else None

    def needs(self) -> tuple[Need, ...]:
        return ()

    def value_sets(self) -> tuple[str, ...]:
        return tuple(id_ for id_ in (self.codes, self.body_site, *self.other_than, *self._doubts()) if id_)

    def _doubts(self) -> tuple[str, ...]:
        return self.doubted.value_sets() if self.doubted is not None else ()

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
