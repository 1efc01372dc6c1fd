"""What was decided of one order under one policy.

``judgement`` makes decisions; cards, pages, the log and programs read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Final

from cds_service.content.payers import Member
from cds_service.fhir.codes import Coding
from cds_service.order import Order
from cds_service.policy import explain
from cds_service.policy.criterion import Remark
from cds_service.policy.evidence import Evidence, Fact
from cds_service.policy.finding import MET, Finding
from cds_service.policy.judged_trees import JudgedTrees
from cds_service.policy.model import Authorization, FirstRule, Policy

UNKNOWN_SYSTEM: Final = "unknown-code-system"
"""The rule of an order whose code is of an unknown system.

Its code would be a policy's if its system were one that is known.
"""

NAMED_IN_WORDS: Final = "named-in-words"
"""The rule of an order that only its words name.

They name what a policy governs, and none of its codes tells what it is.
"""
UNREADABLE_DATE: Final = "unreadable-date"
"""The rule of an order whose date is no day.

Such an order is not judged.
"""
NOT_DECIDED: Final = "not-decided"
"""The rule of an order that the service failed on.

Nothing is said of it, and the other orders of the call are answered.
"""
OUT_OF_TIME: Final = "out-of-time"
"""The rule of an order that its call's time left unjudged.

It was not judged before the time was over: nothing was searched for it.
"""
UNJUDGED: Final = frozenset({UNKNOWN_SYSTEM, NAMED_IN_WORDS, UNREADABLE_DATE, NOT_DECIDED, OUT_OF_TIME})
"""The rules of orders that were not judged.

The client is told so of each of them.
"""


class DecisionOutcome(Enum):
    """The outcomes of an order under a policy."""

    NECESSARY = "necessary"
    NOT_NECESSARY = "not-necessary"
    NOT_DOCUMENTED = "not-documented"
    NOT_ADDRESSED = "not-addressed"
    REFERRED = "referred"


@dataclass(frozen=True)
class Decision:
    """The outcome for one order under one policy.

    ``because`` holds the findings that settle it (or could still); ``rule`` the id of the rule around the criteria that did.
    ``members`` are the recognised coverages that the policy speaks of, none when no payer was recognised.
    ``trees`` are the findings of the criteria and the exclusions, absent when a rule settled the order before them.
    ``unread`` are the resource types in which nothing was looked for, where the time of the call was over.
    The first ``shortest`` of ``asks`` are the shortest way to an order that is necessary; the others settle it another way.
    ``facts`` are those it was judged on, for what is asked of them later in the same call.
    """

    order: str
    coding: Coding | None
    policy_id: str
    policy: Policy | None
    outcome: DecisionOutcome
    because: tuple[Finding, ...] = ()
    rule: str = ""
    asks: tuple[str, ...] = ()
    trees: JudgedTrees | None = None
    settled_by: FirstRule | None = None
    authorization: Authorization | None = None
    members: tuple[Member, ...] = ()
    advice: tuple[Remark, ...] = ()
    unread: tuple[str, ...] = ()
    shortest: int = 0
    facts: Mapping[str, Fact] = field(default_factory=dict, compare=False, repr=False)

    @property
    def member(self) -> Member | None:
        """The first of the recognised coverages, for which cards speak."""
        return self.members[0] if self.members else None

    @cached_property
    def necessary(self) -> Finding | None:
        """The finding of the criteria with all below it.

        It is None when a rule settled the order before them.
        """
        return self.trees.tree(0) if self.trees else None

    @cached_property
    def exclusions(self) -> Finding | None:
        """The finding of the exclusions with all below it.

        It is None where the policy has none, or they were not looked at.
        """
        return self.trees.tree(1) if self.trees else None

    @cached_property
    def because_ids(self) -> tuple[str, ...]:
        """The ids of the criteria, or the rule, that settle it.

        What they settle is the outcome; they come in the document's order.
        """
        if self.rule:
            return (self.rule,)
        return self.trees.reading.because_ids if self.trees else tuple([finding.criterion.id for finding in self.because])

    @cached_property
    def leaves(self) -> tuple[Finding, ...]:
        """The findings of the checks of both trees, in reading order."""
        return tuple(self.trees.filled(self.trees.reading.leaves)) if self.trees else ()

    @cached_property
    def grounds(self) -> tuple[tuple[Finding, list[Finding]], ...]:
        """The findings of ``because``, each with its checks' findings.

        These are the findings of the checks below it.
        """
        if self.trees:
            return self.trees.grounds(self.because)
        return tuple([(finding, explain.leaves(finding)) for finding in self.because])

    @cached_property
    def reasons(self) -> tuple[Finding, ...]:
        """The findings to name as reasons.

        Where the decision is settled, they are those each of which alone settles it; where it is open, those of
        ``because``.
        """
        if self.outcome is DecisionOutcome.NOT_DOCUMENTED or self.settled_by:
            return self.because
        against = self.exclusions and self.exclusions.outcome is MET
        tree = self.exclusions if against else self.necessary
        return explain.enough(tree) if tree else self.because

    @property
    def alone(self) -> tuple[str, ...]:
        """Those of ``asks`` that could each by itself make the order necessary."""
        return self.trees.reading.alone if self.asks and self.trees else ()

    @cached_property
    def own_asks(self) -> Mapping[str, str]:
        """The questions that criteria themselves have for facts.

        It holds the first for each fact, and none where nothing is asked.
        """
        return self.trees.reading.own_asks if self.asks and self.trees else {}

    @cached_property
    def presumed(self) -> list[Finding]:
        """Those of the leaves that a presumption settled."""
        return self.trees.filled(self.trees.reading.presumed) if self.trees else []

    @cached_property
    def spoken(self) -> list[Finding]:
        """Those of the leaves of which the chart says something."""
        return self.trees.spoken() if self.trees else []

    @property
    def assumed(self) -> tuple[str, ...]:
        """The ids of all criteria that a presumption settled."""
        return self.trees.reading.assumed if self.trees else ()

    @cached_property
    def unsearched(self) -> tuple[str, ...]:
        """The resource types that were not searched.

        They are those that could have held evidence for what is open.
        """
        if self.outcome is not DecisionOutcome.NOT_DOCUMENTED:
            return ()
        if self.unread:
            return self.unread
        return tuple(dict.fromkeys([kind for _, leaves in self.grounds for leaf in leaves for kind in leaf.unsearched]))


def unjudged(order: Order, rule: str) -> Decision:
    """Return what is said of an order that was not judged.

    ``rule`` says why: its date is no day, or the service failed on it.
    """
    first = order.codings[0] if order.codings else None
    return Decision(order.reference, first, "", None, DecisionOutcome.NOT_ADDRESSED, rule=rule)


def shortest_way(decision: Decision) -> tuple[str, ...]:
    """Return the questions whose favourable answers make the order necessary.

    These alone suffice. All questions are returned where no shorter way is known.
    """
    return decision.asks[: decision.shortest] or decision.asks


def evidence_of(decision: Decision) -> list[Evidence]:
    """Return all evidence that the settling findings rest on."""
    return [evidence for _, leaves in decision.grounds for leaf in leaves for evidence in leaf.evidence]
