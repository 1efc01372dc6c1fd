"""What a call must bring: where the operator wants it strict, one Coverage of a payer held here."""

from __future__ import annotations

from collections.abc import Iterable

from cds_service.chart import Chart
from cds_service.content import Content
from cds_service.fhir.coverage_information import CrdVersion
from cds_service.hooks.messages import Issue, Unusable
from cds_service.order import Order
from cds_service.payers import recognise

_WHERE = "prefetch.coverage"


def refuse_without_coverage(chart: Chart, signing: Iterable[Order], content: Content, version: CrdVersion) -> None:
    """The strict reading of CRD (2.2 "hook-13"), for calls with an order that a policy lists. Raises Unusable.

    412 where the Coverage, or its payer, could not be looked at; else 400 (422 in 2.0.1, which lets several coverages and one
    without a payer's identifier pass) for none, for several, and for one of a payer that is not held here.
    """
    listed = [o for o in signing if o.stands and content.library.select(o.codings, o.date_of_service)]
    if not listed:
        return
    held = list(chart.of("Coverage"))
    recognised = any(recognise(chart, content.payers, order.date_of_service) for order in listed)
    if not recognised and chart.unsearched & {"Coverage", "Organization"}:
        raise Unusable(412, [Issue(_WHERE, "the Coverage was not prefetched and could not be read", "not-found")])
    status = 422 if version == "2.0.1" else 400
    if not held:
        raise Unusable(status, [Issue(_WHERE, "the patient has no active Coverage", "business-rule")])
    if len(held) > 1 and not (version == "2.0.1" and recognised):
        raise Unusable(status, [Issue(_WHERE, "there are several, and the one that counts is meant", "business-rule")])
    if not recognised and not (version == "2.0.1" and not held[0].get("payor")):
        raise Unusable(status, [Issue(_WHERE, "its payer is none of those whose policies are held here", "business-rule")])
