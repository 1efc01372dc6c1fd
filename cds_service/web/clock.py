"""The time now, for what expires and what is counted by days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def now() -> datetime:
    """Return this moment, in UTC."""
    return datetime.now(UTC)
