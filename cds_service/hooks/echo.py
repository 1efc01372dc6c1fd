"""Orders given back byte by byte: cut out of the request's text, with nothing changed but extensions added or replaced.

A parsed order written again would lose what JSON numbers look like (``1.50``), the order of members, and how letters are escaped.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

import orjson

from cds_service.fhir.elements import Resource
from cds_service.order import Order, Place

_SPACE = " \t\n\r"
_value = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str).raw_decode
Spans = Iterator[tuple[int, int]]


def order_texts(body: bytes, orders: Iterable[Order]) -> dict[int, str]:
    """The texts of some orders of a request by their position, each cut out of the place where it stands.

    An order whose text cannot be told apart (a member that stands twice), or that was read from elsewhere, is written anew, with
    equal content; one nested too deep to be written is left out.
    """
    held = list(orders)
    found: dict[int, str] = {}
    with suppress(ValueError):
        text = body.removeprefix(b"\xef\xbb\xbf").decode()
        for members, wanted in _by_bundle(held).items():
            with suppress(ValueError, LookupError, RecursionError):
                found |= _cut_out(text, members, wanted)
    texts = {order.position: _faithful(found.get(order.position, ""), order.resource) for order in held}
    return {position: text for position, text in texts.items() if text}


def _by_bundle(orders: Iterable[Order]) -> dict[Place, dict[int | None, int]]:
    """By the members that lead to a Bundle, the orders' positions by their entry in it; None is the entry of an order alone."""
    found: dict[Place, dict[int | None, int]] = {}
    for order in orders:
        match order.place:
            case (*members, "entry", int() as entry, "resource"):
                found.setdefault(tuple(members), {})[entry] = order.position
            case (_, *_) as members:
                found.setdefault(tuple(members), {})[None] = order.position
    return found


def _cut_out(text: str, members: Place, wanted: Mapping[int | None, int]) -> dict[int, str]:
    start = _value_of(text, members)
    if None in wanted:
        return {wanted[None]: text[start : _value(text, start)[1]]}
    found: dict[int, str] = {}
    for entry, (at, _) in enumerate(_elements(text, _member(text, start, "entry"))):
        if entry in wanted:
            begin = _member(text, at, "resource")
            found[wanted[entry]] = text[begin : _value(text, begin)[1]]
    return found


def _faithful(text: str, resource: Resource) -> str:
    """The text, if it says what was parsed and no member stands twice; else the resource written anew, or nothing."""
    try:
        if text and orjson.loads(text) == resource:
            names = [name for name, _ in _members(text, _spaces(text, 0))]
            if len(names) == len(set(names)):
                return text
        return orjson.dumps(resource).decode()
    except (RecursionError, orjson.JSONEncodeError):
        return ""


def _value_of(text: str, members: Place) -> int:
    """Where the value of a member begins. Its name mostly stands once, and then a whole chart before it need not be read."""
    name = f'"{members[-1]}"'
    at = text.find(name)
    if at >= 0 and text.find(name, at + 1) < 0:
        colon = _spaces(text, at + len(name))
        if text[colon] == ":":
            return _spaces(text, colon + 1)
    place = _spaces(text, 0)
    for member in members:
        place = _member(text, place, str(member))
    return place


def with_extensions(order: str, replaced: Mapping[int, str | None], added: Sequence[str]) -> str:
    """An order's text with some of its extensions replaced (None removes one) and others added after them.

    Raises ValueError when its ``extension`` is not a list, which nothing can be added to.
    """
    try:
        start = _member(order, _spaces(order, 0), "extension")
    except LookupError:
        body = order.rstrip(_SPACE)[:-1].rstrip(_SPACE)
        return f'{body},"extension":[{",".join(added)}]}}'
    if order[start] != "[":
        raise ValueError("the order's extension is not a list")
    spans = list(_elements(order, start))
    kept = [replaced.get(index, order[begin:end]) for index, (begin, end) in enumerate(spans)]
    end = _value(order, start)[1]
    if spans and len([one for one in kept if one is not None]) == len(spans):
        return _in_place(order, spans, replaced, added)
    return f"{order[:start]}[{','.join([*(one for one in kept if one is not None), *added])}]{order[end:]}"


def _in_place(order: str, spans: list[tuple[int, int]], replaced: Mapping[int, str | None], added: Sequence[str]) -> str:
    """Replaces and adds without touching the space between the extensions."""
    pieces, at = [], 0
    for index, (begin, end) in enumerate(spans):
        pieces += [order[at:begin], replaced.get(index) or order[begin:end]]
        at = end
    return "".join([*pieces, *(f",{one}" for one in added), order[at:]])


def _spaces(text: str, at: int) -> int:
    while text[at] in _SPACE:
        at += 1
    return at


def _member(text: str, at: int, name: str) -> int:
    """Where the value of a member begins, of the object at a place. Raises LookupError when there is none."""
    found = next((value for member, value in _members(text, at) if member == name), None)
    if found is None:
        raise KeyError(name)
    return found


def _members(text: str, at: int) -> Iterator[tuple[str, int]]:
    """The name of each member of the object at a place, and where its value begins."""
    if text[at] != "{":
        raise ValueError("an object is meant")
    at = _spaces(text, at + 1)
    while text[at] == '"':
        name, at = _value(text, at)
        at = _spaces(text, _spaces(text, at) + 1)
        yield name, at
        at = _spaces(text, _value(text, at)[1])
        if text[at] == ",":
            at = _spaces(text, at + 1)


def _elements(text: str, at: int) -> Spans:
    """Where each element of the list at a place begins and ends."""
    if text[at] != "[":
        raise ValueError("a list is meant")
    at = _spaces(text, at + 1)
    while text[at] != "]":
        end = _value(text, at)[1]
        yield at, end
        at = _spaces(text, end)
        if text[at] == ",":
            at = _spaces(text, at + 1)
