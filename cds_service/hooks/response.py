"""The body of an answer: cards, coverage, and the decisions for programs."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from cds_service.case import Case
from cds_service.content.content import Content
from cds_service.decision import NOT_DECIDED, Decision, unjudged
from cds_service.hooks.account import loggable
from cds_service.hooks.answered.cards import cards
from cds_service.hooks.answered.coverage_information import coverage_actions
from cds_service.hooks.answered.decision_links import Page, no_page
from cds_service.hooks.answered.launch_links import Launch, no_launch
from cds_service.hooks.received.conversation import conversation_of
from cds_service.hooks.received.messages import EXTENSION
from cds_service.hooks.received.request import HookRequest
from cds_service.hooks.settings import Settings
from cds_service.said.as_data import as_data
from cds_service.security.caller import NOBODY, Caller

log = logging.getLogger("cds_service")


def response_for(
    request: HookRequest[Any],
    body: bytes,
    decided: Iterable[tuple[Case, Decision]],
    content: Content,
    today: date,
    settings: Settings,
    page: Page = no_page,
    launch: Launch = no_launch,
    caller: Caller = NOBODY,
) -> dict[str, Any]:
    """Return the body of the answer for decided orders.

    ``body`` is the request as it came; the orders are copied from it.

    An order whose answer cannot be written is answered as not decided; the others are answered as they are.
    """
    held = list(decided)
    rest = (body, content, today, settings, page, launch, caller)
    try:
        return _response(request, held, *rest)
    except Exception:
        said = "an answer could not be written; its order is answered as not decided"
        log.exception(said, extra={"hook_instance": loggable(request.hook_instance)})
        return _response(request, [(case, _writable(request, case, decision, *rest)) for case, decision in held], *rest)


def _writable(request: HookRequest[Any], case: Case, decision: Decision, *rest: Any) -> Decision:
    """Return the decision, or "not decided" if its answer cannot be written."""
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
    launch: Launch,
    caller: Caller,
) -> dict[str, Any]:
    conversation = conversation_of(request, settings.crd_version, caller, keeps=bool(settings.context_days))
    response: dict[str, Any] = {
        "cards": cards(decided, content, request.hook_instance, conversation, page, launch),
        "systemActions": coverage_actions(decided, body, content, today, conversation),
    }
    if settings.decisions:
        response["extension"] = {EXTENSION: [as_data(decision, content) for _, decision in decided]}
    return response
