"""The outcome of an order in words."""

from __future__ import annotations

from typing import Final

from cds_service.decision import DecisionOutcome

SAID: Final = {
    DecisionOutcome.NECESSARY: "Necessary",
    DecisionOutcome.NOT_NECESSARY: "Not necessary as documented",
    DecisionOutcome.NOT_DOCUMENTED: "Not yet documented",
    DecisionOutcome.NOT_ADDRESSED: "Not addressed",
    DecisionOutcome.REFERRED: "Another policy governs it",
}
"""The outcome as a heading says it.

Within a sentence it begins with a small letter.
"""


def number(count: int, one: str, many: str = "") -> str:
    """Write a number of things: ``1 more question``, ``3 more questions``."""
    return f"{count} {one if count == 1 else many or f'{one}s'}"
