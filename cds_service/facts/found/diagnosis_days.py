"""When a diagnosis was recorded, and whether it ended."""

from __future__ import annotations

from cds_service.facts.found.dated import day_made
from cds_service.facts.found.onsets import days_of
from cds_service.fhir.elements import Resource, codings, days, first_days, items, reference, status_code
from cds_service.policy.values import Days
from cds_service.sitting import DatedChart


def recorded_on(condition: Resource, seen: DatedChart, as_read: bool) -> Days | None:
    """Return the day on which a diagnosis was recorded.

    It is recordedDate, else the onset, else the encounter. With ``as_read`` (what the diagnosis says lasts), one that
    is active and undated counts as of the day it is read.
    """
    when = day_made(condition, seen.as_of, "recordedDate", "onsetDateTime", "onsetPeriod")
    if when is None:
        encounter = seen.chart.get(reference(condition.get("encounter")))
        when = first_days(encounter, "period") if encounter else None
    if when is None and as_read and status_code(condition.get("clinicalStatus")) in ("active", "recurrence", "relapse", ""):
        when = Days.on(seen.as_of)
    return when


def is_history(condition: Resource, seen: DatedChart) -> bool:
    """Tell whether a diagnosis is only an undated problem list entry.

    It says when it was written down, not when it began or was over.
    """
    listed = any(
        coding.code == "problem-list-item" for category in items(condition.get("category")) for coding in codings(category)
    )
    return listed and days_of(condition, "onset", seen) is None and days_of(condition, "abatement", seen) is None


def ended(condition: Resource, seen: DatedChart) -> bool:
    """Tell whether a diagnosis ended on or before the date of service."""
    lasted = condition.get("abatementPeriod")
    end = days(condition.get("abatementDateTime")) or days(lasted.get("end") if isinstance(lasted, dict) else None)
    return end is not None and end.last <= seen.as_of
