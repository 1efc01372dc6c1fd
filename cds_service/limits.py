"""How much one request may hold. Beyond these bounds it is refused with the element's name, and never half answered."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import Any, NamedTuple

LARGEST_BODY = 16 * 1024 * 1024
"""Bytes of a request's body; charts prefetched whole run to several megabytes."""
DEEPEST = 100
"""Levels of JSON. The deepest real requests, with questionnaires nested in Bundles, have about twenty."""
MOST_RESOURCES = 20_000
"""Resources that a client may prefetch; a long life in a hospital has some thousands."""
_BRACKETS = bytes(set(range(256)) - set(b"{}[]"))


class TooMuch(NamedTuple):
    """The element that holds too much, and what is wrong with it."""

    expression: str
    said: str


def body_limit() -> int:
    """Bytes of the largest body: ``CDS_SERVICE_LARGEST_BODY`` in MiB, 16 by default. Raises ValueError for what is no number."""
    return _number("CDS_SERVICE_LARGEST_BODY", LARGEST_BODY // 1024 // 1024) * 1024 * 1024


def body_seconds() -> int:
    """Seconds that a body may take to arrive: ``CDS_SERVICE_BODY_SECONDS``, 10 by default. Raises ValueError."""
    return _number("CDS_SERVICE_BODY_SECONDS", 10)


def _number(name: str, default: int) -> int:
    written = os.environ.get(name)
    if not written:
        return default
    if not written.isascii() or not written.isdigit() or not 0 < int(written) < 10_000:
        raise ValueError(f"{name}: a whole number from 1 to 9999 is meant")
    return int(written)


def too_deep(body: bytes, parsed: object) -> bool:
    """Whether a body, which parsed, is nested deeper than DEEPEST. Costs microseconds for what real clients send."""
    brackets = body.translate(None, _BRACKETS)
    for _ in range(DEEPEST):
        inner = brackets.replace(b"{}", b"").replace(b"[]", b"")
        if not inner:
            return False
        if len(inner) == len(brackets):
            break  # texts hold brackets as well: look at what they say
        brackets = inner
    return _levels_beyond(parsed)


def _levels_beyond(parsed: object) -> bool:
    level: list[Any] = [parsed]
    for _ in range(DEEPEST):
        level = [
            value
            for node in level
            for value in (node.values() if isinstance(node, dict) else node if isinstance(node, list) else ())
            if isinstance(value, dict | list)
        ]
        if not level:
            return False
    return True


def too_many_resources(prefetch: object, keys: Collection[str]) -> TooMuch | None:
    """The first prefetch key with which there are more resources than are read; ``keys`` are those that may be named."""
    count = 0
    for key, value in prefetch.items() if isinstance(prefetch, dict) else ():
        entries = value.get("entry") if isinstance(value, dict) else None
        count += len(entries) if isinstance(entries, list) else 1
        if count > MOST_RESOURCES:
            known = f"prefetch.{key}" if key in keys else "prefetch"
            return TooMuch(known, f"with it, more than {MOST_RESOURCES} resources are prefetched; narrow the searches")
    return None
