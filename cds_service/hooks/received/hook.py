"""What a hook is here.

It is a name, the shape of its calls, which orders they are about, and what they must bring along.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cds_service.hooks.received.given import Given
from cds_service.hooks.received.request import HookRequest
from cds_service.hooks.received.sources import Sources

MEDICATIONS: Final = "medications"
"""The prefetch key of the Medications that orders refer to."""
OF_DRAFTED_MEDICINES: Final = (
    "Medication?_id={{context.draftOrders.entry.resource.ofType(MedicationRequest).medication.resolve().id}}"
)
"""The prefetch template for the Medications of draft orders."""
OF_ORDERED_MEDICINES: Final = "Medication?_id={{%orderedMedicines.entry.resource.medication.resolve().id}}"
"""The prefetch template for the Medications of orders prefetched themselves.

Those orders come under a key of their own.
"""


def _never(_: Any) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Hook:
    """A hook, declared by its module under the name ``HOOK``.

    ``listed`` is its place in discovery, ``title`` its title there, ``supports`` the words that discovery says of its
    orders.

    ``requests`` are the shapes of its calls, today's first; ``is_earlier`` tells by a context whether it is of the
    second. ``orders`` gives the resources of a call that may be orders, and says which of them it is about.
    ``prefetch`` asks for what a call names and does not hold, in the words of CRD 2.2's standard prefetch.

    ``by_reference`` tells that calls name their orders and do not hold them, ``encounter`` that a call may name one.
    ``drafting`` tells that the reader of the cards writes the orders, and can take one back or order something else
    instead. ``early`` tells that the orders are still being written, as for CRD's secondary hooks, which ask for no
    documentation.
    """

    name: str
    listed: int
    title: str
    supports: str
    requests: tuple[type[HookRequest[Any]], ...]
    orders: Callable[[Sources], list[Given]]
    prefetch: Mapping[str, str]
    by_reference: bool = False
    encounter: bool = True
    drafting: bool = False
    early: bool = False
    is_earlier: Callable[[Any], bool] = _never

    def shape_of(self, context: Any) -> type[HookRequest[Any]]:
        """Return the shape of a call with this context, as sent."""
        return self.requests[1 if self.is_earlier(context) else 0]
