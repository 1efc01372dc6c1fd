"""Checks of client tokens, in one order, cheapest first.

They are the JSON Web Tokens of CDS Hooks (2.0, "Trusting CDS Clients"). Signatures are verified by joserfc: it reads a
token without trusting it, so that the issuer picks the keys before any is used; it ties algorithms to types of keys; it
refuses critical headers that it does not know, and it fetches nothing by itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from joserfc.errors import JoseError
from joserfc.jws import CompactSignature, JWSRegistry, extract_compact, validate_compact

from cds_service.configuration.normal_url import normal_url
from cds_service.security.caller import Caller
from cds_service.security.client_algorithms import ALGORITHMS
from cds_service.security.client_keys import ClientKeys
from cds_service.security.clients import Client, Clients

SKEW = 30
"""Seconds by which a client's clock may differ from ours."""
LONGEST_LIFE = 3600
"""Longest life of a token, from issue to expiry, in seconds.

CDS Hooks asks for a few minutes.
"""
LONGEST = 16 * 1024
"""Longest token, in characters."""
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
FirstUse = Callable[[str, str, datetime], bool]
"""A function that tells whether a token is used the first time.

It takes the token's id, issuer and expiry.
"""


class _Registry(JWSRegistry):
    max_header_length = 4096


_REGISTRY = _Registry(algorithms=ALGORITHMS, strict_check_header=False)


class Refused(Exception):
    """A token that is not accepted.

    ``reason`` is for the log, with the ``issuer`` where it is a known one, and the token's id (``jti``) where its
    signature is good.
    """

    def __init__(self, reason: str, issuer: str | None = None, jti: str | None = None) -> None:
        self.reason, self.issuer, self.jti = reason, issuer, jti
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Checked:
    """A token that passed: who calls, and the token's id."""

    caller: Caller
    jti: str


def check_token(
    token: str, audiences: Collection[str], clients: Clients, keys: ClientKeys, first_use: FirstUse, now: datetime
) -> Checked:
    """Check a token for one endpoint.

    The endpoint is known by any of its ``audiences`` (URLs without a slash at the end). Raises Refused with the first
    thing wrong; whatever ``first_use`` raises when it cannot tell is passed on.
    """
    header, claims, client = verified(token, clients, keys)
    named = claims.get("jti")
    jti = named if isinstance(named, str) and re.fullmatch(r"[A-Za-z0-9:_-]{1,128}", named) else "not an id"
    reason = _wrong(header, claims, audiences, client, now.timestamp())
    if reason:
        raise Refused(reason, client.issuer, jti)
    ends = datetime.fromtimestamp(math.ceil(claims["exp"]) + SKEW, UTC)
    if not client.replay_allowed and not first_use(claims["jti"], client.issuer, ends):
        raise Refused("replayed", client.issuer, jti)
    return Checked(Caller(client.issuer, client.fhir_servers, claims.get("tenant")), jti)


def verified(token: str, clients: Clients, keys: ClientKeys) -> tuple[dict[str, Any], dict[str, Any], Client]:
    """Return the header, the claims and the client of a token.

    Only the signature is checked, to be its client's; nothing else is. Raises Refused.
    """
    signed, header, claims = _parsed(token)
    client = _client(header, claims, clients)
    _verify(signed, header, client, keys)
    return header, claims, client


def _parsed(token: str) -> tuple[CompactSignature, dict[str, Any], dict[str, Any]]:
    if len(token) > LONGEST or not _COMPACT.fullmatch(token):
        raise Refused("malformed")
    try:
        signed = extract_compact(token.encode(), registry=_REGISTRY)
        claims = orjson.loads(signed.payload)
        header: Any = signed.headers()
    except (JoseError, ValueError, TypeError, AttributeError, RecursionError):
        raise Refused("malformed") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise Refused("malformed")
    return signed, header, claims


def _client(header: dict[str, Any], claims: dict[str, Any], clients: Clients) -> Client:
    """Return the client whose token it claims to be.

    Nothing of the token is verified yet, and nothing was fetched. Raises Refused for an algorithm, issuer or ``jku``
    that is not accepted.
    """
    if header.get("alg") not in ALGORITHMS:
        raise Refused("algorithm")
    issuer = claims.get("iss")
    client = clients.by_issuer.get(issuer) if isinstance(issuer, str) else None
    if client is None:
        raise Refused("issuer")
    named_elsewhere = "jku" in header and header["jku"] != client.jku
    if named_elsewhere and (client.jku is not None or not client.keys):  # where only keys are registered, nothing is ever fetched
        raise Refused("jku", client.issuer)
    return client


def _verify(signed: CompactSignature, header: dict[str, Any], client: Client, keys: ClientKeys) -> None:
    kid = header.get("kid")
    key = keys.find(client, kid) if isinstance(kid, str) and kid else None
    if key is None:
        raise Refused("key", client.issuer)
    try:
        good = key.alg in (None, header["alg"]) and validate_compact(signed, key, registry=_REGISTRY)
    except (JoseError, ValueError, TypeError):
        good = False
    if not good:
        raise Refused("signature", client.issuer)


def _wrong(header: dict[str, Any], claims: dict[str, Any], audiences: Collection[str], client: Client, now: float) -> str | None:
    """Say what is wrong with a token whose signature is good.

    Returns None where nothing is.
    """
    typ, jti, tenant = header.get("typ"), claims.get("jti"), claims.get("tenant")
    exp, iat, nbf = claims.get("exp"), claims.get("iat"), claims.get("nbf", 0)
    if not isinstance(typ, str) or typ.upper() != "JWT":
        return "typ"
    named = claims.get("aud")
    if not any(isinstance(one, str) and normal_url(one) in audiences for one in (named if isinstance(named, list) else [named])):
        return "audience"
    if not (_seconds(exp) and _seconds(iat) and _seconds(nbf)):
        return "times"
    if exp <= now - SKEW:  # type: ignore[operator]
        return "expired"
    if iat > now + SKEW or nbf > now + SKEW:  # type: ignore[operator]
        return "not yet"
    if not 0 < exp - iat <= LONGEST_LIFE:  # type: ignore[operator]
        return "lives too long"
    if not (tenant is None or isinstance(tenant, str)) or (client.tenants and tenant not in client.tenants):
        return "tenant"
    return None if isinstance(jti, str) and jti else "jti"


def _seconds(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e11
