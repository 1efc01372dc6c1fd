"""The orders of a call as they come in.

Here stands which resources they are, and which of their faults refuse the call or leave them unjudged.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import islice
from typing import Any, Final, NamedTuple

from cds_service.content.content import Content
from cds_service.fhir.elements import Resource, patient_of
from cds_service.fhir.medication import Medications
from cds_service.fhir.person import Person
from cds_service.fhir.resource_types import CODE_ELEMENTS
from cds_service.fhir.validation import Fault, faults, is_of_day
from cds_service.hooks.account import loggable
from cds_service.hooks.received.faults import RequestIssue, Unusable
from cds_service.hooks.received.given import path_of
from cds_service.hooks.received.orders_in_scope import orders_in_scope
from cds_service.hooks.received.request import HookRequest
from cds_service.hooks.received.sources import OLDER, OLDER_SAID, Sources
from cds_service.order import Order, faults_that_count, read_order

log = logging.getLogger("cds_service")


MOST_LOGGED: Final = 20
"""The most faults of one order that are logged.

They are those that still leave the order judged.
"""


class Received(NamedTuple):
    """One order of a call.

    ``in_scope`` tells whether the call is about it or only sends it along. ``choice`` is the choice of orders that it
    is one of. ``undated`` tells that the call names a day for it which is no day.
    """

    order: Order
    in_scope: bool
    choice: str = ""
    undated: tuple[RequestIssue, ...] = ()


def receive_orders(sources: Sources, today: date, person: Person, medications: Medications) -> list[Received]:
    """Return the orders of a call, in its order.

    Resources of other types are passed over.

    Raises Unusable (422) for an order without id, one that stands twice, one for another patient, or one of an older
    FHIR version.
    """
    orders: list[Received] = []
    issues: list[RequestIssue] = []
    seen: set[str] = set()
    for given in orders_in_scope(sources):
        resource = given.resource
        if resource["resourceType"] in OLDER:
            issues.append(RequestIssue(f"{given.where}.resourceType", OLDER_SAID, "not-supported"))
        if resource["resourceType"] not in CODE_ELEMENTS:
            continue
        reference = given.reference
        if "/" not in reference:
            issues.append(RequestIssue(f"{given.where}.id", "an order needs an id, or nothing can be said of it", "required"))
        elif reference in seen:
            issues.append(RequestIssue(f"{given.where}.id", "another order of this request has the same type and id", "duplicate"))
        seen.add(reference)
        about = patient_of(resource)
        if about and about != person.reference and not person.names(resource):
            said = "it is not the patient of context.patientId"
            issues.append(RequestIssue(f"{given.where}.{_about(resource)}", said, "business-rule"))
        order = read_order(resource, len(orders), today, medications, given.place, given.on)
        order = replace(order, reference=reference) if given.inside else order
        orders.append(Received(order, given.in_scope, given.choice, given.undated))
    if issues:
        raise Unusable(422, issues)
    return orders


def _about(resource: Resource) -> str:
    """Return the element in which an order says whom it is for."""
    return next((name for name in ("subject", "patient", "participant") if name in resource), "subject")


def medications_of(request: HookRequest[Any]) -> Medications:
    """Return the Medications that came with the call.

    They stand in the Bundle of the context and in what was prefetched, under any key.
    """
    drafted = [{"entry": [{"fullUrl": address, "resource": resource}]} for address, resource in request.context.addressed()]
    return Medications((*drafted, *(request.prefetch or {}).values()))


def refuse_malformed(
    received: Sequence[Received], content: Content, hook_instance: str, strict: bool, status: int
) -> frozenset[int]:
    """Refuse orders with a fault in an element that decides.

    Raises Unusable for a fault in an element that the decision of its order reads; other faults are logged. With
    ``strict``, any fault is refused.

    Returns the positions of orders whose only fault is a date that is no day: they alone are not judged, where others
    are sound.
    """
    issues: list[RequestIssue] = []
    undated: dict[int, list[RequestIssue]] = {}
    for order, _, _, unday in received:
        if unday and strict:
            issues += unday
        elif unday:
            undated[order.position] = list(unday)
        judged = order.sent if strict and order.sent is not None else order.resource
        found = [fault for fault in faults(judged) if not fault.element or fault.top in judged]
        if not found:
            continue
        governed = bool(content.library.select(order.codings, order.date_of_service))
        serious = faults_that_count(order.resource, found, governed)
        where = path_of(order.place) or order.kind
        refused = found if strict else serious
        told = [RequestIssue(_element(where, fault), fault.said, "structure") for fault in refused]
        if told and all(map(is_of_day, refused)) and not strict:
            undated[order.position] = told
        else:
            issues += told
        kept = {id(fault) for fault in refused}
        for fault in islice((fault for fault in found if id(fault) not in kept), MOST_LOGGED):
            at = {"hook_instance": loggable(hook_instance), "element": _element(order.kind, fault)}
            log.warning("the order is not valid FHIR in an element that the decision does not read", extra=at)
    if issues or (undated and len(undated) == len(received)):
        issues += [issue for told in undated.values() for issue in told]
    if issues:
        raise Unusable(status, issues)
    for told in undated.values():
        extra: dict[str, Any] = {"hook_instance": loggable(hook_instance), "elements": [issue.expression for issue in told]}
        log.warning("an order is not judged: its date is no day", extra=extra)
    return frozenset(undated)


def _element(order: str, fault: Fault) -> str:
    """Return the element at fault below an order.

    Where FHIR does not know the name, it is the order itself, since logs must not repeat the name.
    """
    return f"{order}.{fault.element}" if fault.element and fault.known else order
