"""The contexts of the hooks answered here, as the CDS Hooks library defines them, checked for shape.

Each says which of its resources may be orders (``bundled``) and which orders it names by reference (``named``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, StringConstraints, field_validator

from cds_service.fhir.elements import Resource
from cds_service.order import Place

Filled = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
MOST_ENTRIES = 200
"""Entries of the Bundle of a context: more are signed in no sitting, and each is judged against all others."""


class Message(BaseModel):
    """A JSON object of a request; members that are not named here are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class Entry(Message):
    """One entry of the Bundle of a context."""

    resource: dict[str, Any]
    full_url: Annotated[Any, Field(alias="fullUrl")] = None

    @field_validator("resource")
    @classmethod
    def _is_a_resource(cls, value: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(value.get("resourceType"), str) or not value["resourceType"]:
            raise ValueError("a FHIR resource has a resourceType")
        return value


class ContextBundle(Message):
    """The Bundle of a context. Type and fullUrl are not asked for: real clients leave them out."""

    resource_type: Annotated[Literal["Bundle"], Field(alias="resourceType")]
    entry: Annotated[list[Entry], Field(min_length=1, max_length=MOST_ENTRIES)]


class Context(Message):
    """What the contexts of all hooks answered here have: the patient, as a bare id."""

    patient_id: Annotated[Filled, Field(alias="patientId")]

    @field_validator("patient_id")
    @classmethod
    def _bare_id(cls, value: str) -> str:
        return value.removeprefix("Patient/")

    def bundled(self) -> Iterator[tuple[Resource, Place]]:
        """The resources of the context's Bundle, each with its place in the request."""
        yield from ()

    def addressed(self) -> Iterator[tuple[Any, Resource]]:
        """The resources of the context's Bundle, each with its address in it, as it was written."""
        yield from ()


class DraftOrdersContext(Context):
    """What order-select and order-sign have alike."""

    user_id: Annotated[Filled, Field(alias="userId")]
    encounter_id: Annotated[str | None, Field(alias="encounterId")] = None
    draft_orders: Annotated[ContextBundle, Field(alias="draftOrders")]

    def bundled(self) -> Iterator[tuple[Resource, Place]]:
        """The draft orders."""
        yield from _entries(self.draft_orders, "draftOrders")

    def addressed(self) -> Iterator[tuple[Any, Resource]]:
        """The draft orders."""
        yield from ((entry.full_url, entry.resource) for entry in self.draft_orders.entry)


class OrderSignContext(DraftOrdersContext):
    """The context of order-sign (CDS Hooks library, order-sign 1.0): all draft orders are being signed."""


class OrderSelectContext(DraftOrdersContext):
    """The context of order-select (CDS Hooks library, order-select 1.0): only the selected draft orders are in scope."""

    selections: Annotated[list[Filled], Field(min_length=1, max_length=MOST_ENTRIES)]


class AppointmentBookContext(Context):
    """The context of appointment-book (CDS Hooks library, appointment-book 1.0); the user may be the patient."""

    user_id: Annotated[Filled, Field(alias="userId")]
    encounter_id: Annotated[str | None, Field(alias="encounterId")] = None
    appointments: ContextBundle

    def bundled(self) -> Iterator[tuple[Resource, Place]]:
        """The appointments, and what was sent along with them."""
        yield from _entries(self.appointments, "appointments")

    def addressed(self) -> Iterator[tuple[Any, Resource]]:
        """The appointments, and what was sent along with them."""
        yield from ((entry.full_url, entry.resource) for entry in self.appointments.entry)


class Task(Message):
    """A request to fulfil one of the orders. The members are those that a day of service is read from."""

    resource_type: Annotated[Literal["Task"], Field(alias="resourceType")]
    focus: dict[str, Any] | None = None
    for_: Annotated[dict[str, Any] | None, Field(alias="for")] = None
    execution_period: Annotated[dict[str, Any] | None, Field(alias="executionPeriod")] = None
    restriction: dict[str, Any] | None = None


class DispatchContext(Context):
    """What both shapes of order-dispatch have: who is asked to do it."""

    performer: Filled

    def named(self) -> Iterator[tuple[str, Place]]:
        """The references of the dispatched orders, each with its place in the request."""
        yield from ()

    def tasks(self) -> Iterator[tuple[Task, Place]]:
        """The requests to fulfil them, each with its place in the request."""
        yield from ()


class OrderDispatchContext(DispatchContext):
    """The context of order-dispatch (CDS Hooks library, order-dispatch 1.1). Its examples write the names with hyphens."""

    dispatched_orders: Annotated[
        list[Filled],
        Field(validation_alias=AliasChoices("dispatchedOrders", "dispatched-orders"), min_length=1, max_length=MOST_ENTRIES),
    ]
    fulfillment_tasks: Annotated[
        list[Task], Field(validation_alias=AliasChoices("fulfillmentTasks", "fulfillment-tasks"), max_length=MOST_ENTRIES)
    ] = []

    def named(self) -> Iterator[tuple[str, Place]]:
        """The dispatched orders."""
        yield from ((one, ("context", "dispatchedOrders", at)) for at, one in enumerate(self.dispatched_orders))

    def tasks(self) -> Iterator[tuple[Task, Place]]:
        """The fulfillment tasks."""
        yield from ((one, ("context", "fulfillmentTasks", at)) for at, one in enumerate(self.fulfillment_tasks))


class EarlierDispatchContext(DispatchContext):
    """The context of order-dispatch 1.0: one order, and one task."""

    order: Filled
    task: Task | None = None

    def named(self) -> Iterator[tuple[str, Place]]:
        """The one order."""
        yield self.order, ("context", "order")

    def tasks(self) -> Iterator[tuple[Task, Place]]:
        """The one task, if there is one."""
        if self.task:
            yield self.task, ("context", "task")


def _entries(bundle: ContextBundle, name: str) -> Iterator[tuple[Resource, Place]]:
    for at, entry in enumerate(bundle.entry):
        yield entry.resource, ("context", name, "entry", at, "resource")
