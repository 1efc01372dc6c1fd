"""Threads that read from clients' FHIR servers, grouped by host.

Each host has only a few, so that a host that hangs holds up nobody else's reading.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(slots=True)
class _Lane:
    pool: ThreadPoolExecutor
    calls: int = 0


class Lanes:
    """The reading threads of a process, by host.

    Threads start when they are first needed and stay for the next call. A host has ``threads`` threads and serves
    ``calls`` hook calls at once. ``all_calls`` is what all hosts serve together, so that some of the threads that
    answer are left for calls that read nothing. More calls are turned away at once; they only lack the data that were
    not prefetched. ``hosts`` bounds how many hosts keep their threads.
    """

    def __init__(self, threads: int = 12, calls: int = 16, all_calls: int = 40, hosts: int = 16) -> None:
        self._threads, self._calls, self._all_calls, self._hosts = threads, calls, all_calls, hosts
        self._lanes: OrderedDict[str, _Lane] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def lane(self, host: str) -> Iterator[ThreadPoolExecutor | None]:
        """Lend the threads of a host to one call.

        Yields None when the host, or all hosts together, already serve as many calls as they may.
        """
        with self._lock:
            lane = self._enter(host)
        try:
            yield lane.pool if lane else None
        finally:
            if lane:
                with self._lock:
                    lane.calls -= 1

    def _enter(self, host: str) -> _Lane | None:
        if sum(lane.calls for lane in self._lanes.values()) >= self._all_calls:
            return None
        lane = self._lanes.get(host)
        if lane is None:
            idle = next((name for name, held in self._lanes.items() if not held.calls), None)
            if len(self._lanes) >= self._hosts:
                if idle is None:
                    return None
                self._lanes.pop(idle).pool.shutdown(wait=False, cancel_futures=True)
            lane = self._lanes[host] = _Lane(ThreadPoolExecutor(self._threads, thread_name_prefix="fhir"))
        self._lanes.move_to_end(host)
        if lane.calls >= self._calls:
            return None
        lane.calls += 1
        return lane

    def close(self) -> None:
        """Shut all threads down without waiting for them."""
        with self._lock:
            for lane in self._lanes.values():
                lane.pool.shutdown(wait=False, cancel_futures=True)
            self._lanes.clear()
