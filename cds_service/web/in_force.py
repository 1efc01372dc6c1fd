"""The version of a policy in force, and the policy's publisher."""

from __future__ import annotations

from datetime import date

from cds_service.content.content import Content
from cds_service.policy.model import Policy


def in_force(content: Content, today: date) -> dict[str, Policy]:
    """Return the version of each policy that covers the day.

    Where no version does, it is the latest. The keys are the ids of policies.
    """
    found: dict[str, Policy] = {}
    for policy in sorted(content.policies, key=lambda one: (one.covers(today), one.version)):
        found[policy.id] = policy
    return found


def publisher(policy: Policy, content: Content) -> str:
    """Return the name of who publishes a policy.

    It is the payer's name, else the publisher of the policy's first document.
    """
    named = next((payer.name for payer in content.payers if payer.id == policy.payer), "")
    return named or next(iter(policy.sources.values())).publisher


def held_policy(content: Content, policy_id: str, version: str) -> Policy | None:
    """Return a version of a policy by its date.

    An empty ``version`` means the latest. Returns None where none is held.
    """
    held = sorted((p for p in content.policies if p.id == policy_id), key=lambda p: p.version)
    return next((p for p in held if p.version.isoformat() == version), None) if version else next(iter(held[::-1]), None)
