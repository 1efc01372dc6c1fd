"""Which resources of a call are its orders, hook by hook, which of them are in scope, and the day of service that a hook names.

order-sign: all draft orders. order-select: the selected ones; the others are signed with them. order-dispatch: the orders named.
appointment-book: the orders that the appointments are based on, and the appointments that are based on none.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple

from cds_service.fhir.elements import Resource, days, items, own_reference, patient_of, reference
from cds_service.fhir.validation import faults
from cds_service.hooks.contexts import AppointmentBookContext, DispatchContext, OrderSelectContext, Task
from cds_service.hooks.messages import HookRequest, Issue, Unusable, expression
from cds_service.hooks.prefetch import ORDER_KEYS
from cds_service.order import CODE_ELEMENTS, WITHDRAWN, LookUp, Place, appointment_start
from cds_service.telemetry import loggable

log = logging.getLogger("cds_service")
OLDER: Final = {"ProcedureRequest", "ReferralRequest", "MedicationOrder", "DiagnosticOrder", "DeviceUseRequest"}
"""Order types that FHIR had before R4."""
OLDER_SAID: Final = "it is of an older FHIR version; R4 is meant"
ALTERNATE: Final = "http://hl7.org/fhir/StructureDefinition/alternate-reference"
"""The extension in which an Appointment names an order that is no ServiceRequest (CRD 2.2)."""
_BOOKING: Final = {"status", "participant", "start", "requestedPeriod", "basedOn"}
"""What is read of an Appointment that is based on orders."""


class Given(NamedTuple):
    """A resource that may be an order: where it stands, where the call names it, and the day of service that the call names.

    ``place`` is empty for one that was read from the client's FHIR server.
    """

    resource: Resource
    place: Place
    named: Place
    in_scope: bool = True
    on: date | None = None

    @property
    def where(self) -> str:
        """The path that a fault is told with."""
        return expression(self.place or self.named)


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the orders that a call names are found: its Bundle, its prefetch, and reading. ``status`` is that of faults."""

    request: HookRequest[Any]
    read: LookUp
    status: int

    def find(self, wanted: str) -> tuple[Resource, Place] | None:
        """The order with this ``Type/id``, and its place in the request."""
        for resource, place in (*self.request.context.bundled(), *self._prefetched(wanted.partition("/")[0])):
            if own_reference(resource) == wanted:
                return resource, place
        found = self.read(wanted)
        return (found, ()) if found is not None and own_reference(found) == wanted else None

    def _prefetched(self, kind: str) -> Iterator[tuple[Resource, Place]]:
        for key in ORDER_KEYS.get(kind, ()):
            value = (self.request.prefetch or {}).get(key)
            if not isinstance(value, dict):
                continue
            yield value, ("prefetch", key)
            for at, entry in enumerate(items(value.get("entry"))):
                if isinstance(entry, dict) and isinstance(entry.get("resource"), dict):
                    yield entry["resource"], ("prefetch", key, "entry", at, "resource")


def orders_in_scope(sources: Sources) -> list[Given]:
    """The resources of a call that may be orders, in its order. Raises Unusable for what the context says wrong of them.

    412 tells that none of the orders that the call names was sent with it or could be read.
    """
    match sources.request.context:
        case OrderSelectContext() as context:
            return _selected(context, sources)
        case DispatchContext() as context:
            return _dispatched(context, sources)
        case AppointmentBookContext() as context:
            return _booked(context, sources)
        case context:
            return [Given(resource, place, place) for resource, place in context.bundled()]


def _selected(context: OrderSelectContext, sources: Sources) -> list[Given]:
    drafts = list(context.bundled())
    known = {own_reference(resource) for resource, _ in drafts}
    selected = {_local(written): at for at, written in enumerate(context.selections)}
    said = "it is none of the orders in draftOrders; Type/id is meant"
    unknown = [at for one, at in selected.items() if one not in known]
    if unknown:
        raise Unusable(sources.status, [Issue(expression(("context", "selections", at)), said, "not-found") for at in unknown])
    return [Given(resource, place, place, own_reference(resource) in selected) for resource, place in drafts]


