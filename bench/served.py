"""A server process to measure: the service or the floor under Granian with one worker, its CPU time and its memory."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import psutil

from cds_service.configuration.naming import variable

ADDRESS = "/cds-services/medical-policy"
ROOT = Path(__file__).parent.parent
GRANIAN = ["--interface", "wsgi", "--workers", "1", "--blocking-threads", "64", "--no-ws", "--factory", "--log-level", "warning"]


@dataclass(frozen=True, slots=True)
class Measured:
    """What one load cost: CPU microseconds of the server's processes a request, and the answers' times in milliseconds."""

    cpu_us: float
    median_ms: float
    p99_ms: float
    per_second: float


@dataclass(frozen=True, slots=True)
class Server:
    """How a server is started on a port, where its order-sign service is, what answers once it is ready, and what it must say."""

    command: Callable[[int], list[str]]
    address: str = ADDRESS
    ready: str = "/cds-services"
    says: str = ""


class Served:
    """A running server."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.port = port
        self._process = psutil.Process(process.pid)

    def processes(self) -> list[psutil.Process]:
        """The server's processes that hold the application: its workers, or itself where it has none."""
        return [self._process, *self._process.children(recursive=True)]

    def cpu_seconds(self) -> float:
        """User and system time of the whole process tree."""
        return sum(sum(one.cpu_times()[:2]) for one in self.processes())

    def settle(self, seconds: float = 60) -> None:
        """Waits until the server has done what it does after its start, such as making pages: half a second with nearly no work.

        Raises RuntimeError when it still works after ``seconds``.
        """
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            before = self.cpu_seconds()
            time.sleep(0.5)
            if self.cpu_seconds() - before <= 0.02:
                return
        raise RuntimeError("the server did not come to rest")

    def worker_megabytes(self) -> float:
        """Resident memory of the largest process, in megabytes of a million bytes."""
        return max(one.memory_info().rss for one in self.processes()) / 1e6


def free_port() -> int:
    """A port of the loopback address that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serving(command: Sequence[str], port: int, ready: str = "/cds-services") -> Iterator[Served]:
    """Runs a server until the block ends. Raises RuntimeError when it does not answer within half a minute.

    The data folder is one that is thrown away, and so is the store of decisions that a service keeps there by default.
    """
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"PYTHONPATH": str(ROOT), "XDG_DATA_HOME": folder}
        environment.pop(variable("store"), None)
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(command, stdout=quiet, stderr=quiet, env=environment, cwd=ROOT)  # noqa: S603
        try:
            wait_for(port, ready)
            yield Served(process, port)
        finally:
            process.terminate()
            process.wait(30)


def wait_for(port: int, path: str, seconds: float = 30) -> None:
    """Waits until a server answers. Raises RuntimeError when it does not in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", path)
            if connection.getresponse().status < 500:
                return
        time.sleep(0.01)
    raise RuntimeError("the server did not start")


def floor_command(port: int) -> list[str]:
    """Serves the floor."""
    return [sys.executable, "-m", "granian", *GRANIAN, "--port", str(port), "bench.floor_app:floor"]


def service_command(port: int) -> list[str]:
    """Serves the service as the README starts it, with the default store: one of the workers that keep to a processor each."""
    return [sys.executable, "-m", "cds_service", "serve", "--port", str(port), "--workers", "1", "--pin"]


def storeless_command(port: int) -> list[str]:
    """The same without a store."""
    return [*service_command(port), "--store", "none"]


FLOOR = Server(floor_command)
SERVICE = Server(service_command)
STORELESS = Server(storeless_command)


def check(served: Served, server: Server, body: bytes) -> None:
    """Asks once. Raises RuntimeError for an answer that is not 200 or does not hold what the server must say."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
    connection.request("POST", server.address, body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    answer = response.read().decode()
    connection.close()
    if response.status != 200 or server.says not in answer:
        raise RuntimeError(f"the server answered {response.status}: {answer[:500]}")


def load(served: Served, body: bytes, connections: int, requests: int, address: str = ADDRESS) -> Measured:
    """Sends requests over kept connections, after a warm-up of a tenth of them. Raises RuntimeError for an answer not 200."""
    _send(served.port, body, connections, max(50, requests // 10), address)
    cpu, begun = served.cpu_seconds(), time.perf_counter()
    times = sorted(_send(served.port, body, connections, requests, address))
    wall, spent = time.perf_counter() - begun, served.cpu_seconds() - cpu
    return Measured(spent / len(times) * 1e6, times[len(times) // 2] * 1e3, times[int(len(times) * 0.99)] * 1e3, len(times) / wall)


def _send(port: int, body: bytes, connections: int, requests: int, address: str) -> list[float]:
    times: list[float] = []
    wrong: list[int] = []

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(requests // connections):
            begun = time.perf_counter()
            connection.request("POST", address, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            response.read()
            times.append(time.perf_counter() - begun)
            if response.status != 200:
                wrong.append(response.status)
        connection.close()

    threads = [Thread(target=client) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise RuntimeError(f"the server answered {wrong[0]}")
    return times
