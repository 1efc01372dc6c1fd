"""The keys of clients, as tokens name them.

They are pinned, or fetched from the registered URL and kept for a while.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

import orjson

from cds_service.security.clients import Client
from cds_service.security.outbound import NotAllowed, Outbound, Unreachable
from cds_service.security.public_keys import Key, usable

FRESH = 3600.0
"""Seconds after which a key set is fetched again.

So a key that was withdrawn ends.
"""
OLDEST = 24 * 3600.0
"""Seconds for which keys are used while their host does not answer."""
PAUSE = 10.0
"""Seconds between two fetches of one key set.

They hold whatever ids tokens name.
"""
PATIENCE = 2.0
"""Seconds that a fetch may take; the client waits for it."""
LARGEST = 256 * 1024
"""Largest key set, in bytes."""


@dataclass(slots=True)
class _KeySet:
    keys: dict[str, Key] = field(default_factory=dict)
    fetched: float = float("-inf")
    tried: float = float("-inf")
    fetching: Lock = field(default_factory=Lock)


class ClientKeys:
    """The finder of clients' public keys.

    There is one for each process; threads share it. ``clock`` counts seconds and never goes back.
    """

    def __init__(self, outbound: Outbound, clock: Callable[[], float] = time.monotonic) -> None:
        self._outbound = outbound
        self._clock = clock
        self._sets: dict[str, _KeySet] = {}
        self._lock = Lock()

    def find(self, client: Client, kid: str) -> Key | None:
        """Find the client's key of that id.

        Returns None when it has none or its keys cannot be had. Pinned keys are all that a client has. A set is fetched
        when it is old, and once for an id that it does not hold, at most once in PAUSE seconds.
        """
        if client.keys or client.jku is None:
            return client.keys.get(kid)
        with self._lock:
            kept = self._sets.setdefault(client.jku, _KeySet())
        now = self._clock()
        if kid in kept.keys and now - kept.fetched < FRESH:
            return kept.keys[kid]
        if kid not in kept.keys:
            with kept.fetching:  # who comes while it is fetched waits for it, and does not fetch again
                self._fetch(client.jku, kept)
        elif kept.fetching.acquire(blocking=False):
            try:
                self._fetch(client.jku, kept)
            finally:
                kept.fetching.release()
        return kept.keys.get(kid) if self._clock() - kept.fetched < OLDEST else None

    def _fetch(self, jku: str, kept: _KeySet) -> None:
        if self._clock() - kept.tried < PAUSE:
            return
        kept.tried = self._clock()
        try:
            reply = self._outbound.get(
                jku,
                allowed=[jku.partition("?")[0]],
                headers={"Accept": "application/json"},
                deadline=time.monotonic() + PATIENCE,
                largest=LARGEST,
            )
            if reply.status == 200:
                kept.keys = usable(orjson.loads(reply.body))
                kept.fetched = self._clock()
        except (NotAllowed, Unreachable, ValueError):
            return  # the keys that are kept go on being used, up to OLDEST
