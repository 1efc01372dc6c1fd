"""Tokens that may be used once.

Who used one first is told to all processes that share the store.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from sqlalchemy import Engine

from cds_service.store.database import failures_told, insert_new
from cds_service.store.tables import LONGEST, SeenToken


def first_use(engine: Engine, jti: str, issuer: str, expires: datetime) -> bool:
    """Tell whether this is the first use of a token.

    It is told atomically over all processes. ``jti`` counts only for its issuer. Raises StoreFailed when the database
    does not say; a token is then not to be trusted.
    """
    row = {"jti": _key(jti), "issuer": _key(issuer), "expires": expires}
    with failures_told(), engine.begin() as connection:
        return insert_new(connection, SeenToken, [row]) == 1


def _key(text: str) -> str:
    """Return the text where a database can keep it, else its digest.

    Cutting it would make two tokens one.
    """
    plain = len(text) <= LONGEST and "\0" not in text and not text.startswith("sha256:")
    return text if plain else f"sha256:{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"
