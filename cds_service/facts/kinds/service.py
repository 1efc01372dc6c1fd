"""Things ordered, done, reported, and things expressly not done: what happened to a service with a code in a value set."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from cds_service.chart import Case
from cds_service.facts.found.services import not_done, results, services
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Wanted
from cds_service.facts.kinds.fhir_value import partial_date
from cds_service.facts.kinds.wording import SayingEntry
from cds_service.policy.model import Evidence
from cds_service.policy.values import Days

State = Literal["draft", "active", "on-hold", "completed"]


class UnlistedEntry(SayingEntry):
    """Orders with an unlisted code, in ``value_set``, that count too when they are described so."""

    value_set: str


class ServiceEvidence(EvidenceKind):
    """An order or procedure with a code in ``codes`` and one of ``states``, in the chart or signed together with this order.

    ``signed_with`` says which other drafts count: all of them, those that stand before this order, or none. With no state at all,
    only they count. With ``only: procedures`` what was done counts, and no order.
    ``unresulted`` leaves out what a report or result already refers to. It gives ``gives``, else what its code carries, else yes.
    """

    codes: str
    states: list[State]
    signed_with: Literal["any", "earlier", "none"] = "any"
    only: Literal["", "procedures"] = ""
    unresulted: bool = False
    gives: bool | str | None = None
    unlisted: UnlistedEntry | None = None

    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        return services(self, case, wanted)

    def speaks_by(self) -> frozenset[str] | None:
        return frozenset({self.codes, *([self.unlisted.value_set] if self.unlisted else [])})

    def needs(self) -> tuple[Need, ...]:
        return (Need("Procedure"),) if self.only else (Need("ServiceRequest"), Need("Procedure"))

    def value_sets(self) -> tuple[str, ...]:
        unlisted = (self.unlisted.value_set, *self.unlisted.value_sets()) if self.unlisted else ()
        return (self.codes, *unlisted)

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
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


class ResultEvidence(EvidenceKind):
    """A report or result with a code in ``codes``: ``reported``, or ``no result`` when the test was done and gave none.

    A report or result with an unlisted code counts too when its words or codings describe it as ``unlisted`` says. Codes in
    ``no_result``, as a value, an interpretation or a conclusion, say that the test gave none.
    """

    codes: str
    unlisted: UnlistedEntry | None = None
    no_result: str = ""

    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        return results(self, case, wanted)

    def speaks_by(self) -> frozenset[str] | None:
        return frozenset({self.codes, *([self.unlisted.value_set] if self.unlisted else [])})

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
    """A procedure with a code in ``codes`` recorded as not done; the reason's code, in ``reasons``, carries what that says."""

    codes: str
    reasons: str

    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        return not_done(self, case, wanted)

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
