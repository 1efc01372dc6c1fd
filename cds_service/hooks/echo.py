"""Orders given back byte by byte: cut out of the request's text, with nothing changed but extensions added or replaced.

A parsed order written again would lose what JSON numbers look like (``1.50``), the order of members, and how letters are escaped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

import orjson

from cds_service.fhir.elements import Resource

_SPACE = " \t\n\r"
_NAMED = '"draftOrders"'
_value = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str).raw_decode
Spans = Iterator[tuple[int, int]]


def order_texts(body: bytes, resources: Mapping[int, Resource]) -> dict[int, str]:
    """The text of some draft orders by their place in the Bundle; ``resources`` are the same orders as they were parsed.

    An order whose text cannot be told apart (a member that stands twice) is written anew, with equal content; one nested too
    deep to be written is left out.
    """
    found: dict[int, str] = {}
    try:
        text = body.removeprefix(b"\xef\xbb\xbf").decode()
        for position, (start, _) in enumerate(_elements(text, _member(text, _bundle(text), "entry"))):
            if position in resources:
                begin = _member(text, start, "resource")
                found[position] = text[begin : _value(text, begin)[1]]
    except (ValueError, LookupError, RecursionError):
        found = {}
    texts = {position: _faithful(found.get(position, ""), resource) for position, resource in resources.items()}
    return {position: text for position, text in texts.items() if text}


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


def _bundle(text: str) -> int:
    """Where the draft orders begin. Their name mostly stands once, and then a whole chart before it need not be read."""
    at = text.find(_NAMED)
    if at >= 0 and text.find(_NAMED, at + 1) < 0:
        colon = _spaces(text, at + len(_NAMED))
        if text[colon] == ":":
            return _spaces(text, colon + 1)
    return _member(text, _member(text, _spaces(text, 0), "context"), "draftOrders")


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
