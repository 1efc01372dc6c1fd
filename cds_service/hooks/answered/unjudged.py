"""The card of an order that was not judged.

It says why, and what to do about it.
"""

from __future__ import annotations

from typing import Any

from cds_service.case import Case
from cds_service.content.content import Content
from cds_service.decision import NAMED_IN_WORDS, NOT_DECIDED, OUT_OF_TIME, UNREADABLE_DATE, Decision
from cds_service.fhir.code_systems import CPT, HCPCS, RXNORM
from cds_service.hooks.received.conversation import Conversation
from cds_service.policy.model import Policy
from cds_service.said.detail import TO_DO
from cds_service.said.markdown import cut, plain, quoted
from cds_service.said.summary import LONGEST_SUMMARY

WHY = "Why it was not judged"


def unjudged_card(
    found: list[tuple[Case, Decision]], content: Content, hook_instance: str, conversation: Conversation, uuid: str
) -> dict[str, Any]:
    """Write the card of an order that was not judged.

    Its code is not known, its date is no day, there was no time left in the call, or the service failed.
    """
    case, first = found[0]
    policies = [policy for _, decision in found if (policy := content.library.version(decision.policy_id))]
    code = cut(first.coding.code, 40) if first.coding else "Order"
    if first.rule == NAMED_IN_WORDS:
        code = cut(next(iter(case.order.names()), code), 40)
    said, why, doing = _told(first, code, policies, hook_instance)
    publishers = [source.publisher for policy in policies for source in policy.sources.values()]
    listed = "\n".join(f"- {one}" for one in doing)
    return {
        "uuid": uuid,
        "summary": cut(f"{code}: {said}", LONGEST_SUMMARY),
        "detail": f"#### {WHY}\n\n{why}\n\n#### {TO_DO}\n\n{listed}",
        "indicator": "info",
        "source": {
            "label": publishers[0] if publishers else "Medical policies",
            "topic": {"system": conversation.topics, "code": "guideline", "display": "Guideline"},
        },
        "extension": conversation.associated(first.order),
    }


def _told(first: Decision, code: str, policies: list[Policy], hook_instance: str) -> tuple[str, str, list[str]]:
    """Return the summary, the reason, and what to do."""
    if first.rule == UNREADABLE_DATE:
        why = "A date or moment in the order is none that a calendar has."
        return "the order's date is no day, so it was not judged.", why, ["Correct the date of the order, then sign again."]
    if first.rule == OUT_OF_TIME:
        why = (
            "The call held more than could be looked at in time. "
            "Nothing was searched for this order, so this says nothing of it or of the chart."
        )
        doing = ["Sign fewer orders at once.", "Ask whoever operates the EHR to have it send less with each call."]
        return "not checked, for the time of the call was over.", why, doing
    if first.rule == NOT_DECIDED:
        why = "The service failed, for a fault of its own and not of the order. The other orders were judged."
        doing = [f"Ask whoever operates the service to find the fault in its log, under {quoted(hook_instance)}."]
        return "it could not be checked, for the policy service failed.", why, doing
    titles = ", ".join(f"*{plain(policy.title)}*" for policy in policies)
    if first.rule == NAMED_IN_WORDS:
        why = f"The order's words are {quoted(code)}, and no code tells what it is. By its words, {titles} may govern it."
        doing = [f"Send it with a code: CPT is `{CPT}`, HCPCS is `{HCPCS}`, RxNorm is `{RXNORM}`."]
        return "not checked, for no code of the order tells what it is. A policy may govern it.", why, doing
    system = first.coding.system.strip() if first.coding else ""
    named = f"It names the system {quoted(system)}, which is not known here." if system else "It names no code system."
    why = f"The order's code is {quoted(code)}. {named} If it is what it looks like, it is governed by {titles}."
    doing = [f"Send the code with its system: CPT is `{CPT}`, HCPCS is `{HCPCS}`, RxNorm is `{RXNORM}`."]
    return "the code's system is not known, so no policy was looked up.", why, doing
