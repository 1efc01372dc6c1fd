"""Access tokens of our own, for clients that showed who they are.

They are signed, short-lived, and good for the scopes that they name. Every worker reads what another gave out: what a
token says stands in it, and nothing is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from itsdangerous import BadData, URLSafeSerializer

LASTS: Final = timedelta(minutes=5)
"""How long a token is good, as SMART Backend Services advises."""
SCOPES: Final = ("system/questionnaire.rs", "system/valueset.rs", "system/library.rs")
"""What may be asked for: Da Vinci DTR's own, in its spelling."""
_SPELLED: Final = {scope.partition("/")[2].partition(".")[0]: scope for scope in SCOPES}


class Granted(NamedTuple):
    """What a token grants: to whom, and which of the scopes."""

    issuer: str
    scopes: frozenset[str]


def issue(secret: str, issuer: str, scopes: Iterable[str], now: datetime) -> str:
    """Make a token for a client."""
    return str(_signer(secret).dumps([issuer, sorted(scopes), int((now + LASTS).timestamp())]))


def granted(token: str, secret: str, now: datetime) -> Granted | None:
    """Return what a token says.

    Returns None where it was not signed here, or is over.
    """
    try:
        issuer, scopes, ends = _signer(secret).loads(token)
    except BadData:
        return None
    return Granted(issuer, frozenset(scopes)) if now.timestamp() < ends else None


def offered(asked: str) -> tuple[str, ...]:
    """Return those of the scopes asked for that we have.

    They may be spelled as SMART spells them, or be wider than what we give.
    """
    found: dict[str, None] = {}
    for scope in asked.split():
        level, _, rest = scope.partition("/")
        kind, _, actions = rest.partition("?")[0].partition(".")
        reads = actions in ("read", "*") or ("r" in actions and "s" in actions)
        if level == "system" and reads:
            found |= dict.fromkeys(SCOPES if kind == "*" else [_SPELLED[kind.lower()]] if kind.lower() in _SPELLED else [])
    return tuple(found)


@lru_cache(maxsize=4)
def _signer(secret: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt="cds_service access token")
