"""What an EHR says of its authorization server.

Source: SMART App Launch 2.2, Conformance (``.well-known/smart-configuration``).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from cds_service import telemetry
from cds_service.security.outbound import NotAllowed, Outbound, ServerReply, Unreachable
from cds_service.security.urls import allows, read_url
from cds_service.smart.registry import Issuer

log = logging.getLogger("cds_service")
SECONDS: Final = 5.0
"""Seconds that one call to an authorization server may take.

A person waits for it.
"""
LARGEST: Final = 256 * 1024
"""Bytes of the largest answer of an authorization server."""
JSON: Final = {"Accept": "application/json"}


class LaunchRefused(Exception):
    """An error that ends a launch.

    ``said`` tells the person what happened and what to do; ``reason`` is the log's word for it, ``status`` that of the
    page.
    """

    def __init__(self, reason: str, said: str, status: int = 400) -> None:
        self.reason, self.said, self.status = reason, said, status
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class SmartConfiguration:
    """Where the EHR authorizes, gives tokens and publishes its keys.

    ``issuer`` is who its ID tokens are from. ``second`` says that it knows the scopes of SMART 2.
    """

    authorize: str
    token: str
    issuer: str = ""
    jwks: str = ""
    second: bool = True

    @property
    def names_people(self) -> bool:
        """Whether it says how its ID tokens are checked."""
        return bool(self.issuer and self.jwks)


def discover(iss: str, issuer: Issuer, outbound: Outbound) -> SmartConfiguration:
    """Read what an EHR says of itself.

    Raises LaunchRefused where nothing usable came, or it leads elsewhere than is registered.
    """
    reply = called(
        lambda deadline: outbound.get(
            f"{iss.rstrip('/')}/.well-known/smart-configuration",
            allowed=(iss,),
            headers=JSON,
            deadline=deadline,
            largest=LARGEST,
        ),
        "configuration",
    )
    written = read_object(reply.body) if reply.status == 200 else None
    if written is None:
        raise LaunchRefused("configuration", f"{issuer.name} does not say how apps are launched. Its administrators can help.", 502)
    endpoints = {name: _endpoint(written, name, issuer) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
    if not endpoints["authorization_endpoint"] or not endpoints["token_endpoint"]:
        said = f"{issuer.name} names an authorization server that is not registered here, or none. Whoever runs this app can help."
        raise LaunchRefused("endpoints", said, 502)
    methods = written.get("code_challenge_methods_supported")
    if isinstance(methods, list) and "S256" not in methods:
        raise LaunchRefused("pkce", f"{issuer.name} does not protect launches by PKCE with S256, which this app needs.", 502)
    told = written.get("capabilities")
    capabilities = told if isinstance(told, list) else []
    named = written.get("issuer")
    return SmartConfiguration(
        endpoints["authorization_endpoint"],
        endpoints["token_endpoint"],
        named if isinstance(named, str) else "",
        endpoints["jwks_uri"],
        "permission-v2" in capabilities or "permission-v1" not in capabilities,
    )


def _endpoint(written: Mapping[str, Any], name: str, issuer: Issuer) -> str:
    """Return an endpoint below a registered prefix; empty for any other."""
    url = written.get(name)
    if not isinstance(url, str):
        return ""
    try:
        return url if allows(issuer.authorization, read_url(url)) else ""
    except ValueError:
        return ""


def called(call: Any, what: str) -> ServerReply:
    """Make one call to an authorization server within its time.

    It is counted. Raises LaunchRefused where no answer came.
    """
    try:
        reply: ServerReply = call(time.monotonic() + SECONDS)
    except NotAllowed:
        telemetry.outbound("smart", "refused")
        raise LaunchRefused(
            f"{what}: not allowed", "The EHR's server may not be called from here. Whoever runs this app can help.", 502
        ) from None
    except Unreachable as failed:
        telemetry.outbound("smart", "timeout" if failed.why == "timeout" else "failed")
        raise LaunchRefused(
            f"{what}: {failed.why}", "The EHR's server did not answer. Close this and launch it again.", 502
        ) from None
    telemetry.outbound("smart", "ok" if reply.status < 400 else "error")
    return reply


def read_object(body: bytes) -> dict[str, Any] | None:
    """Return the JSON object of a body, or None."""
    try:
        read = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return read if isinstance(read, dict) else None
