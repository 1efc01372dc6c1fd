"""The constant card that the floor and the peers answer with. Imports nothing, for a peer's environment holds only the peer."""

from __future__ import annotations

SUMMARY = "81420 (prenatal cfDNA screening): not yet documented. How far along is the pregnancy?"
CARD = {
    "uuid": "07bc9814-9d2a-41ee-8c90-0242ac120002",
    "summary": SUMMARY,
    "detail": "A constant card, so that the answer has a card's size. " * 12,
    "indicator": "info",
    "source": {"label": "floor"},
}
