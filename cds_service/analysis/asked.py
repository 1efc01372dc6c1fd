"""Vignettes made ready to be judged many times.

Their facts are read once, and can then be judged by any mutant of their policy. ``Asked`` is about an order,
``AskedResponse`` about the answers to a questionnaire; :func:`wrong_under` takes either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from cds_service.content.content import Content
from cds_service.decision import Decision
from cds_service.fhir.codes import Coding
from cds_service.judgement import judge_policy
from cds_service.policy.evidence import Fact
from cds_service.policy.model import Policy
from cds_service.vignettes.read import Vignette
from cds_service.vignettes.responses import ResponseVignette, differences_of_answers, differences_of_judgement, judged_as_facts
from cds_service.vignettes.run import Posed, chosen_for, differences_as_facts, differences_of, pose


@dataclass(frozen=True, slots=True)
class Asked:
    """A vignette of an order with its facts read once.

    ``policy`` is the version that judges it, None when none is in force. ``wrong`` tells how the decision of the
    unchanged policy differs from the expected one.
    """

    posed: Posed
    policy: Policy | None
    coding: Coding | None
    facts: Mapping[str, Fact]
    wrong: tuple[str, ...] = ()

    @property
    def vignette(self) -> Vignette:
        """The vignette that is judged."""
        return self.posed.vignette

    @property
    def as_of(self) -> date:
        """The date of service."""
        return self.posed.case.as_of


@dataclass(frozen=True, slots=True)
class AskedResponse:
    """A vignette of a response with its facts read once.

    ``wrong`` is as in :class:`Asked`.
    """

    vignette: ResponseVignette
    facts: Mapping[str, Fact]
    wrong: tuple[str, ...] = ()

    @property
    def policy(self) -> Policy:
        """The version that judges it."""
        return self.vignette.policy

    @property
    def as_of(self) -> date:
        """The day that the response was authored."""
        return self.vignette.as_of


AnyAsked = Asked | AskedResponse


def all_asked(vignettes: Iterable[Vignette | ResponseVignette], content: Content) -> tuple[AnyAsked, ...]:
    """Make vignettes of orders and of responses ready for many mutants."""
    listed = list(vignettes)
    orders = asked((one for one in listed if isinstance(one, Vignette)), content)
    return *orders, *(asked_response(one) for one in listed if isinstance(one, ResponseVignette))


def asked_response(vignette: ResponseVignette) -> AskedResponse:
    """Make a vignette of a response ready for many mutants."""
    return AskedResponse(vignette, MappingProxyType(vignette.facts), tuple(differences_of_answers(vignette)))


def wrong_under(policy: Policy, one: AnyAsked) -> list[str]:
    """Return how a policy's result differs from what the vignette expects."""
    if isinstance(one, AskedResponse):
        return differences_of_judgement(one.vignette, judged_as_facts(one.vignette, policy))
    return differences_of(one.vignette, decision_of(policy, one))


def asked(vignettes: Iterable[Vignette], content: Content) -> tuple[Asked, ...]:
    """Make vignettes of orders ready for many mutants."""
    ready = []
    for vignette in vignettes:
        posed = pose(vignette, content)
        chosen = chosen_for(posed, content.library)
        policy = chosen.policy if chosen else None
        for _ in range(2):  # a scan that is given changes what was derived before it was read
            facts = {name: posed.facts[name] for name in policy.facts} if policy else {}
        wrong = tuple(differences_as_facts(vignette, content))
        ready.append(Asked(posed, policy, chosen.coding if chosen else None, MappingProxyType(facts), wrong))
    return tuple(ready)


def decision_of(policy: Policy, one: Asked) -> Decision:
    """Apply a policy to a vignette that was made ready.

    Returns the policy's decision on it.
    """
    return judge_policy(policy, one.coding, one.posed.case.order.reference, one.facts, one.posed.case)
