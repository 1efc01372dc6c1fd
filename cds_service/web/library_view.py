"""The policies held, by payer, as the library page lists them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from cds_service.content.content import Content
from cds_service.content.wording import effective, review
from cds_service.policy.model import Policy
from cds_service.web.code_lists import CodeLists
from cds_service.web.in_force import in_force, publisher

FEW = 4
"""How many codes the library shows of a policy.

The policy's own page has all.
"""


@dataclass(frozen=True, slots=True)
class PolicyCard:
    """A policy in the library.

    It has the version in force, the other versions, and what the policy governs.
    """

    policy: Policy
    others: tuple[Policy, ...]
    effective: str
    review: str
    codes: tuple[str, ...]
    more_codes: int
    criteria: int


@dataclass(frozen=True, slots=True)
class PayerShelf:
    """A payer with its policies."""

    name: str
    policies: tuple[PolicyCard, ...]


def shelves(content: Content, lists: CodeLists, today: date) -> list[PayerShelf]:
    """Return every publisher that has policies here, by name."""
    by_name: dict[str, list[PolicyCard]] = {}
    for policy in in_force(content, today).values():
        others = [one for one in content.policies if one.id == policy.id and one is not policy]
        by_name.setdefault(publisher(policy, content), []).append(_card(policy, others, lists))
    return [PayerShelf(name, tuple(sorted(cards, key=lambda c: c.policy.title))) for name, cards in sorted(by_name.items())]


def _card(policy: Policy, others: list[Policy], lists: CodeLists) -> PolicyCard:
    listed = (lists.of(id_) for id_ in policy.order_sets)
    codes = list(dict.fromkeys(row.written for one in listed if one for row in one.rows))
    criteria = len({criterion.id for criterion in policy.criteria()})
    newest_first = tuple(sorted(others, key=lambda one: one.version, reverse=True))
    return PolicyCard(
        policy, newest_first, effective(policy), review(policy), tuple(codes[:FEW]), max(0, len(codes) - FEW), criteria
    )
