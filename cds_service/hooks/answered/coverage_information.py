"""Coverage-information on the orders of a call.

Each order of a member whose Coverage was recognised gets one system action. The order is given back as it came, with
one extension for each recognised Coverage. Nothing is sent that the order already says.

An Appointment that is based on an order carries none: its order does (CRD 2.2, "Coverage Information Response Type").
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any, Final
from uuid import UUID

from cds_service.case import Case
from cds_service.content.answers import asked_by, authorized, undecided, undocumented
from cds_service.content.content import Content
from cds_service.content.payers import Member
from cds_service.decision import UNJUDGED, Decision, DecisionOutcome, evidence_of
from cds_service.fhir.coverage_information import Assertion, as_extension
from cds_service.fhir.coverage_invariants import violations
from cds_service.hooks import account
from cds_service.hooks.answered.coverage_reasons import reasons, technical_failure
from cds_service.hooks.answered.coverage_updates import already_says, update_of
from cds_service.hooks.answered.echo import order_texts
from cds_service.hooks.answered.named import uuid_of
from cds_service.hooks.received.conversation import Conversation
from cds_service.order import Order
from cds_service.policy.answers import UNPLACED
from cds_service.questionnaires.form import canonical_of_form, open_form
from cds_service.security.caller import Home

log = logging.getLogger("cds_service")
_SPACE: Final = UUID("0d6c2f0e-9f0c-5b51-8a59-0a6f1c1f0b7e")
_SERIOUS: Final = (
    DecisionOutcome.NOT_NECESSARY,
    DecisionOutcome.NOT_DOCUMENTED,
    DecisionOutcome.REFERRED,
    DecisionOutcome.NECESSARY,
    DecisionOutcome.NOT_ADDRESSED,
)
_LATE_KINDS: Final = ("Appointment", "VisionPrescription")
"""Order types that coverage-information stands on only since CRD 2.2."""
Decided = tuple[Case, Decision]


def coverage_actions(
    decided: Iterable[Decided], body: bytes, content: Content, today: date, conversation: Conversation
) -> list[dict[str, Any]]:
    """Make the system actions for the decisions, in the orders' order.

    ``body`` is the request that the orders came in; ``today`` is the date of the assertions. An assertion that CRD does
    not allow is not sent, but logged.
    """
    if not conversation.wants("coverage-info"):
        return []
    by_order: dict[int, tuple[Order, dict[tuple[str, str], list[Decided]]]] = {}
    for case, decision in decided:
        for member in decision.members:
            if _speaks(case, decision, member, conversation):
                _, members = by_order.setdefault(case.order.position, (case.order, {}))
                one = decision if decision.members == (member,) else replace(decision, members=(member,))
                members.setdefault((member.payer.id, member.coverage), []).append((case, one))
    changed: dict[int, tuple[Order, list[dict[str, Any]]]] = {}
    for position, (order, members) in by_order.items():
        made = [_extension(found, content, today, conversation) for found in members.values()]
        new = [extension for extension in made if extension and not already_says(order, extension)]
        if new:
            changed[position] = (order, new)
    texts = order_texts(body, [order for order, _ in changed.values()]) if changed else {}
    actions = [update_of(order, texts[position], new) for position, (order, new) in changed.items() if position in texts]
    return [action for action in actions if action]


def assertion_id(home: Home, order: str, coverage: str, patient: str, payer: str) -> str:
    """Return the id by which an assertion is known.

    It is the same whenever the same order is signed under the same Coverage, and another where the ids hold elsewhere
    (``home``): two clients, and two servers, may both have an order 1.
    """
    return uuid_of(_SPACE, "|".join((order, coverage, patient, payer, *(home if any(home) else ()))))


def asserted(
    case: Case, decision: Decision, content: Content, today: date, conversation: Conversation, id_: str
) -> dict[str, Any] | None:
    """Return the extension for one member's decision, outside of a call.

    ``id_`` is that of the assertion which asked. An extension that CRD does not allow is logged, and None is returned.
    """
    return _extension([(case, decision)], content, today, conversation, id_)


def _speaks(case: Case, decision: Decision, member: Member, conversation: Conversation) -> bool:
    """Tell whether anything can be asserted of an order for a Coverage.

    The order must stand, and both it and the Coverage must have an id.

    For an order that no policy of the payer addresses, the assertion is what the payer's ``payer.yaml`` says of such
    orders; it is made only where the hook wants every order answered.
    """
    if decision.outcome is DecisionOutcome.NOT_ADDRESSED:
        orders_nothing = case.order.kind == "Appointment" and not case.order.codings
        if conversation.early or member.payer.unlisted is None or orders_nothing:
            return False
    version = conversation.version
    kind, _, id_ = member.coverage.partition("/")
    addressed = bool((kind and id_) or kind.startswith(("urn:", "#"))) and "/" in case.order.reference
    writable = addressed and case.order.stands and not case.order.is_inside
    return writable and not (version == "2.0.1" and case.order.kind in _LATE_KINDS)


def _extension(
    found: list[Decided], content: Content, today: date, conversation: Conversation, id_: str = ""
) -> dict[str, Any] | None:
    """Return the extension for one order and member.

    Where several policies speak, the most serious decision is asserted. It has the id of the order where none is named.
    """
    found.sort(key=lambda pair: _SERIOUS.index(pair[1].outcome))
    case, decision = found[0]
    member, policy = decision.member, decision.policy
    if member is None:
        return None
    if policy is None or decision.outcome is DecisionOutcome.NOT_ADDRESSED:
        return _unlisted(case, decision, member, content, today, conversation)
    answer = policy.answers.of(decision.outcome.value.replace("-", " "), decision.rule)
    answer = authorized(answer, decision.authorization.needed if decision.authorization else None)
    if answer.pa_needed == "satisfied" and (conversation.early or not conversation.wants("unsolicited-determ")):
        answer = replace(answer, pa_needed="auth-needed")
    failure = technical_failure(case, decision)
    if failure:
        answer = undecided(answer, early=conversation.version == "2.0.1")
    elif not conversation.early and (forms := _forms(found, content, conversation)):
        answer = asked_by(answer, forms)
    if conversation.early:
        answer = undocumented(answer)
    id_ = id_ or _id(case, decision, member, conversation)
    others = {order.reference for order in case.other_orders()}
    source = next(iter(policy.sources.values()))
    assertion = Assertion(
        coverage=member.coverage,
        answer=answer,
        day=today,
        id=id_,
        billing=decision.coding,
        reasons=tuple(reasons(decision, [other for _, other in found[1:]], content, not conversation.early)),
        dependencies=tuple(dict.fromkeys(e.resource for e in evidence_of(decision) if e.resource in others)),
        satisfied_pa_id=uuid_of(UUID(id_), "prior-authorization") if answer.pa_needed == "satisfied" else "",
        policy_link=source.url,
        coded=("technical", failure) if failure else ("", ""),
    )
    return _sent(assertion, policy.id, conversation)


def _id(case: Case, decision: Decision, member: Member, conversation: Conversation) -> str:
    return assertion_id(conversation.home, decision.order, member.coverage, case.chart.patient, member.payer.id)


def _forms(found: list[Decided], content: Content, conversation: Conversation) -> tuple[str, ...]:
    """Return the canonicals of the forms that ask what is open.

    There is one for each policy that leaves something open; it is adaptive where the client wants that.
    """
    named = [(open_form(decision, content), case.our_url) for case, decision in found]
    forms = [(form._replace(facts=(), adaptive=True) if conversation.adaptive else form, url) for form, url in named if form]
    return tuple([canonical_of_form(form, url) for form, url in forms])


def _unlisted(
    case: Case, decision: Decision, member: Member, content: Content, today: date, conversation: Conversation
) -> dict[str, Any] | None:
    """Return the extension for an order that no policy addresses.

    It says what the payer's file says of such orders (CRD 2.2.1, hook-16). Of an order that a policy may govern, since
    its code could not be placed or none tells what is ordered, it says only that.
    """
    answer = member.payer.unlisted
    if answer is None:
        return None
    if decision.rule in UNJUDGED or not content.library.tells(case.order):
        answer = UNPLACED
    id_ = _id(case, decision, member, conversation)
    return _sent(Assertion(member.coverage, answer, today, id_, decision.coding), decision.policy_id, conversation)


def _sent(assertion: Assertion, policy: str, conversation: Conversation) -> dict[str, Any] | None:
    """Return the extension as the client's CRD version writes it.

    An extension that CRD does not allow is logged, and None is returned.
    """
    answer = assertion.answer
    extension = as_extension(assertion, conversation.version)
    broken = violations(extension, conversation.version)
    told = {
        "policy": policy,
        "assertion": assertion.id,
        "covered": answer.covered,
        "pa_needed": answer.pa_needed,
    }
    if broken:
        log.error(
            "an assertion that CRD does not allow was held back",
            extra=told | {"hook_instance": conversation.hook_instance, "broken": broken},
        )
        return None
    if call := account.current():
        call.assertions.append(told)
    return extension
