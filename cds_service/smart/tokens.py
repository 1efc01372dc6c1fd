"""The exchange of a code for an access token, once.

The answer is read strictly.

Sources: SMART App Launch 2.2; RFC 6749, 4.1.3.
"""

from __future__ import annotations

import re
import secrets
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode

from joserfc import jwt

from cds_service.security.outbound import Outbound
from cds_service.smart.discovery import JSON, LARGEST, LaunchRefused, called, read_object
from cds_service.smart.launching import Left
from cds_service.smart.registry import Issuer, algorithm

LONGEST_TOKEN: Final = 16 * 1024
"""Characters of the longest access token that is taken."""
LONGEST_LIFE: Final = timedelta(hours=1)
"""How long a session lasts at most, whatever the token would allow."""
SHORT_LIFE: Final = timedelta(minutes=5)
"""How long a token is used when its lifetime is not stated."""
LONGEST_CODE: Final = 4096
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")
_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,64}")
_REFERENCE: Final = re.compile(r"[A-Z][A-Za-z]{2,60}/[A-Za-z0-9.-]{1,64}")
ERRORS: Final = frozenset(
    [
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
        "access_denied",
        "unsupported_response_type",
        "server_error",
        "temporarily_unavailable",
        "login_required",
        "interaction_required",
        "consent_required",
    ]
)
"""The error codes of OAuth and OpenID Connect.

Of what a server says, only these words are ever told.
"""
MOST_CONTEXT: Final = 20
"""References of the launch's context that are read."""
_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_LASTS: Final = 240
AGAIN: Final = "Close this and launch the app again from the EHR."


@dataclass(frozen=True, slots=True)
class GrantedTokens:
    """What an EHR granted.

    The token, what it may do and until when; the context: patient, encounter, the card's context, the launch's orders. ``banner``
    says that the patient has to be named on the page. ``id_token`` is unchecked.
    """

    token: str
    scope: str
    ends: datetime
    patient: str
    encounter: str = ""
    banner: bool = True
    app_context: str = ""
    orders: tuple[str, ...] = ()
    id_token: str = ""


def refuse_no_code(code: str) -> None:
    """Refuse a launch that came back without a code. Raises LaunchRefused."""
    if not code or len(code) > LONGEST_CODE:
        raise LaunchRefused("code", f"The EHR sent nothing to sign in with. {AGAIN}")


def exchange(code: str, left: Left, issuer: Issuer, redirect: str, outbound: Outbound, now: datetime) -> GrantedTokens:
    """Exchange a code, once.

    Raises LaunchRefused where the EHR gives no token that can be used, or names no patient.
    """
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "code_verifier": left.verifier}
    headers = JSON | {"Content-Type": "application/x-www-form-urlencoded"}
    if issuer.auth == "client_secret_basic":
        pair = f"{quote(issuer.client_id, safe='')}:{quote(issuer.secret, safe='')}"
        headers |= {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
    else:
        form["client_id"] = issuer.client_id
    if issuer.auth == "private_key_jwt":
        form |= {"client_assertion_type": _ASSERTION, "client_assertion": assertion(issuer, left.configuration.token, now)}
    reply = called(
        lambda deadline: outbound.post(
            left.configuration.token,
            urlencode(form).encode(),
            allowed=issuer.authorization,
            headers=headers,
            deadline=deadline,
            largest=LARGEST,
            once=True,
        ),
        "token",
    )
    if reply.status != 200:
        raise LaunchRefused(f"token: {_error(read_object(reply.body))}", f"{issuer.name} refused to sign you in. {AGAIN}", 403)
    return read_granted(read_object(reply.body) or {}, left, now)


def assertion(issuer: Issuer, audience: str, now: datetime) -> str:
    """Sign the token that shows that the app is the client.

    Sources: SMART App Launch 2.2, asymmetric client authentication; RFC 7523.
    """
    if issuer.key is None:
        raise ValueError("this client has no key")
    at = int(now.timestamp())
    claims = {"iss": issuer.client_id, "sub": issuer.client_id, "aud": audience, "iat": at, "exp": at + _ASSERTION_LASTS}
    held = algorithm(issuer.key)
    header = {"alg": held, "typ": "JWT", "kid": issuer.key.kid}
    return jwt.encode(header, claims | {"jti": secrets.token_urlsafe(24)}, issuer.key, algorithms=[held])


def _error(written: dict[str, Any] | None) -> str:
    """Return the error code of OAuth, where it is one.

    A server's own words may hold anything.
    """
    said = (written or {}).get("error")
    return said if isinstance(said, str) and said in ERRORS else "refused"


def read_granted(written: dict[str, Any], left: Left, now: datetime) -> GrantedTokens:
    """Read a token response.

    Raises LaunchRefused for one without a bearer token or a patient.
    """
    token, kind, patient = written.get("access_token"), written.get("token_type"), written.get("patient")
    if not isinstance(token, str) or len(token) > LONGEST_TOKEN or not _TOKEN.fullmatch(token):
        raise LaunchRefused("token: none", f"The EHR gave nothing to read the chart with. {AGAIN}", 502)
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise LaunchRefused("token: type", "The EHR gave a token of a kind that this app does not use.", 502)
    if not isinstance(patient, str) or not _ID.fullmatch(patient):
        raise LaunchRefused("token: patient", "The EHR named no patient. Open a chart, and launch the app from there.", 403)
    scope, encounter, context = written.get("scope"), written.get("encounter"), written.get("appContext")
    return GrantedTokens(
        token,
        scope if isinstance(scope, str) and scope.strip() else left.scope,  # RFC 6749, 5.1: left out where it is as asked for
        now + _life(written.get("expires_in")),
        patient,
        encounter if isinstance(encounter, str) and _ID.fullmatch(encounter) else "",
        written.get("need_patient_banner") is not False,
        context if isinstance(context, str) and len(context) <= LONGEST_CODE else "",
        tuple(_orders(written.get("fhirContext"))),
        id_token if isinstance(id_token := written.get("id_token"), str) else "",
    )


def _life(seconds: Any) -> timedelta:
    if isinstance(seconds, str) and seconds.isascii() and seconds.isdigit() and len(seconds) < 10:  # some servers quote the number
        seconds = int(seconds)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < 10**9:
        return SHORT_LIFE
    return min(timedelta(seconds=seconds), LONGEST_LIFE)


def _orders(context: Any) -> list[str]:
    """Read the references of ``fhirContext``.

    SMART 2.0 has a list of references, 2.2 objects with a reference.
    """
    found: list[str] = []
    for one in context[:MOST_CONTEXT] if isinstance(context, list) else ():
        named = one.get("reference") if isinstance(one, dict) else one
        if isinstance(named, str) and _REFERENCE.fullmatch(named):
            found.append(named)
    return found