def _dispatched(context: DispatchContext, sources: Sources) -> list[Given]:
    issues: list[Issue] = []
    wanted: dict[str, Place] = {}
    for written, named in context.named():
        one = _local(written)
        if not one:
            issues.append(Issue(expression(named), "it is no reference; one is ServiceRequest/123"))
        elif one.partition("/")[0] in OLDER:
            issues.append(Issue(expression(named), OLDER_SAID, "not-supported"))
        elif one.partition("/")[0] in CODE_ELEMENTS:
            wanted.setdefault(one, named)
    starts: dict[str, date] = {}
    patient = sources.request.context.patient_id
    for task, place in context.tasks():
        about = reference(task.for_)
        if about.startswith("Patient/") and about != f"Patient/{patient}":
            issues.append(Issue(f"{expression(place)}.for", "it is not the patient of context.patientId", "business-rule"))
        start = _start(task, place, issues)
        if start:
            starts.setdefault(reference(task.focus), start)
    if issues:
        raise Unusable(422 if all(issue.code == "business-rule" for issue in issues) else sources.status, issues)
    return _found(((one, named, starts.get(one)) for one, named in wanted.items()), sources)


def _start(task: Task, place: Place, issues: list[Issue]) -> date | None:
    """The day on which a Task asks for the order to be begun, if it says one. A day that is none is told."""
    asked = (
        (task.execution_period or {}, "executionPeriod.start"),
        ((task.restriction or {}).get("period"), "restriction.period.start"),
    )
    for period, element in asked:
        written = period.get("start") if isinstance(period, dict) else None
        if written is not None:
            found = days(written)
            if found:
                return found.first
            issues.append(Issue(f"{expression(place)}.{element}", "it is not what FHIR allows", "structure"))
    return None


def _booked(context: AppointmentBookContext, sources: Sources) -> list[Given]:
    issues: list[Issue] = []
    unbased: list[Given] = []
    wanted: dict[str, tuple[Place, date | None]] = {}
    for resource, place in context.bundled():
        if resource["resourceType"] != "Appointment" or str(resource.get("status")) in WITHDRAWN:
            continue
        orders = list(_based_on(resource, place))
        if not orders:
            unbased.append(Given(resource, place, place))
            continue
        found = [fault for fault in faults(resource) if fault.top in _BOOKING and fault.top in resource]
        issues += [Issue(f"{expression(place)}.{fault.element}", fault.said, "structure") for fault in found]
        about = patient_of(resource)
        if about and about != f"Patient/{context.patient_id}":
            said = "it is not the patient of context.patientId"
            issues.append(Issue(f"{expression(place)}.participant", said, "business-rule"))
        begins = appointment_start(resource)
        for one, named in orders:
            known, day = wanted.get(one, (named, None))
            starts = [start for start in (day, begins.first if begins else None) if start]
            wanted[one] = known, min(starts, default=None)
    if issues:
        raise Unusable(422 if all(issue.code == "business-rule" for issue in issues) else sources.status, issues)
    return [*unbased, *_found(((one, named, on) for one, (named, on) in wanted.items()), sources, needed=not unbased)]


def _based_on(appointment: Resource, place: Place) -> Iterator[tuple[str, Place]]:
    """The orders that an Appointment is based on, by ``Type/id``; what it contains cannot be updated and is not among them."""
    for at, based in enumerate(items(appointment.get("basedOn"))):
        extensions = [e for e in items(based.get("extension")) if isinstance(e, dict)] if isinstance(based, dict) else []
        others = [extension.get("valueReference") for extension in extensions if extension.get("url") == ALTERNATE]
        for one in map(reference, (based, *others)):
            if one.partition("/")[0] in CODE_ELEMENTS:
                yield one, (*place, "basedOn", at)


def _found(wanted: Iterable[tuple[str, Place, date | None]], sources: Sources, needed: bool = True) -> list[Given]:
    """The orders that a call names. Where only some are to be had, the others are logged and nothing is said of them."""
    given: list[Given] = []
    missing: list[Issue] = []
    for one, named, on in wanted:
        found = sources.find(one)
        if found:
            given.append(Given(*found, named, on=on))
        else:
            said = f"the {one.partition('/')[0]} it names is neither prefetched nor could it be read"
            missing.append(Issue(expression(named), said, "not-found"))
    if missing and needed and not given:
        raise Unusable(412, missing)
    if missing:
        extra = {"hook_instance": loggable(sources.request.hook_instance), "elements": [issue.expression for issue in missing]}
        log.warning("orders were not sent and could not be read; nothing is said of them", extra=extra)
    return given


def _local(written: str) -> str:
    """A reference as ``Type/id``; the empty string for what is none."""
    return reference({"reference": written}) if not written.startswith("#") else ""
