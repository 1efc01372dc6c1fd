"""The hook order-select.

Only the selected draft orders are in scope; the others are signed with them.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from cds_service.fhir.elements import own_reference
from cds_service.hooks.received.contexts import MOST_ENTRIES, DraftOrdersContext, Filled
from cds_service.hooks.received.faults import RequestIssue, Unusable, expression
from cds_service.hooks.received.given import Given
from cds_service.hooks.received.hook import MEDICATIONS, OF_DRAFTED_MEDICINES, Hook
from cds_service.hooks.received.request import HookRequest
from cds_service.hooks.received.sources import Sources, local


class OrderSelectContext(DraftOrdersContext):
    """The context of order-select.

    Source: CDS Hooks library, order-select 1.0. Only the selected draft orders are in scope.
    """

    selections: Annotated[list[Filled], Field(min_length=1, max_length=MOST_ENTRIES)]


def selected(sources: Sources) -> list[Given]:
    """Return the draft orders, of which the selected are in scope.

    The others are signed with them. Raises Unusable for a selection that is none of the draft orders.
    """
    context: OrderSelectContext = sources.request.context
    drafts = list(context.bundled())
    known = {own_reference(resource) for resource, _ in drafts}
    chosen = {local(written): at for at, written in enumerate(context.selections)}
    said = "it is none of the orders in draftOrders; Type/id is meant"
    unknown = [at for one, at in chosen.items() if one not in known]
    if unknown:
        raise Unusable(
            sources.status, [RequestIssue(expression(("context", "selections", at)), said, "not-found") for at in unknown]
        )
    return [Given(resource, place, place, own_reference(resource) in chosen) for resource, place in drafts]


HOOK: Final = Hook(
    name="order-select",
    listed=2,
    title="Medical policy as orders are selected",
    supports="each selected order",
    requests=(HookRequest[OrderSelectContext],),
    orders=selected,
    prefetch={MEDICATIONS: OF_DRAFTED_MEDICINES},
    drafting=True,
    early=True,
)
