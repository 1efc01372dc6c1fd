"""Whether the store can be written, found by writing to it.

It may answer and yet be read-only, full or in another program's hands.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.dialects import postgresql, sqlite

from cds_service.store.failures import reason
from cds_service.store.tables import SeenToken

FRESH: Final = 1.0
"""Seconds for which an answer stands.

Whoever asks more often makes nobody write more often.
"""
LATE: Final = "timeout"


class Probe:
    """A test of the store that writes one row to it.

    The row is always the same, and stands for no token.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._attempt: _Attempt | None = None

    def why_not(self, seconds: float) -> str:
        """Return why the store cannot be written, by the database's code.

        Returns the empty string where it can. It waits at most ``seconds``. The attempt itself may go on in its thread;
        who asks meanwhile waits for the same one.
        """
        with self._lock:
            attempt = self._attempt
            if attempt is None or (attempt.ended.is_set() and time.monotonic() - attempt.at > FRESH):
                attempt = self._attempt = _Attempt(self._engine)
                threading.Thread(target=attempt.make, name="store probe", daemon=True).start()
        return attempt.why if attempt.ended.wait(seconds) else LATE


class _Attempt:
    def __init__(self, engine: Engine) -> None:
        self.why, self.at = "", 0.0
        self.ended = threading.Event()
        self._engine = engine

    def make(self) -> None:
        try:
            into = postgresql.insert(SeenToken) if self._engine.dialect.name == "postgresql" else sqlite.insert(SeenToken)
            now = datetime.now(UTC)
            row = into.values(issuer="", jti="ready", expires=now)
            with self._engine.begin() as connection:
                connection.execute(row.on_conflict_do_update(index_elements=["issuer", "jti"], set_={"expires": now}))
        except Exception as error:
            self.why = reason(error)
        self.at = time.monotonic()
        self.ended.set()
