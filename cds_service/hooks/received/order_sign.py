"""The hook order-sign: all draft orders are being signed."""

from __future__ import annotations

from typing import Final

from cds_service.hooks.received.contexts import DraftOrdersContext
from cds_service.hooks.received.given import Given
from cds_service.hooks.received.hook import MEDICATIONS, OF_DRAFTED_MEDICINES, Hook
from cds_service.hooks.received.request import HookRequest
from cds_service.hooks.received.sources import Sources


class OrderSignContext(DraftOrdersContext):
    """The context of order-sign.

    Source: CDS Hooks library, order-sign 1.0. All draft orders are being signed.
    """


def drafts(sources: Sources) -> list[Given]:
    """Return all draft orders."""
    return [Given(resource, place, place) for resource, place in sources.request.context.bundled()]


HOOK: Final = Hook(
    name="order-sign",
    listed=1,
    title="Medical policy as orders are signed",
    supports="each order being signed",
    requests=(HookRequest[OrderSignContext],),
    orders=drafts,
    prefetch={MEDICATIONS: OF_DRAFTED_MEDICINES},
    drafting=True,
)
