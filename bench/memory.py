"""Resident memory of a worker, fresh and after a load: ``python -m bench.memory``."""

from __future__ import annotations

import argparse

from rich.console import Console

from bench.bodies import body_of
from bench.served import free_port, load, service_command, serving
from cds_service.content.content import read_content, shipped_content


def main() -> None:
    """Prints the figures in megabytes."""
    arguments = argparse.ArgumentParser(description="Resident memory of a worker.")
    arguments.add_argument("--requests", type=int, default=4000)
    requests = arguments.parse_args().requests
    content = read_content(shipped_content())
    port = free_port()
    with serving(service_command(port), port) as served:
        fresh = served.worker_megabytes()
        for size in (6_000, 60_000):
            load(served, body_of(size, content), 16, requests)
        after = served.worker_megabytes()
    Console().print(f"a worker: {fresh:.0f} MB fresh, {after:.0f} MB after {2 * requests} orders over 16 connections")


if __name__ == "__main__":
    main()
