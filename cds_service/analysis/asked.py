"""Vignettes made ready to be asked many times: their facts read once, to be judged by any mutant of their policy.

``Asked`` is of an order, ``AskedResponse`` of the answers to a questionnaire; :func:`wrong_under` asks either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from cds_service.content import Content
from cds_service.decision import Decision, judge_policy
from cds_service.fhir.codes import Coding
from cds_service.policy.model import Fact, Policy
from cds_service.vignettes.read import Vignette
from cds_service.vignettes.responses import ResponseVignette, differences_of_answers, differences_of_judgement, judged_as_facts
from cds_service.vignettes.run import Posed, chosen_for, differences_as_facts, differences_of, pose


@dataclass(frozen=True, slots=True)
class Asked:
    """A vignette with its facts read once; ``policy`` is the version that judges it, None when none is in force.

    ``wrong`` is what the decision says other than expected, with the policy as it is.
    """

    posed: Posed
    policy: Policy | None
    coding: Coding | None
    facts: Mapping[str, Fact]
    wrong: tuple[str, ...] = ()

    @property
    def vignette(self) -> Vignette:
        """The vignette that is asked."""
        return self.posed.vignette

    @property
    def as_of(self) -> date:
        """The date of service."""
        return self.posed.case.as_of


@dataclass(frozen=True, slots=True)
class AskedResponse:
    """A vignette of a response, its facts read once; ``wrong`` is as in :class:`Asked`."""

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
    """Vignettes of orders and of responses made ready for many mutants."""
    listed = list(vignettes)
    orders = asked((one for one in listed if isinstance(one, Vignette)), content)
    return *orders, *(asked_response(one) for one in listed if isinstance(one, ResponseVignette))


def asked_response(vignette: ResponseVignette) -> AskedResponse:
    """A vignette of a response made ready for many mutants."""
    return AskedResponse(vignette, MappingProxyType(vignette.facts), tuple(differences_of_answers(vignette)))


def wrong_under(policy: Policy, one: AnyAsked) -> list[str]:
    """What a policy says of a vignette that is ready, other than the vignette expects."""
    if isinstance(one, AskedResponse):
        return differences_of_judgement(one.vignette, judged_as_facts(one.vignette, policy))
    return differences_of(one.vignette, decision_of(policy, one))


def asked(vignettes: Iterable[Vignette], content: Content) -> tuple[Asked, ...]:
    """Vignettes made ready for many mutants."""
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
    """The decision of a policy on a vignette that is ready."""
    return judge_policy(policy, one.coding, one.posed.case.order.reference, one.facts, one.posed.case)
