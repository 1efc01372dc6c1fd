"""Bodies that are still arriving.

It limits how long each may take, and how much room all of them have.

One clock looks at all of them, so that a body which comes at once, as nearly all do, costs no timer of its own.
"""

from __future__ import annotations

import asyncio

LATE, BUSY = 408, 503


class Arrival:
    """One body that a task awaits.

    It knows when the body must be there, the bytes it takes, and the status that it is refused with.
    """

    __slots__ = ("ends", "refused", "size", "task")

    def __init__(self, task: asyncio.Task[None] | None, ends: float) -> None:
        self.task = task
        self.ends = ends
        self.size = 0
        self.refused = 0

    def give_up(self, status: int) -> None:
        """Refuse the body: the task that awaits it is cancelled."""
        if not self.refused and self.task:
            self.refused = status
            self.task.cancel()


class Arrivals:
    """The bodies that arrive at one event loop.

    ``seconds`` each may take; ``room`` is the bytes that all may take together.
    """

    def __init__(self, seconds: float, room: int) -> None:
        self._seconds, self._room = seconds, room
        self._waiting: dict[Arrival, None] = {}
        self._taken = 0
        self._looks = False

    def begin(self, size: int) -> Arrival:
        """Count a body that begins to arrive for the running task.

        ``size`` is what it says to take, in bytes, as far as it is known.
        """
        loop = asyncio.get_running_loop()
        arrival = Arrival(asyncio.current_task(), loop.time() + self._seconds)
        self._waiting[arrival] = None
        self.takes(arrival, size)
        if not self._looks:
            self._looks = True
            loop.call_at(arrival.ends, self._look)
        return arrival

    def takes(self, arrival: Arrival, size: int) -> None:
        """Count the bytes that a body takes.

        Where all bodies take more than their room, the one that takes the most is given up.
        """
        self._taken += size - arrival.size
        arrival.size = size
        if self._taken > self._room:
            largest = max(self._waiting, key=lambda one: one.size)
            self._taken -= largest.size
            largest.size = 0
            largest.give_up(BUSY)

    def end(self, arrival: Arrival) -> None:
        """Forget a body that is there, or was given up."""
        del self._waiting[arrival]
        self._taken -= arrival.size

    def _look(self) -> None:
        """Give up what is late, and look again later.

        It looks again when the next body must be there: all may take as long, so the one that began first ends first.
        """
        loop = asyncio.get_running_loop()
        now = loop.time()
        for arrival in self._waiting:
            if arrival.ends > now:
                loop.call_at(arrival.ends, self._look)
                return
            arrival.give_up(LATE)
        self._looks = False
