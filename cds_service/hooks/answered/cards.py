"""Cards: what a clinician sees.

A necessary order has none; any other order that a policy speaks of, or could speak of, has one.

A warning says *not necessary as documented* with its reasons; an info card asks the fewest questions that could settle
the order.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from cds_service.case import Case
from cds_service.content.content import Content
from cds_service.decision import UNJUDGED, Decision, DecisionOutcome
from cds_service.hooks.answered.card_types import crd_cards, may_link
from cds_service.hooks.answered.decision_links import HOW_DECIDED, Page, no_page
from cds_service.hooks.answered.launch_links import Launch, launch_card, launch_link, no_launch
from cds_service.hooks.answered.named import uuid_of
from cds_service.hooks.answered.suggestions import suggestion
from cds_service.hooks.answered.unjudged import unjudged_card
from cds_service.hooks.received.conversation import Conversation
from cds_service.hooks.received.inside import cards_of_groups
from cds_service.policy import explain
from cds_service.policy.finding import Basis
from cds_service.said.asked import way
from cds_service.said.detail import CardSetting, detail
from cds_service.said.markdown import quoted
from cds_service.said.ordered import ordered
from cds_service.said.summary import summary
from cds_service.security.caller import Home

OVERRIDES: Final = "urn:cds-service:override-reason"
_SPACE: Final = UUID("6f1d6f4e-6f0b-5d6a-9d7e-0c5c2d7c8f11")
_SHOWN: Final = {DecisionOutcome.NOT_NECESSARY: 0, DecisionOutcome.NOT_DOCUMENTED: 1, DecisionOutcome.REFERRED: 2}
_ELSEWHERE: Final = ("documented-elsewhere", "The criterion is met; it is documented elsewhere")
OVERRIDE_REASONS: Final = (
    _ELSEWHERE,
    ("other-policy", "The member's plan does not use this policy"),
    ("review-planned", "I will ask the plan for a review or a peer-to-peer conversation"),
    ("patient-pays", "The patient knows and accepts the cost"),
    ("clinical-judgement", "This patient needs it for another reason"),
)
"""Reasons for signing an order that is not necessary as documented."""
REASONS_NOT_TO_ANSWER: Final = (
    _ELSEWHERE,
    ("will-be-documented", "It will be documented"),
    ("not-applicable", "It does not apply to this patient"),
)
"""Reasons for passing over a card that asks, or that refers elsewhere."""


def cards(
    decided: Iterable[tuple[Case, Decision]],
    content: Content,
    hook_instance: str,
    conversation: Conversation,
    page: Page = no_page,
    launch: Launch = no_launch,
) -> list[dict[str, Any]]:
    """Make one card for each order that has something to say.

    The most serious come first, and only those cards are returned that the conversation wants.

    Where several policies speak of one order, the most serious decision makes the card and the others are named in it.
    ``page`` gives the address of the decision behind a card; cards that may hold links then link it. ``launch`` gives
    the link that launches the SMART app on it.
    """
    by_order: dict[str, list[tuple[Case, Decision]]] = {}
    not_judged: dict[str, list[tuple[Case, Decision]]] = {}
    groups: dict[str, str] = {}
    for case, decision in decided:
        if case.order.is_inside and decision.member:
            groups.setdefault(decision.order.partition("#")[0], decision.member.payer.name)
        if decision.rule in UNJUDGED:
            not_judged.setdefault(decision.order, []).append((case, decision))
        elif decision.outcome in _SHOWN and decision.policy and (not conversation.early or certain(decision)):
            by_order.setdefault(decision.order, []).append((case, decision))
    ranked = []
    for found in by_order.values():
        found.sort(key=lambda pair: _SHOWN[pair[1].outcome])
        ranked.append((_SHOWN[found[0][1].outcome], found))
    ranked.sort(key=lambda pair: pair[0])
    made: list[dict[str, Any]] = []
    for _, [(case, decision), *others] in ranked:
        address = page(card_uuid(hook_instance, decision.order, decision.policy_id, conversation.home))
        linked = bool(address) and (not decision.member or may_link(decision))
        card = _card(case, decision, [d for _, d in others], content, hook_instance, conversation, links=linked)
        if linked:
            card.setdefault("links", []).append({"label": HOW_DECIDED, "url": address, "type": "absolute"})
        app = launch_link(card["uuid"], decision, launch)
        if app and not decision.member:
            card.setdefault("links", []).append(app)
        made += crd_cards(card, decision, conversation) if decision.member else [card]
        if app and decision.member:
            made.append(launch_card(card, app))
    for found_of_one in not_judged.values():
        uuid = card_uuid(hook_instance, found_of_one[0][1].order, found_of_one[0][1].policy_id, conversation.home)
        made.append(unjudged_card(found_of_one, content, hook_instance, conversation, uuid))
    made += cards_of_groups(groups, hook_instance, conversation)
    return [card for card in made if conversation.wants(card["source"]["topic"]["code"])][: conversation.most_cards]


def certain(decision: Decision) -> bool:
    """Tell whether an order is not necessary, whatever is added later.

    That is so if the decision rests on what is documented, and on nothing that was assumed.
    """
    grounds = [leaf for finding in decision.because for leaf in explain.leaves(finding)]
    return decision.outcome is DecisionOutcome.NOT_NECESSARY and all(leaf.basis is not Basis.PRESUMED for leaf in grounds)


def card_uuid(hook_instance: str, order: str, policy: str, home: Home) -> str:
    """Return the card's UUID.

    It is the same for the same call, order and policy, so that feedback on the card finds the decision; and another where
    the names hold elsewhere (``home``), for the call's name is the client's own.
    """
    return uuid_of(_SPACE, f"{hook_instance}|{order}|{policy}|{home.issuer}|{home.tenant}|{home.server}")


def _card(
    case: Case,
    decision: Decision,
    others: list[Decision],
    content: Content,
    hook_instance: str,
    conversation: Conversation,
    *,
    links: bool = False,
) -> dict[str, Any]:
    policy = decision.policy
    if policy is None:
        raise ValueError("only a decision under a held policy makes a card")
    serious = decision.outcome is DecisionOutcome.NOT_NECESSARY
    source = next(iter(policy.sources.values()))
    drafting = conversation.drafting and not case.order.is_inside
    what = ordered(decision.coding, policy, content, case.order)
    asked = way(decision, content, quoted) if decision.outcome is DecisionOutcome.NOT_DOCUMENTED else None
    card: dict[str, Any] = {
        "uuid": card_uuid(hook_instance, decision.order, policy.id, conversation.home),
        "summary": summary(decision, content, what, asked),
        "detail": detail(decision, others, content, what, CardSetting(links, drafting), asked),
        "indicator": "warning" if serious else "info",
        "source": {
            "label": decision.member.payer.name if decision.member else source.publisher,
            **({"url": source.url} if source.url else {}),
            "topic": {"system": conversation.topics}
            | ({"code": "off-guideline", "display": "Off guideline"} if serious else {"code": "guideline", "display": "Guideline"}),
        },
    }
    if serious and drafting:
        card["suggestions"] = [suggestion(case, decision, policy, UUID(card["uuid"]))]
        card["selectionBehavior"] = "at-most-one"
    reasons = OVERRIDE_REASONS if serious else REASONS_NOT_TO_ANSWER
    card["overrideReasons"] = [{"system": OVERRIDES, "code": code, "display": said} for code, said in reasons]
    if source.url:
        card["links"] = [{"label": source.title, "url": source.url, "type": "absolute"}]
    card["extension"] = conversation.associated(decision.order)
    return card
