"""The store as the service and the commands use it.

There is one object for each process.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from multiprocessing.util import Finalize
from threading import BoundedSemaphore

from cds_service import telemetry
from cds_service.content.content import Content
from cds_service.store import contexts, feedback, seen_tokens
from cds_service.store.contexts import ContextsWanted
from cds_service.store.database import engine_for
from cds_service.store.decision_log import DecisionLog
from cds_service.store.decision_rows import DecidingCall, Logged, decision_row
from cds_service.store.failures import reason
from cds_service.store.feedback import Feedback, Kept
from cds_service.store.probe import Probe
from cds_service.store.tables import ContextRow, Row

log = logging.getLogger("cds_service")
WAITS = 0.8
"""Seconds that who looks for a context waits for what this process still has to write."""
ELSEWHERE = 0.4
"""Seconds that who looks for a context waits for another process to write it.

One that writes at all has by then.
"""
LOOKERS = 4
"""How many calls wait for another process at a time.

Contexts that nobody wrote can be asked for without end, and each such call would hold a thread.
"""
AGAIN = 0.1
"""Seconds between two looks at whether another process has written one."""
LAST_WRITES = 7.0
"""Seconds that an ending process takes to write decisions that wait.

The server gives it ten.
"""


class Store:
    """Decisions, feedback and seen tokens in one database.

    Nothing is opened before it is needed. A process that ends in its own time writes the decisions that wait; one that
    embeds the service may ``close`` it earlier.
    """

    def __init__(self, url: str, file_at_start: str = "", context_days: int = contexts.KEPT_DAYS) -> None:
        """Prepare the store; raises WrongAddress for an unusable URL.

        ``file_at_start`` says which file a SQLite store was when ``serve`` started; contexts are kept for
        ``context_days``.
        """
        self.engine = engine_for(url, file_at_start)
        self._context_days = context_days
        self.decisions = DecisionLog(self.engine, context_days=context_days)
        self._probe = Probe(self.engine)
        self._lookers = BoundedSemaphore(LOOKERS)
        self._end = Finalize(self, _end, args=(self.decisions,), exitpriority=10)

    @property
    def lost(self) -> int:
        """How many decisions of this process were lost before they were logged."""
        return self.decisions.lost

    @property
    def crowded(self) -> bool:
        """True while decisions come faster than they are written.

        Whoever logs some then waits a little.
        """
        return self.decisions.crowded

    def record(self, decided: Iterable[Logged], content: Content, call: DecidingCall, values: bool) -> None:
        """Log the decisions of one call; never raise.

        Where the log is ``crowded``, it waits a second at most.
        """
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

    def keep_contexts(self, rows: Iterable[Row]) -> None:
        """Keep what charts said of orders that are asked about.

        It never raises and never waits.
        """
        self.decisions.put(rows, ContextRow)

    def contexts(self, issuer: str, id_: str, now: datetime) -> list[ContextRow]:
        """Return a client's contexts of an assertion, one a policy.

        What this very process was just asked to keep is waited for: the same order may have been signed again. There
        must be one, so another process may still be writing it, and gets a moment. Nobody waits for a database that
        takes no rows. Raises StoreFailed.
        """
        settled, since = self.decisions.settle(WAITS), self._since(now)
        found = contexts.of_assertion(self.engine, issuer, id_, since)
        if found or not settled or not self._lookers.acquire(blocking=False):
            return found
        try:
            until = time.monotonic() + ELSEWHERE
            while not found and time.monotonic() < until:
                time.sleep(AGAIN)
                found = contexts.of_assertion(self.engine, issuer, id_, since)
            return found
        finally:
            self._lookers.release()

    def contexts_of(self, issuer: str, wanted: ContextsWanted, now: datetime) -> list[ContextRow]:
        """Return a client's contexts of some orders.

        What this very process was just asked to keep is waited for, once for all of them. Raises StoreFailed.
        """
        self.decisions.settle(WAITS)
        return contexts.of_orders(self.engine, issuer, wanted, self._since(now))

    def _since(self, now: datetime) -> datetime:
        return now - timedelta(days=self._context_days)

    def keep_feedback(self, issuer: str, service: str, reports: Sequence[Feedback]) -> Kept:
        """Keep a client's feedback on the disk before returning; raises StoreFailed."""
        return feedback.keep(self.engine, issuer, service, reports, datetime.now(UTC))

    def first_use(self, jti: str, issuer: str, expires: datetime) -> bool:
        """Tell whether a token is used for the first time.

        All processes that share the store count. Raises StoreFailed; do not trust the token then.
        """
        return seen_tokens.first_use(self.engine, jti, issuer, expires, datetime.now(UTC))

    def why_not(self, seconds: float) -> str:
        """Return why the store cannot be written, by the database's code.

        Returns the empty string where it can. It waits no longer than ``seconds``.
        """
        return self._probe.why_not(seconds)

    def close(self) -> None:
        """Write the decisions that wait, and close the connections.

        Writing takes a few seconds at most.
        """
        self._end()
        self.engine.dispose()


def _end(decisions: DecisionLog) -> None:
    decisions.close(LAST_WRITES)
