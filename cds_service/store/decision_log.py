"""The decision log, which answers do not wait for.

Rows go to a bounded queue, and one thread of each process writes them. Where orders come faster than the database
writes, calls wait a little for those before them, in threads of their own. While the database is locked, full or gone,
no call waits: rows do, and are tried again; where there is no more room they are lost, counted and told in the log.
What is still waiting when a process is killed outright is lost as well; feedback, which clients count on, is written
before it is acknowledged (``cds_service.store.feedback``).

Writing in the answer's own thread was measured and is simpler, but a locked database then holds every answer for the
database's patience (3 s), and a free one for the disk (6.6 ms instead of 2.1 ms for a whole order).
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from sqlalchemy import Engine
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError, StatementError

from cds_service import telemetry
from cds_service.store.contexts import KEPT_DAYS, keep
from cds_service.store.database import insert_new
from cds_service.store.failures import reason
from cds_service.store.tables import ContextRow, DecisionRow, Row, Table

log = logging.getLogger("cds_service")
ROOM = 10_000
"""The most rows that wait in each process.

They are some megabytes, and minutes of a busy morning.
"""
CROWD = 2_000
"""How many waiting rows make calls wait too.

Calls wait only while rows are written. A process that is stopped writes so many in a second or two.
"""
WAITS = 1.0
"""The most seconds that a call waits for earlier rows."""
AT_ONCE = 200
"""Rows of one transaction.

They take some milliseconds, after which feedback and tokens have their turn.
"""
GATHERS = 0.05
"""Seconds in which rows gather for a transaction.

Each transaction has the disk to wait for.
"""
RESTS = 0.25
"""The most seconds between two transactions.

As a rule the pause is as long as the transaction before took, so that others have the database too.
"""
PAUSE = 1.0
"""Seconds between two attempts while the database does not write."""
PASSING = frozenset({"SQLITE_BUSY", "55P03", "57014", "40001", "40P01"})
"""Failures that pass by themselves: another program writes.

