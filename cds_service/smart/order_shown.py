"""Which order a session is about.

The one that was chosen, the card's, the launch's; else there is a list to choose from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cds_service.fhir.elements import Resource
from cds_service.hooks.answered.launch_links import launch_context
from cds_service.hooks.gathered.client_server import ServerAccess
from cds_service.smart.app import SmartApp
from cds_service.smart.chart_reading import ORDERS, Offered, offered_orders, read_named_order
from cds_service.smart.sessions import Session

ANOTHER: Final = "another"
"""The value that stands for an order where the list is wanted."""
NOT_THERE: Final = (
    "The order that this was launched for cannot be read from the EHR: it may not be saved there yet, or is of another patient."
)


@dataclass(frozen=True, slots=True)
class OrderShown:
    """The order of a page, or the orders to choose from.

    ``note`` says why a named one is not shown, ``unread`` which types of orders could not be searched.
    """

    order: Resource | None
    offered: tuple[Offered, ...] = ()
    unread: tuple[str, ...] = ()
    note: str = ""


def order_shown(app: SmartApp, session: Session, access: ServerAccess, chosen: str) -> OrderShown:
    """Find the order of a page.

    That is the one that was ``chosen`` on it, else the one that the session was launched for.
    """
    named = "" if chosen == ANOTHER else chosen or _named(app, session)
    order = read_named_order(access, named, session.granted.patient) if named else None
    if order is not None:
        return OrderShown(order)
    offered, unread = offered_orders(app, access, session.granted.patient)
    return OrderShown(None, tuple(offered), tuple(unread), NOT_THERE if named else "")


def _named(app: SmartApp, session: Session) -> str:
    """Return the order that the session was launched for.

    That of the card, as far as its context verifies; else the one order of the launch.
    """
    context = launch_context(session.granted.app_context, app.secret, app.now())
    if context is not None:
        return context.order
    orders = [reference for reference in session.granted.orders if reference.partition("/")[0] in ORDERS]
    return orders[0] if len(orders) == 1 else ""
