"""What happens when a button of a card is pressed.

The orders change as an EHR would change them, or the card is overridden with a reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

import orjson

Json = dict[str, Any]
NEW: Final = "order-new"


@dataclass(frozen=True, slots=True)
class Pressed:
    """What pressing a button came to.

    ``said`` tells in a sentence what was pressed. ``request`` is the request with the orders as they are then; None
    where none is left. ``feedback`` is, for an override, the feedback that an EHR sends.
    """

    said: str
    request: Json | None
    placed: Json | None = None
    feedback: str = ""


def pressed(request: Mapping[str, Any], response: Mapping[str, Any], name: str, override: str) -> Pressed | None:
    """Return what becomes of a request when a button is pressed.

    ``response`` is the request's answer with its cards. ``name`` is the UUID of the suggestion pressed; ``override`` is
    the card's UUID and the reason's code. Returns None where no card has such a button.
    """
    for card in response.get("cards", ()):
        for suggestion in card.get("suggestions", ()):
            if suggestion.get("uuid") == name:
                return _taken(request, suggestion)
        for reason in card.get("overrideReasons", ()):
            if override and f"{card.get('uuid')} {reason['code']}" == override:
                return _overridden(card, reason)
    return None


def _taken(request: Mapping[str, Any], suggestion: Mapping[str, Any]) -> Pressed:
    changed = deepcopy(dict(request))
    bundle = changed["context"].setdefault("draftOrders", {"entry": []})
    placed: Json | None = None
    for action in suggestion.get("actions", ()):
        resource = action.get("resource")
        gone = action.get("resourceId") if action.get("type") == "delete" else None
        if action.get("type") == "update" and resource:
            gone = f"{resource.get('resourceType')}/{resource.get('id')}"
        bundle["entry"] = [entry for entry in bundle["entry"] if _reference(entry.get("resource", {})) != gone]
        if resource:
            placed = {"id": NEW} | resource
            bundle["entry"].append({"resource": placed})
    label = suggestion["label"]
    if not bundle["entry"]:
        return Pressed(f"“{label}” was pressed: the order is removed, and nothing is left to sign.", None)
    said = f"the order is now {', '.join(_codes(placed))}" if placed else "the order is removed; what is left is judged below"
    return Pressed(f"“{label}” was pressed: {said}.", changed, placed)


def _overridden(card: Mapping[str, Any], reason: Mapping[str, Any]) -> Pressed:
    why = {"reason": {"code": reason["code"], "system": reason["system"]}}
    feedback = {"feedback": [{"card": card["uuid"], "outcome": "overridden", "overrideReason": why}]}
    told = f"Overridden: {reason['display']}. The order is signed as it stands, and the EHR sends this feedback."
    return Pressed(told, None, feedback=orjson.dumps(feedback, option=orjson.OPT_INDENT_2).decode())


def _reference(resource: Mapping[str, Any]) -> str:
    return f"{resource.get('resourceType')}/{resource.get('id')}"


def _codes(resource: Mapping[str, Any] | None) -> Iterator[str]:
    for value in (resource or {}).values():
        for coding in value.get("coding", ()) if isinstance(value, dict) else ():
            yield str(coding.get("code", ""))
