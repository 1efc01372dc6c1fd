"""Orders given back as they were written.

They are cut out of the request, and nothing is changed but the extensions that are added or replaced.

A parsed order written again would lose what JSON numbers look like (``1.50``) and how letters are escaped.
``msgspec.Raw`` is a JSON value that was found and not read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec
import orjson

from cds_service.fhir.elements import Resource
from cds_service.order import Order, Place

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_elements = msgspec.json.Decoder(list[msgspec.Raw]).decode


def order_texts(body: bytes, orders: Iterable[Order]) -> dict[int, str]:
    """Cut the texts of orders out of a request, by position.

    An order is written anew, with equal content, if its text cannot be told apart (a member stands twice) or if it was
    read from elsewhere. An order nested too deeply to be written is left out.
    """
    parts: dict[tuple[str | int | None, ...], Any] = {(): body.removeprefix(b"\xef\xbb\xbf")}
    texts: dict[int, str] = {}
    for order in orders:
        written = b""
        with suppress(msgspec.MsgspecError, UnicodeDecodeError, LookupError, RecursionError):
            written = bytes(_part(order.place, parts)) if order.place else b""
        text = _faithful(written, order.sent or order.resource)
        if text:
            texts[order.position] = text
    return texts


def _part(place: Place, parts: dict[tuple[str | int | None, ...], Any]) -> Any:
    """Return the text at a place of the request.

    ``parts`` holds the texts found so far, because many orders share the outer ones.
    """
    if place not in parts:
        outer, last = place[:-1], place[-1]
        opened = (*outer, None)
        if opened not in parts:
            parts[opened] = (_elements if isinstance(last, int) else _members)(_part(outer, parts))
        parts[place] = parts[opened][last]
    return parts[place]


def _faithful(written: bytes, resource: Resource) -> str:
    """Return an order's text, written anew if it is not faithful.

    The text is faithful if it says what was parsed and no member stands twice. Returns the empty string if the resource
    cannot be written.
    """
    try:
        if written and orjson.loads(written) == resource:
            json.loads(written, object_pairs_hook=_each_once)
            return written.decode()
    except (RecursionError, ValueError):
        pass
    try:
        return orjson.dumps(resource).decode()
    except (RecursionError, orjson.JSONEncodeError):
        return ""


def _each_once(pairs: list[tuple[str, Any]]) -> None:
    """Refuse an object in which a member stands twice.

    Raises ValueError.
    """
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a member stands twice")


def with_extensions(order: str, replaced: Mapping[int, str | None], added: Sequence[str]) -> str:
    """Replace extensions in an order's text and add others after them.

    ``replaced`` gives the new text by position; None removes the extension.

    Raises ValueError when the order's ``extension`` is not a list, because nothing can be added to it.
    """
    members = _members(order)
    held = members.get("extension")
    if held is None:
        return f'{order.rstrip()[:-1].rstrip()},"extension":[{",".join(added)}]}}'
    try:
        extensions = _elements(held)
    except msgspec.ValidationError:
        raise ValueError("the order's extension is not a list") from None
    kept = [replaced.get(index, bytes(one).decode()) for index, one in enumerate(extensions)]
    members["extension"] = msgspec.Raw(f"[{','.join([*(one for one in kept if one is not None), *added])}]")
    return msgspec.json.encode(members).decode()
