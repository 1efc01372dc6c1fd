"""The client's FHIR server of one call.

Here stands whether it may be read, with what token and for what; many readings are made at once.

The token stays in the headers of the calls to that server. What goes wrong is a code; ``said`` puts it in words.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import wait
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cds_service import telemetry
from cds_service.fhir.capability import Capabilities
from cds_service.fhir.lanes import Lanes
from cds_service.fhir.scopes import Scopes
from cds_service.fhir.server import Failed, FhirServer, Limits, ReadResult
from cds_service.hooks.received.request import HookRequest
from cds_service.security.unreached import NotAllowed, Unreachable
from cds_service.security.urls import allows, read_url

if TYPE_CHECKING:
    from cds_service.security.outbound import Outbound

SLACK = 0.3
"""Seconds that a reading may take beyond its budget.

In them, a reading that ran out of time gives back what it has.
"""
Reading = Callable[[FhirServer], list[tuple[str, ReadResult]]]
"""One piece of reading.

It returns what was found, each with the resource type it is about.
"""
_WORDS = {
    "not-prefetched": "it was not prefetched, and the client's FHIR server could not be asked",
    "prefetch-incomplete": "the client could not supply all of it",
    "prefetch-failed": "the client's own search failed",
    "scope": "the client's token does not cover it",
    "not-supported": "the client's FHIR server cannot search for it",
    "timeout": "the client's FHIR server gave no answer in time",
    "busy": "the client's FHIR server is being read by too many calls at once",
    "pages": "there are more pages than are read",
    "elsewhere": "the next page lies on another server",
    "ignored": "the client's FHIR server searched for something else",
    "medicine-unknown": "the medicine that an entry refers to could not be read",
}
NOT_TECHNICAL = frozenset({"not-prefetched", "prefetch-incomplete", "scope", "not-supported", "not-allowed"})
"""Codes for what the client left out or withheld, where nothing failed."""


class ClientServers:
    """What is needed to read clients' FHIR servers.

    That is the guard of outbound calls, the limits, the threads, and what servers said of themselves. There is one for
    each process, and nothing of a call stays here.
    """

    def __init__(self, outbound: Outbound, limits: Limits | None = None, lanes: Lanes | None = None) -> None:
        self.outbound = outbound
        self.limits = limits or Limits()
        self.lanes = lanes or Lanes()
        self.capabilities = Capabilities()


class ServerAccess:
    """The FHIR server of one call.

    It may be read until the call's budget is spent.
    """

    def __init__(self, servers: ClientServers, address: str, token: str, scopes: Scopes) -> None:
        self._servers, self.address, self._scopes = servers, address, scopes
        self._headers: Mapping[str, str] = {"Authorization": f"Bearer {token}", "Accept": "application/fhir+json"}
        self.ends = time.monotonic() + servers.limits.seconds

    def covers(self, kind: str, *, search: bool) -> str:
        """Tell how much of a resource type the token covers.

        Returns ``whole``, ``part`` or ``none``.
        """
        return self._scopes.access(kind, search=search)

    def read(self, readings: Sequence[tuple[Iterable[str], Reading]], share: float = 1.0) -> list[tuple[str, ReadResult]]:
        """Make several readings at once.

        Each is named with the resource types it is about. Together they may take ``share`` of the time that is left.
        """
        deadline = time.monotonic() + max(0.0, self.ends - time.monotonic()) * share
        found: list[tuple[str, ReadResult]] = []
        with self._servers.lanes.lane(urlsplit(self.address).netloc.lower()) as pool:
            if pool is None:
                return [(kind, ReadResult((), "busy")) for kinds, _ in readings for kind in kinds]
            server = FhirServer(self.address, self._get(deadline), self._servers.capabilities, self._servers.limits)
            under_way = [(kinds, pool.submit(reading, server)) for kinds, reading in readings]
            wait([future for _, future in under_way], timeout=max(0.0, deadline - time.monotonic()) + SLACK)
            for kinds, future in under_way:
                if future.done():
                    found += future.result()
                else:
                    future.cancel()
                    found += [(kind, ReadResult((), "timeout")) for kind in kinds]
        return found

    def _get(self, deadline: float) -> Callable[[str, int], tuple[int, bytes]]:
        def get(url: str, largest: int) -> tuple[int, bytes]:
            if time.monotonic() >= deadline:
                raise Failed("timeout")
            try:
                reply = self._servers.outbound.get(
                    url, allowed=(self.address,), headers=self._headers, deadline=deadline, largest=largest
                )
            except NotAllowed:
                telemetry.outbound("fhir", "refused")
                raise Failed("not-allowed") from None
            except Unreachable as failed:
                telemetry.outbound("fhir", "timeout" if failed.why == "timeout" else "failed")
                raise Failed(failed.why.replace(" ", "-")) from None
            telemetry.outbound("fhir", "ok" if reply.status < 400 else "error")
            return reply.status, reply.body

        return get


def access_of(request: HookRequest[Any], servers: ClientServers | None, fhir_servers: Sequence[str]) -> ServerAccess | None:
    """Return the server that a call lets be read.

    Returns None when the call names none, or none below the caller's prefixes ``fhir_servers``.
    """
    authorization = request.fhir_authorization
    if servers is None or not authorization or not request.fhir_server:
        return None
    address = request.fhir_server.rstrip("/")
    try:
        listed = "?" not in address and allows(fhir_servers, read_url(address))
    except ValueError:
        return None
    if not listed:
        return None
    patient = (authorization.patient or "").removeprefix("Patient/")
    scopes = Scopes(authorization.scope, of_this_patient=patient in ("", request.context.patient_id))
    return ServerAccess(servers, address, authorization.access_token, scopes)


def said(code: str) -> str:
    """Put a code of what went wrong in words.

    The words hold nothing of the patient.
    """
    return _WORDS.get(code, f"the client's FHIR server gave nothing usable ({code})")
