"""Observations as evidence: measured values, coded values, days."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Literal

from cds_service.chart import Case
from cds_service.facts.found.measurements import measurements
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.facts.kinds.fhir_value import partial_date, write_value
from cds_service.fhir.codes import UCUM
from cds_service.policy.model import Evidence
from cds_service.policy.values import Code, Interval


class ObservationEvidence(EvidenceKind):
    """An Observation (or a component of one) with a code in ``codes``; ``coded`` gives the meaning of coded values.

    ``whole`` says that a whole number leaves its fraction open: an age of "8 weeks" is 8 weeks and 0 to 6 days.
    ``also_in`` names units that UCUM cannot convert without the substance, each with how many of it make one of the fact's unit.
    ``panels`` names the codes of panels that hold it as a component, to be searched for as well.
    ``stage`` says that the value is a stage of cancer, which counts by its words too: IV and M1 are yes, what is below is no.
    ``of_upper_limit`` divides the value by the upper limit of the result's own reference range; without one it is unusable.
    """

    codes: str
    coded: str = ""
    whole: Literal["", "weeks"] = ""
    also_in: dict[str, float] = {}
    of_upper_limit: bool = False
    panels: str = ""
    stage: bool = False

    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        return measurements(self, case, wanted)

    def speaks_by(self) -> frozenset[str] | None:
        return frozenset({self.codes})

    def needs(self) -> tuple[Need, ...]:
        return (Need("Observation", (self.codes, self.panels) if self.panels else (self.codes,)),)

    def value_sets(self) -> tuple[str, ...]:
        return tuple(id_ for id_ in (self.codes, self.coded, self.panels) if id_)

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        value = evidence.value
        written = chart.concept(self.coded, value) if self.coded and isinstance(value, bool | str) else None
        if isinstance(value, Code) or value is None or (self.whole and isinstance(value, Interval) and value.high - value.low != 6):
            raise CannotImagine("an observation of this kind does not say it")
        if self.whole and isinstance(value, Interval):
            value = Interval.exactly(value.low)
        if isinstance(value, Interval) and math.isinf(value.low) and math.isinf(value.high):
            raise CannotImagine("any number at all is no observation")
        if self.coded and isinstance(value, bool) and written is None:
            raise CannotImagine("no coded value says it")
        if self.of_upper_limit:
            limit = {"value": 1, "system": UCUM, "code": wanted.unit}
            written_range: dict[str, Any] = {"referenceRange": [{"high": limit}]}
        else:
            written_range = {}
        chart.add(
            "Observation",
            **written_range,
            status="final",
            code=chart.any_concept(self.codes),
            effectiveDateTime=partial_date(evidence.when) if evidence.when else None,
            **({"valueCodeableConcept": written} if written else write_value(value, wanted)),
        )
