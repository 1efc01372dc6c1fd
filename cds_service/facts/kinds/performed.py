"""When something was done: the first or the last day of a procedure that is, or may be, what its words make it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal

from cds_service.chart import Case
from cds_service.facts.found.wording import matched
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.facts.kinds.fhir_value import partial_date
from cds_service.facts.kinds.wording import SayingEntry
from cds_service.fhir.elements import Resource, days, items, own_reference, reference, text
from cds_service.policy.model import Evidence, Standing
from cds_service.policy.values import Days


class PerformedEvidence(EvidenceKind):
    """A completed (or ongoing) Procedure with a code in ``codes``, by its ``first`` or ``last`` day.

    It is what is looked for where the text or displays of its code or reason say what ``described`` wants, or those of the order
    it is based on. It is something else where its code's words say what ``otherwise`` names; else it is uncertain. A procedure of
    one day has both days the same, one that goes on has no last day.
    """

    codes: str
    day: Literal["first", "last"]
    described: SayingEntry
    otherwise: SayingEntry | None = None

    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        return list(self._found(case))

    def _found(self, case: Case) -> Iterator[Evidence]:
        for hit in case.chart.coded("Procedure", self.codes):
            procedure = hit.resource
            if text(procedure.get("status")) not in ("completed", "in-progress"):
                continue
            found, said = self._day(procedure), own_reference(procedure)
            if found is None:
                continue
            if matched(self.described, frozenset(), _words(_describing(procedure, case))):
                yield Evidence(found, found, said, shown=hit.coding.text)
            elif self.otherwise is None or not matched(self.otherwise, frozenset(), _words([procedure.get("code")])):
                note = "nothing says what it was for"
                yield Evidence(found, found, said, standing=Standing.UNCERTAIN, note=note, shown=hit.coding.text)

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
        return (self.codes, *self.described.value_sets(), *(self.otherwise.value_sets() if self.otherwise else ()))

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        if not isinstance(evidence.value, Days) or evidence.value != evidence.when:
            raise CannotImagine("a procedure is dated by the day it was done")
        code = chart.any_concept(self.codes) | {"text": self.described.words[0]}
        chart.add("Procedure", status="completed", code=code, performedDateTime=partial_date(evidence.value))


def _describing(procedure: Resource, case: Case) -> list[Any]:
    """The concepts that say what a procedure was for: its own, its reasons', and those of the orders it is based on."""
    concepts = [procedure.get("code"), *_reasons(procedure, case)]
    for based in items(procedure.get("basedOn")):
        order = case.chart.get(reference(based))
        if order is not None:
            concepts += [order.get("code"), *items(order.get("orderDetail")), *_reasons(order, case)]
    return concepts


def _reasons(resource: Resource, case: Case) -> list[Any]:
    named = [case.chart.get(reference(reason)) for reason in items(resource.get("reasonReference"))]
    return [*items(resource.get("reasonCode")), *[one.get("code") for one in named if one is not None]]


def _words(concepts: Iterable[Any]) -> list[str]:
    found: list[str] = []
    for concept in concepts:
        if isinstance(concept, dict):
            shown = [coding.get("display") for coding in items(concept.get("coding")) if isinstance(coding, dict)]
            found += [said for words in (concept.get("text"), *shown) if (said := text(words))]
    return found
