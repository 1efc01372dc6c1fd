"""A resource of a call that may be an order.

Here stands where it is in the request, and how errors name that place.
"""

from __future__ import annotations

from datetime import date
from typing import Final, NamedTuple

from cds_service.fhir.elements import Resource, own_reference
from cds_service.fhir.resource_types import KEYS, TYPES
from cds_service.hooks.received.faults import RequestIssue, expression
from cds_service.order import Place

ORDERED: Final = {"ServiceRequest": "orderedServices", "MedicationRequest": "orderedMedicines", "DeviceRequest": "orderedDevices"}
"""By order type, the prefetch key of the orders that are named."""
ORDER_KEYS: Final = {kind: tuple([one for one in (key, TYPES[kind].key) if one]) for kind, key in ORDERED.items()}
"""By order type, all prefetch keys for the orders that are named.

An order that a call names may come under any of them.
"""


class Given(NamedTuple):
    """A resource that may be an order, with its place.

    ``place`` is where it stands, ``named`` where the call names it, and ``on`` the day of service that the call names.

    ``place`` is empty for one that was read from the client's FHIR server. ``inside`` is how an order is known that
    stands inside another resource. ``choice`` names the resource that leaves open which of the orders in it is meant.
    ``undated`` tells that the call names a day for it which is no day.
    """

    resource: Resource
    place: Place
    named: Place
    in_scope: bool = True
    on: date | None = None
    inside: str = ""
    choice: str = ""
    undated: tuple[RequestIssue, ...] = ()

    @property
    def where(self) -> str:
        """The path of this resource in error messages."""
        return path_of(self.place or self.named)

    @property
    def reference(self) -> str:
        """The name by which the order is known: ``Type/id``.

        For an order inside another resource, it is that resource's ``Type/id`` with ``#id`` behind it.
        """
        return self.inside or own_reference(self.resource)


def path_of(place: Place) -> str:
    """Return a place in a request as errors name it.

    A prefetch key that nobody asked for is the client's own word, and is not repeated.
    """
    known = place[:1] != ("prefetch",) or place[1] in KEYS or any(place[1] in keys for keys in ORDER_KEYS.values())
    return expression(place if known else place[:1])
