"""The order-sign hook in seven steps: receive, gather, select, extract, judge, explain, answer."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from cds_service.chart import Case
from cds_service.content import Content
from cds_service.decision import Decision, as_data, decide
from cds_service.fhir.coverage_information import CrdVersion
from cds_service.fhir.elements import Resource, items, own_reference, patient_of
from cds_service.fhir.validation import Fault, decisive, faults
from cds_service.hooks.cards import card_uuid, cards
from cds_service.hooks.conversation import conversation_of
from cds_service.hooks.coverage_information import coverage_actions
from cds_service.hooks.gather import gather
from cds_service.hooks.messages import EXTENSION, Issue, OrderSignRequest, Unusable, parse_request
from cds_service.hooks.prefetch import SERVICE_ID
from cds_service.hooks.tell import tell
from cds_service.order import CODE_ELEMENTS, LookUp, Order, read_order
from cds_service.store.store import Store
from cds_service.telemetry import loggable

log = logging.getLogger("cds_service")
_SELECTING = {"status", "code", "medicationCodeableConcept", "codeCodeableConcept", "subject", "doNotPerform"}
"""What is read of an order that no policy turns out to govern."""


OLDER = {"ProcedureRequest", "ReferralRequest", "MedicationOrder", "DiagnosticOrder", "DeviceUseRequest"}
"""Order types that FHIR had before R4."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator decides. ``decisions`` sends the machine-readable decisions; ``strict`` refuses an order with any fault.

    ``crd_version`` is the CRD version of answers to requests that name none.
    ``log_values`` keeps in the store what charts say, and ``keep_comments`` the free text of feedback; both may be a patient's.
    """

    decisions: bool = True
    strict: bool = False
    crd_version: CrdVersion = "2.2"
    log_values: bool = False
    keep_comments: bool = False


def answer(body: bytes, content: Content, today: date, settings: Settings, store: Store | None = None) -> dict[str, Any]:
    """Answers one order-sign call; ``today`` is the day of the call. Raises Unusable with the status and the elements at fault.

    The store, if there is one, logs the decisions; the answer neither waits for it nor depends on it.
    """
    request = parse_request(body, "order-sign")
    decided = decide_request(request, content, today, settings)
    conversation = conversation_of(request, settings.crd_version)
    response: dict[str, Any] = {
        "cards": cards(decided, content, request.hook_instance, conversation),
        "systemActions": coverage_actions(decided, body, content, today, conversation),
    }
    if settings.decisions:
        response["extension"] = {EXTENSION: [as_data(decision, content) for _, decision in decided]}
    tell(decided)
    if store:
        _record(decided, response["cards"], request.hook_instance, content, settings, store)
    return response


def _record(
    decided: Iterable[tuple[Case, Decision]],
    shown: Iterable[dict[str, Any]],
    hook_instance: str,
    content: Content,
    settings: Settings,
    store: Store,
) -> None:
    """Logs each decision with the card that showed it."""
    uuids = {card["uuid"] for card in shown}
    rows = []
    for _, decision in decided:
        card = card_uuid(hook_instance, decision.order, decision.policy_id)
        rows.append((decision, card if card in uuids else None))
    store.record(rows, content, SERVICE_ID, hook_instance, settings.log_values)


def decide_request(request: OrderSignRequest, content: Content, today: date, settings: Settings) -> list[tuple[Case, Decision]]:
    """The decisions for every order that stands, each with its case. Raises Unusable for an order that cannot be read."""
    signing = receive_orders(request, today)
    _refuse_malformed(signing, content, request.hook_instance, settings)
    chart = gather(request, content.terminology)
    decided: list[tuple[Case, Decision]] = []
    for order in signing:
        if order.stands:
            case = Case(chart, order, signing, order.date_of_service)
            decided += [(case, decision) for decision in decide(case, content)]
    return decided


def receive_orders(request: OrderSignRequest, today: date) -> tuple[Order, ...]:
    """The draft orders, in the Bundle's order; resources of other types are passed over.

    Raises Unusable (422) for an order without id, one that stands twice, or one for another patient.
    """
    orders: list[Order] = []
    issues: list[Issue] = []
    seen: set[str] = set()
    for position, entry in enumerate(request.context.draft_orders.entry):
        resource = entry.resource
        where = f"context.draftOrders.entry[{position}].resource"
        if resource["resourceType"] in OLDER:
            issues.append(Issue(f"{where}.resourceType", "it is of an older FHIR version; R4 is meant", "not-supported"))
        if resource["resourceType"] not in CODE_ELEMENTS:
            continue
        reference = own_reference(resource)
        if "/" not in reference:
            issues.append(Issue(f"{where}.id", "an order needs an id, or nothing can be said of it", "required"))
        elif reference in seen:
            issues.append(Issue(f"{where}.id", "another order of this request has the same type and id", "duplicate"))
        seen.add(reference)
        about = patient_of(resource)
        if about and about != f"Patient/{request.context.patient_id}":
            issues.append(Issue(f"{where}.{_about(resource)}", "it is not the patient of context.patientId", "business-rule"))
        orders.append(read_order(resource, position, today, _look_up(request)))
    if issues:
        raise Unusable(422, issues)
    return tuple(orders)


def _about(resource: Resource) -> str:
    """The element in which an order says whom it is for."""
    return next((name for name in ("subject", "patient", "participant") if name in resource), "subject")


def _look_up(request: OrderSignRequest) -> LookUp:
    """Finds a Medication among the draft orders' Bundle and what was prefetched."""

    def look_up(reference: str) -> Resource | None:
        if not reference.startswith("Medication/"):
            return None
        drafted = (entry.resource for entry in request.context.draft_orders.entry)
        fetched = (request.prefetch or {}).get("medications")
        bundled = (
            [e.get("resource") for e in items(fetched.get("entry")) if isinstance(e, dict)] if isinstance(fetched, dict) else []
        )
        for resource in (*drafted, *bundled, fetched):
            if isinstance(resource, dict) and own_reference(resource) == reference:
                return resource
        return None

    return look_up


def _refuse_malformed(signing: Iterable[Order], content: Content, hook_instance: str, settings: Settings) -> None:
    """Refuses orders with a fault in an element that their decision reads; other faults are logged."""
    issues: list[Issue] = []
    for order in signing:
        found = [fault for fault in faults(order.resource) if not fault.element or fault.top in order.resource]
        if not found:
            continue
        governed = bool(content.library.select(order.codings, order.date_of_service))
        serious = _serious(order.resource, found, governed)
        where = f"context.draftOrders.entry[{order.position}].resource"
        refused = found if settings.strict else serious
        issues += [Issue(f"{where}.{fault.element}".rstrip("."), fault.said, "structure") for fault in refused]
        for fault in found:
            if fault not in refused:
                extra = {"hook_instance": loggable(hook_instance), "element": f"{order.kind}.{fault.element}"}
                log.warning("the order is not valid FHIR in an element that the decision does not read", extra=extra)
    if issues:
        raise Unusable(400, issues)


def _serious(resource: Resource, found: list[Fault], governed: bool) -> list[Fault]:
    read = decisive(resource, found)
    return read if governed else [fault for fault in read if not fault.element or fault.top in _SELECTING]
