"""What is refused and warned of before a service starts.

It says who may call, and whom the service could never call.
"""

from __future__ import annotations

import logging
from ipaddress import ip_address

from cds_service.cli.terminal import refuse
from cds_service.configuration.configuration import Configuration
from cds_service.configuration.naming import called
from cds_service.content_files.problems import ContentError
from cds_service.security.access import access_of, may_come_back, never_read
from cds_service.serving.configured import registry_of
from cds_service.store.address import NONE

log = logging.getLogger("cds_service")


def check_access(configuration: Configuration) -> None:
    """Check who may call and whom the service may call.

    Ends the command with every problem.
    """
    clients = configuration.clients
    if clients and not clients.is_file():
        refuse(f"{clients}: there is no such file of clients")
    if clients and configuration.open:
        refuse("--open is for a service without clients; --clients names some")
    if configuration.smart and not configuration.smart.is_file():
        refuse(f"{configuration.smart}: there is no such file of EHRs")
    try:
        ehrs = registry_of(configuration)
        access = access_of(configuration)
        never = list(never_read(access, [url for one in ehrs.issuers for url in (one.iss, *one.authorization)] if ehrs else []))
    except ContentError as error:
        refuse([str(problem) for problem in error.problems])
    except ValueError as error:
        refuse(str(error).splitlines())
    if access.outbound:
        access.outbound.close()
    if never:
        refuse(never)


def check_smart(configuration: Configuration) -> None:
    """End the command where the SMART app lacks what it needs.

    That is what keeps its launches and sessions safe.
    """
    smart, public_url = configuration.smart, configuration.public_url
    if smart and configuration.store == NONE:
        refuse("--smart: the app keeps its sessions in the store, sealed; name one with --store")
    if smart and not (configuration.link_secret and public_url):
        refuse(f"--smart: the app needs --public-url, where EHRs send people back to, and {called('link_secret')}")
    if smart and public_url and not may_come_back(public_url):
        refuse("--smart: the app needs a --public-url of https, for codes and cookies come to it; http is for this machine alone")


def admit(configuration: Configuration, address: str, workers: int, store: str) -> None:
    """Refuse to start an open service that nobody asked for.

    Ends the command where an open service would listen to more than this machine and nobody said so; warns of what is
    weak.
    """
    if not configuration.clients and not ip_address(address.partition("%")[0]).is_loopback:
        if not configuration.open:
            refuse(f"{address}: anyone who reaches this address could call; name the clients with --clients, or say --open")
        log.warning("the service is open: anyone who reaches it may call", extra={"address": address})
    if configuration.clients and workers > 1 and store == NONE:
        log.warning("without a store each worker accepts a token once; name a store", extra={"workers": workers})
