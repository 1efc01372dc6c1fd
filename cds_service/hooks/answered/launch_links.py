"""Links from cards to the SMART app.

What the EHR hands on to the app is signed, and names a card, an order and a policy. Nothing of the patient is in it:
the EHR itself says who that is. Source: CDS Hooks 2.0, "Link" (``type: smart``, and ``appContext``, which comes back to
the app with its token).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple
from uuid import UUID

from itsdangerous import BadData, URLSafeSerializer

from cds_service.decision import Decision, DecisionOutcome
from cds_service.hooks.answered.decision_links import LASTS, SKEW
from cds_service.hooks.answered.named import uuid_of
from cds_service.said.markdown import cut
from cds_service.said.summary import LONGEST_SUMMARY
from cds_service.security.urls import allows, read_url

ANSWER: Final = "Answer the open questions"
REVIEW: Final = "See it against the chart"

Launch = Callable[[str, str, str], dict[str, Any] | None]
"""A function that makes a card's link to the app.

It takes the card (its UUID), the order (``Type/id``) and the policy (``id@version``). The link has no label yet; None
where there is no link.
"""


class LaunchContext(NamedTuple):
    """What a card tells the app: card, order and policy."""

    card: str
    order: str
    policy: str


def no_launch(_: str, __: str, ___: str) -> None:
    """Link nothing: no card launches the app."""


def launch_links(public_url: str, secret: str, made: datetime, issuers: Sequence[str], fhir_server: str | None) -> Launch:
    """Return what makes the links for cards of one call.

    There are no links unless the app can be launched from the FHIR server that the call names.
    """
    if not (public_url and secret and issuers and fhir_server):
        return no_launch
    try:
        known = allows(issuers, read_url(fhir_server))
    except ValueError:
        known = False
    if not known:
        return no_launch
    moment = int(made.timestamp() * 1000)

    def link(card: str, order: str, policy: str) -> dict[str, Any]:
        context = _signer(secret).dumps([UUID(card).hex, order, policy, moment])
        return {"url": f"{public_url}/smart/launch", "type": "smart", "appContext": context}

    return link


def launch_link(card: str, decision: Decision, launch: Launch) -> dict[str, Any] | None:
    """Make the link for a card of a decision.

    Only an order that is open, or not necessary, has one: for others a look at the chart is not worth it.
    """
    label = {DecisionOutcome.NOT_DOCUMENTED: ANSWER, DecisionOutcome.NOT_NECESSARY: REVIEW}.get(decision.outcome)
    if label is None or decision.policy is None or "#" in decision.order:
        return None
    made = launch(card, decision.order, f"{decision.policy.id}@{decision.policy.version}")
    return {"label": label, **made} if made else None


def launch_card(card: dict[str, Any], link: dict[str, Any]) -> dict[str, Any]:
    """Make the card that launches the app.

    On CRD's cards, a link to an app stands on a card of its own.
    """
    return {
        "uuid": uuid_of(UUID(card["uuid"]), "launch"),
        "summary": cut(f"{link['label']}. {card['summary']}", LONGEST_SUMMARY),
        "indicator": "info",
        "source": card["source"],
        "links": [link],
        "extension": card["extension"],
    }


def launch_context(written: str, secret: str, now: datetime) -> LaunchContext | None:
    """Read what a card told the app.

    Returns None for what was not signed here, or is older than a card's links are good for.
    """
    if not secret or not written:
        return None
    try:
        card, order, policy, made = _signer(secret).loads(written)
        moment = datetime.fromtimestamp(made / 1000, UTC)
        context = LaunchContext(str(UUID(hex=card)), order, policy)
    except (BadData, ValueError, TypeError, OverflowError):
        return None
    return context if moment <= now + SKEW and now - moment < LASTS else None


@lru_cache(maxsize=4)
def _signer(secret: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt="cds_service smart launch")
