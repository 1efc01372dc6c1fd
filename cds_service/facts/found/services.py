"""How a service is found: ordered, done, reported, or expressly not done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from cds_service.chart import Case, Hit
from cds_service.facts.found.dated import dated
from cds_service.facts.found.measurements import has_no_result
from cds_service.facts.found.wording import described_as
from cds_service.facts.wanted import Unreadable, Wanted, carried_value
from cds_service.fhir.elements import Resource, codings, first_days, items, own_reference, reference, text
from cds_service.order import CODE_ELEMENTS, Order, read_order
from cds_service.policy.model import Evidence, Standing
from cds_service.policy.values import Days, Value

if TYPE_CHECKING:
    from cds_service.facts.kinds.service import NotDoneEvidence, ResultEvidence, ServiceEvidence

_PROCEDURE_STATES: Final = {"preparation": "active", "in-progress": "active", "on-hold": "on-hold", "completed": "completed"}
PLANNED: Final = ("draft", "active", "on-hold")
"""States of what is planned or goes on: without a date it speaks of the day it is read."""
SERVICES: Final = ("ServiceRequest", "Procedure")
_DATES: Final = ("occurrenceDateTime", "occurrencePeriod", "performedDateTime", "performedPeriod", "authoredOn")


def services(kind: ServiceEvidence, case: Case, wanted: Wanted) -> Iterable[Evidence]:
    """The services of a case that its kind counts, in the chart or signed together."""
    return [*_in_chart(kind, case, wanted), *_signed_with(kind, case, wanted)]


def _in_chart(kind: ServiceEvidence, case: Case, wanted: Wanted) -> Iterator[Evidence]:
    if not any(case.chart.coded(type_, kind.codes) for type_ in SERVICES) and kind.unlisted is None:
        return
    own = case.own
    resulted = _resulted(case) if kind.unresulted else frozenset()
    for type_ in SERVICES:
        for hit in [*case.chart.coded(type_, kind.codes), *_unlisted_in_chart(kind, type_, case)]:
            resource = hit.resource
            said = own_reference(resource)
            status = text(resource.get("status"))
            state = _PROCEDURE_STATES.get(status, "") if type_ == "Procedure" else status
            if said in own or said in resulted or resource.get("doNotPerform") is True or state not in kind.states:
                continue
            when = first_days(resource, *_DATES)
            if when is None and state in PLANNED:
                when = Days.on(case.as_of)
            yield _evidence(kind, hit, when, said, wanted, status)


def _signed_with(kind: ServiceEvidence, case: Case, wanted: Wanted) -> Iterator[Evidence]:
    if kind.signed_with == "none" or len(case.signing) == 1:
        return
    for other in case.other_orders():
        if kind.signed_with == "earlier" and other.position > case.order.position:
            continue
        for coding in other.codings:
            held = case.chart.terminology.holding(coding.system, coding.code)
            if kind.codes in held or _is_unlisted(kind, other, held, case):
                hit = Hit(other.resource, other.resource, coding, held.get(kind.codes))
                yield _evidence(kind, hit, Days.on(case.as_of), other.reference, wanted, "signed together")
                break


def _is_unlisted(kind: ServiceEvidence, order: Order, held: Mapping[str, object], case: Case) -> bool:
    unlisted = kind.unlisted
    return unlisted is not None and unlisted.value_set in held and bool(described_as(order, unlisted, case.chart.terminology))


def _unlisted_in_chart(kind: ServiceEvidence, type_: str, case: Case) -> Iterator[Hit]:
    if kind.unlisted is None or type_ not in CODE_ELEMENTS:
        return
    for hit in case.chart.coded(type_, kind.unlisted.value_set):
        if described_as(read_order(hit.resource, 0, case.as_of), kind.unlisted, case.chart.terminology):
            yield Hit(hit.resource, hit.holder, hit.coding, None)


def _evidence(kind: ServiceEvidence, hit: Hit, when: Days | None, said: str, wanted: Wanted, status: str) -> Evidence:
    try:
        value: Value = kind.gives if kind.gives is not None else carried_value(hit.carried, wanted, _plain_yes(wanted))
    except Unreadable as error:
        return Evidence(None, when, said, standing=Standing.UNCERTAIN, note=str(error))
    return dated(value, when, said, f"{hit.coding.text}, {status}")


def results(kind: ResultEvidence, case: Case, wanted: Wanted) -> Iterable[Evidence]:
    """The reports and results of a case."""
    return [*_observations(kind, case), *_reports(kind, case)]


def _observations(kind: ResultEvidence, case: Case) -> Iterator[Evidence]:
    for hit in case.chart.coded("Observation", kind.codes):
        status = hit.resource.get("status")
        when = first_days(hit.resource, "effectiveDateTime", "effectivePeriod", "effectiveInstant", "issued")
        if status in ("final", "amended", "corrected", "preliminary"):
            found = "no result" if has_no_result(hit.holder) or has_no_result(hit.resource) else "reported"
            yield dated(found, when, own_reference(hit.resource), hit.coding.text)


def _reports(kind: ResultEvidence, case: Case) -> Iterator[Evidence]:
    for hit in case.chart.coded("DiagnosticReport", kind.codes):
        report = hit.resource
        if report.get("status") not in ("final", "amended", "corrected", "appended", "preliminary", "partial", "registered"):
            continue
        results = [case.chart.get(reference(result)) for result in items(report.get("result"))]
        empty = bool(results) and all(has_no_result(result) for result in results)
        when = first_days(report, "effectiveDateTime", "effectivePeriod", "issued")
        yield dated("no result" if empty else "reported", when, own_reference(report), hit.coding.text)


def not_done(kind: NotDoneEvidence, case: Case, wanted: Wanted) -> Iterable[Evidence]:
    """The procedures of a case that were expressly not done, with the reason."""
    return list(_found(kind, case, wanted))


def _found(kind: NotDoneEvidence, case: Case, wanted: Wanted) -> Iterator[Evidence]:
    for hit in case.chart.coded("Procedure", kind.codes):
        procedure = hit.resource
        if procedure.get("status") != "not-done":
            continue
        when = first_days(procedure, "performedDateTime", "performedPeriod")
        yield _read(kind, procedure, when, case, wanted)


def _read(kind: NotDoneEvidence, procedure: Resource, when: Days | None, case: Case, wanted: Wanted) -> Evidence:
    said = own_reference(procedure)
    for coding in codings(procedure.get("statusReason")):
        held = case.chart.terminology.holding(coding.system, coding.code)
        if kind.reasons in held:
            try:
                value = carried_value(held[kind.reasons], wanted)
            except Unreadable as error:
                return Evidence(None, when, said, standing=Standing.UNCERTAIN, note=str(error))
            return dated(value, when, said, f"not done, {coding.text}" if when else "")
    return Evidence(None, when, said, standing=Standing.UNCERTAIN, note="not done, and the reason does not say whether it could be")


def _plain_yes(wanted: Wanted) -> bool | None:
    return True if wanted.type == "boolean" else None


def _resulted(case: Case) -> frozenset[str]:
    """The orders that a report or result says it is based on."""
    resources: list[dict[str, Any]] = [*case.chart.of("DiagnosticReport"), *case.chart.of("Observation")]
    return frozenset(reference(based) for resource in resources for based in items(resource.get("basedOn")))
