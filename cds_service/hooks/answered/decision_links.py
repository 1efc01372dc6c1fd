"""Links from cards to the page of their decision.

They are signed, so that nobody can guess one, and are good for a limited time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from typing import NamedTuple
from uuid import UUID

from itsdangerous import BadData, URLSafeSerializer

HOW_DECIDED = "How this was decided"
LASTS = timedelta(days=30)
"""The time for which a link is good."""
SHORTEST_SECRET = 32
"""The fewest characters of a secret that cannot be found by trying."""
SKEW = timedelta(seconds=5)
"""The most that the clocks of two machines may differ."""

Page = Callable[[str], str]
"""The address of the decision that a card (by its UUID) shows.

It is empty where there is none.
"""


class Linked(NamedTuple):
    """The content of a link: a card, and its call's moment."""

    card: str
    made: datetime


def no_page(_: str) -> str:
    """Return no address: no decision has a page."""
    return ""


def decision_page(public_url: str, secret: str, made: datetime) -> Page:
    """Return what gives the addresses of decisions made at a moment.

    Without a public address and a secret, no decision has an address.
    """
    return partial(_address, public_url, secret, int(made.timestamp() * 1000)) if public_url and secret else no_page


def _address(public_url: str, secret: str, made: int, card: str) -> str:
    return f"{public_url}/decisions/{_signer(secret).dumps([UUID(card).hex, made])}"


def linked(token: str, secret: str, now: datetime) -> Linked | None:
    """Read what a link's last part says.

    Returns None if it was not signed here, or is too old.
    """
    if not secret:
        return None
    try:
        card, made = _signer(secret).loads(token)
    except BadData:
        return None
    moment = datetime.fromtimestamp(made / 1000, UTC)
    return Linked(str(UUID(hex=card)), moment) if moment <= now + SKEW and now - moment < LASTS else None


@lru_cache(maxsize=4)
def _signer(secret: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt="cds_service decision page")
