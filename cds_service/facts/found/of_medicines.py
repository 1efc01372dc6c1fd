"""What the record of a medicine says besides its name.

That is its state, its days, its route, and why it is given or was stopped. Reasons and routes that stand in words
alone, or in codes of no known system, are open: neither yes nor no.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any, Final

from cds_service.chart import Chart
from cds_service.fhir.code_systems import SNOMED
from cds_service.fhir.codes import is_known
from cds_service.fhir.elements import Resource, codings, concept_words, first_days, items, text
from cds_service.fhir.medication import said_medicine
from cds_service.fhir.value_sets import Terminology
from cds_service.fhir.vocabulary import LONGEST, Vocabulary
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
"""How long a dispensed medicine lasts if nothing says so, in days."""
_LONGEST: Final = 366
"""How long a dispensed medicine can last at most, in days.

Longer supplies are not believed.
"""
_STOPPED_FOR: Final = ("statusReason", "statusReasonCodeableConcept")
_PLAIN_ROUTES: Final = {
    **dict.fromkeys(("oral", "orally", "po", "p.o.", "by mouth", "per os"), "26643006"),
    **dict.fromkeys(("sublingual", "sl"), "37839007"),
    "buccal": "54471007",
    **dict.fromkeys(("rectal", "pr"), "37161004"),
    **dict.fromkeys(("vaginal", "intravaginal"), "16857009"),
    **dict.fromkeys(("iv", "intravenous", "intravenously"), "47625008"),
    **dict.fromkeys(("im", "intramuscular"), "78421000"),
    **dict.fromkeys(("sc", "sq", "subq", "subcutaneous"), "34206005"),
    "transdermal": "45890007",
    **dict.fromkeys(("topical", "topically", "apply externally", "externally"), "6064005"),
    "cutaneous": "448598008",
    "intravitreal": "418401004",
    "intravesical": "372471009",
    **dict.fromkeys(("nasal", "intranasal"), "46713006"),
    **dict.fromkeys(("inhaled", "inhalation"), "447694001"),
    **dict.fromkeys(("ophthalmic", "ophth", "both eyes", "left eye", "right eye"), "54485002"),
    **dict.fromkeys(("otic", "both ears", "left ear", "right ear"), "10547007"),
    **dict.fromkeys(("intrathecal", "intrathecally"), "72607000"),
    **dict.fromkeys(("epidural", "epidurally"), "404820008"),
}
"""Routes in words that mean one thing, with their SNOMED CT codes."""
_SPINAL: Final = re.compile(r"\b(intrathecal|epidural)\b")
"""Routes into the spine, as names of medicines say them."""
_DATES: Final = (
    "effectiveDateTime",
    "effectivePeriod",
    "whenHandedOver",
    "whenPrepared",
    "performedDateTime",
    "performedPeriod",
    "occurrenceDateTime",
    "occurrencePeriod",
    "authoredOn",
    "dateAsserted",
)


def states_of(resource: Resource, status: str, as_of: date) -> tuple[str, ...]:
    """Return the states that a status means; empty if none counts.

    A medicine that was handed over is completed, and also active as long as its supply lasts.
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
    """Return when a medicine is or was taken.

    It is the start of its dosage timing, else the record's own dates, else when it was ordered.
    """
    for dosage in items(resource.get("dosageInstruction")):
        start = timing_start(dosage.get("timing")) if isinstance(dosage, dict) else None
        if start:
            return start
    return first_days(resource, *_DATES)


def routes_of(resource: Resource) -> list[Any]:
    """Return the routes by which a medicine is ordered, taken or given.

    Where none is stated, its name may tell that it goes into the spine: ``Baclofen intrathecal pump``.
    """
    dosages = [*items(resource.get("dosageInstruction")), *items(resource.get("dosage"))]
    stated = [dosage.get("route") for dosage in dosages if isinstance(dosage, dict)]
    if any(stated):
        return stated
    named = " ".join(concept_words(resource.get("medicationCodeableConcept")))[:LONGEST]
    return [*stated, *[{"text": route} for route in dict.fromkeys(_SPINAL.findall(named.casefold()))]]


def has_reason(resource: Resource, wanted: str, chart: Chart) -> bool | None:
    """Tell whether a medicine has a reason of the value set ``wanted``.

    It has one by code or by the diagnosis it names. True where no set is ``wanted``; None where the reason for its
    status stands in words alone, or in a code of no known system, and where what it is given for is named and not here.
    """
    if not wanted:
        return True
    holding = chart.terminology.holding
    stated = chart.stated_reasons(resource)
    if any(wanted in holding(*coding) for concept in stated for coding in codings(concept)):
        return True
    unread = "statusReasonReference" in resource or ({} in stated and text(resource.get("status")) != "stopped")
    for concept in [concept for name in _STOPPED_FOR for concept in items(resource.get(name))]:
        coded = list(codings(concept))
        if any(wanted in holding(*coding) for coding in coded):
            return True
        unread = unread or not any(is_known(*coding) for coding in coded)
    return None if unread else False


def has_route(resource: Resource, wanted: str, terminology: Terminology) -> bool | None:
    """Tell whether a medicine is given by one of certain routes.

    ``wanted`` is a value set of routes; True where none is named. None where the medicine's route cannot be read.
    """
    if not wanted:
        return True
    by = [goes_by(route, wanted, terminology) for route in routes_of(resource)]
    return True if True in by else None if None in by else False


def says_form(resource: Resource, forms: Vocabulary, chart: Chart) -> bool:
    """Tell whether a medicine's words say a form of another.

    ``forms`` are words for forms by which it is another medicine. They count against the code of a product too.
    """
    said = said_medicine(resource, chart.medications)
    words = [said.name, *[one for concept in said.concepts for one in concept_words(concept)]]
    return any(forms.heard[one[:LONGEST]] for one in words)


def goes_only_by(resource: Resource, others: str, terminology: Terminology) -> bool:
    """Tell whether all routes of a medicine are in a value set.

    False where none is named, or where no set is.
    """
    routes = routes_of(resource) if others else []
    return bool(routes) and all(goes_by(route, others, terminology) is True for route in routes)


def goes_by(route: Any, wanted: str, terminology: Terminology) -> bool | None:
    """Tell whether a route is one of a value set.

    It is by its code, or by words that mean one thing. None where other words stand alone.
    """
    coded = list(codings(route))
    if any(wanted in terminology.holding(*one) for one in coded):
        return True
    if any(is_known(*one) for one in coded):
        return False
    said = _words_of(route)
    named = [code for words in said if (code := _PLAIN_ROUTES.get(words))]
    if any(wanted in terminology.holding(SNOMED, code) for code in named):
        return True
    return None if said and not named else False


def _words_of(route: Any) -> list[str]:
    """Return the text and the displays of a route, in lower case."""
    if not isinstance(route, dict):
        return []
    shown = [coding.get("display") for coding in items(route.get("coding")) if isinstance(coding, dict)]
    said = [" ".join(text(words).casefold().removesuffix(" route").split()) for words in (route.get("text"), *shown)]
    return [words for words in said if words]
