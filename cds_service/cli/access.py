"""The options of ``serve`` on access, and when a service may start with them."""

from __future__ import annotations

import logging
import os
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

import typer

from cds_service.cli.terminal import refuse
from cds_service.problems import ContentError
from cds_service.security.access import CLIENTS, DEVELOPMENT, FHIR_SERVERS, PUBLIC_URL, access_of_environment
from cds_service.store.database import NONE

log = logging.getLogger("cds_service")

ClientsFile = Annotated[
    Path | None,
    typer.Option("--clients", metavar="FILE", envvar=CLIENTS, help="File of the clients that may call; without it, anyone may."),
]
PublicUrl = Annotated[
    str | None,
    typer.Option("--public-url", metavar="URL", envvar=PUBLIC_URL, help="What stands before /cds-services in the clients' calls."),
]
FhirServers = Annotated[
    list[str] | None,
    typer.Option(
        "--fhir-server", metavar="PREFIX", envvar=FHIR_SERVERS, help="FHIR server that an open service may read; may be repeated."
    ),
]
Development = Annotated[
    bool, typer.Option("--development", envvar=DEVELOPMENT, help="Allow calls to this machine, there by http too.")
]
Open = Annotated[bool, typer.Option("--open", help="Let anyone call who reaches an address that is not this machine's own.")]


def settle_access(
    clients: Path | None, public_url: str | None, fhir_servers: list[str] | None, development: bool, open_: bool
) -> None:
    """Checks the options, and names them in the environment for the workers. Ends the command with every problem."""
    if clients and not clients.is_file():
        refuse(f"{clients}: there is no such file of clients")
    if clients and open_:
        refuse("--open is for a service without clients; --clients names some")
    named = {
        CLIENTS: str(clients.resolve()) if clients else "",
        PUBLIC_URL: public_url or "",
        FHIR_SERVERS: " ".join(fhir_servers or []),
        DEVELOPMENT: "1" if development else "",
    }
    os.environ.update(named)
    try:
        outbound = access_of_environment().outbound
        if outbound:
            outbound.close()
    except ContentError as error:
        refuse([str(problem) for problem in error.problems])
    except ValueError as error:
        refuse(str(error))


def admit(address: str, clients: Path | None, open_: bool, workers: int, store: str) -> None:
    """Ends the command where an open service would listen to more than this machine and nobody said so; warns of what is weak."""
    if not clients and not ip_address(address.partition("%")[0]).is_loopback:
        if not open_:
            refuse(f"{address}: anyone who reaches this address could call; name the clients with --clients, or say --open")
        log.warning("the service is open: anyone who reaches it may call", extra={"address": address})
    if clients and workers > 1 and store == NONE:
        log.warning("without a store each worker accepts a token once; name a store", extra={"workers": workers})
