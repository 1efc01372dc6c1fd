"""Saving of answers in the EHR, once, with a check.

What was saved is read back: only what the EHR gives back counts as saved.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any, Final

import orjson

from cds_service import telemetry
from cds_service.facts.found.forms import every_item
from cds_service.fhir.elements import Resource, items, text
from cds_service.fhir.scopes import Scopes
from cds_service.hooks.gathered.client_server import ServerAccess
from cds_service.security.outbound import NotAllowed, Outbound, ServerReply, Unreachable
from cds_service.smart.scopes import ANSWERS
from cds_service.smart.sessions import Session

SECONDS: Final = 8.0
LARGEST: Final = 256 * 1024
LONGEST_SAID: Final = 300
_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,64}")
_CREATED: Final = re.compile(r"/QuestionnaireResponse/([A-Za-z0-9.-]{1,64})(?:/_history/[^/]+)?$")
NOT_GRANTED: Final = "The EHR does not let this app save answers."
_WHY: Final = {
    400: "The EHR could not take the answers as they are.",
    401: "The EHR no longer knows this session. Launch the app again; the answers stand below.",
    403: "The EHR does not let you save answers from here.",
    404: "The EHR keeps no answers of questionnaires.",
    405: "The EHR keeps no answers of questionnaires.",
    409: "The EHR says that these answers clash with what it holds.",
    412: "The EHR says that these answers clash with what it holds.",
    413: "The answers are larger than the EHR takes.",
    422: "The EHR did not accept the answers.",
    429: "The EHR is busy. Try again in a minute.",
}
UNSURE: Final = (
    "The EHR did not answer, so nobody can tell whether the answers were saved. Look in the chart before you save again."
)


@dataclass(frozen=True, slots=True)
class Saved:
    """How saving ended.

    ``reference`` is what was saved and read back, else ``why`` says why not. ``unsure`` says that it may have been saved.
    """

    reference: str = ""
    why: str = ""
    unsure: bool = False


def may_save(session: Session) -> bool:
    """Tell whether the token may create answers in the EHR."""
    return Scopes(session.granted.scope).may_create(ANSWERS)


def save(answers: Resource, session: Session, outbound: Outbound, access: ServerAccess) -> Saved:
    """Save answers and read them back.

    They are sent once: where no word comes back, they are not sent again.
    """
    if not may_save(session):
        return Saved(why=NOT_GRANTED)
    iss = session.iss.rstrip("/")
    headers = {
        "Authorization": f"Bearer {session.granted.token}",
        "Content-Type": "application/fhir+json",
        "Accept": "application/fhir+json",
        "Prefer": "return=representation",
    }
    deadline = time.monotonic() + SECONDS
    try:
        reply = outbound.post(
            f"{iss}/{ANSWERS}",
            orjson.dumps(answers),
            allowed=(iss,),
            headers=headers,
            deadline=deadline,
            largest=LARGEST,
            once=True,
        )
    except NotAllowed:
        telemetry.outbound("smart", "refused")
        return Saved(why="The EHR's server may not be called from here. Whoever runs this app can help.")
    except Unreachable as failed:
        telemetry.outbound("smart", "timeout" if failed.why == "timeout" else "failed")
        return Saved(why=UNSURE, unsure=True)
    telemetry.outbound("smart", "ok" if reply.status < 400 else "error")
    if reply.status not in (200, 201):
        known = _WHY.get(reply.status, f"The EHR did not save the answers (its answer was {reply.status}).")
        return Saved(why=f"{known} {_diagnosis(reply)}".strip())
    return _read_back(answers, _id_of(reply), access)


def _read_back(answers: Resource, id_: str, access: ServerAccess) -> Saved:
    if not id_:
        return Saved(
            why="The EHR took the answers and does not say where they are. Look in the chart before you save again.", unsure=True
        )
    found = access.read([((ANSWERS,), lambda server: [(ANSWERS, server.read(ANSWERS, id_))])])
    held = next((resource for _, one in found for resource in one.resources), None)
    if held is None:
        return Saved(
            why="The EHR took the answers and does not give them back. Look in the chart before you save again.", unsure=True
        )
    if told(held) != told(answers) or text(held.get("status")) != "completed":
        return Saved(why="The EHR keeps other answers than were sent. Look in the chart before you save again.", unsure=True)
    return Saved(f"{ANSWERS}/{id_}")


def told(answers: Resource) -> dict[str, list[Any]]:
    """Return what a response answers, by ``linkId``.

    What servers add beside it is left out.
    """
    found: dict[str, list[Any]] = {}
    for item in every_item(answers):
        if held := items(item.get("answer")):
            found.setdefault(text(item.get("linkId")), []).extend(_plain(answer) for answer in held)
    return found


def _plain(answer: Any) -> Any:
    """Return an answer's value as it compares.

    Numbers compare by their value, codings by their code.
    """
    value = next((held for name, held in answer.items() if name.startswith("value")), None) if isinstance(answer, dict) else answer
    if isinstance(value, dict):
        return (value.get("code"), value.get("value"))
    return value


def _id_of(reply: ServerReply) -> str:
    """Return the id of what was created.

    It stands in the body, else in the address in ``Location``.
    """
    try:
        body = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        body = None
    named = text(body.get("id")) if isinstance(body, dict) and body.get("resourceType") == ANSWERS else ""
    found = _CREATED.search(reply.headers.get("Location", ""))
    id_ = named or (found[1] if found else "")
    return id_ if _ID.fullmatch(id_) else ""


def _diagnosis(reply: ServerReply) -> str:
    """Return what the EHR says is wrong, in its own words.

    They are for the person alone, who may see the chart.
    """
    try:
        body = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return ""
    for issue in items(body.get("issue")) if isinstance(body, dict) else ():
        if isinstance(issue, dict):
            details = issue.get("details")
            said = (text(details.get("text")) if isinstance(details, dict) else "") or text(issue.get("diagnostics"))
            if said:
                return f"It says: {said[:LONGEST_SAID]}"
    return ""
