"""The decision of an order by the steps of a hook.

The page makes the call that the EHR would make as it is signed. The chart is read anew each time, with the token of the
launch: nothing of it is kept between two pages, and what was written into it meanwhile counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import uuid4

import orjson

from cds_service.case import Case
from cds_service.decision import Decision
from cds_service.fhir.elements import Resource
from cds_service.hooks import account
from cds_service.hooks.answer import decide_request
from cds_service.hooks.received import order_sign
from cds_service.hooks.received.messages import parse_request
from cds_service.hooks.tell import tell
from cds_service.smart.app import SmartApp
from cds_service.smart.sessions import Session

NOBODY: Final = "Practitioner/unknown"


def judge(
    app: SmartApp, session: Session, order: Resource, patient: Resource | None, unsaved: Sequence[Resource] = ()
) -> list[tuple[Case, Decision]]:
    """Decide an order on the chart as it is now.

    ``unsaved`` answers are looked at as if they stood in it. Raises Unusable with the
    elements at fault where the order cannot be judged.
    """
    granted = session.granted
    context: dict[str, Any] = {
        "userId": session.user or NOBODY,
        "patientId": granted.patient,
        "draftOrders": {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": order}]},
    }
    if granted.encounter:
        context["encounterId"] = granted.encounter
    call = {
        "hook": order_sign.HOOK.name,
        "hookInstance": str(uuid4()),
        "fhirServer": session.iss,
        "fhirAuthorization": {"access_token": granted.token, "scope": granted.scope, "patient": granted.patient},
        "context": context,
        "prefetch": {"patient": patient} if patient else {},
    }
    asked = account.current()
    counted_as = asked.hook if asked else ""
    request = parse_request(orjson.dumps(call), app.settings.crd_version)
    if asked:
        asked.hook = counted_as  # the log and the metrics count a page, and no signing
    decided = decide_request(request, app.content, app.today(), app.settings, app.servers, (session.iss,), unsaved=unsaved)
    tell(decided, app.content.revision)
    return decided
