"""How much one request may hold. Beyond these bounds it is refused with the element's name, and never half answered."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import Final, NamedTuple

LARGEST_BODY: Final = 16 * 1024 * 1024
"""Bytes of a request's body; charts prefetched whole run to several megabytes."""
MOST_RESOURCES: Final = 20_000
"""Resources that a client may prefetch; a long life in a hospital has some thousands."""


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
