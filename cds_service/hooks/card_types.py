"""Cards as Da Vinci CRD knows them, for members whose Coverage was recognised: each card is of one CRD response type.

What is not documented is Instructions (no links, no suggestions), what is not necessary an External Reference (links only), and
an order proposed instead stands on a card of its own. CRD has no card that only removes an order, so that suggestion is left out.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid5

from cds_service.decision import Decision, DecisionOutcome
from cds_service.hooks.conversation import Conversation

ALTERNATIVE = "therapy-alternatives-req"


def crd_cards(card: dict[str, Any], decision: Decision, conversation: Conversation) -> list[dict[str, Any]]:
    """The card of a decision as the one or two cards that CRD has types for."""
    plain = {key: value for key, value in card.items() if key not in ("suggestions", "selectionBehavior")}
    if decision.outcome is DecisionOutcome.NOT_DOCUMENTED:
        plain.pop("links", None)
        return [plain]
    replacing = [suggestion for suggestion in card.get("suggestions", ()) if len(suggestion["actions"]) > 1]
    return [plain, *(_proposal(card, suggestion, conversation) for suggestion in replacing)]


def proposal_uuid(card: str) -> str:
    """The UUID of the card that proposes another order, by that of the card which says why."""
    return str(uuid5(UUID(card), "proposal"))


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
