"""The check of who asks for an access token.

It is by SMART Backend Services, a client's own signed assertion (RFC 7523; SMART App Launch 2.2).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from cds_service.configuration.normal_url import normal_url
from cds_service.security.client_keys import ClientKeys
from cds_service.security.client_tokens import SKEW, FirstUse, Refused, verified
from cds_service.security.clients import Clients

LONGEST_LIFE: Final = 300
"""Seconds until an assertion ends at most."""
ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def check_assertion(assertion: str, endpoint: str, clients: Clients, keys: ClientKeys, first_use: FirstUse, now: datetime) -> str:
    """Return the issuer of a client whose assertion holds.

    The assertion must be for our token endpoint, and not used before. Raises Refused with the first thing wrong;
    whatever ``first_use`` raises when it cannot tell is passed on.
    """
    header, claims, client = verified(assertion, clients, keys)
    if reason := _wrong(header, claims, endpoint, now.timestamp()):
        raise Refused(reason, client.issuer)
    ends = datetime.fromtimestamp(math.ceil(claims["exp"]) + SKEW, UTC)
    if not client.replay_allowed and not first_use(claims["jti"], client.issuer, ends):
        raise Refused("replayed", client.issuer)
    return client.issuer


def _wrong(header: Mapping[str, Any], claims: Mapping[str, Any], endpoint: str, now: float) -> str:
    exp, jti, named = claims.get("exp"), claims.get("jti"), claims.get("aud")
    if str(header.get("typ", "JWT")).upper() != "JWT":
        return "typ"
    if claims.get("sub") != claims.get("iss"):
        return "subject"
    if not any(isinstance(one, str) and normal_url(one) == endpoint for one in (named if isinstance(named, list) else [named])):
        return "audience"
    if not isinstance(exp, int | float) or isinstance(exp, bool) or not 0 <= exp < 1e11:
        return "times"
    if exp <= now - SKEW:
        return "expired"
    if exp > now + LONGEST_LIFE + SKEW:
        return "lives too long"
    return "" if isinstance(jti, str) and jti else "jti"
