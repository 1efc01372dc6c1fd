"""Orders that nobody sent, answered before a worker takes calls.

The first real order then costs what later ones cost.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson

from cds_service.content.content import Content
from cds_service.hooks.calls import Calls
from cds_service.hooks.received import order_sign

log = logging.getLogger("cds_service")


def warm_up(calls: Calls) -> None:
    """Answer an order under each policy, of a silent chart.

    The chart says nothing. Nothing of it is counted or kept, and nobody is called. A call that fails is told in the
    log: a real one would have failed as well, and is answered with what went wrong.
    """
    alone = replace(calls, store=None, servers=None)
    failed = sum(alone.reply(body).status >= 500 for body in _bodies(calls.content))
    if failed:
        log.error("the service was not warmed up", extra={"failed": failed})


def _bodies(content: Content) -> Iterator[bytes]:
    """Yield a call of order-sign for each policy.

    The call has the first code that the policy lists.
    """
    for policy in content.policies:
        sets = [content.terminology.sets[id_] for id_ in policy.order_sets if id_ in content.terminology.sets]
        listed = [(system, codes[0]) for held in sets for system, codes in held.systems.items() if codes]
        for system, code in listed[:1]:
            yield orjson.dumps(_call({"system": system, "code": code}))


def _call(coding: dict[str, str]) -> dict[str, Any]:
    patient = {"resourceType": "Patient", "id": "nobody", "gender": "unknown"}
    order = {
        "resourceType": "ServiceRequest",
        "id": "nothing",
        "status": "draft",
        "intent": "order",
        "subject": {"reference": "Patient/nobody"},
        "code": {"coding": [coding]},
    }
    observation = {
        "resourceType": "Observation",
        "id": "nothing",
        "status": "final",
        "code": {"text": "nothing"},
        "subject": {"reference": "Patient/nobody"},
    }
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": order}]}
    found = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": observation}]}
    return {
        "hook": order_sign.HOOK.name,
        "hookInstance": str(UUID(int=0)),
        "context": {"userId": "Practitioner/nobody", "patientId": "nobody", "draftOrders": bundle},
        "prefetch": {"patient": patient, "observations": found},
    }