A log that is closed tries again while it has time.
"""
COMPLAINT = 60.0
"""Seconds between two lines of the log about the same failure."""


class DecisionLog:
    """Rows on their way to the database.

    ``lost`` counts those that never got there.
    """

    def __init__(self, engine: Engine, room: int = ROOM, crowd: int = CROWD, context_days: int = KEPT_DAYS) -> None:
        self.lost = 0
        self._context_days = context_days
        self._engine = engine
        self._room = room
        self._crowd = min(crowd, room)
        self._waiting: deque[tuple[type[Table], Row]] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._hurries = 0
        self._ends: float | None = None
        self._closed = False
        self._complained = float("-inf")
        self._failing = ""

    @property
    def crowded(self) -> bool:
        """True while rows are written and too many wait.

        ``put`` then waits as well, so a thread that others wait for must not call it.
        """
        return len(self._waiting) >= self._crowd and not (self._failing or self._closed)

    def put(self, rows: Iterable[Row], table: type[Table] = DecisionRow) -> None:
        """Take rows of a table to write.

        Those that find no room are lost. It returns at once, as a rule; where too many rows wait, it waits a second at
        most.
        """
        taken = [(table, row) for row in rows]
        with self._changed:
            if self.crowded:
                self._changed.wait_for(lambda: not self.crowded, WAITS)
            before = len(self._waiting)
            room = 0 if self._closed else max(0, self._room - before)
            self._waiting.extend(taken[:room])
            telemetry.metrics().waiting.set(len(self._waiting))
            if taken[room:]:
                self._lose(len(taken) - room)
            if self._waiting and not (self._thread and self._thread.is_alive()):
                self._thread = threading.Thread(target=self._write_on, name="decision log", daemon=True)
                self._thread.start()
            if not before or before < AT_ONCE <= len(self._waiting):  # the thread sleeps meanwhile: each waking costs an order more
                self._changed.notify_all()

    def flush(self, seconds: float) -> bool:
        """Wait until all rows are written; tell whether that was in time.

        ``seconds`` is the longest that it waits.
        """
        return self._hurry(lambda: not self._waiting, seconds)

    def settle(self, seconds: float) -> bool:
        """Wait until all rows are written, while any are.

        It does not wait for a database that takes none. Tells whether all are written.
        """
        self._hurry(lambda: not self._waiting or bool(self._failing), seconds)
        return not self._waiting

    def _hurry(self, enough: Callable[[], bool], seconds: float) -> bool:
        with self._changed:
            self._hurries += 1
            self._changed.notify_all()
            try:
                return self._changed.wait_for(enough, seconds)
            finally:
                self._hurries -= 1

    def close(self, seconds: float) -> None:
        """Write the rows that wait, for at most that many seconds.

        What is left then is lost.
        """
        with self._changed:
            self._ends = time.monotonic() + seconds
            self._changed.notify_all()
            self._changed.wait_for(lambda: not (self._thread and self._thread.is_alive() and self._waiting), seconds)
            self._closed = True
            if self._waiting:
                self._lose(len(self._waiting))
                self._waiting.clear()
                telemetry.metrics().waiting.set(0)
            self._changed.notify_all()

    def _write_on(self) -> None:
        """Write rows until the log is closed; the thread does this.

        Beside other writers it holds the database half of the time at most.
        """
        while batch := self._next():
            began = time.monotonic()
            done = self._write(batch)
            took = time.monotonic() - began
            with self._changed:
                if done:
                    for _ in range(min(len(batch), len(self._waiting))):
                        self._waiting.popleft()
                    telemetry.metrics().waiting.set(len(self._waiting))
                    self._changed.notify_all()
                    self._changed.wait_for(self._in_haste, min(took, RESTS))
                elif self._ends is None:
                    self._changed.wait_for(lambda: self._ends is not None, PAUSE)
                elif self._failing not in PASSING or time.monotonic() > self._ends:
                    self._thread = None
                    self._changed.notify_all()
                    return

    def _next(self) -> list[tuple[type[Table], Row]]:
        """Return the next rows to write; none when the log is closed.

        It waits until there are enough, or until some have gathered.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            self._changed.wait_for(lambda: len(self._waiting) >= AT_ONCE or self._in_haste(), GATHERS)
            return list(islice(self._waiting, AT_ONCE))

    def _in_haste(self) -> bool:
        return self._ends is not None or self._hurries > 0

    def _write(self, batch: Sequence[tuple[type[Table], Row]]) -> bool:
        """Write a batch; return False where it is worth another attempt.

        A row that can never be written is lost alone.
        """
        try:
            self._insert(batch)
        except Exception as error:
            if not _row_at_fault(error):
                return self._failed(error)
            if len(batch) == 1:
                return self._give_up(error)
            return all(self._write([row]) for row in batch)  # one that fails is tried again with the whole batch
        if self._failing:
            self._failing, self._complained = "", float("-inf")
            log.warning("the decision log is written again", extra={"lost": self.lost})
        return True

    def _insert(self, batch: Sequence[tuple[type[Table], Row]]) -> None:
        with self._engine.begin() as connection:
            insert_new(connection, DecisionRow, [row for table, row in batch if table is DecisionRow])
            keep(connection, [row for table, row in batch if table is ContextRow], self._context_days)

    def _failed(self, error: Exception) -> bool:
        with self._changed:
            self._failing = reason(error)
            self._complain()
            self._changed.notify_all()  # no call waits for a database that does not write
        return False

    def _give_up(self, error: Exception) -> bool:
        with self._changed:
            self._failing = reason(error)
            self._lose(1)
        return True

    def _lose(self, count: int) -> None:
        self.lost += count
        telemetry.metrics().not_logged.inc(count)
        self._complain()

    def _complain(self) -> None:
        if time.monotonic() - self._complained >= COMPLAINT:
            self._complained = time.monotonic()
            extra = {"why": self._failing or "no room", "waiting": len(self._waiting), "lost": self.lost}
            log.error("the decision log is not written", extra=extra)


def _row_at_fault(error: Exception) -> bool:
    """Tell whether a row's values are why it was refused.

    It is False where the state of the database is the reason.
    """
    if isinstance(error, SQLAlchemyError):
        return isinstance(error, DataError | IntegrityError) or type(error) is StatementError
    return isinstance(error, ValueError | TypeError)
