"""Cards of Da Vinci CRD, for members whose Coverage was recognised.

Each card is of one CRD response type. What is not documented is Instructions (no links, no suggestions), what is not
necessary an External Reference (links only), and an order proposed instead stands on a card of its own. CRD has no card
that only removes an order, so that suggestion is left out.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cds_service.decision import Decision, DecisionOutcome
from cds_service.hooks.answered.named import uuid_of
from cds_service.hooks.received.conversation import Conversation

ALTERNATIVE = "therapy-alternatives-req"


def may_link(decision: Decision) -> bool:
    """Tell whether the card of a member's order may hold links.

    A card that only instructs (CRD's type Instructions) may not.
    """
    return decision.outcome is not DecisionOutcome.NOT_DOCUMENTED


def crd_cards(card: dict[str, Any], decision: Decision, conversation: Conversation) -> list[dict[str, Any]]:
    """Return the one or two CRD cards that a decision's card becomes."""
    plain = {key: value for key, value in card.items() if key not in ("suggestions", "selectionBehavior")}
    if not may_link(decision):
        plain.pop("links", None)
        return [plain]
    replacing = [suggestion for suggestion in card.get("suggestions", ()) if len(suggestion["actions"]) > 1]
    return [plain, *(_proposal(card, suggestion, conversation) for suggestion in replacing)]


def proposal_uuid(card: str) -> str:
    """Return the UUID of the card that proposes another order.

    ``card`` is the UUID of the card that says why.
    """
    return uuid_of(UUID(card), "proposal")


def _proposal(card: dict[str, Any], suggestion: dict[str, Any], conversation: Conversation) -> dict[str, Any]:
    topic = {"system": conversation.topics, "code": ALTERNATIVE, "display": "Therapy alternatives required"}
    return {
        "uuid": proposal_uuid(card["uuid"]),
        "summary": f"The policy names another order: {suggestion['label']}",
        "detail": card["detail"].split("\n", 1)[0],
        "indicator": "info",
        "source": card["source"] | {"topic": topic},
        "suggestions": [suggestion],
        "selectionBehavior": "at-most-one",
        "extension": card["extension"],
    }
