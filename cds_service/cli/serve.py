"""``cds-service serve``: the service over HTTP.

The content is read, and the port tried, before any server starts.
"""

from __future__ import annotations

import errno
import logging
import logging.config
import os
import socket
from contextlib import ExitStack
from tempfile import TemporaryDirectory

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from cds_service import telemetry
from cds_service.cli.access import admit, check_access, check_smart
from cds_service.cli.options import (
    AllowOrigins,
    CaBundle,
    ClientsFile,
    ContentFolder,
    Development,
    FhirServers,
    Host,
    Open,
    OperatorsPort,
    Pin,
    Port,
    PrivateNetworks,
    Proxies,
    PublicUrl,
    SmartFile,
    StoreUrl,
    Workers,
)
from cds_service.cli.store import file_at_start, ready_store
from cds_service.cli.terminal import content_in, refuse
from cds_service.configuration.environment import Started, hand_over, read_configuration, unknown_variables
from cds_service.content.content import Content
from cds_service.limits import LONGEST_END
from cds_service.serving.configured import check_configuration
from cds_service.serving.log_lines import log_configuration
from cds_service.serving.shared import hand_over_content
from cds_service.store.address import NONE

log = logging.getLogger("cds_service")
THIS_MACHINE = "127.0.0.1"
"""Where the operators' port is."""


def serve(
    host: Host = None,
    port: Port = None,
    content: ContentFolder = None,
    workers: Workers = None,
    pin: Pin = None,
    store: StoreUrl = None,
    clients: ClientsFile = None,
    public_url: PublicUrl = None,
    proxy: Proxies = None,
    allow_origin: AllowOrigins = None,
    fhir_server: FhirServers = None,
    smart: SmartFile = None,
    private_network: PrivateNetworks = None,
    ca_bundle: CaBundle = None,
    development: Development = None,
    open_: Open = None,
    operators_port: OperatorsPort = None,
) -> None:
    """Serve the policies to CDS Hooks clients. The log goes to stdout, one JSON object a line.

    Content or clients that do not hold together are refused, with every problem, before the server starts.
    """
    try:
        configuration = read_configuration(
            listen_address=host,
            listen_port=port,
            content=content,
            workers=workers,
            pin=pin,
            store=store,
            smart=smart.resolve() if smart else None,
            clients=clients.resolve() if clients else None,
            public_url=public_url,
            proxies=proxy or None,
            allow_origins=allow_origin or None,
            fhir_servers=fhir_server or None,
            private_networks=private_network or None,
            ca_bundle=ca_bundle.resolve() if ca_bundle else None,
            development=development,
            open=open_,
            operators_port=operators_port,
        )
        check_configuration(configuration)
    except ValueError as error:
        refuse(str(error).splitlines())
    check_access(configuration)
    held = content_in(configuration.content)
    address = free_address(configuration.listen_address, configuration.listen_port)
    if configuration.operators_port:
        free_address(THIS_MACHINE, configuration.operators_port)
    logging.config.dictConfig(log_configuration())
    if unknown := unknown_variables():
        log.warning("variables that begin as ours do are not known", extra={"variables": unknown})
    check_smart(configuration)
    kept = ready_store(configuration.store)
    answering = configuration.workers or (1 if configuration.clients and kept == NONE else processors())
    admit(configuration, address, answering, kept)
    pinned = answering == processors() if configuration.pin is None else configuration.pin
    settled = configuration.model_copy(update={"store": kept, "content": held.root.resolve()})
    listen(held, address, answering, Started(configuration=settled, pinned=pinned, store_file=file_at_start(kept)))


def processors() -> int:
    """Return the number of processors that this process may use.

    A container's share of a processor's time is not seen: name ``--workers`` there.
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def free_address(host: str, port: int) -> str:
    """Return the numeric address of a host, if the port is free.

    Nobody else listens there. Ends the command with status 1 when there is no such address.

    Workers share their port by SO_REUSEPORT, so a second server would start beside a first one and take half of its
    calls.
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


def listen(content: Content, address: str, workers: int, started: Started, *, quiet: bool = False) -> None:
    """Serve until the process is interrupted.

    Workers take over the content, and do as ``started`` says. ``quiet`` shortens the server's own log.
    """
    with ExitStack() as ending:
        try:
            folder = ending.enter_context(TemporaryDirectory(prefix="cds-service-metrics-", ignore_cleanup_errors=True))
            os.environ[telemetry.FOLDER] = folder
        except OSError as error:
            log.error("no metrics are kept", extra={"why": error.strerror})  # noqa: TRY400 - a path
            os.environ.pop(telemetry.FOLDER, None)
            started = started.model_copy(update={"metrics": False})
        hand_over(started)
        hand_over_content(content)
        _listen(content, address, started.configuration.listen_port, workers, quiet)


def _listen(content: Content, address: str, port: int, workers: int, quiet: bool) -> None:
    level = "WARNING" if quiet else "INFO"
    server = Granian(
        "cds_service.serving.worker:worker",
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
