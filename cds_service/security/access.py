"""What an operator decided on access: who may call, under which public address, and whom the service may call in turn."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cds_service.security.urls import read_prefix

if TYPE_CHECKING:
    from cds_service.security.clients import Clients
    from cds_service.security.outbound import Outbound

CLIENTS = "CDS_SERVICE_CLIENTS"
PUBLIC_URL = "CDS_SERVICE_PUBLIC_URL"
FHIR_SERVERS = "CDS_SERVICE_FHIR_SERVERS"
DEVELOPMENT = "CDS_SERVICE_DEVELOPMENT"
CA_BUNDLE = "CDS_SERVICE_CA_BUNDLE"


@dataclass(frozen=True, slots=True)
class Access:
    """Without ``clients`` the service is open: whoever reaches it may call, and ``fhir_servers`` may be read for anyone.

    ``outbound`` makes the service's own calls; it is None where there is nobody to be called.
    ``now`` tells the moment by which tokens are judged.
    ``public_url`` is what stands before ``/cds-services`` in the addresses that clients call, without a slash at its end.
    """

    outbound: Outbound | None
    clients: Clients | None = None
    public_url: str = ""
    fhir_servers: tuple[str, ...] = ()
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


def access_of_environment() -> Access:
    """The access that the environment names. Raises ContentError for the clients file, ValueError in words for anything else."""
    development = os.environ.get(DEVELOPMENT) == "1"
    named = os.environ.get(CLIENTS)
    public = os.environ.get(PUBLIC_URL, "").rstrip("/")
    servers = tuple(os.environ.get(FHIR_SERVERS, "").split())
    for what, url in ((PUBLIC_URL, public), *((FHIR_SERVERS, server) for server in servers)):
        try:
            scheme = read_prefix(url).scheme if url else "https"
        except ValueError as error:
            raise ValueError(f"{what}: not a URL: {error}") from None
        if what == FHIR_SERVERS and scheme != "https" and not development:
            raise ValueError(f"{what}: https is required")
    if named and not public:
        raise ValueError(
            f"clients are named, but not the public URL that their tokens are for; name it in {PUBLIC_URL} (--public-url)"
        )
    if named and servers:
        raise ValueError(f"{FHIR_SERVERS} is for an open service; the clients file says which FHIR servers are read for whom")
    outbound = _outbound(development=development) if named or servers or os.environ.get(CA_BUNDLE) else None
    if not named:
        return Access(outbound, None, public, servers)
    from cds_service.security.clients import read_clients  # noqa: PLC0415 - ten megabytes of cryptography, of no use to an open service

    return Access(outbound, read_clients(Path(named), development=development), public)


def _outbound(*, development: bool) -> Outbound:
    from cds_service.security.outbound import Outbound  # noqa: PLC0415 - six megabytes of HTTP, of no use where nobody is called

    try:
        return Outbound(development=development, ca_bundle=os.environ.get(CA_BUNDLE) or None)
    except OSError:
        raise ValueError(f"{CA_BUNDLE}: the file of certificates cannot be read") from None
