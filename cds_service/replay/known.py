"""When a resource could first be read, and what it tells happened."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from cds_service.fhir.elements import Resource, days
from cds_service.replay.terms import REQUESTS

_WRITTEN: Final = ("recordedDate", "issued", "authoredOn", "dateAsserted", "authored", "created")
"""The elements that say when a resource was written down."""
_HAPPENED: Final = (
    "effectiveDateTime",
    "effectiveInstant",
    "effectivePeriod",
    "performedDateTime",
    "performedPeriod",
    "occurrenceDateTime",
    "occurrencePeriod",
    "whenHandedOver",
    "whenPrepared",
    "date",
    "onsetDateTime",
    "onsetPeriod",
    "period",
    "start",
)
"""The elements that say when what a resource tells of happened.

That is: when it happened, was so, or began.
"""
_ALWAYS: Final = frozenset({"Patient", "Coverage"})
"""Types that hold for long, and are known whenever they were written."""
_GOING_ON: Final = frozenset({"Encounter", "MedicationStatement"})
"""Types written while what they tell of goes on.

They are known from its beginning.
"""


def known_from(resource: Resource) -> date | None:
    """Return the first day on which somebody could have read a resource.

    None where it says no day, and so may have been there always.

    The day is that on which it was written down; else the end of what it tells of (its beginning, for what is written
    while it goes on). A request that does not say when it was written may have been there always: its occurrence may be
    a day to come. Of a day that is given in part ("2025-03") it is the first possible day: what the resource proves,
    facts judge by its own days.
    """
    kind = resource.get("resourceType")
    if kind in _ALWAYS:
        return None
    for name in _WRITTEN:
        if found := _day(resource.get(name)):
            return found
    for name in _HAPPENED if kind not in REQUESTS else ():
        value = resource.get(name)
        if isinstance(value, dict):
            ends = _day(value.get("end")) if kind not in _GOING_ON else None
            found = ends or _day(value.get("start")) or _day(value.get("end"))
        else:
            found = _day(value)
        if found:
            return found
    return None


def happened_by(resource: Resource) -> date | None:
    """Return the first day by which it may have happened.

    None where the resource says no day.
    """
    if resource.get("resourceType") in _ALWAYS:
        return None
    names = (*_WRITTEN, *_HAPPENED) if resource.get("resourceType") in REQUESTS else (*_HAPPENED, *_WRITTEN)
    for name in names:
        value = resource.get(name)
        found = _day(value.get("start") or value.get("end")) if isinstance(value, dict) else _day(value)
        if found:
            return found
    return None


def _day(written: Any) -> date | None:
    """Return the first day that a date leaves open.

    Servers write in Universal Time. A moment in the first half of a day there was written on the day before by clocks
    to the west.
    """
    found = days(written)
    if found is None:
        return None
    early = written.upper().endswith(("Z", "+00:00")) and written[11:13] < "12"
    return found.first - timedelta(1) if early else found.first
