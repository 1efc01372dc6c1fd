"""Services as evidence: ordered, done, reported, or not done.

A service is told by a code in a value set.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import ClassVar, Literal

from cds_service.case import Case
from cds_service.facts.fhir_value import partial_date
from cds_service.facts.found.refusals import SoughtRefusal, not_done
from cds_service.facts.found.results import SoughtResult, results
from cds_service.facts.found.services import SoughtService, services, signed_with
from cds_service.facts.found.unlisted import Unlisted
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.declaration import CODED, Declaration, ValueType, types_of
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.facts.kinds.purpose import PurposeEntry
from cds_service.facts.kinds.wording import SayingEntry
from cds_service.policy.evidence import Evidence, Standing
from cds_service.policy.values import Days
from cds_service.sitting import DatedChart

State = Literal["draft", "active", "on-hold", "completed"]


class UnlistedEntry(SayingEntry):
    """Orders with an unlisted code that count by their description.

    The code is in ``value_set``; they count when they are described as the entry says. One that says no more than
    ``empty_words``, where those are given, ends the silence and decides nothing.
    """

    value_set: str
    empty_words: list[str] = []

    @property
    def unlisted(self) -> Unlisted:
        """What the finder is given."""
        return Unlisted(self.value_set, self.sought, tuple(self.empty_words))


class ServiceEvidence(EvidenceKind):
    """An order or procedure with a code in ``codes``, in certain states.

    Its state is one of ``states``. It is in the chart or signed together with this order. An order of a device (a
    DeviceRequest) counts like one of a service. A chart without such orders counts as searched all the same, since many
    EHRs keep none; one that came with a part of them does not. It gives ``gives``, else what
    its code carries, else yes; for a fact that is a day, the day on which it was done. There, what is ordered and not
    completed, and what names no day of its own, only ends the silence.

    - ``signed_with``: which other drafts count: all of them, those that stand before this order, or none. With no state at all,
      only drafts count.
    - ``only``: with ``only: procedures`` what was done counts, and no order.
    - ``unresulted``: leaves out what a report or result already refers to.
    - ``given_for``: as of a medicine.
    - ``uncertain``: the service only hints at the fact: it ends the silence and decides nothing. A chart without services
      counts as searched all the same.

    - ``plans``: what is planned for a day to come counts from the day on which it was ordered. Where drafts count and results
      do not matter, it does so anyway.
    """

    declared: ClassVar = Declaration("service", CODED | {"date"})

    codes: str
    states: list[State]
    signed_with: Literal["any", "earlier", "none"] = "any"
    only: Literal["", "procedures"] = ""
    unresulted: bool = False
    plans: bool = False
    uncertain: bool = False
    gives: bool | str | None = None
    unlisted: UnlistedEntry | None = None
    given_for: list[PurposeEntry] = []

    @cached_property
    def means_plans(self) -> bool:
        """Whether a plan documents the fact by itself, for whatever day."""
        return self.plans or ("draft" in self.states and not self.unresulted)

    @cached_property
    def sought(self) -> SoughtService:
        """What the finder is given."""
        return SoughtService(
            self.codes,
            tuple(self.states),
            self.signed_with,
            self.only,
            self.unresulted,
            self.gives,
            self.unlisted.unlisted if self.unlisted else None,
            self.means_plans,
            tuple([purpose.sought for purpose in self.given_for]),
        )

    def in_chart(self, seen: DatedChart, wanted: Wanted) -> Iterable[Evidence]:
        found = services(self.sought, seen, wanted)
        return [_hint(e) for e in found] if self.uncertain else found

    def of_order(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        found = signed_with(self.sought, case, wanted)
        return [_hint(e) for e in found] if self.uncertain else found

    def speaks_by(self) -> frozenset[str] | None:
        return frozenset({self.codes, *([self.unlisted.value_set] if self.unlisted else [])})

    def can_give(self) -> frozenset[ValueType]:
        return self.declared.gives if self.gives is None else types_of(self.gives)

    def writes(self) -> tuple[bool | str, ...]:
        return () if self.gives is None else (self.gives,)

    def needs(self) -> tuple[Need, ...]:
        if self.only:
            return (Need("Procedure", beside=self.uncertain),)
        searched = [Need(kind, beside=self.uncertain) for kind in ("ServiceRequest", "Procedure")]
        return (*searched, Need("DeviceRequest", beside=True))

    def value_sets(self) -> tuple[str, ...]:
        unlisted = (self.unlisted.value_set, *self.unlisted.value_sets()) if self.unlisted else ()
        return (self.codes, *unlisted, *self.qualifying())

    def qualifying(self) -> tuple[str, ...]:
        return tuple([id_ for purpose in self.given_for for id_ in purpose.value_sets()])

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        if self.uncertain:
            raise CannotImagine("the service only hints at it")
        if isinstance(evidence.value, Days):
            if "completed" not in self.states or evidence.value != evidence.when:
                raise CannotImagine("a service is dated by the day it was done")
            done = partial_date(evidence.value)
            chart.add("Procedure", status="completed", code=chart.any_concept(self.codes), performedDateTime=done)
            return
        concept = chart.concept(self.codes, evidence.value) or (chart.any_concept(self.codes) if evidence.value is True else None)
        if concept is None or evidence.value is None or (self.gives is not None and evidence.value != self.gives):
            raise CannotImagine("no order says it")
        if not self.only and self.signed_with != "none" and evidence.when == Days.on(chart.as_of):
            drafts = chart.signed_before if self.signed_with == "earlier" else chart.signed_after
            drafts.append(chart.draft("ServiceRequest", status="draft", intent="order", code=concept))
            return
        if not self.states:
            raise CannotImagine("only what is signed together says it")
        if self.only:
            on = partial_date(evidence.when) if evidence.when else None
            chart.add("Procedure", status="completed", code=concept, performedDateTime=on)
            return
        status = "active" if "active" in self.states else self.states[0]
        authored = partial_date(evidence.when) if evidence.when else None
        chart.add("ServiceRequest", status=status, intent="order", code=concept, authoredOn=authored)


def _hint(evidence: Evidence) -> Evidence:
    """Return a service as a hint."""
    if evidence.standing is not Standing.USABLE:
        return evidence
    return evidence._replace(standing=Standing.UNCERTAIN, note="the service only hints at it")


class ResultEvidence(EvidenceKind):
    """A report or result with a code in ``codes``.

    It gives ``reported``, or ``no result`` when the test was done and gave none. A report or result with an unlisted
    code counts too when its words or codings describe it as ``unlisted`` says. Codes in ``no_result``, as a value, an
    interpretation or a conclusion, say that the test gave none.
    """

    declared: ClassVar = Declaration("result", frozenset({"choice"}))

    codes: str
    unlisted: UnlistedEntry | None = None
    no_result: str = ""

    @cached_property
    def sought(self) -> SoughtResult:
        """What the finder is given."""
        return SoughtResult(self.codes, self.unlisted.unlisted if self.unlisted else None, self.no_result)

    def in_chart(self, seen: DatedChart, wanted: Wanted) -> Iterable[Evidence]:
        return results(self.sought, seen, wanted)

    def speaks_by(self) -> frozenset[str] | None:
        return frozenset({self.codes, *([self.unlisted.value_set] if self.unlisted else [])})

    def writes(self) -> tuple[bool | str, ...]:
        return ("reported", "no result")

    def needs(self) -> tuple[Need, ...]:
        codes = (self.codes, self.unlisted.value_set) if self.unlisted else (self.codes,)
        return (Need("DiagnosticReport"), Need("Observation", codes))

    def value_sets(self) -> tuple[str, ...]:
        unlisted = (self.unlisted.value_set, *self.unlisted.value_sets()) if self.unlisted else ()
        return (self.codes, *unlisted, *([self.no_result] if self.no_result else []))

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        on = partial_date(evidence.when) if evidence.when else None
        code = chart.any_concept(self.codes)
        if evidence.value == "no result":
            absent = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": "error"}]}
            chart.add("Observation", status="final", code=code, effectiveDateTime=on, dataAbsentReason=absent)
        elif evidence.value == "reported":
            chart.add("DiagnosticReport", status="final", code=code, effectiveDateTime=on)
        else:
            raise CannotImagine("a result is reported or not")


class NotDoneEvidence(EvidenceKind):
    """A procedure with a code in ``codes`` recorded as not done.

    The reason's code, in ``reasons``, carries what that says.
    """

    declared: ClassVar = Declaration("not_done", CODED)

    codes: str
    reasons: str

    @cached_property
    def sought(self) -> SoughtRefusal:
        """What the finder is given."""
        return SoughtRefusal(self.codes, self.reasons)

    def in_chart(self, seen: DatedChart, wanted: Wanted) -> Iterable[Evidence]:
        return not_done(self.sought, seen, wanted)

    def speaks_by(self) -> frozenset[str] | None:
        return frozenset({self.codes})

    def needs(self) -> tuple[Need, ...]:
        return (Need("Procedure"),)

    def value_sets(self) -> tuple[str, ...]:
        return (self.codes, self.reasons)

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        reason = chart.concept(self.reasons, evidence.value)
        if reason is None:
            raise CannotImagine("no reason says it")
        on = partial_date(evidence.when) if evidence.when else None
        code = chart.any_concept(self.codes)
        chart.add("Procedure", status="not-done", code=code, statusReason=reason, performedDateTime=on)
