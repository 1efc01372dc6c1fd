"""Several servers under the same loads, taken in turn, so that what else the machine does falls on all of them alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import NamedTuple

from rich import box
from rich.table import Table

from bench.bodies import body_of
from bench.served import Measured, Server, check, free_port, load, serving
from cds_service.content.content import Content

SIZES = (6_000, 60_000)
CONNECTIONS = (1, 16)


class Load(NamedTuple):
    """One body sent over a number of connections."""

    body: str
    bytes: int
    connections: int


Compared = dict[Load, dict[str, Measured]]
"""What each load cost each server, by the server's name."""


def bodies_of(names: Iterable[str], content: Content) -> dict[str, tuple[bytes, ...]]:
    """The bodies of these names, one for each size."""
    return {name: tuple(body_of(size, content, name) for size in SIZES) for name in names}


def compare(servers: Mapping[str, Server], bodies: Mapping[str, Sequence[bytes]], requests: int) -> Compared:
    """Starts all servers, waits until they rest, and puts every load on each of them, one server at a time.

    Raises RuntimeError for a server that does not start, an answer that is not 200 or one without what it must say.
    """
    found: Compared = {}
    with ExitStack() as running:
        served = {}
        for name, server in servers.items():
            port = free_port()
            served[name] = running.enter_context(serving(server.command(port), port, server.ready))
        for one in served.values():
            one.settle()
        for name, sized in bodies.items():
            for body in sized:
                for which, one in served.items():
                    check(one, servers[which], body)
                for connections in CONNECTIONS:
                    found[Load(name, len(body), connections)] = {
                        which: load(one, body, connections, requests, servers[which].address) for which, one in served.items()
                    }
    return found


def tables(compared: Compared, reference: str) -> Iterable[Table]:
    """A table for each body: CPU a request, times and requests a second; in brackets, how many times those of the reference.

    ``reference`` names a server; where it was not measured, no ratio is told. A table is at most 80 columns wide.
    """
    for body in dict.fromkeys(one.body for one in compared):
        table = Table(title=f"body «{body}»", title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
        for column in ("kB", "conns", "server", "CPU µs", "median ms", "p99 ms", "per s"):
            table.add_column(column, justify="left" if column == "server" else "right")
        for one, measured in compared.items():
            if one.body == body:
                _add(table, one, measured, reference)
        yield table


def _add(table: Table, one: Load, measured: Mapping[str, Measured], reference: str) -> None:
    known = _figures(measured[reference]) if reference in measured else (0.0, 0.0, 0.0)
    for number, (name, cost) in enumerate(measured.items()):
        said = ("", "") if number else (f"{one.bytes / 1000:.1f}", str(one.connections))
        cells = (
            _short(figure) + (f" ({_short(figure / of)}x)" if of else "") for figure, of in zip(_figures(cost), known, strict=True)
        )
        table.add_row(*said, name, *cells, f"{cost.per_second:.0f}", end_section=number == len(measured) - 1)


def _figures(cost: Measured) -> tuple[float, float, float]:
    return cost.cpu_us, cost.median_ms, cost.p99_ms


def _short(figure: float) -> str:
    return f"{figure:.{2 if figure < 9.995 else 1 if figure < 99.95 else 0}f}"
