"""What a call must bring.

Where the operator wants it strict, that is one Coverage of a payer held here.
"""

from __future__ import annotations

from collections.abc import Iterable

from cds_service.chart import Chart
from cds_service.content.content import Content
from cds_service.content.payers import recognise
from cds_service.fhir.coverage_information import CrdVersion
from cds_service.fhir.elements import own_reference
from cds_service.hooks.received.faults import RequestIssue, Unusable
from cds_service.order import Order

_WHERE = "prefetch.coverage"


def refuse_without_coverage(chart: Chart, signing: Iterable[Order], content: Content, version: CrdVersion) -> None:
    """Refuse calls without the Coverage that CRD demands, read strictly.

    Source: CRD 2.2, "hook-13". Only calls with an order that a policy lists are refused.

    Raises Unusable: 412 where the Coverage, or its payer, could not be looked at; else 400 (422 in 2.0.1, which lets
    several coverages and one without a payer's identifier pass) for none, for several, and for one of a payer that is
    not held here.
    """
    listed = [o for o in signing if o.stands and content.library.select(o.codings, o.date_of_service)]
    if not listed:
        return
    inside = {own_reference(one): one for order in listed for one in order.insured if chart.is_about(one)}
    held = [*chart.of("Coverage"), *(one for said, one in inside.items() if chart.get(said) is None)]
    recognised = any(recognise(chart, content.payers, order.date_of_service, order) for order in listed)
    if not recognised and chart.unsearched & {"Coverage", "Organization"}:
        raise Unusable(412, [RequestIssue(_WHERE, "the Coverage was not prefetched and could not be read", "not-found")])
    status = 422 if version == "2.0.1" else 400
    if not held:
        raise Unusable(status, [RequestIssue(_WHERE, "the patient has no active Coverage", "business-rule")])
    if len(held) > 1 and not (version == "2.0.1" and recognised):
        raise Unusable(status, [RequestIssue(_WHERE, "there are several, and the one that counts is meant", "business-rule")])
    if not recognised and not (version == "2.0.1" and not held[0].get("payor")):
        raise Unusable(status, [RequestIssue(_WHERE, "its payer is none of those whose policies are held here", "business-rule")])
