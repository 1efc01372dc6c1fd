"""From starting ``cds-service serve`` to its first answered order: ``python -m bench.start``."""

from __future__ import annotations

import argparse
import http.client
import statistics
import time

from rich.console import Console

from bench.bodies import body_of
from bench.served import ADDRESS, free_port, service_command, serving
from cds_service.content.content import read_content, shipped_content


def start_seconds(body: bytes) -> float:
    """Seconds from starting the process to the whole answer of its first order."""
    port = free_port()
    begun = time.perf_counter()
    with serving(service_command(port), port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("POST", ADDRESS, body, {"Content-Type": "application/json"})
        connection.getresponse().read()
        return time.perf_counter() - begun


def main() -> None:
    """Prints the median and the longest of several starts."""
    arguments = argparse.ArgumentParser(description="From starting the service to its first answered order.")
    arguments.add_argument("--runs", type=int, default=7)
    runs = arguments.parse_args().runs
    body = body_of(6_000, read_content(shipped_content()))
    times = [start_seconds(body) for _ in range(runs)]
    Console().print(f"start to first answer: median {statistics.median(times):.2f} s, longest {max(times):.2f} s of {runs}")


if __name__ == "__main__":
    main()
