"""The way out to the EHR's authorization server, and back.

Source: SMART App Launch 2.2, EHR launch. State, PKCE and nonce are made; what has to be known on the way back stands in a cookie of
the browser that left, sealed and bound to the state. Another browser has none, and a state is taken once.
"""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode

from cds_service.smart.discovery import LaunchRefused, SmartConfiguration
from cds_service.smart.registry import Issuer
from cds_service.smart.sealed import seal, unseal

LASTS: Final = timedelta(minutes=10)
"""How long a person may take to sign in."""
LONGEST_LAUNCH: Final = 2000
"""Characters of the longest launch value that is passed on.

Public launchers put a whole set-up into it.
"""
_PURPOSE: Final = "launch"


@dataclass(frozen=True, slots=True)
class Leaving:
    """A launch on its way out.

    ``address`` is where to, ``state`` what comes back, ``sealed`` what is kept until then.
    """

    address: str
    state: str
    sealed: str


@dataclass(frozen=True, slots=True)
class Left:
    """What was kept of a launch.

    The FHIR server and its configuration, the secret of PKCE, the nonce, and the scopes that were asked for.
    """

    iss: str
    verifier: str
    nonce: str
    scope: str
    configuration: SmartConfiguration


def leave(
    iss: str, launch: str, issuer: Issuer, configuration: SmartConfiguration, scope: str, redirect: str, secret: str, now: datetime
) -> Leaving:
    """Make the address that asks the EHR for a code.

    Raises LaunchRefused for a launch value that is none.
    """
    if not launch or len(launch) > LONGEST_LAUNCH or not launch.isprintable() or not launch.isascii():
        raise LaunchRefused("launch", "The EHR did not say what it launches this app for. Close this and launch it again.")
    state, verifier, nonce = (secrets.token_urlsafe(48) for _ in range(3))
    asked = {
        "response_type": "code",
        "client_id": issuer.client_id,
        "redirect_uri": redirect,
        "scope": scope,
        "state": state,
        "aud": iss,
        "launch": launch,
        "nonce": nonce,
        "code_challenge": challenge(verifier),
        "code_challenge_method": "S256",
    }
    kept = {
        "state": state,
        "iss": iss,
        "verifier": verifier,
        "nonce": nonce,
        "scope": scope,
        "ends": (now + LASTS).timestamp(),
        "at": [configuration.authorize, configuration.token, configuration.issuer, configuration.jwks],
    }
    joined = "&" if "?" in configuration.authorize else "?"
    return Leaving(f"{configuration.authorize}{joined}{urlencode(asked)}", state, seal(secret, _PURPOSE, kept))


def came_back(state: str, sealed: str, secret: str, now: datetime) -> Left:
    """Return what was kept of the launch whose state came back.

    Raises LaunchRefused where this browser left for no such launch.
    """
    kept: dict[str, Any] = unseal(secret, _PURPOSE, sealed) or {}
    if not kept or not state or not secrets.compare_digest(str(kept["state"]).encode(), state.encode("utf-8", "replace")):
        said = "This browser did not begin this launch, or began it too long ago. Close this and launch the app again from the EHR."
        raise LaunchRefused("state", said)
    if now.timestamp() >= kept["ends"]:
        raise LaunchRefused("late", "Signing in took too long. Close this and launch the app again from the EHR.")
    return Left(kept["iss"], kept["verifier"], kept["nonce"], kept["scope"], SmartConfiguration(*kept["at"]))


def cookie_of(state: str) -> str:
    """Return the name of the cookie that belongs to a state.

    Launches in several tabs so stand beside each other.
    """
    return f"smart-launch-{sha256(state.encode('utf-8', 'replace')).hexdigest()[:16]}"


def challenge(verifier: str) -> str:
    """Return the code challenge of a verifier (RFC 7636, S256)."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
