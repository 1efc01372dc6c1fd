"""Who signed in, by the ID token of the launch.

Sources: OpenID Connect Core 3.1.3.7; SMART App Launch 2.2, scopes ``openid fhirUser``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import orjson
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry, extract_compact, validate_compact

from cds_service.security.client_algorithms import ALGORITHMS
from cds_service.security.client_keys import ClientKeys
from cds_service.security.client_tokens import SKEW
from cds_service.security.clients import Client
from cds_service.smart.discovery import LaunchRefused
from cds_service.smart.launching import Left
from cds_service.smart.registry import Issuer

LONGEST: Final = 16 * 1024
_PEOPLE: Final = re.compile(r"(?:Practitioner|PractitionerRole|Patient|RelatedPerson)/[A-Za-z0-9.-]{1,64}")
_REGISTRY: Final = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
SAID: Final = (
    "The EHR's word on who signed in does not hold, so nothing was opened. Tell its administrators, and launch the app again."
)


def who_signed_in(id_token: str, left: Left, issuer: Issuer, keys: ClientKeys, now: datetime) -> str:
    """Check an ID token, and return the person's reference.

    It is empty where the token names none of the EHR's records. Raises LaunchRefused for a token that is not the EHR's own,
    for this app, of this launch and of now.
    """
    try:
        signed = extract_compact(id_token[:LONGEST].encode(), registry=_REGISTRY)
        header, claims = signed.headers(), orjson.loads(signed.payload)
        good = isinstance(claims, dict) and header.get("alg") in ALGORITHMS
    except (JoseError, ValueError, TypeError, AttributeError, RecursionError):
        good = False
    if not good:
        raise LaunchRefused("id_token: malformed", SAID, 403)
    configuration = left.configuration
    publisher = Client(configuration.issuer, configuration.jwks or None, {}, (), False, frozenset())
    kid = header.get("kid")
    key = keys.find(publisher, kid) if isinstance(kid, str) and kid else None
    if key is None:
        raise LaunchRefused("id_token: key", SAID, 403)
    try:
        good = key.alg in (None, header["alg"]) and validate_compact(signed, key, registry=_REGISTRY)
    except (JoseError, ValueError, TypeError):
        good = False
    if not good:
        raise LaunchRefused("id_token: signature", SAID, 403)
    if wrong := _wrong(claims, left, issuer.client_id, now.timestamp()):
        raise LaunchRefused(f"id_token: {wrong}", SAID, 403)
    return person_of(claims, left.iss)


def _wrong(claims: Mapping[str, Any], left: Left, client: str, now: float) -> str:
    """Say what is wrong with the claims of a signed token.

    Empty where nothing is.
    """
    named = claims.get("aud")
    audiences = named if isinstance(named, list) else [named]
    if claims.get("iss") != left.configuration.issuer:
        return "issuer"
    if client not in audiences or (len(audiences) > 1 and claims.get("azp") != client) or claims.get("azp", client) != client:
        return "audience"
    exp, iat = claims.get("exp"), claims.get("iat", now)
    if not isinstance(exp, int | float) or not isinstance(iat, int | float):
        return "times"
    if exp <= now - SKEW or iat > now + SKEW:
        return "expired"
    return "" if claims.get("nonce") == left.nonce else "nonce"


def person_of(claims: Mapping[str, Any], iss: str) -> str:
    """Return the person's record in the EHR.

    ``fhirUser`` names it or, in SMART 1, ``profile``. Empty for a record elsewhere.
    """
    named = claims.get("fhirUser") or claims.get("profile")
    if not isinstance(named, str):
        return ""
    relative = named.removeprefix(f"{iss.rstrip('/')}/")
    return relative if _PEOPLE.fullmatch(relative) else ""
