"""``cds-service serve``: the service over HTTP. The content is read, and the port tried, before any server starts."""

from __future__ import annotations

import errno
import logging
import logging.config
import os
import socket
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from cds_service import telemetry
from cds_service.app import settings_of_environment
from cds_service.cli.access import ClientsFile, Development, FhirServers, Open, PublicUrl, admit, settle_access
from cds_service.cli.store import StoreUrl, ready_store, settle_file
from cds_service.cli.terminal import ENVIRONMENT, ContentFolder, content_in, refuse
from cds_service.content import Content
from cds_service.limits import body_limit, body_seconds
from cds_service.log_lines import log_configuration
from cds_service.operators_port import HOST as OPERATORS_HOST
from cds_service.operators_port import PORT as OPERATORS_PORT
from cds_service.store.database import ENVIRONMENT as STORE
from cds_service.store.database import NONE
from cds_service.worker import LONGEST_END, PINNED

log = logging.getLogger("cds_service")

Host = Annotated[str, typer.Option(metavar="ADDRESS", help="Address to listen at; 0.0.0.0 is every IPv4 address of this machine.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen at.")]
Workers = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Processes that answer; by default one for each processor that this one may use, "
        "or one alone where tokens are checked without a store.",
        show_default=False,
    ),
]
Pin = Annotated[
    bool | None,
    typer.Option(
        "--pin/--no-pin",
        help="Whether each worker keeps to a processor of its own; by default where there is a worker for each.",
        show_default=False,
    ),
]

OperatorsPort = Annotated[
    int | None,
    typer.Option(
        "--operators-port",
        min=1,
        max=65535,
        envvar=OPERATORS_PORT,
        help="Port of this machine alone, at which /metrics and /stats are told without a token.",
        show_default=False,
    ),
]


def serve(
    host: Host = "127.0.0.1",
    port: Port = 8080,
    content: ContentFolder = None,
    workers: Workers = None,
    pin: Pin = None,
    store: StoreUrl = None,
    clients: ClientsFile = None,
    public_url: PublicUrl = None,
    fhir_server: FhirServers = None,
    development: Development = False,
    open_: Open = False,
    operators_port: OperatorsPort = None,
) -> None:
    """Serve the policies to CDS Hooks clients. The log goes to stdout, one JSON object a line.

    Content or clients that do not hold together are refused, with every problem, before the server starts.
    """
    try:
        settings_of_environment()
        body_limit()
        body_seconds()
    except ValueError as error:
        refuse(str(error))
    settle_access(clients, public_url, fhir_server, development, open_)
    held = content_in(content)
    address = free_address(host, port)
    if operators_port:
        free_address(OPERATORS_HOST, operators_port)
    os.environ[OPERATORS_PORT] = str(operators_port or "")
    logging.config.dictConfig(log_configuration())
    kept = ready_store(store)
    answering = workers or (1 if clients and kept == NONE else processors())
    admit(address, clients, open_, answering, kept)
    os.environ[PINNED] = "1" if (answering == processors() if pin is None else pin) else ""
    listen(held, address, port, answering, kept)


def processors() -> int:
    """The processors that this process may use. A container's share of a processor's time is not seen: name ``--workers`` there."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def free_address(host: str, port: int) -> str:
    """The numeric address of a host, on which nobody listens at the port. Ends the command with status 1 when there is none.

    Workers share their port by SO_REUSEPORT, so a second server would start beside a first one and take half of its calls.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except (OSError, UnicodeError):
        refuse(f"{host}: no address of this name is known")
    try:
        with socket.socket(family, kind, protocol) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
            tried.listen(1)
    except OSError as error:
        why = {
            errno.EADDRINUSE: "the port is in use; stop what listens there, or name another with --port",
            errno.EACCES: "this user may not listen there; ports below 1024 are the system's",
            errno.EADDRNOTAVAIL: "this machine does not have that address",
        }
        refuse(f"{host}:{port}: {why.get(error.errno or 0, error.strerror or str(error))}")
    return str(address[0])


def listen(content: Content, address: str, port: int, workers: int, store: str, *, quiet: bool = False) -> None:
    """Serves until the process is interrupted. Workers read the content's folder again, and keep what they keep in ``store``.

    ``quiet`` shortens the server's own log.
    """
    with ExitStack() as ending:
        try:
            folder = ending.enter_context(TemporaryDirectory(prefix="cds-service-metrics-", ignore_cleanup_errors=True))
            os.environ[telemetry.FOLDER] = folder
        except OSError as error:
            log.error("no metrics are kept", extra={"why": error.strerror})  # noqa: TRY400 - a path
            os.environ.pop(telemetry.FOLDER, None)
            os.environ[telemetry.UNKEPT] = "1"
        _listen(content, address, port, workers, store, quiet)


def _listen(content: Content, address: str, port: int, workers: int, store: str, quiet: bool) -> None:
    os.environ[STORE] = store
    settle_file(store)
    os.environ[ENVIRONMENT] = str(Path(content.root).resolve())
    level = "WARNING" if quiet else "INFO"
    server = Granian(
        "cds_service.worker:worker",
        address=address,
        port=port,
        interface=Interfaces.RSGI,
        workers=workers,
        workers_kill_timeout=LONGEST_END,
        websockets=False,
        respawn_failed_workers=True,
        factory=True,
        log_level=LogLevels(level.lower()),
        log_dictconfig=log_configuration(level),
    )
    if not quiet:
        told = {"address": address, "port": port, "workers": workers}
        log.info("serving", extra=told | {"revision": content.revision, "policies": len(content.policies)})
    server.serve()
