"""The seven steps by which every hook is answered.

They are: receive, gather, select, extract, judge, explain, answer.

The hooks differ in their contexts (``cds_service.hooks.received.contexts``), in what their orders are
(``cds_service.hooks.received.orders_in_scope``), and a little in what is worth saying (``Conversation.early`` and
``drafting``).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from time import perf_counter
from typing import Any, Final, NamedTuple

from cds_service.case import Case
from cds_service.content.content import Content
from cds_service.decision import NOT_DECIDED, UNREADABLE_DATE, Decision, unjudged
from cds_service.fhir.elements import Resource
from cds_service.fhir.person import Person
from cds_service.fhir.resource_types import KEYS
from cds_service.hooks.account import loggable
from cds_service.hooks.answered.card_types import proposal_uuid
from cds_service.hooks.answered.cards import card_uuid
from cds_service.hooks.answered.contexts import context_rows
from cds_service.hooks.answered.decision_links import decision_page, no_page
from cds_service.hooks.answered.launch_links import launch_links
from cds_service.hooks.discovery import HOOK_OF, SERVICE_ID, service_id
from cds_service.hooks.gathered.client_server import ClientServers, access_of
from cds_service.hooks.gathered.fetch import order_reader
from cds_service.hooks.gathered.gather import gather
from cds_service.hooks.received import all_hooks
from cds_service.hooks.received.faults import RequestIssue, Unusable
from cds_service.hooks.received.messages import fault_status, parse_request, version_of
from cds_service.hooks.received.receive import medications_of, receive_orders, refuse_malformed
from cds_service.hooks.received.request import HookRequest
from cds_service.hooks.received.required import refuse_without_coverage
from cds_service.hooks.received.sources import Sources
from cds_service.hooks.response import response_for
from cds_service.hooks.settings import Settings
from cds_service.hooks.tell import tell
from cds_service.judgement import decide
from cds_service.limits import too_many_resources
from cds_service.security.caller import NOBODY, Caller, Home
from cds_service.sitting import Sitting
from cds_service.store.decision_rows import DecidingCall, Logged
from cds_service.store.store import Store

log = logging.getLogger("cds_service")


class ManyOrders(Exception):
    """A call with more orders than may be judged where it arrived.

    The caller must answer it in a thread instead.
    """


class Turn(NamedTuple):
    """The limits under which one call is worked on.

    ``clock`` tells the time in seconds. ``begun`` is when the call began by that clock; None if it begins now.
    ``orders`` is how many orders the call may hold; None for any number.
    """

    clock: Callable[[], float] = perf_counter
    begun: float | None = None
    orders: int | None = None


ANY_TIME: Final = Turn()


def answer(
    body: bytes,
    content: Content,
    today: date,
    settings: Settings,
    store: Store | None = None,
    caller: Caller = NOBODY,
    servers: ClientServers | None = None,
    service: str = SERVICE_ID,
    turn: Turn = ANY_TIME,
) -> dict[str, Any]:
    """Answer one call of a hook.

    ``today`` is the day of the call. ``service`` is the id that was called: each service is for one hook, and the alias
    for all. ``caller`` says which FHIR servers may be read for this call.

    The store, if there is one, logs the decisions; the answer neither waits for it nor depends on it. What was not
    prefetched is read through ``servers``; without them, nothing is read.

    Raises Unusable with the HTTP status and the elements at fault.
    """
    begun = turn.clock()
    request = parse_request(body, settings.crd_version)
    if HOOK_OF.get(service, request.hook) != request.hook:
        raise Unusable(400, [RequestIssue("hook", f"the service {service} is for {HOOK_OF[service]}", "not-supported")])
    decided = decide_request(request, content, today, settings, servers, caller.fhir_servers, turn._replace(begun=begun))
    moment = datetime.now(UTC)
    page = decision_page(settings.public_url, settings.link_secret, moment) if store else no_page
    launch = launch_links(settings.public_url, settings.link_secret, moment, settings.smart_issuers, request.fhir_server)
    kept = settings if store else replace(settings, context_days=0)
    response = response_for(request, body, decided, content, today, kept, page, launch, caller)
    tell(decided, content.revision)
    if store:
        call = DecidingCall(service_id(request.hook), request.hook, request.hook_instance, round((turn.clock() - begun) * 1000, 2))
        store.record(_logged(decided, response["cards"], request.hook_instance), content, call, settings.log_values)
        if settings.context_days and not all_hooks()[request.hook].early:
            _keep_contexts(decided, content, store, caller.home(request.fhir_server))
    return response


def _keep_contexts(decided: Iterable[tuple[Case, Decision]], content: Content, store: Store, home: Home) -> None:
    """Keep what the chart says of the orders that are asked about.

    The answer is already made: if this fails, it is logged, and a form later finds nothing kept.
    """
    try:
        store.keep_contexts(context_rows(decided, content, datetime.now(UTC), home))
    except Exception:
        log.exception("what a form would need could not be kept")


def _logged(decided: Iterable[tuple[Case, Decision]], shown: Iterable[dict[str, Any]], hook_instance: str) -> list[Logged]:
    """Pair each decision with the cards that showed it.

    These are its own card, and the card that proposed another order.
    """
    uuids = {card["uuid"] for card in shown}
    logged = []
    for case, decision in decided:
        card = card_uuid(hook_instance, decision.order, decision.policy_id)
        named = decision.policy is not None and decision.policy.alternatives
        proposal = proposal_uuid(card) if named else ""
        logged.append(Logged(decision, card if card in uuids else None, proposal if proposal in uuids else None, case.as_of))
    return logged


def decide_request(
    request: HookRequest[Any],
    content: Content,
    today: date,
    settings: Settings,
    servers: ClientServers | None = None,
    fhir_servers: Sequence[str] = (),
    turn: Turn = ANY_TIME,
    unsaved: Sequence[Resource] = (),
) -> list[tuple[Case, Decision]]:
    """Return the decisions for all standing orders in scope, with their cases.

    Orders that could not be judged in the time of the call are answered as such.

    ``unsaved`` are resources that are treated as if the chart held them although no search returns them: answers that
    are not saved yet. What the call names and does not send, orders included, is read through ``servers``.

    Raises ManyOrders for more orders than ``turn`` allows, and Unusable for an order that cannot be read.
    """
    ends = (turn.clock() if turn.begun is None else turn.begun) + settings.seconds
    if crowded := too_many_resources(request.prefetch, KEYS):
        raise Unusable(413, [RequestIssue(crowded.expression, crowded.said, "too-costly")])
    version = version_of(request.extension, settings.crd_version)
    status = fault_status(version)
    access = access_of(request, servers, fhir_servers)
    person = Person(request.context.patient_id, (request.prefetch or {}).values())
    medications = medications_of(request)
    received = receive_orders(Sources(request, order_reader(access), status), today, person, medications)
    signing = tuple(one.order for one in received)
    if turn.orders is not None and len(signing) > turn.orders:
        raise ManyOrders
    undated = refuse_malformed(received, content, request.hook_instance, settings.strict, status)
    chart, signing = gather(request, content, signing, today, person, medications, access, unsaved)
    received = [one._replace(order=order) for one, order in zip(received, signing, strict=True)]
    if settings.strict:
        refuse_without_coverage(chart, signing, content, version)
    decided: list[tuple[Case, Decision]] = []
    late = 0
    sitting = Sitting(chart, signing, shared=len(signing) > 1)
    for order, in_scope, choice, _ in received:
        if in_scope and order.stands:
            together = tuple(one.order for one in received if one.order is order or one.choice != choice) if choice else signing
            beside = Sitting(chart, together) if choice else sitting
            case = Case(chart, order, together, order.date_of_service, None, settings.public_url, beside)
            if order.position in undated:
                decided.append((case, unjudged(order, UNREADABLE_DATE)))
            else:
                in_time = turn.clock() < ends
                late += not in_time
                decided += _decided(case, content, request.hook_instance, in_time)
    if late:
        at = {"hook_instance": loggable(request.hook_instance), "orders": len(signing), "not_judged": late}
        log.warning("the time of the call was over before all of its orders were judged", extra=at)
    return decided


def _decided(case: Case, content: Content, hook_instance: str, in_time: bool) -> list[tuple[Case, Decision]]:
    """Return the decisions of one order.

    If judging it fails, the order is answered as not decided; the other orders of the call are not affected.
    """
    try:
        return [(case, decision) for decision in decide(case, content, in_time)]
    except Exception:
        log.exception(
            "an order could not be decided; it is answered as not decided", extra={"hook_instance": loggable(hook_instance)}
        )
        return [(case, unjudged(case.order, NOT_DECIDED))]
