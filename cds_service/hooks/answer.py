"""Any hook in seven steps: receive, gather, select, extract, judge, explain, answer.

The hooks differ in their contexts (``cds_service.hooks.contexts``), in what their orders are
(``cds_service.hooks.orders_in_scope``), and a little in what is worth saying (``Conversation.early`` and ``drafting``).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from time import perf_counter
from typing import Any, Final, NamedTuple

from cds_service.chart import Case
from cds_service.content import Content
from cds_service.decision import NOT_DECIDED, UNREADABLE_DATE, Decision, as_data, decide, unjudged
from cds_service.fhir.coverage_information import CrdVersion
from cds_service.fhir.elements import Resource, own_reference, patient_of
from cds_service.fhir.medication import Medications
from cds_service.fhir.person import Person
from cds_service.fhir.resource_types import KEYS
from cds_service.fhir.validation import Fault, decisive, faults, is_of_day
from cds_service.hooks.card_types import proposal_uuid
from cds_service.hooks.cards import card_uuid, cards
from cds_service.hooks.client_server import ClientServers, access_of
from cds_service.hooks.conversation import conversation_of
from cds_service.hooks.coverage_information import coverage_actions
from cds_service.hooks.decision_links import Page, decision_page, no_page
from cds_service.hooks.fetch import order_reader
from cds_service.hooks.gather import gather
from cds_service.hooks.messages import (
    EXTENSION,
    HookRequest,
    Issue,
    Unusable,
    expression,
    fault_status,
    parse_request,
    version_of,
)
from cds_service.hooks.orders_in_scope import OLDER, OLDER_SAID, Sources, orders_in_scope
from cds_service.hooks.prefetch import HOOK_OF, SERVICE_ID, service_id
from cds_service.hooks.required import refuse_without_coverage
from cds_service.hooks.tell import tell
from cds_service.limits import too_many_resources
from cds_service.order import CODE_ELEMENTS, Order, read_order
from cds_service.security.caller import Caller
from cds_service.store.decision_log import Call, Logged
from cds_service.store.store import Store
from cds_service.telemetry import loggable

log = logging.getLogger("cds_service")
_SELECTING: Final = {
    "status",
    "code",
    "medicationCodeableConcept",
    "codeCodeableConcept",
    "serviceType",
    "basedOn",
    "subject",
    "doNotPerform",
}
"""What is read of an order that no policy turns out to govern."""


NOBODY: Final = Caller()
"""A caller of whom nothing is known, and for whom no FHIR server is read."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator decides. ``decisions`` sends the machine-readable decisions; ``strict`` refuses an order with any fault.

    ``crd_version`` is the CRD version of answers to requests that name none.
    ``log_values`` keeps in the store what charts say, and ``keep_comments`` the free text of feedback; both may be a patient's.
    ``public_url`` is what stands before the service's addresses, and ``link_secret`` signs the links of cards; without both, cards
    link no decision.
    """

    decisions: bool = True
    strict: bool = False
    crd_version: CrdVersion = "2.2"
    log_values: bool = False
    keep_comments: bool = False
    public_url: str = ""
    link_secret: str = ""


def answer(
    body: bytes,
    content: Content,
    today: date,
    settings: Settings,
    store: Store | None = None,
    caller: Caller = NOBODY,
    servers: ClientServers | None = None,
    service: str = SERVICE_ID,
) -> dict[str, Any]:
    """Answers one call of a hook; ``today`` is the day of the call. Raises Unusable with the status and the elements at fault.

    ``service`` is the id that was called: a service is for one hook, and the alias for all.

    ``caller`` says which FHIR servers may be read for this call.
    The store, if there is one, logs the decisions; the answer neither waits for it nor depends on it.
    What was not prefetched is read through ``servers``; without them, nothing is.
    """
    begun = perf_counter()
    request = parse_request(body, settings.crd_version)
    if HOOK_OF.get(service, request.hook) != request.hook:
        raise Unusable(400, [Issue("hook", f"the service {service} is for {HOOK_OF[service]}", "not-supported")])
    decided = decide_request(request, content, today, settings, servers=servers, fhir_servers=caller.fhir_servers)
    page = decision_page(settings.public_url, settings.link_secret, datetime.now(UTC)) if store else no_page
    response = response_for(request, body, decided, content, today, settings, page)
    tell(decided, content.revision)
    if store:
        call = Call(service_id(request.hook), request.hook, request.hook_instance, round((perf_counter() - begun) * 1000, 2))
        store.record(_logged(decided, response["cards"], request.hook_instance), content, call, settings.log_values)
    return response


def response_for(
    request: HookRequest[Any],
    body: bytes,
    decided: Iterable[tuple[Case, Decision]],
    content: Content,
    today: date,
    settings: Settings,
    page: Page = no_page,
) -> dict[str, Any]:
    """The body of the answer to a request whose orders are decided. ``body`` is the request as it came, for the orders' echo.

    An order whose answer cannot be written is answered as not decided; the others are answered as they are.
    """
    held = list(decided)
    rest = (body, content, today, settings, page)
    try:
        return _response(request, held, *rest)
    except Exception:
        said = "an answer could not be written; its order is answered as not decided"
        log.exception(said, extra={"hook_instance": loggable(request.hook_instance)})
        return _response(request, [(case, _writable(request, case, decision, *rest)) for case, decision in held], *rest)


def _writable(request: HookRequest[Any], case: Case, decision: Decision, *rest: Any) -> Decision:
    """The decision where an answer can be written of it, else that there is none."""
    try:
        _response(request, [(case, decision)], *rest)
    except Exception:  # it was logged when all were written together
        return unjudged(case.order, NOT_DECIDED)
    return decision


def _response(
    request: HookRequest[Any],
    decided: Sequence[tuple[Case, Decision]],
    body: bytes,
    content: Content,
    today: date,
    settings: Settings,
    page: Page,
) -> dict[str, Any]:
    conversation = conversation_of(request, settings.crd_version)
    response: dict[str, Any] = {
        "cards": cards(decided, content, request.hook_instance, conversation, page),
        "systemActions": coverage_actions(decided, body, content, today, conversation),
    }
    if settings.decisions:
        response["extension"] = {EXTENSION: [as_data(decision, content) for _, decision in decided]}
    return response


def _logged(decided: Iterable[tuple[Case, Decision]], shown: Iterable[dict[str, Any]], hook_instance: str) -> list[Logged]:
    """Each decision with the cards that showed it: its own, and the one that proposed another order."""
    uuids = {card["uuid"] for card in shown}
    logged = []
    for _, decision in decided:
        card = card_uuid(hook_instance, decision.order, decision.policy_id)
        proposal = proposal_uuid(card)
        logged.append(Logged(decision, card if card in uuids else None, proposal if proposal in uuids else None))
    return logged


def decide_request(
    request: HookRequest[Any],
    content: Content,
    today: date,
    settings: Settings,
    servers: ClientServers | None = None,
    fhir_servers: Sequence[str] = (),
) -> list[tuple[Case, Decision]]:
    """The decisions for every order in scope that stands, each with its case.

    What the call names and does not send, orders included, is read through ``servers``. Raises Unusable for an order that cannot
    be read.
    """
    if crowded := too_many_resources(request.prefetch, KEYS):
        raise Unusable(413, [Issue(crowded.expression, crowded.said, "too-costly")])
    version = version_of(request.extension, settings.crd_version)
    status = fault_status(version)
    access = access_of(request, servers, fhir_servers)
    person = Person(request.context.patient_id, (request.prefetch or {}).values())
    medications = medications_of(request)
    received = receive_orders(Sources(request, order_reader(access), status), today, person, medications)
    signing = tuple(one.order for one in received)
    undated = _refuse_malformed(signing, content, request.hook_instance, settings, status)
    chart, signing = gather(request, content, signing, today, person, medications, access)
    received = [one._replace(order=order) for one, order in zip(received, signing, strict=True)]
    if settings.strict:
        refuse_without_coverage(chart, signing, content, version)
    decided: list[tuple[Case, Decision]] = []
    for order, in_scope in received:
        if in_scope and order.stands:
            case = Case(chart, order, signing, order.date_of_service, our_url=settings.public_url)
            if order.position in undated:
                decided.append((case, unjudged(order, UNREADABLE_DATE)))
            else:
                decided += _decided(case, content, request.hook_instance)
    return decided


def _decided(case: Case, content: Content, hook_instance: str) -> list[tuple[Case, Decision]]:
    """The decisions of one order. One that fails is not decided, and never takes the others of the call down."""
    try:
        return [(case, decision) for decision in decide(case, content)]
    except Exception:
        log.exception(
            "an order could not be decided; it is answered as not decided", extra={"hook_instance": loggable(hook_instance)}
        )
        return [(case, unjudged(case.order, NOT_DECIDED))]


class Received(NamedTuple):
    """An order of a call, and whether the call is about it or only sends it along."""

    order: Order
    in_scope: bool


def receive_orders(sources: Sources, today: date, person: Person, medications: Medications) -> list[Received]:
    """The orders of a call, in its order; resources of other types are passed over.

    Raises Unusable (422) for an order without id, one that stands twice, or one for another patient.
    """
    orders: list[Received] = []
    issues: list[Issue] = []
    seen: set[str] = set()
    for given in orders_in_scope(sources):
        resource = given.resource
        if resource["resourceType"] in OLDER:
            issues.append(Issue(f"{given.where}.resourceType", OLDER_SAID, "not-supported"))
        if resource["resourceType"] not in CODE_ELEMENTS:
            continue
        reference = own_reference(resource)
        if "/" not in reference:
            issues.append(Issue(f"{given.where}.id", "an order needs an id, or nothing can be said of it", "required"))
        elif reference in seen:
            issues.append(Issue(f"{given.where}.id", "another order of this request has the same type and id", "duplicate"))
        seen.add(reference)
        about = patient_of(resource)
        if about and about != person.reference and not person.names(resource):
            said = "it is not the patient of context.patientId"
            issues.append(Issue(f"{given.where}.{_about(resource)}", said, "business-rule"))
        order = read_order(resource, len(orders), today, medications, given.place, given.on)
        orders.append(Received(order, given.in_scope))
    if issues:
        raise Unusable(422, issues)
    return orders


def _about(resource: Resource) -> str:
    """The element in which an order says whom it is for."""
    return next((name for name in ("subject", "patient", "participant") if name in resource), "subject")


def medications_of(request: HookRequest[Any]) -> Medications:
    """The Medications in the Bundle of the context and in what was prefetched, whatever key it came under."""
    drafted = [{"entry": [{"fullUrl": address, "resource": resource}]} for address, resource in request.context.addressed()]
    return Medications((*drafted, *(request.prefetch or {}).values()))


def _refuse_malformed(
    signing: Sequence[Order], content: Content, hook_instance: str, settings: Settings, status: int
) -> frozenset[int]:
    """Refuses orders with a fault in an element that their decision reads; other faults are logged.

    Gives the positions of orders whose only fault is a date that is no day: they alone are not judged, where others are sound.
    """
    issues: list[Issue] = []
    undated: dict[int, list[Issue]] = {}
    for order in signing:
        found = [fault for fault in faults(order.resource) if not fault.element or fault.top in order.resource]
        if not found:
            continue
        governed = bool(content.library.select(order.codings, order.date_of_service))
        serious = _serious(order.resource, found, governed)
        where = expression(order.place) or order.kind
        refused = found if settings.strict else serious
        told = [Issue(_element(where, fault), fault.said, "structure") for fault in refused]
        if told and all(map(is_of_day, refused)) and not settings.strict:
            undated[order.position] = told
        else:
            issues += told
        for fault in found:
            if fault not in refused:
                at = {"hook_instance": loggable(hook_instance), "element": _element(order.kind, fault)}
                log.warning("the order is not valid FHIR in an element that the decision does not read", extra=at)
    if issues or len(undated) == len(signing):
        issues += [issue for told in undated.values() for issue in told]
    if issues:
        raise Unusable(status, issues)
    for told in undated.values():
        extra: dict[str, Any] = {"hook_instance": loggable(hook_instance), "elements": [issue.expression for issue in told]}
        log.warning("an order is not judged: its date is no day", extra=extra)
    return frozenset(undated)


def _element(order: str, fault: Fault) -> str:
    """The element at fault below an order; the order itself where FHIR does not know the name, which logs must not repeat."""
    return f"{order}.{fault.element}" if fault.element and fault.known else order


def _serious(resource: Resource, found: list[Fault], governed: bool) -> list[Fault]:
    read = decisive(resource, found)
    return read if governed else [fault for fault in read if not fault.element or fault.top in _SELECTING]
