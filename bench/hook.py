"""What one order-sign costs over HTTP, beside the floor on the same server: ``python -m bench.hook``.

The floor parses the body with orjson and answers a constant. CPU a request is that of the server's whole process tree, which is
steadier than requests a second on a machine that others use; the ratio of one run is steadier still. Both servers run at once and
take their loads in turn. ``--bodies all`` sends every named body (``bench/bodies.py``), by default that of the largest policy.
"""

from __future__ import annotations

import argparse

from rich.console import Console

from bench.bodies import BODIES, USUAL
from bench.compared import bodies_of, compare, tables
from bench.served import FLOOR, SERVICE
from cds_service.content import read_content, shipped_content

SERVERS = {"floor": FLOOR, "service": SERVICE}


def main() -> None:
    """Prints a table for each body: the floor and the service, with ratios to the floor."""
    arguments = argparse.ArgumentParser(description="What one order-sign costs over HTTP.")
    arguments.add_argument("--requests", type=int, default=4000, help="requests of each load")
    arguments.add_argument("--bodies", choices=["all", *BODIES], default=USUAL)
    arguments.add_argument("--only", choices=list(SERVERS))
    given = arguments.parse_args()
    content = read_content(shipped_content())
    bodies = bodies_of(BODIES if given.bodies == "all" else [given.bodies], content)
    servers = {name: server for name, server in SERVERS.items() if given.only in (None, name)}
    console = Console()
    console.print(f"order-sign: {len(content.policies)} policy versions held, {given.requests} requests of each load")
    for table in tables(compare(servers, bodies, given.requests), reference="floor"):
        console.print(table)


if __name__ == "__main__":
    main()
