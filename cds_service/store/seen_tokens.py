"""Tokens that may be used once.

Who used one first is told to all processes that share the store. Those that are over go as others come.
"""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import Engine, delete, select, tuple_

from cds_service.store.database import insert_new
from cds_service.store.failures import StoreFailed, failures_told
from cds_service.store.tables import LONGEST, SeenToken

AT_ONCE: Final = 100
"""The most rows that are taken away at once."""
ONE_IN: Final = 20
"""How many uses come, by chance, to one that takes rows away: far fewer than it may take."""
OVER: Final = timedelta(hours=1)
"""How long after its end a token is forgotten by the way.

The clocks of the processes differ by less, or they would take no tokens.
"""


def first_use(engine: Engine, jti: str, issuer: str, expires: datetime, now: datetime) -> bool:
    """Tell whether this is the first use of a token.

    It is told atomically over all processes. ``jti`` counts only for its issuer. Raises StoreFailed when the database
    does not say; a token is then not to be trusted.
    """
    row = {"jti": _key(jti), "issuer": _key(issuer), "expires": expires}
    with failures_told(), engine.begin() as connection:
        first = insert_new(connection, SeenToken, [row]) == 1
    if random.randrange(ONE_IN) == 0:  # noqa: S311 - no secret
        _forget_some(engine, now)
    return first


def _forget_some(engine: Engine, now: datetime) -> None:
    """Take away some rows of tokens that are over.

    It has a transaction of its own: beside an insertion, two processes could wait for each other. What fails is tried
    again with another use, and says nothing of a token.
    """
    over = select(SeenToken.issuer, SeenToken.jti).where(SeenToken.expires < now - OVER).limit(AT_ONCE)
    some = over.with_for_update(skip_locked=True)
    with suppress(StoreFailed), failures_told(), engine.begin() as connection:
        connection.execute(delete(SeenToken).where(tuple_(SeenToken.issuer, SeenToken.jti).in_(some)))


def _key(text: str) -> str:
    """Return the text where a database can keep it, else its digest.

    Cutting it would make two tokens one.
    """
    plain = len(text) <= LONGEST and "\0" not in text and not text.startswith("sha256:")
    return text if plain else f"sha256:{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"
