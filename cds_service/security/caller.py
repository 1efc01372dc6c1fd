"""Who makes a call, as far as it was checked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """The client behind a request.

    It has its issuer (None where the service is open), its tenant, and what may be read for it. ``fhir_servers`` are
    the URL prefixes to which the access token of its request may go, and nowhere else.
    """

    issuer: str | None = None
    fhir_servers: tuple[str, ...] = ()
    tenant: str | None = None
