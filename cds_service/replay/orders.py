"""The orders among a patient's requests.

Which requests count, when each was signed, and which were signed together.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final, NamedTuple

from cds_service.fhir.elements import Resource, days, own_reference, reference, text
from cds_service.fhir.validation import faults, is_of_day
from cds_service.order import date_of_service
from cds_service.replay import ledger
from cds_service.replay.pool import DatedResource, LeftOut, Place, Pool
from cds_service.replay.terms import REQUESTS, Terms

_INTENTS: Final = frozenset({"order", "original-order", "reflex-order", "filler-order", "instance-order", ""})
"""Intents of what was ordered.

Proposals, plans, directives and options ask for nothing yet.
"""
_WITHDRAWN: Final = frozenset({"cancelled", "revoked", "stopped"})
_SIGNED: Final = frozenset({ledger.IN_ERROR, ledger.WITHDRAWN, ledger.NOT_TO_DO})
"""Reasons not to judge an order that still was signed.

Such an order counts among those that were signed together.
"""


class SourceOrder(NamedTuple):
    """An order of the source.

    The resource that is judged, where it stands, its date of service, and the day it was signed on. With a ``reason``
    it is not judged itself, but still counts as signed with the others.
    """

    resource: Resource
    place: Place
    day: date
    signed_on: date
    signer: str
    reason: str = ""

    @property
    def reference(self) -> str:
        """``Type/id``."""
        return own_reference(self.resource)


class Signing(NamedTuple):
    """Orders signed together, and the day by which the chart is known."""

    known_by: date
    orders: tuple[SourceOrder, ...]


def orders_of(pool: Pool, terms: Terms) -> tuple[list[SourceOrder], list[LeftOut], int]:
    """Return the orders of a patient that were signed.

    Also returns the other orders, each with the reason, and how many there are in all.
    """
    found: list[SourceOrder] = []
    left: list[LeftOut] = []
    for held in pool.held:
        if held.kind not in REQUESTS:
            continue
        one = _order(held, terms)
        if isinstance(one, SourceOrder):
            found.append(one)
        else:
            left.append(one)
    return found, left, len(found) + len(left)


def _order(held: DatedResource, terms: Terms) -> SourceOrder | LeftOut:
    resource = held.resource
    own = own_reference(resource)
    reason = _not_judged(resource, own)
    if reason and reason not in _SIGNED:
        return LeftOut(held.place, reason, own)
    day = date_of_service(resource)
    if day is None:
        undated = [fault for fault in faults(resource) if is_of_day(fault)]
        return LeftOut(held.place, ledger.BAD_DAY if undated else ledger.NO_DAY, own, undated[0].element if undated else "")
    written = days(resource.get("authoredOn"))
    signed_on = written.first if written else day
    reason = reason or (ledger.OUTSIDE if outside(day, terms) else "")
    return SourceOrder(resource, held.place, day, signed_on, reference(resource.get("requester")), reason)


def _not_judged(resource: Resource, own: str) -> str:
    status = text(resource.get("status"))
    if "/" not in own:
        return ledger.NO_ID
    if status == "entered-in-error":
        return ledger.IN_ERROR
    if status in _WITHDRAWN:
        return ledger.WITHDRAWN
    if status == "draft":
        return ledger.DRAFT
    if resource.get("doNotPerform") is True:
        return ledger.NOT_TO_DO
    return "" if text(resource.get("intent")) in _INTENTS else ledger.INTENT


def outside(day: date, terms: Terms) -> bool:
    """Tell whether a date of service is outside the dates asked for."""
    return bool((terms.since and day < terms.since) or (terms.until and day > terms.until))


def signings(orders: Iterable[SourceOrder], terms: Terms) -> list[Signing]:
    """Group orders by when they were signed.

    Orders that one person signed on one day were signed together. Where charts hold what had happened by the date of
    service (``as_known`` is *now*), each order has the chart of its own date of service.
    """
    together: dict[tuple[date, date | None, str], list[SourceOrder]] = {}
    for order in orders:
        by = order.day if terms.as_known == "now" else None
        together.setdefault((order.signed_on, by, order.signer), []).append(order)
    ordered = sorted(together.items(), key=lambda one: (one[0][0], one[0][1] or one[0][0], one[0][2]))
    return [Signing(by or signed_on, tuple(held)) for (signed_on, by, _), held in ordered]
