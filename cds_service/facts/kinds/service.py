"""Things ordered, done, reported, and things expressly not done: what happened to a service with a code in a value set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from cds_service.chart import Case, Hit
from cds_service.facts.imagined_chart import ImaginedChart
from cds_service.facts.kinds.evidence_kind import CannotImagine, EvidenceKind, Need, Unreadable, Wanted, carried_value
from cds_service.facts.kinds.fhir_value import partial_date
from cds_service.facts.kinds.observation import has_no_result
from cds_service.facts.kinds.wording import SayingEntry, described_as
from cds_service.fhir.elements import Resource, codings, first_days, items, own_reference, reference, text
from cds_service.order import CODE_ELEMENTS, Order, read_order
from cds_service.policy.model import Evidence, Standing
from cds_service.policy.values import Days, Value

State = Literal["draft", "active", "on-hold", "completed"]
_PROCEDURE_STATES = {"preparation": "active", "in-progress": "active", "on-hold": "on-hold", "completed": "completed"}
SERVICES = ("ServiceRequest", "Procedure")
_DATES = ("occurrenceDateTime", "occurrencePeriod", "performedDateTime", "performedPeriod", "authoredOn")


class UnlistedEntry(SayingEntry):
    """Orders with an unlisted code, in ``value_set``, that count too when they are described so."""

    value_set: str


class ServiceEvidence(EvidenceKind):
    """An order or procedure with a code in ``codes`` and one of ``states``, in the chart or signed together with this order.

    ``signed_with`` says which other drafts count: all of them, those that stand before this order, or none.
    ``unresulted`` leaves out what a report or result already refers to. It gives ``gives``, else what its code carries, else yes.
    """

    codes: str
    states: list[State]
    signed_with: Literal["any", "earlier", "none"] = "any"
    unresulted: bool = False
    gives: bool | str | None = None
    unlisted: UnlistedEntry | None = None

    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        return [*self._in_chart(case, wanted), *self._signed_with(case, wanted)]

    def _in_chart(self, case: Case, wanted: Wanted) -> Iterator[Evidence]:
        if not any(case.chart.coded(kind, self.codes) for kind in SERVICES) and self.unlisted is None:
            return
        own = {order.reference for order in case.signing} | replaced_by(case.order)
        resulted = _resulted(case) if self.unresulted else frozenset()
        for kind in SERVICES:
            for hit in [*case.chart.coded(kind, self.codes), *self._unlisted_in_chart(kind, case)]:
                resource = hit.resource
                said = own_reference(resource)
                status = text(resource.get("status"))
                state = _PROCEDURE_STATES.get(status, "") if kind == "Procedure" else status
                if said in own or said in resulted or resource.get("doNotPerform") is True or state not in self.states:
                    continue
                yield self._evidence(hit, first_days(resource, *_DATES), said, wanted, status)

    def _signed_with(self, case: Case, wanted: Wanted) -> Iterator[Evidence]:
        if self.signed_with == "none" or len(case.signing) == 1:
            return
        for other in case.other_orders():
            if self.signed_with == "earlier" and other.position > case.order.position:
                continue
            for coding in other.codings:
                held = case.chart.terminology.holding(coding.system, coding.code)
                if self.codes in held or self._is_unlisted(other, held, case):
                    hit = Hit(other.resource, other.resource, coding, held.get(self.codes))
                    yield self._evidence(hit, Days.on(case.as_of), other.reference, wanted, "signed together")
                    break

    def _is_unlisted(self, order: Order, held: Mapping[str, object], case: Case) -> bool:
        unlisted = self.unlisted
        return unlisted is not None and unlisted.value_set in held and bool(described_as(order, unlisted, case.chart.terminology))

    def _unlisted_in_chart(self, kind: str, case: Case) -> Iterator[Hit]:
        if self.unlisted is None or kind not in CODE_ELEMENTS:
            return
        for hit in case.chart.coded(kind, self.unlisted.value_set):
            if described_as(read_order(hit.resource, 0, case.as_of), self.unlisted, case.chart.terminology):
                yield hit._replace(carried=None)

    def _evidence(self, hit: Hit, when: Days | None, said: str, wanted: Wanted, status: str) -> Evidence:
        try:
            value: Value = self.gives if self.gives is not None else carried_value(hit.carried, wanted, _plain_yes(wanted))
        except Unreadable as error:
            return Evidence(None, when, said, standing=Standing.UNCERTAIN, note=str(error))
        shown = f"{hit.coding.text}, {status}"
        if when is None:
            return Evidence(value, None, said, standing=Standing.UNCERTAIN, note="it carries no date", shown=shown)
        return Evidence(value, when, said, shown=shown)

    def speaks_by(self) -> frozenset[str] | None:
        return frozenset({self.codes, *([self.unlisted.value_set] if self.unlisted else [])})

    def needs(self) -> tuple[Need, ...]:
        return (Need("ServiceRequest"), Need("Procedure"))

    def value_sets(self) -> tuple[str, ...]:
        unlisted = (self.unlisted.value_set, *self.unlisted.value_sets()) if self.unlisted else ()
        return (self.codes, *unlisted)

    def imagine(self, evidence: Evidence, wanted: Wanted, chart: ImaginedChart) -> None:
        concept = chart.concept(self.codes, evidence.value) or (chart.any_concept(self.codes) if evidence.value is True else None)
        if concept is None or evidence.value is None or (self.gives is not None and evidence.value != self.gives):
            raise CannotImagine("no order says it")
        if self.signed_with != "none" and evidence.when == Days.on(chart.as_of):
            drafts = chart.signed_before if self.signed_with == "earlier" else chart.signed_after
            drafts.append(chart.draft("ServiceRequest", status="draft", intent="order", code=concept))
            return
        status = "active" if "active" in self.states else self.states[0]
        authored = partial_date(evidence.when) if evidence.when else None
        chart.add("ServiceRequest", status=status, intent="order", code=concept, authoredOn=authored)


class ResultEvidence(EvidenceKind):
    """A report or result with a code in ``codes``: ``reported``, or ``no result`` when the test was done and gave none."""

    codes: str

    def find(self, case: Case, wanted: Wanted) -> Iterable[Evidence]:
        return [*self._observations(case), *self._reports(case)]

    def _observations(self, case: Case) -> Iterator[Evidence]:
        for hit in case.chart.coded("Observation", self.codes):
            status = hit.resource.get("status")
            when = first_days(hit.resource, "effectiveDateTime", "effectivePeriod", "effectiveInstant", "issued")
            if status in ("final", "amended", "corrected", "preliminary"):
                found = "no result" if has_no_result(hit.holder) or has_no_result(hit.resource) else "reported"
                yield _result(found, when, own_reference(hit.resource), hit.coding.text)

    def _reports(self, case: Case) -> Iterator[Evidence]:
        for hit in case.chart.coded("DiagnosticReport", self.codes):
            report = hit.resource
            if report.get("status") not in ("final", "amended", "corrected", "appended", "preliminary", "partial", "registered"):
                continue
            results = [case.chart.get(reference(result)) for result in items(report.get("result"))]
            empty = bool(results) and all(has_no_result(result) for result in results)
            when = first_days(report, "effectiveDateTime", "effectivePeriod", "issued")
            yield _result("no result" if empty else "reported", when, own_reference(report), hit.coding.text)

    def speaks_by(self) -> frozenset[str] | None:
        return frozenset({self.codes})

    def needs(self) -> tuple[Need, ...]:
        return (Need("DiagnosticReport"), Need("Observation", (self.codes,)))

    def value_sets(self) -> tuple[str, ...]:
        return (self.codes,)

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
        return list(self._found(case, wanted))

    def _found(self, case: Case, wanted: Wanted) -> Iterator[Evidence]:
        for hit in case.chart.coded("Procedure", self.codes):
            procedure = hit.resource
            if procedure.get("status") != "not-done":
                continue
            when = first_days(procedure, "performedDateTime", "performedPeriod")
            yield self._read(procedure, when, case, wanted)

    def _read(self, procedure: Resource, when: Days | None, case: Case, wanted: Wanted) -> Evidence:
        said = own_reference(procedure)
        for coding in codings(procedure.get("statusReason")):
            held = case.chart.terminology.holding(coding.system, coding.code)
            if self.reasons in held:
                try:
                    value = carried_value(held[self.reasons], wanted)
                except Unreadable as error:
                    return Evidence(None, when, said, standing=Standing.UNCERTAIN, note=str(error))
                if when is None:
                    return Evidence(value, None, said, standing=Standing.UNCERTAIN, note="it carries no date")
                return Evidence(value, when, said, shown=f"not done, {coding.text}")
        return Evidence(
            None, when, said, standing=Standing.UNCERTAIN, note="not done, and the reason does not say whether it could be"
        )

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


def _plain_yes(wanted: Wanted) -> bool | None:
    return True if wanted.type == "boolean" else None


def _result(found: str, when: Days | None, said: str, shown: str) -> Evidence:
    if when is None:
        return Evidence(found, None, said, standing=Standing.UNCERTAIN, note="it carries no date", shown=shown)
    return Evidence(found, when, said, shown=shown)


def _resulted(case: Case) -> frozenset[str]:
    """The orders that a report or result says it is based on."""
    resources: list[dict[str, Any]] = [*case.chart.of("DiagnosticReport"), *case.chart.of("Observation")]
    return frozenset(reference(based) for resource in resources for based in items(resource.get("basedOn")))


def replaced_by(order: Order) -> set[str]:
    """The orders that an order replaces: they are not evidence against it."""
    if order.kind not in CODE_ELEMENTS:
        return set()
    prior = items(order.resource.get("replaces")) + items(order.resource.get("priorPrescription"))
    return {reference(replaced) for replaced in prior}
