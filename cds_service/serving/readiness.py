"""The readiness of a worker for calls.

It is ready when whatever it makes before it should be sent calls is made, and the store was writable once.
"""

from __future__ import annotations

import threading
from typing import Final

from flask import Flask

from cds_service.store.store import Store

READINESS: Final = "cds_service.readiness"
"""The name under which an application holds its ``Readiness`` among its extensions."""
STORE_ANSWERS: Final = 1.0
"""Seconds that `/ready` waits for the store."""


class Readiness:
    """What a worker still has to make before it is ready.

    It also says whether the worker's store was found writable since it started. A store that fails later takes nobody
    out of service: orders are answered without it.
    """

    def __init__(self, store: Store | None) -> None:
        """Begin with nothing to make; threads share it."""
        self._store = store
        self._making: set[str] = set()
        self._written = store is None
        self._lock = threading.Lock()

    def waits_for(self, what: str) -> None:
        """Wait for something to be made; until then be not ready."""
        with self._lock:
            self._making.add(what)

    def made(self, what: str) -> None:
        """Note that something is made."""
        with self._lock:
            self._making.discard(what)

    def missing(self) -> list[str]:
        """Return what is still to be made, the store's first row included."""
        with self._lock:
            return sorted(self._making) + ([] if self._written else ["store"])

    def store_why(self) -> str:
        """Return why the store cannot be written now.

        The reason is the database's code; it is empty where the store can be written, or there is none.
        """
        why = self._store.why_not(STORE_ANSWERS) if self._store else ""
        if not why:
            with self._lock:
                self._written = True
        return why


def readiness_of(app: Flask) -> Readiness:
    """Return the readiness of an application."""
    held: Readiness = app.extensions[READINESS]
    return held
