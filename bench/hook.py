"""What one order-sign costs over HTTP, beside the floor on the same server: ``python -m bench.hook``.

The floor parses the body with orjson and answers a constant. The service is what the README starts: as it is installed, and with
the default store; beside it stands the same without a store. The first body has all that an order can have: a card with questions,
and coverage-information. CPU a request is that of the server's whole process tree, which is steadier than requests a second on a
machine that others use; the ratio of one run is steadier still. All servers run at once and take their loads in turn.
``--bodies all`` sends every named body (``bench/bodies.py``).
"""

from __future__ import annotations

import argparse

from rich.console import Console

from bench.bodies import BODIES, WHOLE
from bench.compared import bodies_of, compare, tables
from bench.served import FLOOR, SERVICE, STORELESS
from cds_service.content.content import read_content, shipped_content

SERVERS = {"floor": FLOOR, "service": SERVICE, "no store": STORELESS}


def main() -> None:
    """Prints a table for each body: the floor and the service, with ratios to the floor."""
    arguments = argparse.ArgumentParser(description="What one order-sign costs over HTTP.")
    arguments.add_argument("--requests", type=int, default=4000, help="requests of each load")
    arguments.add_argument("--bodies", choices=["all", *BODIES], default=WHOLE)
    arguments.add_argument("--only", choices=list(SERVERS))
    given = arguments.parse_args()
    content = read_content(shipped_content())
    bodies = bodies_of([WHOLE, *(name for name in BODIES if name != WHOLE)] if given.bodies == "all" else [given.bodies], content)
    servers = {name: server for name, server in SERVERS.items() if given.only in (None, name)}
    console = Console()
    console.print(f"order-sign: {len(content.policies)} policy versions held, {given.requests} requests of each load")
    for table in tables(compare(servers, bodies, given.requests), reference="floor"):
        console.print(table)


if __name__ == "__main__":
    main()
