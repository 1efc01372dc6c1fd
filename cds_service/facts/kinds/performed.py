"""When something was done: the first or the last day of a procedure, or of the giving of a medicine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal

from cds_service.chart import Case
from cds_service.facts.found.wording import matched
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.facts.kinds.fhir_value import partial_date
from cds_service.facts.kinds.wording import SayingEntry
from cds_service.fhir.elements import Resource, days, items, own_reference, text
from cds_service.policy.model import Evidence
from cds_service.policy.values import Days


class PerformedEvidence(EvidenceKind):
    """A completed (or ongoing) Procedure with a code in ``codes`` whose words or reason say what ``described`` wants.

    Gives its ``first`` or ``last`` day; a procedure of one day has both the same, one that goes on has no last day.
    """

    codes: str
    day: Literal["first", "last"]
    described: SayingEntry

    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        return list(self._found(case))

    def _found(self, case: Case) -> Iterator[Evidence]:
        for hit in case.chart.coded("Procedure", self.codes):
            procedure = hit.resource
            if text(procedure.get("status")) not in ("completed", "in-progress") or not self._described(procedure):
                continue
            found = self._day(procedure)
            if found:
                yield Evidence(found, found, own_reference(procedure), shown=hit.coding.text)

    def _described(self, procedure: Resource) -> bool:
        concepts = [procedure.get("code"), *items(procedure.get("reasonCode"))]
        words = [text(concept.get("text")) for concept in concepts if isinstance(concept, dict)]
        return bool(matched(self.described, frozenset(), words))

    def _day(self, procedure: Resource) -> Days | None:
        period: Any = procedure.get("performedPeriod")
        if isinstance(period, dict):
            return days(period.get("start" if self.day == "first" else "end"))
        return days(procedure.get("performedDateTime"))

    def speaks_by(self) -> frozenset[str] | None:
        return frozenset({self.codes})

    def needs(self) -> tuple[Need, ...]:
        return (Need("Procedure"),)

    def value_sets(self) -> tuple[str, ...]:
        return (self.codes, *self.described.value_sets())

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        if not isinstance(evidence.value, Days) or evidence.value != evidence.when:
            raise CannotImagine("a procedure is dated by the day it was done")
        code = chart.any_concept(self.codes) | {"text": self.described.words[0]}
        chart.add("Procedure", status="completed", code=code, performedDateTime=partial_date(evidence.value))
