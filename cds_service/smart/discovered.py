"""What EHRs said of themselves, remembered for a minute.

Anybody may open the address of a launch, and none of it is about a person: so a launch asks an EHR only where no other just
did.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from cds_service.security.outbound import Outbound
from cds_service.security.urls import Address, read_prefix
from cds_service.smart.discovery import LaunchRefused, SmartConfiguration, discover
from cds_service.smart.registry import Issuer

LASTS: Final = timedelta(minutes=1)
"""How long an answer that can be used is remembered."""
REFUSED_LASTS: Final = timedelta(seconds=5)
"""How long a refusal is remembered.

Who mends the EHR, or launches again, need not wait long.
"""
MOST: Final = 200
"""How many FHIR servers are remembered; of a sandbox there may be any number."""


class Discovered:
    """The configurations of EHRs, as they were read a moment ago."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound
        self._held: dict[Address, tuple[datetime, SmartConfiguration | LaunchRefused]] = {}
        self._lock = Lock()

    def of(self, iss: str, issuer: Issuer, now: datetime) -> SmartConfiguration:
        """Return what an EHR says of itself, or just said.

        Raises LaunchRefused where nothing usable came, or it leads elsewhere than is registered.
        """
        server = read_prefix(iss)
        with self._lock:
            ends, held = self._held.get(server, (now, None))
        if held is None or ends <= now:
            held = self._read(iss, issuer)
            self._keep(server, held, now)
        if isinstance(held, LaunchRefused):
            raise LaunchRefused(held.reason, held.said, held.status)
        return held

    def _read(self, iss: str, issuer: Issuer) -> SmartConfiguration | LaunchRefused:
        try:
            return discover(iss, issuer, self._outbound)
        except LaunchRefused as refused:
            return refused

    def _keep(self, server: Address, held: SmartConfiguration | LaunchRefused, now: datetime) -> None:
        ends = now + (REFUSED_LASTS if isinstance(held, LaunchRefused) else LASTS)
        with self._lock:
            self._held.pop(server, None)
            self._held = {one: kept for one, kept in self._held.items() if kept[0] > now}
            while len(self._held) >= MOST:
                del self._held[next(iter(self._held))]
            self._held[server] = ends, held
