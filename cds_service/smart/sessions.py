"""Sessions: what an EHR granted to one person, for all workers.

Why in the store: workers share no memory, and an EHR's token may be larger than a cookie. Why that is no data on a disk that
somebody could read: the row is sealed by a key made of the service's secret *and* of 32 random bytes that only the browser's cookie
holds, so neither the database nor the database with the secret opens it. Nothing of the chart and no answer is ever in it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from cds_service.smart.sealed import digest, seal, unseal
from cds_service.smart.tokens import GrantedTokens
from cds_service.store.smart_sessions import forget, held, keep
from cds_service.store.store import Store

_FORM: Final = "form"


@dataclass(frozen=True, slots=True)
class SessionKey:
    """Where a session is found.

    ``name`` stands in the address of its pages, ``key`` in its cookie.
    """

    name: str
    key: str

    @property
    def row(self) -> str:
        """The id of its row, which tells neither of the two."""
        return sha256(f"{self.name}\0{self.key}".encode()).hexdigest()

    @property
    def purpose(self) -> str:
        """What the row is sealed for."""
        return f"session {self.name} {self.key}"


@dataclass(frozen=True, slots=True)
class Session:
    """One launch that was let in.

    ``iss`` is the FHIR server, ``user`` the person's own record there, empty where the EHR does not say who it is.
    """

    iss: str
    granted: GrantedTokens
    user: str = ""


def begin(session: Session, store: Store, secret: str, now: datetime) -> SessionKey:
    """Keep a new session. Raises StoreFailed."""
    place = SessionKey(secrets.token_urlsafe(16), secrets.token_urlsafe(32))
    granted = session.granted
    told = {
        "iss": session.iss,
        "user": session.user,
        "granted": [
            granted.token,
            granted.scope,
            granted.ends.timestamp(),
            granted.patient,
            granted.encounter,
            granted.banner,
            granted.app_context,
            list(granted.orders),
        ],
    }
    keep(store.engine, place.row, seal(secret, place.purpose, told), granted.ends, now)
    return place


def resume(place: SessionKey, store: Store, secret: str, now: datetime) -> Session | None:
    """Return the session at a place.

    None where it has ended, or this browser does not hold its key. Raises StoreFailed.
    """
    sealed = held(store.engine, place.row, now)
    told = unseal(secret, place.purpose, sealed) if sealed else None
    if told is None:
        return None
    granted = GrantedTokens(*told["granted"])
    ends = datetime.fromtimestamp(told["granted"][2], UTC)
    return Session(told["iss"], replace(granted, ends=ends, orders=tuple(granted.orders)), told["user"])


def end(place: SessionKey, store: Store) -> None:
    """Forget a session. Raises StoreFailed."""
    forget(store.engine, place.row)


def cookie_of(name: str) -> str:
    """Return the name of a session's cookie.

    Each session has its own, so that tabs with different patients never mix.
    """
    return f"smart-{name}"


def form_token(place: SessionKey, secret: str) -> str:
    """Return what forms of this session carry, and no other site's can."""
    return digest(secret, _FORM, place.purpose)
