"""Limits of one request.

Beyond these bounds it is refused with the element's name, and never half answered.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, NamedTuple

MOST_RESOURCES: Final = 20_000
"""Most resources that a client may prefetch.

A long life in a hospital has some thousands.
"""
LONGEST_END: Final = 10
"""Seconds that a worker may take to end before it is killed.

An order takes milliseconds.
"""


class TooMuch(NamedTuple):
    """The element that holds too much, and what is wrong with it."""

    expression: str
    said: str


def too_many_resources(prefetch: object, keys: Collection[str]) -> TooMuch | None:
    """Return the first prefetch key that makes too many resources.

    With it there are more than are read. ``keys`` are those that may be named.
    """
    count = 0
    for key, value in prefetch.items() if isinstance(prefetch, dict) else ():
        entries = value.get("entry") if isinstance(value, dict) else None
        count += len(entries) if isinstance(entries, list) else 1
        if count > MOST_RESOURCES:
            known = f"prefetch.{key}" if key in keys else "prefetch"
            return TooMuch(known, f"with it, more than {MOST_RESOURCES} resources are prefetched; narrow the searches")
    return None
