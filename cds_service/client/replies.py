"""Checks of what a service answers, told in words (CDS Hooks 2.0)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

INDICATORS: Final = ("info", "warning", "critical")
LONGEST_SUMMARY: Final = 140


def wrong_with_discovery(document: Any) -> Iterator[str]:
    """Yield what is wrong with a discovery document."""
    services = document.get("services") if isinstance(document, dict) else None
    if not isinstance(services, list):
        yield "it has no list 'services'"
        return
    for position, service in enumerate(services):
        for name in ("hook", "id", "description"):
            if not isinstance(service, dict) or not isinstance(service.get(name), str):
                yield f"services[{position}] has no '{name}'"


def wrong_with_answer(answer: Any) -> Iterator[str]:
    """Yield what is wrong with the answer to a call."""
    cards = answer.get("cards") if isinstance(answer, dict) else None
    if not isinstance(cards, list):
        yield "it has no list 'cards'; one without any is meant where there is nothing to say"
        return
    for position, card in enumerate(cards):
        if not isinstance(card, dict):
            yield f"cards[{position}] is no object"
            continue
        yield from (f"cards[{position}]{said}" for said in _wrong_with_card(card))
    for position, action in enumerate(_list(answer, "systemActions")):
        yield from (f"systemActions[{position}]{said}" for said in _wrong_with_action(action))


def _wrong_with_card(card: dict[str, Any]) -> Iterator[str]:
    summary = card.get("summary")
    if not isinstance(summary, str) or not summary:
        yield " has no 'summary'"
    elif len(summary) >= LONGEST_SUMMARY:
        yield f".summary has {len(summary)} characters; fewer than {LONGEST_SUMMARY} are allowed"
    if card.get("indicator") not in INDICATORS:
        yield f".indicator is none of {', '.join(INDICATORS)}"
    source = card.get("source")
    if not isinstance(source, dict) or not source.get("label"):
        yield ".source has no 'label'"
    suggestions = _list(card, "suggestions")
    if suggestions and card.get("selectionBehavior") not in ("at-most-one", "any"):
        yield ".selectionBehavior is 'at-most-one' or 'any' where there are suggestions"
    for position, suggestion in enumerate(suggestions):
        if not isinstance(suggestion, dict) or not suggestion.get("label"):
            yield f".suggestions[{position}] has no 'label'"
            continue
        for number, action in enumerate(_list(suggestion, "actions")):
            yield from (f".suggestions[{position}].actions[{number}]{said}" for said in _wrong_with_action(action))
    for position, link in enumerate(_list(card, "links")):
        for name in ("label", "url", "type"):
            if not isinstance(link, dict) or not link.get(name):
                yield f".links[{position}] has no '{name}'"


def _wrong_with_action(action: Any) -> Iterator[str]:
    kind = action.get("type") if isinstance(action, dict) else None
    if kind not in ("create", "update", "delete"):
        yield ".type is create, update or delete"
    elif kind != "delete" and not isinstance(action.get("resource"), dict):
        yield f" is a {kind} without a resource"
    elif kind == "delete" and not action.get("resourceId"):
        yield " is a delete without a resourceId"


def _list(holder: dict[str, Any], name: str) -> list[Any]:
    found = holder.get(name)
    return found if isinstance(found, list) else []
