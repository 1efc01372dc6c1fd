"""Tokens that may be used once: who used one first, told to all processes that share the store."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from sqlalchemy import Engine

from cds_service.store.database import failures_told, insert_new
from cds_service.store.tables import LONGEST, SeenToken


def first_use(engine: Engine, jti: str, issuer: str, expires: datetime) -> bool:
    """Whether this is the first use of a token, atomically over all processes. ``jti`` counts for its issuer alone.

    Raises StoreFailed when the database does not say; a token is then not to be trusted.
    """
    row = {"jti": _key(jti), "issuer": _key(issuer), "expires": expires}
    with failures_told(), engine.begin() as connection:
        return insert_new(connection, SeenToken, [row]) == 1


def _key(text: str) -> str:
    """The text itself where a database can keep it, else its digest: cutting it would make two tokens one."""
    plain = len(text) <= LONGEST and "\0" not in text and not text.startswith("sha256:")
    return text if plain else f"sha256:{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"
