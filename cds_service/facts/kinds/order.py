"""The order itself as evidence: its code, and what its other codings and words say it is for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from cds_service.chart import Case
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.facts.kinds.wording import SayingEntry, empty, hinted, matched
from cds_service.fhir.elements import items, text
from cds_service.policy.model import Evidence, Standing
from cds_service.policy.values import Code, Days, Value

_LONG_AGO = Days.on(date.min)
"""The day that an order's words are dated: a person's answer to the question, whenever given, says more."""
_PRIOR = {"MedicationRequest": "priorPrescription", "DeviceRequest": "priorRequest"}
_COVERAGE_INFORMATION = "http://hl7.org/fhir/us/davinci-crd/StructureDefinition/ext-coverage-information"


class OrderCodeEvidence(EvidenceKind):
    """The code of the order, with the value sets that hold it."""

    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        codings = case.order.codings
        if not codings:
            return []
        sets = frozenset(id_ for coding in codings for id_ in case.chart.terminology.holding(coding.system, coding.code))
        return [Evidence(Code(codings[0].text, sets), Days.on(case.as_of), case.order.reference)]

    def needs(self) -> tuple[Need, ...]:
        return ()

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        raise CannotImagine("a vignette gives the order's code under 'order'")


class OrderPriorityEvidence(EvidenceKind):
    """The priority of the order: ``routine``, ``urgent``, ``asap`` or ``stat``. An order without one says nothing."""

    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        priority = text(case.order.resource.get("priority"))
        return [Evidence(priority, Days.on(case.as_of), case.order.reference)] if priority in wanted.choices else []

    def needs(self) -> tuple[Need, ...]:
        return ()

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        if evidence.when != Days.on(chart.as_of):
            raise CannotImagine("an order's priority is of its own day")
        chart.order["priority"] = evidence.value


class OrderRenewalEvidence(EvidenceKind):
    """Whether the order renews an earlier one: it names a prior one, or carries an authorization (CRD coverage-information)."""

    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        resource, said = case.order.resource, case.order.reference
        prior = _PRIOR.get(case.order.kind, "")
        if resource.get(prior):
            return [Evidence(True, Days.on(case.as_of), said, shown=prior)]
        authorized = any(
            text(part.get("url")) == "satisfied-pa-id"
            for extension in items(resource.get("extension"))
            if isinstance(extension, dict) and text(extension.get("url")) == _COVERAGE_INFORMATION
            for part in items(extension.get("extension"))
            if isinstance(part, dict)
        )
        if authorized:
            return [Evidence(True, Days.on(case.as_of), said, shown="it carries an authorization")]
        return [Evidence(False, _LONG_AGO, said, shown="it names no earlier order")]

    def needs(self) -> tuple[Need, ...]:
        return ()

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        if evidence.value is not True or evidence.when != Days.on(chart.as_of):
            raise CannotImagine("an order says only that it renews, and of its own day")
        authorized = {"url": "satisfied-pa-id", "valueString": "imagined"}
        chart.order["extension"] = [{"url": _COVERAGE_INFORMATION, "extension": [authorized]}]


class OrderWordsEvidence(EvidenceKind):
    """What the codings and words that describe the order say: the first of ``says`` that matches gives its value.

    For orders with a code in ``reasons_of``, the words of their reasons describe them too.
    A phrase counts only where it is not negated in its clause. ``otherwise`` is given when something else is described,
    ``if_nothing`` when nothing is (``empty_words`` describe nothing).
    """

    says: dict[str, SayingEntry]
    otherwise: str = ""
    if_nothing: str = ""
    empty_words: list[str] = []
    reasons_of: str = ""

    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        sets, codings, words = case.described
        if self.reasons_of and self.reasons_of in sets:
            words = [*words, *case.reason_words]
        when, said = Days.on(case.as_of), case.order.reference
        spoken = self.says.items() if words else [say for say in self.says.items() if not sets.isdisjoint(say[1].codes)]
        for value, saying in spoken:
            if matching := matched(saying, sets, words):
                dated = when if matching.startswith("a coding") else _LONG_AGO
                return [Evidence(_value(value, wanted), dated, said, shown=matching)]
        for value, saying in spoken:
            if hint := hinted(saying, sets, words):
                note = f"'{hint}' leaves it open"
                return [Evidence(_value(value, wanted), when, said, standing=Standing.UNCERTAIN, note=note)]
        if not self.otherwise and not self.if_nothing:
            return []
        own = {coding.code for coding in case.order.codings}
        described = [w for w in words if not empty(w, self.empty_words, own)] or len({c.code for c in codings}) > 1
        if described and self.otherwise:
            return [Evidence(_value(self.otherwise, wanted), when, said)]
        return [Evidence(_value(self.if_nothing, wanted), _LONG_AGO, said)] if self.if_nothing and not described else []

    def needs(self) -> tuple[Need, ...]:
        return ()

    def value_sets(self) -> tuple[str, ...]:
        named = tuple(id_ for saying in self.says.values() for id_ in saying.value_sets())
        return (*named, self.reasons_of) if self.reasons_of else named

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        for written, saying in self.says.items():
            if _value(written, wanted) == evidence.value:
                detail: dict[str, Any] = {"text": saying.words[0]} if saying.words else chart.any_concept(saying.codes[0])
                chart.order.setdefault("orderDetail", []).append(detail)
                return
        raise CannotImagine("no words of an order say it")


def _value(written: str, wanted: Wanted) -> Value:
    return written == "yes" if wanted.type == "boolean" else written
