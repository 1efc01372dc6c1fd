"""The policies held, by payer, as the library page lists them."""

from __future__ import annotations

from dataclasses import dataclass

from cds_service.content import Content
from cds_service.policy.model import Policy
from cds_service.web.code_lists import CodeLists
from cds_service.wording import effective, review

FEW = 6
"""Codes that the library shows of a policy; its page has all."""


@dataclass(frozen=True, slots=True)
class PolicyCard:
    """A policy in the library: its latest version, the others, and what it governs."""

    latest: Policy
    earlier: tuple[Policy, ...]
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


def shelves(content: Content, lists: CodeLists) -> list[PayerShelf]:
    """Every payer that has policies here, by name."""
    names = {payer.id: payer.name for payer in content.payers}
    versions: dict[str, list[Policy]] = {}
    for policy in sorted(content.policies, key=lambda policy: policy.version, reverse=True):
        versions.setdefault(policy.id, []).append(policy)
    by_payer: dict[str, list[PolicyCard]] = {}
    for held in versions.values():
        by_payer.setdefault(names.get(held[0].payer, held[0].payer), []).append(_card(held, lists))
    return [PayerShelf(name, tuple(sorted(cards, key=lambda c: c.latest.title))) for name, cards in sorted(by_payer.items())]


def _card(held: list[Policy], lists: CodeLists) -> PolicyCard:
    latest, *earlier = held
    listed = (lists.of(id_) for id_ in latest.order_sets)
    codes = list(dict.fromkeys(f"{row.system} {row.code}" for one in listed if one for row in one.rows))
    criteria = len({criterion.id for criterion in latest.criteria()})
    return PolicyCard(
        latest, tuple(earlier), effective(latest), review(latest), tuple(codes[:FEW]), max(0, len(codes) - FEW), criteria
    )
