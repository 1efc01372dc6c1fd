"""Results and diagnoses that a record contains.

A report may contain its results in place of naming them, an Encounter its diagnoses. They are records like others: what
the record around them says of the patient, the day and the encounter holds for them where they do not say it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cds_service.fhir.elements import Resource, items, own_reference, text

_CONTAINED: Final = {"DiagnosticReport": "Observation", "Observation": "Observation", "Encounter": "Condition"}
"""The types of records that contain others, and the type of those that are read."""
_VOID: Final = frozenset({"entered-in-error", "cancelled"})
"""The statuses of a record in which nothing that it contains counts."""
_DAYS: Final = ("effectiveDateTime", "effectivePeriod", "effectiveInstant", "effectiveTiming", "issued")
_LONGEST_ID: Final = 64
"""The most characters of an id (FHIR R4, datatypes, id)."""


def contained_records(records: Iterable[Resource]) -> list[Resource]:
    """Return what records contain, as records of their own.

    Each is named by the ids of the record and its own, with a dot between. One without either, or whose name would be
    too long for an id, has none.
    """
    return [_of_its_own(one, around) for around in records if "contained" in around for one in _within(around)]


def _within(around: Resource) -> list[Resource]:
    wanted = _CONTAINED.get(text(around.get("resourceType")))
    if wanted is None or text(around.get("status")) in _VOID:
        return []
    return [one for one in items(around["contained"]) if isinstance(one, dict) and one.get("resourceType") == wanted]


def _of_its_own(one: Resource, around: Resource) -> Resource:
    holder, own = text(around.get("id")), text(one.get("id"))
    whole = {key: value for key, value in one.items() if key != "id"}
    if holder and own and len(holder) + len(own) < _LONGEST_ID:
        whole["id"] = f"{holder}.{own}"
    if "subject" in around:
        whole.setdefault("subject", around["subject"])
    if one["resourceType"] == "Condition":
        whole.setdefault("encounter", {"reference": own_reference(around)})
    elif not any(day in one for day in _DAYS):
        whole |= {day: around[day] for day in _DAYS if day in around}
    return whole
