"""The choice of a call's orders, and of those in scope.

The hook says which resources these are, and groups of orders are opened.
"""

from __future__ import annotations

from cds_service.hooks.received import all_hooks
from cds_service.hooks.received.given import Given
from cds_service.hooks.received.inside import with_those_inside
from cds_service.hooks.received.sources import Sources


def orders_in_scope(sources: Sources) -> list[Given]:
    """Return the resources of a call that may be orders, in order.

    From a resource that holds orders, those inside it are returned.

    Raises Unusable for what the context says wrong of them; 412 tells that none of the orders that the call names was
    sent with it or could be read.
    """
    return with_those_inside(all_hooks()[sources.request.hook].orders(sources))
