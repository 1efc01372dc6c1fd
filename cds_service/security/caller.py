"""Who makes a call, as far as it was checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple


class Home(NamedTuple):
    """Where the ids of a call hold: client, tenant and FHIR server.

    An id of FHIR says nothing outside of the server that gave it. What is not known is empty; an open service knows no
    issuers.
    """

    issuer: str = ""
    tenant: str = ""
    server: str = ""


NOWHERE: Final = Home()
"""The home of ids of which nothing is known."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The client behind a request.

    It has its issuer (None where the service is open), its tenant, and what may be read for it. ``fhir_servers`` are
    the URL prefixes to which the access token of its request may go, and nowhere else.
    """

    issuer: str | None = None
    fhir_servers: tuple[str, ...] = ()
    tenant: str | None = None

    def home(self, server: str | None) -> Home:
        """Return where the ids of a call hold.

        ``server`` is the FHIR server that the call names, if any.
        """
        return Home(self.issuer or "", self.tenant or "", (server or "").rstrip("/"))


NOBODY: Final = Caller()
"""A caller of whom nothing is known.

No FHIR server is read for it.
"""
