"""Calls about orders that stand elsewhere: each fault of their context is named, whichever hook they come by."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.exchange import Json
from tests.hook_calls import changed, refused
from tests.hooks.test_appointment_book import GOOD as BOOKED
from tests.hooks.test_appointment_book import UNBASED
from tests.hooks.test_coverage_information import signed
from tests.hooks.test_order_dispatch import ANOTHER, TASK
from tests.hooks.test_order_dispatch import EARLIER as DISPATCHED_EARLIER
from tests.hooks.test_order_dispatch import GOOD as DISPATCHED

FIRST = "context.appointments.entry.0.resource"
SHOWN = "context.appointments.entry[0].resource"
SHAPE: list[tuple[Json, str, tuple[Any, ...], str]] = [
    (BOOKED, "context.userId", (), "context.userId"),
    (BOOKED, "context.patientId", (), "context.patientId"),
    (BOOKED, "context.appointments", (), "context.appointments"),
    (BOOKED, "context.appointments", ([],), "context.appointments"),
    (BOOKED, "context.appointments.entry", ([],), "context.appointments.entry"),
    (BOOKED, FIRST, ({"id": "a1"},), SHOWN),
    (BOOKED, f"{FIRST}.start", ("tomorrow",), f"{SHOWN}.start"),
    (BOOKED, f"{FIRST}.basedOn", ("ServiceRequest/o1",), f"{SHOWN}.basedOn"),
    (UNBASED, f"{FIRST}.start", ("tomorrow",), f"{SHOWN}.start"),
    (UNBASED, f"{FIRST}.serviceType", ("81420",), f"{SHOWN}.serviceType"),
    (DISPATCHED, "context.patientId", (), "context.patientId"),
    (DISPATCHED, "context.performer", (), "context.performer"),
    (DISPATCHED, "context.dispatchedOrders", (), "context.dispatchedOrders"),
    (DISPATCHED, "context.dispatchedOrders", ([],), "context.dispatchedOrders"),
    (DISPATCHED, "context.dispatchedOrders", ("ServiceRequest/o1",), "context.dispatchedOrders"),
    (DISPATCHED, "context.dispatchedOrders", ([{}],), "context.dispatchedOrders[0]"),
    (DISPATCHED, "context.dispatchedOrders", (["o1"],), "context.dispatchedOrders[0]"),
    (DISPATCHED, "context.dispatchedOrders", (["ProcedureRequest/o1"],), "context.dispatchedOrders[0]"),
    (DISPATCHED, "context.fulfillmentTasks", (TASK,), "context.fulfillmentTasks"),
    (DISPATCHED, "context.fulfillmentTasks", ([{}],), "context.fulfillmentTasks[0].resourceType"),
    (DISPATCHED, "context.fulfillmentTasks", ([TASK | {"executionPeriod": {"start": "soon"}}],), "context.fulfillmentTasks[0].executionPeriod.start"),
    (DISPATCHED, "prefetch.orderedServices.entry.0.resource.authoredOn", ("soon",), "prefetch.orderedServices.entry[0].resource.authoredOn"),
    (DISPATCHED_EARLIER, "context.order", (7,), "context.order"),
    (DISPATCHED_EARLIER, "context.performer", (), "context.performer"),
    (DISPATCHED_EARLIER, "context.task", ({"resourceType": "Goal"},), "context.task.resourceType"),
]  # fmt: skip
RULES: list[tuple[Json, str, tuple[Any, ...], int, str]] = [
    (UNBASED, f"{FIRST}.id", (), 422, f"{SHOWN}.id"),
    (BOOKED, f"{FIRST}.participant.0.actor.reference", ("Patient/other",), 422, f"{SHOWN}.participant"),
    (UNBASED, f"{FIRST}.participant.0.actor.reference", ("Patient/other",), 422, f"{SHOWN}.participant"),
    (BOOKED, "prefetch.orderedServices.entry.0.resource.subject.reference", ("Patient/other",), 422, "prefetch.orderedServices.entry[0].resource.subject"),
    (BOOKED, "prefetch", (), 412, f"{SHOWN}.basedOn[0]"),
    (BOOKED, "prefetch.orderedServices", ({"resourceType": "OperationOutcome"},), 412, f"{SHOWN}.basedOn[0]"),
    (DISPATCHED, "prefetch.orderedServices.entry.0.resource.subject", (ANOTHER,), 422, "prefetch.orderedServices.entry[0].resource.subject"),
    (DISPATCHED, "prefetch.orderedServices", (None,), 412, "context.dispatchedOrders[0]"),
    (DISPATCHED, "prefetch", (), 412, "context.dispatchedOrders[0]"),
    (DISPATCHED_EARLIER, "prefetch", (), 412, "context.order"),
]  # fmt: skip


@pytest.mark.verifies("hook-14")
@pytest.mark.parametrize(("version", "status"), [("2.2", 400), ("2.0.1", 422)])
@pytest.mark.parametrize(("made", "path", "value", "element"), SHAPE)
def test_a_fault_of_the_context_is_named(
    client: FlaskClient, made: Json, path: str, value: tuple[Any, ...], element: str, version: str, status: int
) -> None:
    """Each fault has the status of its CRD version and names its element, in every shape that a context may have."""
    assert refused(client, signed(changed(made, path, *value), version)) == (status, [element])


@pytest.mark.parametrize("version", ["2.2", "2.0.1"])
@pytest.mark.parametrize(("made", "path", "value", "status", "element"), RULES)
def test_what_cannot_be_judged_is_named(
    client: FlaskClient, made: Json, path: str, value: tuple[Any, ...], status: int, element: str, version: str
) -> None:
    """Another patient's appointment or order is refused, and 412 names the order that was not sent and cannot be read."""
    assert refused(client, signed(changed(made, path, *value), version)) == (status, [element])
