"""Evidence of something that was found, which decides only where it carries a date."""

from __future__ import annotations

from cds_service.policy.model import Evidence, Standing
from cds_service.policy.values import Days, Value


def dated(value: Value, when: Days | None, said: str, shown: str) -> Evidence:
    """The evidence of a value found in the resource ``said`` (``Type/id``); without a day it is uncertain."""
    if when is None:
        return Evidence(value, None, said, standing=Standing.UNCERTAIN, note="it carries no date", shown=shown)
    return Evidence(value, when, said, shown=shown)
