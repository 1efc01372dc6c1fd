"""The SMART app of one process. Nothing of a session stays here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from cds_service.content.content import Content
from cds_service.fhir.server import Limits
from cds_service.hooks.gathered.client_server import ClientServers
from cds_service.hooks.settings import Settings
from cds_service.security.access import may_come_back
from cds_service.security.client_keys import ClientKeys
from cds_service.security.outbound import Outbound
from cds_service.smart.discovered import Discovered
from cds_service.smart.registry import Registry
from cds_service.smart.scopes import scopes_asked
from cds_service.store.store import Store

SECONDS: Final = 8.0
"""Seconds that reading the chart may take.

A person has asked for it and waits, as at no hook.
"""


@dataclass(frozen=True, slots=True)
class SmartApp:
    """What a launch and a session need."""

    registry: Registry
    content: Content
    settings: Settings
    store: Store
    outbound: Outbound
    servers: ClientServers
    keys: ClientKeys
    discovered: Discovered
    today: Callable[[], date]
    now: Callable[[], datetime]

    @property
    def public_url(self) -> str:
        """The public URL that the app's addresses begin with."""
        return self.settings.public_url

    @property
    def secret(self) -> str:
        """The secret that its seals and signatures are made with."""
        return self.settings.link_secret

    @property
    def redirect(self) -> str:
        """The address that the EHR sends a person back to."""
        return f"{self.public_url}/smart/callback"

    def scopes(self, *, second: bool) -> str:
        """Return the scopes that a launch asks for."""
        return scopes_asked(self.content, second=second)


def smart_app(
    registry: Registry,
    content: Content,
    settings: Settings,
    store: Store | None,
    outbound: Outbound | None,
    today: Callable[[], date],
    now: Callable[[], datetime],
) -> SmartApp:
    """Make the app of a process.

    Raises ValueError, in words, where it lacks what keeps its launches and sessions safe.
    """
    if not settings.public_url or not settings.link_secret:
        raise ValueError("the SMART app needs CDS_SERVICE_PUBLIC_URL, where EHRs send people back to, and CDS_SERVICE_LINK_SECRET")
    if not may_come_back(settings.public_url):
        raise ValueError("the SMART app needs a public URL of https: codes and cookies come to it; http is for this machine alone")
    if store is None or outbound is None:
        raise ValueError("the SMART app keeps its sessions in the store, sealed; name one with --store")
    patient = replace(settings, seconds=2 * SECONDS)
    servers = ClientServers(outbound, Limits(seconds=SECONDS))
    return SmartApp(registry, content, patient, store, outbound, servers, ClientKeys(outbound), Discovered(outbound), today, now)
