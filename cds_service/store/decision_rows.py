"""The row that the decision log keeps of a decision.

It names the resources that the decision rests on, and says what they say only where the operator keeps values.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from cds_service.content.content import Content
from cds_service.decision import Decision
from cds_service.said.as_data import MOST_EVIDENCE, as_data
from cds_service.store.outcomes import written_outcomes
from cds_service.store.tables import LONGEST, Row


class DecidingCall(NamedTuple):
    """The call of a hook that decided.

    It has the service, the hook, the client's name for the call, how long the call took to answer, and the client's
    issuer; empty where the service is open.
    """

    service: str
    hook: str
    hook_instance: str
    milliseconds: float | None = None
    issuer: str = ""


class Logged(NamedTuple):
    """A decision with the cards that showed it, by their UUIDs.

    ``card`` is its own, and ``proposal`` the one that proposed another order. ``date_of_service`` is the date that the
    decision was made for.
    """

    decision: Decision
    card: str | None = None
    proposal: str | None = None
    date_of_service: date | None = None


def row_id() -> str:
    """Return an id of no meaning, which no other row has.

    It is no secret, so it is drawn without the system's generator: asking that lets go of Python's lock, and while rows
    are written the answer then waits for it. Forked workers draw different ones, since Python seeds each anew.
    """
    return str(UUID(int=random.getrandbits(128), version=4))


def decision_row(logged: Logged, content: Content, call: DecidingCall, now: datetime, values: bool) -> Row:
    """Make the row of one decision.

    ``values`` tells whether to keep what the evidence says as well.
    """
    decision = logged.decision
    evidence: Any = as_data(decision, content)["evidence"] if values else None
    named = dict.fromkeys([_plain(reference) for reference in _resting_on(decision)])
    return {
        "id": row_id(),
        "decided_at": now,
        "hook_instance": _plain(call.hook_instance),
        "service": call.service,
        "hook": call.hook,
        "order_reference": _plain(decision.order),
        "policy": decision.policy_id,
        "version": decision.policy.version.isoformat() if decision.policy else "",
        "revision": content.revision,
        "outcome": decision.outcome.value,
        "because": list(decision.because_ids),
        "asks": list(decision.asks),
        "assumed": list(decision.assumed),
        "resources": list(named) if values else [name for name in named if not name.startswith("Patient/")],
        "evidence": evidence,
        "card": logged.card,
        "proposal": logged.proposal,
        "outcomes": written_outcomes(decision),
        "milliseconds": call.milliseconds,
        "code": decision.coding.text if decision.policy and decision.coding else None,  # of the policy's list, so no client's words
        "date_of_service": logged.date_of_service,
        "issuer": call.issuer,
    }


def _resting_on(decision: Decision) -> Iterable[str]:
    """Yield the references of the evidence that ``as_data`` lists.

    Where no values are kept, the other parts of its rows are not made only for the references.
    """
    for _, leaves in decision.grounds:
        for leaf in leaves:
            for evidence in leaf.evidence[:MOST_EVIDENCE]:
                if evidence.resource:
                    yield evidence.resource


def _plain(text: str) -> str:
    """Return a client's text as every database keeps it.

    It has no NUL, no half characters, and is not longer than its column.
    """
    if text.isascii() and len(text) <= LONGEST and "\0" not in text:
        return text
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:LONGEST]
