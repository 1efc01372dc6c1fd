"""What a page costs the server: ``python -m bench.pages``.

A worker makes every policy's page as it starts and keeps it (``render_ahead``). *Unprepared* is the first request of a process
that has not; *first* is the first request of one that has; p50 and p99 are over all requests of all processes, their first ones
included. Figures are milliseconds of one process, from the request to the whole page, without a network.
"""

from __future__ import annotations

import argparse
from statistics import median
from time import perf_counter

from flask.testing import FlaskClient
from rich.console import Console
from rich.table import Table

from cds_service.content.content import Content, read_content, shipped_content
from cds_service.policy.model import Policy
from cds_service.serving.app import create_app
from cds_service.web.pages import render_ahead


def largest(content: Content) -> Policy:
    """The policy with the most criteria."""
    return max(content.policies, key=lambda policy: len(list(policy.criteria())))


def milliseconds(client: FlaskClient, address: str) -> float:
    """What one request of a page takes."""
    begun = perf_counter()
    response = client.get(address, headers={"Accept": "text/html"})
    took = (perf_counter() - begun) * 1000
    assert response.status_code == 200
    return took


def main() -> None:
    """Prints the first render of each of several applications, and the requests after it."""
    arguments = argparse.ArgumentParser(description="What a page costs the server.")
    arguments.add_argument("--runs", type=int, default=50, help="requests of each page after the first")
    arguments.add_argument("--processes", type=int, default=3, help="applications, each as a new process would make it")
    chosen = arguments.parse_args()
    content = read_content(shipped_content())
    policy = largest(content)
    pages = {
        "library": "/",
        f"largest policy ({policy.id})": f"/policies/{policy.id}/{policy.version}",
        "playground of it": f"/try?policy={policy.id}",
    }
    table = Table("page", "unprepared", "first, median", "first, worst", "p50", "p99", title="ms of server time")
    for name, address in pages.items():
        unprepared = milliseconds(create_app(content).test_client(), address)
        firsts, later = [], []
        for _ in range(chosen.processes):
            app = create_app(content)
            render_ahead(app)
            client = app.test_client()
            firsts.append(milliseconds(client, address))
            later += [milliseconds(client, address) for _ in range(chosen.runs)]
        every = sorted([*firsts, *later])
        p99 = every[-(-99 * len(every) // 100) - 1]
        table.add_row(name, *(f"{ms:.1f}" for ms in (unprepared, median(firsts), max(firsts), median(every), p99)))
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
