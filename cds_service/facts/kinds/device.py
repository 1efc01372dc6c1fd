"""Implanted and used devices as evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cds_service.chart import Case
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.facts.kinds.fhir_value import partial_date
from cds_service.fhir.elements import first_days, own_reference, text
from cds_service.policy.model import Evidence, Standing
from cds_service.policy.values import Days


class DeviceEvidence(EvidenceKind):
    """A Device of the patient whose type is in ``codes`` and that is in use. With ``uncertain`` it only ends the silence.

    It is dated by its manufacture, else it speaks of the day it is read: a device in use is there now.
    """

    codes: str
    uncertain: bool = False

    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        return list(self._found(case))

    def _found(self, case: Case) -> Iterator[Evidence]:
        for hit in case.chart.coded("Device", self.codes):
            if text(hit.resource.get("status")) in ("entered-in-error", "inactive"):
                continue
            when = first_days(hit.resource, "manufactureDate") or Days.on(case.as_of)
            standing = Standing.UNCERTAIN if self.uncertain else Standing.USABLE
            note = "the device only hints at it" if self.uncertain else ""
            yield Evidence(True, when, own_reference(hit.resource), standing=standing, note=note, shown=hit.coding.text)

    def speaks_by(self) -> frozenset[str] | None:
        return frozenset({self.codes})

    def needs(self) -> tuple[Need, ...]:
        return (Need("Device"),)

    def value_sets(self) -> tuple[str, ...]:
        return (self.codes,)

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        if self.uncertain or evidence.value is not True:
            raise CannotImagine("no device says it")
        made = partial_date(evidence.when) if evidence.when else None
        chart.add("Device", status="active", type=chart.any_concept(self.codes), manufactureDate=made)
