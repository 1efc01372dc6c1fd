"""The day of what was found.

Evidence decides only where it carries a day.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from cds_service.facts.evidence_days import DAY
from cds_service.fhir.elements import Resource, days, first_days, text
from cds_service.policy.evidence import Evidence, Standing
from cds_service.policy.values import Days, Value

DONE_ON: Final = ("occurrenceDateTime", "occurrencePeriod", "performedDateTime", "performedPeriod")
"""The elements that tell when a service was done, or is to be."""
STATUSES: Final = (
    frozenset({"draft", "active", "on-hold", "revoked", "completed", "entered-in-error", "stopped", "suspended", "aborted"})
    | frozenset({"preparation", "in-progress", "not-done", "rejected"})
    | frozenset({"registered", "partial", "preliminary", "final", "amended", "corrected", "appended", "cancelled"})
)
"""The statuses that say how far an order, a procedure, a report or a result is.

Any other, and none, leaves that open.
"""

INTENTIONS: Final = ("proposal", "option")
"""Intents of what somebody may order, and nobody has."""


def open_status(status: str, when: Days | None, said: str, shown: str) -> Evidence:
    """Make uncertain evidence of a record whose status leaves it open."""
    note = "its status is unknown" if status == "unknown" else "its status cannot be read"
    return Evidence(None, when, said, standing=Standing.UNCERTAIN, note=note, shown=shown)


def dated(value: Value | None, when: Days | None, said: str, shown: str) -> Evidence:
    """Make evidence of a value found in the resource ``said``.

    ``said`` is written ``Type/id``. Without a day the evidence is uncertain.
    """
    if when is None:
        return Evidence(value, None, said, standing=Standing.UNCERTAIN, note="it carries no date", shown=shown)
    return Evidence(value, when, said, shown=shown)


def day_done(service: Resource, when: Days | None, said: str, shown: str) -> Evidence:
    """Return the day on which a service was done, as evidence.

    An order that is not completed does not say that it was done, and one that names no day but that of its writing does
    not say when. Such evidence is uncertain, and of the day ``when``.
    """
    on = first_days(service, *DONE_ON)
    done = service.get("status") == "completed"
    if on is None or not done:
        note = "nothing says when it was done" if done else "nothing says that it was done"
        return Evidence(None, when, said, standing=Standing.UNCERTAIN, note=note, shown=shown)
    return Evidence(on, on, said, shown=shown)


def day_made(resource: Resource, as_of: date, *names: str) -> Days | None:
    """Return the day of a record, from the first element holding one.

    Servers write in Universal Time. A record that this puts into the first half of the day after the date of service
    was made in the evening before; it counts as of the date of service.
    """
    when = first_days(resource, *names)
    if when is None or when.first <= as_of or when.first - as_of > DAY:
        return when
    for name in names:
        value = resource.get(name)
        written = text(value.get("start") or value.get("end")) if isinstance(value, dict) else text(value)
        if days(written) is not None:
            return Days.on(as_of) if written.upper().endswith(("Z", "+00:00")) and written[11:13] < "12" else when
    return when
