"""The order itself as evidence: its code, and what its other codings and words say it is for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from cds_service.chart import Case
from cds_service.facts.found import order_itself
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.facts.kinds.wording import SayingEntry
from cds_service.policy.model import Evidence
from cds_service.policy.values import Days


class OrderCodeEvidence(EvidenceKind):
    """The code of the order with the value sets that hold it: that which selected it, or ``of: any`` of its codings."""

    of: Literal["selected", "any"] = "selected"

    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        return order_itself.code(self, case, wanted)

    def needs(self) -> tuple[Need, ...]:
        return ()

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        raise CannotImagine("a vignette gives the order's code under 'order'")


class OrderPriorityEvidence(EvidenceKind):
    """The priority of the order: ``routine``, ``urgent``, ``asap`` or ``stat``. An order without one says nothing."""

    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        return order_itself.priority(self, case, wanted)

    def needs(self) -> tuple[Need, ...]:
        return ()

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        if evidence.when != Days.on(chart.as_of):
            raise CannotImagine("an order's priority is of its own day")
        chart.order["priority"] = evidence.value


class OrderRenewalEvidence(EvidenceKind):
    """Whether the order renews an earlier one: it names a prior one, or carries an authorization (CRD coverage-information)."""

    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        return order_itself.renewal(self, case, wanted)

    def needs(self) -> tuple[Need, ...]:
        return ()

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        if evidence.value is not True or evidence.when != Days.on(chart.as_of):
            raise CannotImagine("an order says only that it renews, and of its own day")
        authorized = {"url": "satisfied-pa-id", "valueString": "imagined"}
        chart.order["extension"] = [{"url": order_itself.COVERAGE_INFORMATION, "extension": [authorized]}]


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
        return order_itself.words_said(self, case, wanted)

    def needs(self) -> tuple[Need, ...]:
        return ()

    def value_sets(self) -> tuple[str, ...]:
        named = tuple(id_ for saying in self.says.values() for id_ in saying.value_sets())
        return (*named, self.reasons_of) if self.reasons_of else named

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        for written, saying in self.says.items():
            if order_itself.value_written(written, wanted) == evidence.value:
                detail: dict[str, Any] = {"text": saying.words[0]} if saying.words else chart.any_concept(saying.codes[0])
                chart.order.setdefault("orderDetail", []).append(detail)
                return
        raise CannotImagine("no words of an order say it")
