"""What the record of a medicine says beside its name: its state, its days, its route, and why it is given or was stopped.

Reasons and routes that stand in words alone, or in codes of no known system, are open: neither yes nor no.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from cds_service.chart import Chart
from cds_service.fhir.codes import is_known
from cds_service.fhir.elements import Resource, codings, first_days, items, reference, text
from cds_service.fhir.value_sets import Terminology
from cds_service.order import timing_start
from cds_service.policy.values import Days

_STATES: Final = {
    "in-progress": "active",
    "preparation": "active",
    "intended": "active",
    "recorded": "active",
    "cancelled": "",
    "revoked": "",
    "declined": "",
    "not-done": "",
    "not-taken": "",
    "entered-in-error": "",
}
_LASTS: Final = 30
"""Days that a medicine which was handed over is taken for, where nothing says for how long it was meant."""
_LONGEST: Final = 366
"""Days beyond which nothing that was handed over is believed to last."""
_STOPPED_FOR: Final = ("statusReason", "statusReasonCodeableConcept")
_PLAIN_ROUTES: Final = frozenset(
    {
        *("oral", "orally", "po", "p.o.", "by mouth", "oral route", "per os", "sublingual", "buccal", "rectal", "vaginal"),
        *("iv", "intravenous", "intravenously", "im", "intramuscular", "sc", "sq", "subq", "subcutaneous", "transdermal"),
        *("topical", "topically", "nasal", "inhaled", "inhalation", "ophthalmic", "otic"),
    }
)
"""Routes in words that mean one thing."""
_DATES: Final = (
    "effectiveDateTime",
    "effectivePeriod",
    "whenHandedOver",
    "whenPrepared",
    "occurrenceDateTime",
    "occurrencePeriod",
    "authoredOn",
    "dateAsserted",
)


def states_of(resource: Resource, status: str, as_of: date) -> tuple[str, ...]:
    """The states that a status means; none for what does not count.

    What was handed over is a thing done, and taken now as long as its supply lasts.
    """
    state = _STATES.get(status, status)
    if state != "completed" or resource.get("resourceType") != "MedicationDispense":
        return (state,) if state else ()
    given = medication_days(resource)
    supply = resource.get("daysSupply")
    amount = supply.get("value") if isinstance(supply, dict) else None
    lasts = float(amount) if isinstance(amount, int | float) and 1 <= amount <= _LONGEST else _LASTS
    now = given is not None and given.last <= as_of and as_of - given.last <= timedelta(lasts)
    return ("active", "completed") if now else ("completed",)


def medication_days(resource: Resource) -> Days | None:
    """When a medicine is or was taken: the start of its dosage timing, else its own dates, else when it was ordered."""
    for dosage in items(resource.get("dosageInstruction")):
        start = timing_start(dosage.get("timing")) if isinstance(dosage, dict) else None
        if start:
            return start
    return first_days(resource, *_DATES)


def routes_of(resource: Resource) -> list[Any]:
    """The routes by which a medicine is ordered, taken or given."""
    dosages = [*items(resource.get("dosageInstruction")), *items(resource.get("dosage"))]
    return [dosage.get("route") for dosage in dosages if isinstance(dosage, dict)]


def has_reason(resource: Resource, wanted: str, chart: Chart) -> bool | None:
    """Whether it has a reason of a value set, by code or by the diagnosis it names (true where none is ``wanted``).

    None where the reason for its status stands in words alone, or in a code of no known system.
    """
    if not wanted:
        return True
    holding = chart.terminology.holding
    named = [chart.get(reference(one)) for one in items(resource.get("reasonReference"))]
    reasons = [*items(resource.get("reasonCode")), *(diagnosis.get("code") for diagnosis in named if diagnosis)]
    if any(wanted in holding(*coding) for concept in reasons for coding in codings(concept)):
        return True
    unread = "statusReasonReference" in resource
    for concept in [concept for name in _STOPPED_FOR for concept in items(resource.get(name))]:
        coded = list(codings(concept))
        if any(wanted in holding(*coding) for coding in coded):
            return True
        unread = unread or not any(is_known(*coding) for coding in coded)
    return None if unread else False


def has_route(resource: Resource, wanted: str, terminology: Terminology) -> bool | None:
    """Whether it is given by a route of a value set (true where none is ``wanted``); None where its route stands in words alone."""
    if not wanted:
        return True
    holding = terminology.holding
    unread = False
    for route in routes_of(resource):
        coded = list(codings(route))
        if any(wanted in holding(*one) for one in coded):
            return True
        words = text(route.get("text")).casefold() if isinstance(route, dict) else ""
        unread = unread or (bool(words) and words not in _PLAIN_ROUTES and not any(is_known(*one) for one in coded))
    return None if unread else False
