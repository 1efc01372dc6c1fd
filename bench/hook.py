"""What one order-sign costs over HTTP, beside the floor on the same server: ``python -m bench.hook``.

The floor parses the body with orjson and answers a constant. CPU a request is that of the server's whole process tree, which is
steadier than requests a second on a machine that others use; the ratio of one run is steadier still.
"""

from __future__ import annotations

import argparse

from rich.console import Console
from rich.table import Table

from bench.bodies import body_of
from bench.served import Measured, floor_command, free_port, load, service_command, serving
from cds_service.content import read_content, shipped_content

SIZES = (6_000, 60_000)
CONNECTIONS = (1, 16)


def measure(command: str, bodies: dict[int, bytes], requests: int) -> dict[tuple[int, int], Measured]:
    """All loads on one server."""
    port = free_port()
    with serving(floor_command(port) if command == "floor" else service_command(port), port) as served:
        return {(size, n): load(served, body, n, requests) for size, body in bodies.items() for n in CONNECTIONS}


def main() -> None:
    """Prints the table: the floor, the service, and the service over the floor."""
    arguments = argparse.ArgumentParser(description="What one order-sign costs over HTTP.")
    arguments.add_argument("--requests", type=int, default=4000)
    arguments.add_argument("--only", choices=["floor", "service"])
    given = arguments.parse_args()
    content = read_content(shipped_content())
    bodies = {size: body_of(size, content) for size in SIZES}
    wanted = [given.only] if given.only else ["floor", "service"]
    found = {name: measure(name, bodies, given.requests) for name in wanted}
    table = Table(title=f"order-sign, {len(content.policies)} policy versions held, {given.requests} requests each")
    for column in ("body", "connections", "server", "CPU µs a request", "median ms", "p99 ms", "requests/s"):
        table.add_column(column, justify="right")
    for size, body in bodies.items():
        for n in CONNECTIONS:
            for name in wanted:
                one = found[name][size, n]
                row = (f"{len(body) / 1000:.1f} kB", str(n), name, f"{one.cpu_us:.0f}", f"{one.median_ms:.2f}", f"{one.p99_ms:.2f}")
                table.add_row(*row, f"{one.per_second:.0f}")
            if len(wanted) == 2:
                floor, own = found["floor"][size, n], found["service"][size, n]
                ratios = (own.cpu_us / floor.cpu_us, own.median_ms / floor.median_ms, own.p99_ms / floor.p99_ms)
                table.add_row("", "", "ratio", *(f"{ratio:.2f}x" for ratio in ratios), "", style="bold")
    Console().print(table)


if __name__ == "__main__":
    main()
