"""The store as the service and the commands use it: one object for each process."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from multiprocessing.util import Finalize

from cds_service import telemetry
from cds_service.content import Content
from cds_service.store import feedback, seen_tokens
from cds_service.store.database import engine_for, reason
from cds_service.store.decision_log import Call, DecisionLog, Logged, decision_row
from cds_service.store.feedback import Feedback, Kept
from cds_service.store.probe import Probe

log = logging.getLogger("cds_service")
LAST_WRITES = 7.0
"""Seconds that a process which ends takes to write the decisions that wait; the server gives it ten."""


class Store:
    """Decisions, feedback and seen tokens in one database. Nothing is opened before it is needed.

    A process that ends in its own time writes the decisions that wait; one that embeds the service may ``close`` it earlier.
    """

    def __init__(self, url: str) -> None:
        """Raises WrongAddress for a URL that cannot be used."""
        self.engine = engine_for(url)
        self.decisions = DecisionLog(self.engine)
        self._probe = Probe(self.engine)
        self._end = Finalize(self, _end, args=(self.decisions,), exitpriority=10)

    @property
    def lost(self) -> int:
        """How many decisions of this process were not logged and never will be."""
        return self.decisions.lost

    def record(self, decided: Iterable[Logged], content: Content, call: Call, values: bool) -> None:
        """Logs the decisions of one call. Never raises and never waits."""
        try:
            now = datetime.now(UTC)
            rows = [decision_row(logged, content, call, now, values) for logged in decided]
            for row in rows[1:]:
                row["milliseconds"] = None
            self.decisions.put(rows)
        except Exception as error:
            self.decisions.lost += 1
            telemetry.metrics().not_logged.inc()
            log.error("decisions were not logged", extra={"why": reason(error), "lost": self.lost})  # noqa: TRY400 - values

    def keep_feedback(self, service: str, reports: Sequence[Feedback]) -> Kept:
        """Keeps feedback on the disk before it returns. Raises StoreFailed."""
        return feedback.keep(self.engine, service, reports, datetime.now(UTC))

    def first_use(self, jti: str, issuer: str, expires: datetime) -> bool:
        """Whether a token is used for the first time, over all processes. Raises StoreFailed; do not trust the token then."""
        return seen_tokens.first_use(self.engine, jti, issuer, expires)

    def why_not(self, seconds: float) -> str:
        """Why the store cannot be written, by the database's code, the empty string where it can. Waits no longer than said."""
        return self._probe.why_not(seconds)

    def close(self) -> None:
        """Writes the decisions that wait, for a few seconds at most, and closes the connections."""
        self._end()
        self.engine.dispose()


def _end(decisions: DecisionLog) -> None:
    decisions.close(LAST_WRITES)
