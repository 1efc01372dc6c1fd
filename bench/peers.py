"""What a peer's constant card costs beside our full evaluation: ``python -m bench.peers``.

The peer is HealthChain, a Python kit for CDS Hooks services, from its own package in a virtual environment of its own
(``bench/peer_environment.py``), which the command makes in the user's cache folder, or where ``--environment`` says. Its order-sign
service (``bench/healthchain_app.py``) decides nothing and answers the floor's card. It is started by the command that
``healthchain serve`` runs, one uvicorn worker, without the access log, which its default would write. It is measured twice: with
what its package installs (asyncio and h11), and with uvloop and httptools, which are faster and an operator's choice. Our service
runs as ``serve`` runs it, log lines included.

Every server gets the very same bodies as in ``bench.hook``, unchanged: HealthChain reads of the context only ``userId`` and
``patientId`` and takes ``prefetch`` as any object. Each answer is looked at once before the loads, since HealthChain answers 200
without cards where its hook failed. Ratios are to our service. Where the package cannot be installed the command says why and ends
with 1, without any table.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from rich.console import Console

from bench.bodies import BODIES, USUAL
from bench.compared import bodies_of, compare, tables
from bench.constant_card import SUMMARY
from bench.peer_environment import NotInstalled, ready, usual_folder, versions
from bench.served import FLOOR, ROOT, SERVICE, Server
from cds_service.content.content import read_content, shipped_content

HOOK = "/cds/cds-services/medical-policy"
DISCOVERY = "/cds/cds-discovery"


def peer_command(python: Path, loop: str, http: str, port: int) -> list[str]:
    """Serves HealthChain: the command of ``healthchain serve``, on the loopback address and without a line for each request."""
    served = [str(python), "-m", "uvicorn", "bench.healthchain_app:app", "--host", "127.0.0.1", "--port", str(port)]
    return [*served, "--app-dir", str(ROOT), "--no-access-log", "--loop", loop, "--http", http]


def peers(python: Path) -> dict[str, Server]:
    """HealthChain as its package installs it, and on the faster loop."""
    return {
        "HealthChain": Server(partial(peer_command, python, "asyncio", "h11"), HOOK, DISCOVERY, SUMMARY),
        "HealthChain, uv": Server(partial(peer_command, python, "uvloop", "httptools"), HOOK, DISCOVERY, SUMMARY),
    }


def main() -> None:
    """Prints a table for each body: the floor, our service and the peer, with ratios to our service."""
    arguments = argparse.ArgumentParser(description="What a peer's constant card costs beside our full evaluation.")
    arguments.add_argument("--requests", type=int, default=4000, help="requests of each load")
    arguments.add_argument("--bodies", choices=["all", *BODIES], default=USUAL)
    arguments.add_argument("--environment", type=Path, help="the folder of the peer's virtual environment")
    given = arguments.parse_args()
    try:
        python = ready(given.environment or usual_folder())
    except NotInstalled as error:
        raise SystemExit(f"peers not measured: {error}") from None
    content = read_content(shipped_content())
    bodies = bodies_of(BODIES if given.bodies == "all" else [given.bodies], content)
    console = Console()
    console.print(f"peers: {versions(python)}")
    console.print("«service» decides in full, the others answer a constant card; «uv» is with uvloop and httptools.")
    console.print(f"{len(content.policies)} policy versions held, {given.requests} requests of each load, the same bodies to all.")
    for table in tables(compare({"floor": FLOOR, "service": SERVICE, **peers(python)}, bodies, given.requests), "service"):
        console.print(table)


if __name__ == "__main__":
    main()
