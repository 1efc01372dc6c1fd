"""The hook appointment-book.

It is about the orders that the appointments are based on, and the appointments that are based on none.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Final

from pydantic import Field

from cds_service.fhir.elements import Resource, items, patient_of, reference
from cds_service.fhir.resource_types import CODE_ELEMENTS
from cds_service.fhir.validation import decisive, faults, is_of_day
from cds_service.hooks.received.contexts import Context, ContextBundle, Filled, entries_of
from cds_service.hooks.received.faults import RequestIssue, Unusable, expression
from cds_service.hooks.received.given import ORDERED, Given
from cds_service.hooks.received.hook import MEDICATIONS, OF_ORDERED_MEDICINES, Hook
from cds_service.hooks.received.request import HookRequest
from cds_service.hooks.received.sources import Sources, orders_named
from cds_service.order import WITHDRAWN, Place, appointment_start

ALTERNATE: Final = "http://hl7.org/fhir/StructureDefinition/alternate-reference"
"""The extension in which an Appointment names another order (CRD 2.2).

Such an order is no ServiceRequest.
"""
_BOOKING: Final = {"status", "participant", "start", "requestedPeriod", "basedOn"}
"""The elements that are read of an Appointment based on orders."""


class AppointmentBookContext(Context):
    """The context of appointment-book.

    Source: CDS Hooks library, appointment-book 1.0. The user may be the patient.
    """

    user_id: Annotated[Filled, Field(alias="userId")]
    encounter_id: Annotated[str | None, Field(alias="encounterId")] = None
    appointments: ContextBundle

    def bundled(self) -> Iterator[tuple[Resource, Place]]:
        """Yield the appointments and what was sent along with them."""
        yield from entries_of(self.appointments, "appointments")

    def addressed(self) -> Iterator[tuple[Any, Resource]]:
        """Yield the appointments and what was sent along, with their addresses."""
        yield from ((entry.full_url, entry.resource) for entry in self.appointments.entry)


def booked(sources: Sources) -> list[Given]:
    """Return the orders behind the appointments, and appointments without orders.

    An appointment that is based on no order is one itself.

    Raises Unusable naming the elements at fault.
    """
    context: AppointmentBookContext = sources.request.context
    issues: list[RequestIssue] = []
    unbased: list[Given] = []
    wanted: dict[str, tuple[Place, date | None, RequestIssue | None]] = {}
    for resource, place in context.bundled():
        if resource["resourceType"] != "Appointment" or str(resource.get("status")) in WITHDRAWN:
            continue
        orders = list(_based_on(resource, place))
        if not orders:
            unbased.append(Given(resource, place, place))
            continue
        found = [f for f in decisive(resource, faults(resource)) if f.top in _BOOKING and f.top in resource]
        told = [RequestIssue(f"{expression(place)}.{fault.element}", fault.said, "structure") for fault in found]
        undated = told[0] if told and all(map(is_of_day, found)) else None
        issues += [] if undated else told
        about = patient_of(resource)
        if about and about != f"Patient/{context.patient_id}":
            said = "it is not the patient of context.patientId"
            issues.append(RequestIssue(f"{expression(place)}.participant", said, "business-rule"))
        begins = appointment_start(resource)
        for one, named in orders:
            known, day, wrong = wanted.get(one, (named, None, None))
            starts = [start for start in (day, begins.first if begins else None) if start]
            wanted[one] = known, min(starts, default=None), wrong or undated
    if issues:
        raise Unusable(422 if all(issue.code == "business-rule" for issue in issues) else sources.status, issues)
    return [*unbased, *orders_named(((one, *rest) for one, rest in wanted.items()), sources, needed=not unbased)]


def _based_on(appointment: Resource, place: Place) -> Iterator[tuple[str, Place]]:
    """Yield the orders that an Appointment is based on, by ``Type/id``.

    What the Appointment contains cannot be updated and is not among them.
    """
    for at, based in enumerate(items(appointment.get("basedOn"))):
        extensions = [e for e in items(based.get("extension")) if isinstance(e, dict)] if isinstance(based, dict) else []
        others = [extension.get("valueReference") for extension in extensions if extension.get("url") == ALTERNATE]
        for one in map(reference, (based, *others)):
            if one.partition("/")[0] in CODE_ELEMENTS:
                yield one, (*place, "basedOn", at)


_SERVICES: Final = "{{context.appointments.entry.resource.basedOn.resolve().ofType(%s).id}}"
_OTHERS: Final = f"{{{{context.appointments.entry.resource.basedOn.extension('{ALTERNATE}').value.resolve().ofType(%s).id}}}}"
HOOK: Final = Hook(
    name="appointment-book",
    listed=4,
    title="Medical policy as appointments are booked",
    supports="each order that an appointment is booked for",
    requests=(HookRequest[AppointmentBookContext],),
    orders=booked,
    prefetch={
        **{key: f"{kind}?_id={(_SERVICES if kind == 'ServiceRequest' else _OTHERS) % kind}" for kind, key in ORDERED.items()},
        MEDICATIONS: OF_ORDERED_MEDICINES,
    },
    by_reference=True,
)
