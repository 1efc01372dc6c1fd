"""How a service is found: ordered, done, or signed beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from cds_service.case import Case
from cds_service.facts.found.dated import DONE_ON, INTENTIONS, STATUSES, dated, day_done, open_status
from cds_service.facts.found.purposes import Purposes, SoughtPurpose, as_purposed, signed_together
from cds_service.facts.found.results import resulted_on
from cds_service.facts.found.unlisted import NAMELESS, Unlisted, is_described, is_nameless, nameless_in_chart, unlisted_in_chart
from cds_service.facts.wanted import Unreadable, Wanted, carried_value
from cds_service.fhir.codes_of_records import Hit
from cds_service.fhir.elements import Resource, codings, first_days, items, own_reference, reference, text
from cds_service.fhir.resource_types import CODE_ELEMENTS, TYPES
from cds_service.fhir.value_sets import Carried
from cds_service.fhir.words_of_records import PROCEDURE_STATES, SERVICE_ORDERS
from cds_service.order import Order
from cds_service.policy.evidence import Evidence, Standing
from cds_service.policy.values import Days, Value
from cds_service.sitting import DatedChart

PLANNED: Final = ("draft", "active", "on-hold")
"""States of a service that is planned or under way.

Without a date it counts as of the day it is read.
"""
SERVICES: Final = ("ServiceRequest", "Procedure", "DeviceRequest")
_CODE: Final = ("code",)
_OBSERVED: Final = TYPES["Observation"].evidence
_REPORTED: Final = TYPES["DiagnosticReport"].evidence
_FINAL: Final = ("final", "amended", "corrected", "appended")
_DATES: Final = (*DONE_ON, "authoredOn")


@dataclass(frozen=True, slots=True)
class SoughtService:
    """The services that document a fact, as ``service`` evidence writes them."""

    codes: str
    states: tuple[str, ...]
    signed_with: str
    only: str
    unresulted: bool
    gives: bool | str | None
    unlisted: Unlisted | None
    means_plans: bool
    given_for: tuple[SoughtPurpose, ...] = ()


def services(sought: SoughtService, seen: DatedChart, wanted: Wanted) -> Iterator[Evidence]:
    """Find the services in a chart that are sought."""
    searched = ("Procedure",) if sought.only else SERVICES
    if not any(seen.chart.coded(type_, sought.codes) for type_ in searched) and sought.unlisted is None:
        return
    own, meant = seen.own, sought.means_plans
    purposes = _purposes(sought, seen)
    resulted = _resulted(seen) if sought.unresulted else frozenset()
    latest = _latest_results(sought, seen) if sought.unresulted else {}
    for type_ in searched:
        nameless = nameless_in_chart(sought.unlisted, type_, seen)
        for hit in [*seen.chart.coded(type_, sought.codes), *unlisted_in_chart(sought.unlisted, type_, seen), *nameless]:
            resource = hit.resource
            said = own_reference(resource)
            status = text(resource.get("status"))
            state = PROCEDURE_STATES.get(status, "") if type_ == "Procedure" else status
            if said in own or said in resulted or resource.get("doNotPerform") is True:
                continue
            if status not in STATUSES and ((on := first_days(resource, *_DATES)) or status != "unknown"):
                yield open_status(status, on, said, hit.coding.text)
                continue
            held = state == "on-hold" and "active" in sought.states and state not in sought.states
            if state not in sought.states and not held:
                continue
            intent = text(resource.get("intent"))
            if intent in INTENTIONS:
                continue
            on = first_days(resource, *_DATES)
            if state in PLANNED and (on is None or (meant and on.first > seen.as_of)):
                on = ordered_on(resource, seen.as_of)
            if on and latest and on.last < latest.get(hit.carried, date.min):  # a final result of a later day is on file
                continue
            for one in _each(sought, hit, wanted, seen):
                found = _evidence(sought, one, on, said, wanted, status)
                if purposes:
                    found = as_purposed(found, purposes.of(one))
                if type_ in SERVICE_ORDERS and seen.for_appointment and state in PLANNED:
                    found = found._replace(standing=Standing.UNCERTAIN, note="it may be the order that the appointment is for")
                elif found.standing is Standing.USABLE and (doubt := _doubt(sought, intent, held, hit in nameless)):
                    found = found._replace(standing=Standing.UNCERTAIN, note=doubt)
                yield found


def _doubt(sought: SoughtService, intent: str, held: bool, nameless: bool) -> str:
    """Return why it may be another service, or not come to be."""
    if nameless:
        return NAMELESS
    if intent == "plan" and "draft" not in sought.states:
        return "it is a plan, not an order"
    return "it is on hold" if held else ""


def _each(sought: SoughtService, hit: Hit, wanted: Wanted, seen: DatedChart) -> tuple[Hit, ...]:
    """Return a service once for each value of its codings.

    Two tests under one order are two, where it matters which they are.
    """
    if wanted.type != "choice" or sought.gives is not None or hit.carried is None:
        return (hit,)
    holding = seen.chart.terminology.holding
    found = {hit.carried: hit}
    for coding in codings(hit.holder.get(CODE_ELEMENTS.get(hit.resource["resourceType"], _CODE)[0])):
        if (carried := holding(coding.system, coding.code).get(sought.codes)) is not None:
            found.setdefault(carried, Hit(hit.resource, hit.holder, coding, carried))
    return tuple(found.values())


def _purposes(sought: SoughtService, seen: DatedChart, drafts: Iterable[Hit] = ()) -> Purposes | None:
    """Return what services are for, where that counts."""
    return Purposes(sought.given_for, sought.codes, seen.chart, seen.as_of, drafts) if sought.given_for else None


def ordered_on(resource: Resource, as_of: date) -> Days:
    """Return the day that a plan without a usable day counts for.

    That is a plan that names none or, where plans are meant, one that is to come. The day is that of its order, else
    that on which it is read.
    """
    ordered = first_days(resource, "authoredOn")
    return ordered if ordered is not None and ordered.first <= as_of else Days.on(as_of)


def _latest_results(sought: SoughtService, seen: DatedChart) -> dict[Carried | None, date]:
    """Return the latest days of final results, by what codes carry.

    Under None stands the latest of them all.
    """
    found: dict[Carried | None, date] = {}
    for type_ in ("DiagnosticReport", "Observation"):
        for hit in seen.chart.coded(type_, sought.codes):
            on = resulted_on(hit.resource)
            if hit.resource.get("status") in _FINAL and on and on.first <= seen.as_of:
                for carried in {None, hit.carried}:
                    found[carried] = max(on.first, found.get(carried, on.first))
    return found


def signed_with(sought: SoughtService, case: Case, wanted: Wanted) -> Iterator[Evidence]:
    """Find the sought services that are signed together with an order."""
    if sought.only or sought.signed_with == "none" or len(case.signing) == 1:
        return
    ordered, unlisted = case.together.ordered, sought.unlisted
    if sought.codes not in ordered and (unlisted is None or unlisted.value_set not in ordered):
        return
    purposes = _purposes(sought, case.seen, signed_together(case) if sought.given_for else ())
    for other in case.other_orders():
        if sought.signed_with == "earlier" and (other.position > case.order.position or _are_slots(case.order, other)):
            continue
        for coding in other.codings:
            held = case.chart.terminology.holding(coding.system, coding.code)
            nameless = sought.codes not in held and is_nameless(unlisted, other, coding.code, held)
            if not (nameless or sought.codes in held or is_described(unlisted, other, held, case)):
                continue
            hit = Hit(other.resource, other.resource, coding, held.get(sought.codes))
            for one in _each(sought, hit, wanted, case.seen):
                found = _evidence(sought, one, Days.on(case.as_of), other.reference, wanted, "signed together")
                found = as_purposed(found, purposes.of(one)) if purposes else found
                yield found._replace(standing=Standing.UNCERTAIN, note=NAMELESS) if nameless else found
            break


def _are_slots(order: Order, other: Order) -> bool:
    """Tell whether both are appointments.

    Of two appointments that are offered or booked together, neither was done before the other.
    """
    return order.kind == other.kind == "Appointment"


def _evidence(sought: SoughtService, hit: Hit, when: Days | None, said: str, wanted: Wanted, status: str) -> Evidence:
    if wanted.type == "date":
        return day_done(hit.resource, when, said, f"{hit.coding.text}, {status}")
    try:
        value: Value = sought.gives if sought.gives is not None else carried_value(hit.carried, wanted, _plain_yes(wanted))
    except Unreadable as error:
        return Evidence(None, when, said, standing=Standing.UNCERTAIN, note=str(error))
    return dated(value, when, said, f"{hit.coding.text}, {status}")


def _plain_yes(wanted: Wanted) -> bool | None:
    return True if wanted.type == "boolean" else None


def _resulted(seen: DatedChart) -> frozenset[str]:
    """Return the orders that have a report or result based on them."""
    resources: list[dict[str, Any]] = [*seen.chart.of("DiagnosticReport"), *seen.chart.of("Observation")]
    return frozenset(reference(based) for resource in resources for based in items(resource.get("basedOn")))
