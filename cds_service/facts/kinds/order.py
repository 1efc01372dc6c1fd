"""The order itself as evidence.

It has a code, a priority, and other codings and words that say what it is for.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any, ClassVar, Literal

from cds_service.case import Case
from cds_service.facts.found import order_itself
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.declaration import Declaration, yes_or_no
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.facts.kinds.wording import SayingEntry
from cds_service.policy.evidence import Evidence
from cds_service.policy.values import Days


class OrderCodeEvidence(EvidenceKind):
    """The code of the order, with the value sets that hold it.

    It is the code that selected the order, or with ``of: any`` any of its codings.
    """

    declared: ClassVar = Declaration("order_code", frozenset({"code"}), of="order", never_silent=True)

    of: Literal["selected", "any"] = "selected"

    def of_order(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        return order_itself.code(self.of == "selected", case)

    def needs(self) -> tuple[Need, ...]:
        return ()

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        raise CannotImagine("a vignette gives the order's code under 'order'")


class OrderPriorityEvidence(EvidenceKind):
    """The priority of the order.

    It is ``routine``, ``urgent``, ``asap`` or ``stat``. An order without one says nothing.
    """

    declared: ClassVar = Declaration("order_priority", frozenset({"choice"}), of="order", never_silent=True)

    def of_order(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        return order_itself.priority(case, wanted)

    def needs(self) -> tuple[Need, ...]:
        return ()

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        if evidence.when != Days.on(chart.as_of):
            raise CannotImagine("an order's priority is of its own day")
        chart.order["priority"] = evidence.value


class OrderRenewalEvidence(EvidenceKind):
    """Whether the order renews an earlier one.

    It does when it names a prior one, or carries an authorization (CRD coverage-information).
    """

    declared: ClassVar = yes_or_no("order_renewal", of="order")

    def of_order(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        return order_itself.renewal(case)

    def needs(self) -> tuple[Need, ...]:
        return ()

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        if evidence.value is not True or evidence.when != Days.on(chart.as_of):
            raise CannotImagine("an order says only that it renews, and of its own day")
        authorized = {"url": "satisfied-pa-id", "valueString": "imagined"}
        chart.order["extension"] = [{"url": order_itself.COVERAGE_INFORMATION, "extension": [authorized]}]


class OrderWordsEvidence(EvidenceKind):
    """What the codings and words that describe the order say.

    The first of ``says`` that matches gives its value. For orders with a code in ``reasons_of``, the words of their
    reasons describe them too. A phrase counts only where it is not negated in its clause. ``otherwise`` is given when
    something else is described, ``if_nothing`` when nothing is (``empty_words`` describe nothing). A phrase in the
    displays of codes of no known system, as clients name their own orders, leaves it open; ``hints_in`` names more
    places where it does: ``displays`` of the other codes, ``notes``, ``reasons``.
    """

    declared: ClassVar = Declaration("order_words", frozenset({"boolean", "choice"}), of="order")

    says: dict[str, SayingEntry]
    otherwise: str = ""
    if_nothing: str = ""
    empty_words: list[str] = []
    reasons_of: str = ""
    hints_in: list[Literal["displays", "notes", "reasons"]] = []

    @cached_property
    def sought(self) -> order_itself.SoughtWords:
        """What the finder is given."""
        says = tuple((value, saying.sought) for value, saying in self.says.items())
        empty, beside = tuple(self.empty_words), tuple(self.hints_in)
        return order_itself.SoughtWords(says, self.otherwise, self.if_nothing, empty, self.reasons_of, beside)

    def of_order(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        return order_itself.words_said(self.sought, case, wanted)

    def needs(self) -> tuple[Need, ...]:
        return ()

    def writes(self) -> tuple[bool | str, ...]:
        return tuple(value for value in (*self.says, self.otherwise, self.if_nothing) if value)

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
