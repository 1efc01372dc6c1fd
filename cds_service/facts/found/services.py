"""How a service is found: ordered, done, reported, or expressly not done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from cds_service.chart import Case, Hit
from cds_service.facts.found.dated import dated
from cds_service.facts.found.measurements import concept_words, concluded, has_no_result
from cds_service.facts.found.wording import described_as, matched
from cds_service.facts.wanted import Unreadable, Wanted, carried_value
from cds_service.fhir.elements import Resource, codings, first_days, items, own_reference, reference, text
from cds_service.order import CODE_ELEMENTS, Order, read_order
from cds_service.policy.model import Evidence, Standing
from cds_service.policy.values import Days, Value

if TYPE_CHECKING:
    from cds_service.facts.kinds.service import NotDoneEvidence, ResultEvidence, ServiceEvidence, UnlistedEntry
    from cds_service.fhir.value_sets import Carried

_PROCEDURE_STATES: Final = {"preparation": "active", "in-progress": "active", "on-hold": "on-hold", "completed": "completed"}
PLANNED: Final = ("draft", "active", "on-hold")
"""States of what is planned or goes on: without a date it speaks of the day it is read."""
SERVICES: Final = ("ServiceRequest", "Procedure")
_FINAL: Final = frozenset({"final", "amended", "corrected", "appended"})
_DATES: Final = ("occurrenceDateTime", "occurrencePeriod", "performedDateTime", "performedPeriod", "authoredOn")


def services(kind: ServiceEvidence, case: Case, wanted: Wanted) -> Iterable[Evidence]:
    """The services of a case that its kind counts, in the chart or signed together."""
    return [*_in_chart(kind, case, wanted), *_signed_with(kind, case, wanted)]


def _in_chart(kind: ServiceEvidence, case: Case, wanted: Wanted) -> Iterator[Evidence]:
    searched = ("Procedure",) if kind.only else SERVICES
    if not any(case.chart.coded(type_, kind.codes) for type_ in searched) and kind.unlisted is None:
        return
    own = case.own
    resulted = _resulted(case) if kind.unresulted else frozenset()
    for type_ in searched:
        for hit in [*case.chart.coded(type_, kind.codes), *_unlisted_in_chart(kind.unlisted, type_, case)]:
            resource = hit.resource
            said = own_reference(resource)
            status = text(resource.get("status"))
            state = _PROCEDURE_STATES.get(status, "") if type_ == "Procedure" else status
            if said in own or said in resulted or resource.get("doNotPerform") is True:
                continue
            if status == "unknown" and (on := first_days(resource, *_DATES)):
                yield Evidence(None, on, said, standing=Standing.UNCERTAIN, note="its status is unknown", shown=hit.coding.text)
                continue
            if state not in kind.states:
                continue
            intent = text(resource.get("intent"))
            if intent in ("proposal", "option"):
                continue
            on = first_days(resource, *_DATES)
            if on is None and state in PLANNED:
                on = Days.on(case.as_of)
            if kind.unresulted and on and _has_later_result(kind, hit.carried, on, case):
                continue
            found = _evidence(kind, hit, on, said, wanted, status)
            if intent == "plan" and "draft" not in kind.states and found.standing is Standing.USABLE:
                found = found._replace(standing=Standing.UNCERTAIN, note="it is a plan, not an order")
            yield found


def _has_later_result(kind: ServiceEvidence, carried: Carried | None, ordered: Days, case: Case) -> bool:
    """Whether a final result of what an order asks for, of a later day than the order's, is on file."""
    for type_ in ("DiagnosticReport", "Observation"):
        for hit in case.chart.coded(type_, kind.codes):
            on = _resulted_on(hit.resource)
            same = carried is None or hit.carried == carried
            if same and hit.resource.get("status") in _FINAL and on and ordered.last < on.first <= case.as_of:
                return True
    return False


def _signed_with(kind: ServiceEvidence, case: Case, wanted: Wanted) -> Iterator[Evidence]:
    if kind.only or kind.signed_with == "none" or len(case.signing) == 1:
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


def _unlisted_in_chart(unlisted: UnlistedEntry | None, type_: str, case: Case) -> Iterator[Hit]:
    """The services, reports and results with an unlisted code whose words and codings describe them as the entry says."""
    if unlisted is None:
        return
    for hit in case.chart.coded(type_, unlisted.value_set):
        if type_ in CODE_ELEMENTS:
            described = described_as(read_order(hit.resource, 0, case.as_of), unlisted, case.chart.terminology)
        else:
            described = _named_as(hit.holder, unlisted, case)
        if described:
            yield Hit(hit.resource, hit.holder, hit.coding, None)


def _named_as(holder: Mapping[str, Any], unlisted: UnlistedEntry, case: Case) -> str:
    """What in the code of something done or reported matched: its text, the display of a coding, or a coding."""
    concept = holder.get("code")
    holding = case.chart.terminology.holding
    sets = frozenset(id_ for coding in codings(concept) for id_ in holding(coding.system, coding.code))
    return matched(unlisted, sets, concept_words(concept))


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
    for hit in [*case.chart.coded("Observation", kind.codes), *_unlisted_in_chart(kind.unlisted, "Observation", case)]:
        if hit.resource.get("status") in ("final", "amended", "corrected", "preliminary"):
            empty = _is_empty(hit.holder, kind, case) or _is_empty(hit.resource, kind, case)
            yield dated(
                "no result" if empty else "reported", _resulted_on(hit.resource), own_reference(hit.resource), hit.coding.text
            )


def _reports(kind: ResultEvidence, case: Case) -> Iterator[Evidence]:
    for hit in [*case.chart.coded("DiagnosticReport", kind.codes), *_unlisted_in_chart(kind.unlisted, "DiagnosticReport", case)]:
        report = hit.resource
        if report.get("status") not in ("final", "amended", "corrected", "appended", "preliminary", "partial", "registered"):
            continue
        parts = [case.chart.get(reference(result)) for result in items(report.get("result"))]
        empty = (bool(parts) and all(_is_empty(part, kind, case) for part in parts)) or _is_empty(report, kind, case)
        yield dated("no result" if empty else "reported", _resulted_on(report), own_reference(report), hit.coding.text)


def _is_empty(resource: Mapping[str, Any] | None, kind: ResultEvidence, case: Case) -> bool:
    """Whether a result or report says that the test gave none: by its words, or by a code that its kind names."""
    if resource is None:
        return False
    if has_no_result(resource):
        return True
    if not kind.no_result:
        return False
    holding = case.chart.terminology.holding
    return any(kind.no_result in holding(c.system, c.code) for concept in concluded(resource) for c in codings(concept))


def _resulted_on(resource: Resource) -> Days | None:
    return first_days(resource, "effectiveDateTime", "effectivePeriod", "effectiveInstant", "issued")


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
