"""What an operator decided on access.

That is who may call, under which public address, and whom the service may call in turn.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from cds_service.configuration.configuration import Configuration
from cds_service.configuration.naming import called
from cds_service.security.addresses import private_network
from cds_service.security.urls import read_prefix

if TYPE_CHECKING:
    from cds_service.security.clients import Clients
    from cds_service.security.outbound import Outbound
    from cds_service.security.resolver import Private

RESOLVED: Final = 2.0
"""Seconds that a start waits for the names of servers, all together."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call, and whom the service may call in turn.

    Without ``clients`` the service is open: whoever reaches it may call, and ``fhir_servers`` may be read for anyone.
    ``outbound`` makes the service's own calls; it is None where there is nobody to be called. ``now`` tells the moment
    by which tokens are judged. ``public_url`` is what stands before ``/cds-services`` in the addresses that clients
    call, without a slash at its end.
    """

    outbound: Outbound | None
    clients: Clients | None = None
    public_url: str = ""
    fhir_servers: tuple[str, ...] = ()
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


def access_of(configuration: Configuration) -> Access:
    """Make the access that a configuration names.

    Raises ContentError for the clients file, ValueError in words for anything else.
    """
    public, servers, named = configuration.public_url, configuration.fhir_servers, configuration.clients
    for what, url in (("public_url", public), *(("fhir_servers", server) for server in servers)):
        try:
            scheme = read_prefix(url).scheme if url else "https"
        except ValueError as error:
            raise ValueError(f"{called(what)}: not a URL: {error}") from None
        if what == "fhir_servers" and scheme != "https" and not configuration.development:
            raise ValueError(f"{called(what)}: https is required")
    if named and not public:
        raise ValueError(f"clients are named, but not the public URL that their tokens are for; name it in {called('public_url')}")
    if named and servers:
        raise ValueError(
            f"{called('fhir_servers')} is for an open service; the clients file says which FHIR servers are read for whom"
        )
    if not named:
        outbound = _outbound(configuration, None) if servers or configuration.smart or configuration.ca_bundle else None
        return Access(outbound, None, public, servers)
    from cds_service.security.clients import read_clients  # noqa: PLC0415 - ten megabytes of cryptography, of no use to an open service

    clients = read_clients(named, development=configuration.development)
    return Access(_outbound(configuration, clients), clients, public)


def may_come_back(public_url: str) -> bool:
    """Tell whether people may be sent back to a public URL.

    They come back with a code, so only by https, or to this machine.
    """
    address = read_prefix(public_url)
    return address.scheme == "https" or address.host in ("localhost", "127.0.0.1", "::1")


def never_read(access: Access, others: Iterable[str] = ()) -> Iterator[str]:
    """Yield a sentence for each server that can never be read now.

    They are those of the access, and ``others`` that are to be called. Its address is private and not named. A name
    that is not known now may be known later, and is not told.
    """
    if access.outbound is None:
        return
    until = time.monotonic() + RESOLVED
    for url in dict.fromkeys((*access.fhir_servers, *_of_clients(access.clients), *others)):
        why = access.outbound.never(url, until)
        if why:
            yield f"{url}: it can never be read: {why} ({called('private_networks')}, or 'private_networks' of a client)"


def _of_clients(clients: Clients | None) -> Iterator[str]:
    for client in clients.by_issuer.values() if clients else ():
        yield from client.fhir_servers
        if client.jku and not client.keys:
            yield client.jku


def _outbound(configuration: Configuration, clients: Clients | None) -> Outbound:
    from cds_service.security.outbound import Outbound  # noqa: PLC0415 - six megabytes of HTTP, of no use where nobody is called
    from cds_service.security.resolver import Private  # noqa: PLC0415

    private: list[Private] = []
    for written in configuration.private_networks:
        try:
            private.append(Private(private_network(written)))
        except ValueError as error:
            raise ValueError(f"{called('private_networks')}: {written}: {error}") from None
    for client in clients.by_issuer.values() if clients else ():
        urls = (*client.fhir_servers, *([client.jku] if client.jku else []))
        private += [Private(network, url) for network in client.private_networks for url in urls]
    bundle = str(configuration.ca_bundle) if configuration.ca_bundle else None
    try:
        return Outbound(development=configuration.development, ca_bundle=bundle, private=private)
    except OSError:
        raise ValueError(f"{called('ca_bundle')}: the file of certificates cannot be read") from None
