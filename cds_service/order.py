"""One draft order: its codes, the date of service it asks for, and the words that describe it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from cds_service.fhir.codes import Coding, is_known
from cds_service.fhir.elements import Resource, codings, days, items, own_reference, reference, text
from cds_service.fhir.medication import NO_MEDICATIONS, NOTHING_SAID, Medications, Said, said_medicine
from cds_service.policy.values import Days

CODE_ELEMENTS: Final = {
    "ServiceRequest": ("code",),
    "MedicationRequest": ("medicationCodeableConcept",),
    "DeviceRequest": ("codeCodeableConcept",),
    "NutritionOrder": (),
    "VisionPrescription": (),
    "CommunicationRequest": (),
    "Appointment": ("serviceType",),
}
"""The order types of CRD, with the elements that say what is ordered."""

LookUp = Callable[[str], Resource | None]
"""Finds a resource by ``Type/id``."""

Place = tuple[str | int, ...]
"""Where a resource stands in a request: the members and list indexes that lead to it."""

WITHDRAWN: Final = frozenset({"entered-in-error", "cancelled", "revoked", "stopped", "noshow"})


@dataclass(frozen=True, slots=True)
class Order:
    """An order as the client sent it (``resource``), with what every decision needs from it.

    ``position`` is its place among the orders of the call, counted from 0. ``date_of_service`` is ``occurrence[x]`` (the start of
    a period or timing), else ``authoredOn``, else the day of the call; of an Appointment its ``start``, else the period asked for.
    ``medicine`` is the code of the Medication it refers to, ``said`` all that it says of its medicine. ``place`` is where it stands
    in the request; empty for an order that was read from the client's FHIR server.
    """

    resource: Resource
    position: int
    reference: str
    kind: str
    codings: tuple[Coding, ...]
    date_of_service: date
    medicine: Any = None
    place: Place = ()
    said: Said = NOTHING_SAID

    @property
    def stands(self) -> bool:
        """Whether it asks for something to be done: not withdrawn, and not an order *not* to do it."""
        return self.resource.get("doNotPerform") is not True and text(self.resource.get("status")) not in WITHDRAWN

    def descriptions(self) -> tuple[list[Coding], list[str]]:
        """What describes the order: its codings and those of ``orderDetail``, and the words of both.

        Notes and display texts do not describe an order, nor does a code of a system that is not known, as hospitals number orders.
        """
        concepts = [concept for name in CODE_ELEMENTS[self.kind] for concept in items(self.resource.get(name))]
        concepts += [self.medicine] if self.medicine else []
        concepts += items(self.resource.get("orderDetail"))
        found = [coding for concept in concepts for coding in codings(concept) if is_known(*coding)]
        words = [said for concept in concepts if isinstance(concept, dict) and (said := text(concept.get("text")))]
        return found, words


def read_order(
    resource: Resource,
    position: int,
    today: date,
    medications: Medications = NO_MEDICATIONS,
    place: Place = (),
    on: date | None = None,
) -> Order:
    """Reads an order; ``today`` is the day of the call, ``medications`` those that an order may refer to.

    ``on`` is the day of service where the call names one in the order's stead (its appointment, or the task to fulfil it).

    Malformed parts are read as absent (validation is the hook's).
    """
    kind = text(resource.get("resourceType"))
    concepts = [concept for name in CODE_ELEMENTS.get(kind, ()) for concept in items(resource.get(name))]
    said = said_medicine(resource, medications) if kind == "MedicationRequest" else NOTHING_SAID
    medicine = said.one_concept() if not resource.get("medicationCodeableConcept") else None
    concepts += [medicine] if medicine else []
    found = tuple(coding for concept in concepts for coding in codings(concept))
    day = on or date_of_service(resource) or today
    return Order(resource, position, own_reference(resource), kind, found, day, medicine, place, said)


def date_of_service(resource: Resource) -> date | None:
    """The day an order asks for, or None when it names none; of a partial date, the first day it leaves open.

    ``occurrence[x]`` (the start of a Period or Timing; for a medicine the start of its dosage), else ``authoredOn``.
    """
    found = timing_start(resource.get("occurrenceTiming"))
    if resource.get("resourceType") == "MedicationRequest":
        dosages = (d.get("timing") for d in items(resource.get("dosageInstruction")) if isinstance(d, dict))
        found = found or next((start for start in map(timing_start, dosages) if start), None)
    period = resource.get("occurrencePeriod")
    found = found or days(resource.get("occurrenceDateTime"))
    found = found or (days(period.get("start")) if isinstance(period, dict) else None)
    if resource.get("resourceType") == "Appointment":
        found = appointment_start(resource) or days(resource.get("created"))
    found = found or days(resource.get("authoredOn"))
    return found.first if found else None


def appointment_start(appointment: Resource) -> Days | None:
    """When an Appointment begins: its start, else that of the first period asked for."""
    asked = next((one for one in items(appointment.get("requestedPeriod")) if isinstance(one, dict)), {})
    return days(appointment.get("start")) or days(asked.get("start"))


def timing_start(timing: Any) -> Days | None:
    """When a Timing begins: its first event, else the start of its bounds."""
    if not isinstance(timing, dict):
        return None
    events, repeat = timing.get("event"), timing.get("repeat")
    event = days(events[0]) if isinstance(events, list) and events else None
    bounds = repeat.get("boundsPeriod") if isinstance(repeat, dict) else None
    return event or (days(bounds.get("start")) if isinstance(bounds, dict) else None)


def replaced_by(order: Order) -> set[str]:
    """The orders that an order replaces or carries out: they are not evidence against it."""
    if order.kind not in CODE_ELEMENTS:
        return set()
    prior = [element for name in ("replaces", "priorPrescription", "basedOn") for element in items(order.resource.get(name))]
    return {reference(replaced) for replaced in prior}
