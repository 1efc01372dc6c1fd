"""The hook order-dispatch.

It is about the orders that are named, each on the day that the request to fulfil it says.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import AliasChoices, Field

from cds_service.fhir.elements import days, reference
from cds_service.fhir.resource_types import CODE_ELEMENTS
from cds_service.hooks.received.contexts import MOST_ENTRIES, Context, Filled, Message
from cds_service.hooks.received.faults import RequestIssue, Unusable, expression
from cds_service.hooks.received.given import ORDERED, Given
from cds_service.hooks.received.hook import MEDICATIONS, OF_ORDERED_MEDICINES, Hook
from cds_service.hooks.received.inside import GROUPS
from cds_service.hooks.received.request import HookRequest
from cds_service.hooks.received.sources import OLDER, OLDER_SAID, Sources, local, orders_named
from cds_service.order import Place


class Task(Message):
    """A request to fulfil one of the orders.

    Its members are those that a day of service is read from.
    """

    resource_type: Annotated[Literal["Task"], Field(alias="resourceType")]
    focus: dict[str, Any] | None = None
    for_: Annotated[dict[str, Any] | None, Field(alias="for")] = None
    execution_period: Annotated[dict[str, Any] | None, Field(alias="executionPeriod")] = None
    restriction: dict[str, Any] | None = None


class DispatchContext(Context):
    """What both shapes of order-dispatch share: who must perform the order."""

    performer: Filled

    def named(self) -> Iterator[tuple[str, Place]]:
        """Yield the references of the dispatched orders, with their places."""
        yield from ()

    def tasks(self) -> Iterator[tuple[Task, Place]]:
        """Yield the requests to fulfil the orders, with their places."""
        yield from ()


class OrderDispatchContext(DispatchContext):
    """The context of order-dispatch.

    Source: CDS Hooks library, order-dispatch 1.1. Its examples write the names with hyphens, which are read too.
    """

    dispatched_orders: Annotated[
        list[Filled],
        Field(validation_alias=AliasChoices("dispatchedOrders", "dispatched-orders"), min_length=1, max_length=MOST_ENTRIES),
    ]
    fulfillment_tasks: Annotated[
        list[Task], Field(validation_alias=AliasChoices("fulfillmentTasks", "fulfillment-tasks"), max_length=MOST_ENTRIES)
    ] = []

    def named(self) -> Iterator[tuple[str, Place]]:
        """Yield the references of the dispatched orders."""
        yield from ((one, ("context", "dispatchedOrders", at)) for at, one in enumerate(self.dispatched_orders))

    def tasks(self) -> Iterator[tuple[Task, Place]]:
        """Yield the fulfillment tasks."""
        yield from ((one, ("context", "fulfillmentTasks", at)) for at, one in enumerate(self.fulfillment_tasks))


class EarlierDispatchContext(DispatchContext):
    """The context of order-dispatch 1.0: one order, and one task."""

    order: Filled
    task: Task | None = None

    def named(self) -> Iterator[tuple[str, Place]]:
        """Yield the reference of the one order."""
        yield self.order, ("context", "order")

    def tasks(self) -> Iterator[tuple[Task, Place]]:
        """Yield the one task, if there is one."""
        if self.task:
            yield self.task, ("context", "task")


def dispatched(sources: Sources) -> list[Given]:
    """Return the orders that the call names.

    Each is on the day that its task asks for. Raises Unusable naming the elements at fault.
    """
    context: DispatchContext = sources.request.context
    issues: list[RequestIssue] = []
    wanted: dict[str, Place] = {}
    for written, named in context.named():
        one = local(written)
        if not one:
            issues.append(RequestIssue(expression(named), "it is no reference; one is ServiceRequest/123"))
        elif one.partition("/")[0] in OLDER:
            issues.append(RequestIssue(expression(named), OLDER_SAID, "not-supported"))
        elif one.partition("/")[0] in CODE_ELEMENTS or one.partition("/")[0] in GROUPS:
            wanted.setdefault(one, named)
    starts: dict[str, date] = {}
    undated: dict[str, RequestIssue] = {}
    patient = sources.request.context.patient_id
    for task, place in context.tasks():
        about = reference(task.for_)
        if about.startswith("Patient/") and about != f"Patient/{patient}":
            issues.append(RequestIssue(f"{expression(place)}.for", "it is not the patient of context.patientId", "business-rule"))
        start = _start(task, place)
        if isinstance(start, RequestIssue):
            undated.setdefault(reference(task.focus), start)
        elif start:
            starts.setdefault(reference(task.focus), start)
    if issues:
        raise Unusable(422 if all(issue.code == "business-rule" for issue in issues) else sources.status, issues)
    return orders_named(((one, named, starts.get(one), undated.get(one)) for one, named in wanted.items()), sources)


def _start(task: Task, place: Place) -> date | RequestIssue | None:
    """Return the day on which a Task asks for its order.

    Returns None if it names no day, and the fault if what it names is no day.
    """
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
            return RequestIssue(f"{expression(place)}.{element}", "it is not what FHIR allows", "structure")
    return None


def _is_earlier(context: Any) -> bool:
    return isinstance(context, dict) and "order" in context and "dispatchedOrders" not in context


_DISPATCHED: Final = "{{context.dispatchedOrders.resolve().ofType(%s).id}}"
HOOK: Final = Hook(
    name="order-dispatch",
    listed=3,
    title="Medical policy as orders are dispatched",
    supports="each order for which a performer is chosen",
    requests=(HookRequest[OrderDispatchContext], HookRequest[EarlierDispatchContext]),
    is_earlier=_is_earlier,
    orders=dispatched,
    prefetch={
        **{key: f"{kind}?_id={_DISPATCHED % kind}" for kind, key in ORDERED.items()},
        MEDICATIONS: OF_ORDERED_MEDICINES,
    },
    by_reference=True,
    encounter=False,
)
