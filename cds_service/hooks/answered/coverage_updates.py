"""Orders updated with coverage-information.

What an order already says is compared with what is to be said: the same is not sent again, and an earlier assertion
gives way to the new one.
"""

from __future__ import annotations

import logging
from typing import Any

import orjson

from cds_service.fhir.coverage_information import URL
from cds_service.fhir.elements import items, own_reference, reference, text
from cds_service.hooks.answered.echo import with_extensions
from cds_service.order import Order

log = logging.getLogger("cds_service")


def already_says(order: Order, extension: dict[str, Any]) -> bool:
    """Tell whether the order already says, exactly once, what an extension says.

    The extension's date is not compared.
    """
    own = [held for held in items(order.resource.get("extension")) if _key(held) == _key(extension)]
    if len(own) != 1:
        return False
    theirs, ours = _content(own[0]), _content(extension)
    return len(theirs) == len(ours) and all(part in theirs for part in ours)


def update_of(order: Order, written: str, new: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Make the system action that gives an order back with new extensions.

    ``written`` is the order's text. An extension of the same Coverage and assertion is replaced. Returns None where the
    order's own ``extension`` is not a list; that is logged.
    """
    replaced: dict[int, str | None] = {}
    added: list[str] = []
    held = [_key(extension) for extension in items(order.resource.get("extension"))]
    for extension in new:
        own = [index for index, key in enumerate(held) if key == _key(extension)]
        made = orjson.dumps(extension).decode()
        if own:
            replaced |= {own[0]: made} | dict.fromkeys(own[1:])
        else:
            added.append(made)
    try:
        resource = with_extensions(written, replaced, added)
    except ValueError:
        log.warning("the order's extension is not a list; nothing is added to it", extra={"element": f"{order.kind}.extension"})
        return None
    return {
        "type": "update",
        "description": f"Add coverage information to {own_reference(order.resource).replace('/', ' ')}",
        "resource": orjson.Fragment(resource),
    }


def _key(extension: Any) -> tuple[str, str] | None:
    """Return the Coverage and assertion id that identify an extension.

    An extension with the same pair replaces it. Returns None for what is no coverage-information.
    """
    if not isinstance(extension, dict) or extension.get("url") != URL:
        return None
    parts = {text(part.get("url")): part for part in items(extension.get("extension")) if isinstance(part, dict)}
    about = reference(parts.get("coverage", {}).get("valueReference"))
    return about, text(parts.get("coverage-assertion-id", {}).get("valueString"))


def _content(extension: dict[str, Any]) -> list[Any]:
    """Return the parts of an extension without its date.

    The Coverage is given as ``Type/id``.
    """
    parts = []
    for part in items(extension.get("extension")):
        url = part.get("url") if isinstance(part, dict) else None
        if url == "coverage":
            parts.append(reference(part.get("valueReference")))
        elif url != "date":
            parts.append(part)
    return parts
