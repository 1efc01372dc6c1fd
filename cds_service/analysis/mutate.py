"""Which mutants of a policy its vignettes catch: those that survive are mistakes that nobody would notice.

A mutant is killed by the first vignette whose whole expectation fails. The facts of a vignette are read once and judged by all
mutants; a mistake in a code list changes the facts themselves, so the vignettes whose orders hold the code are read anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from cds_service.analysis.asked import AnyAsked, Asked, wrong_under
from cds_service.analysis.cover import deciding_in
from cds_service.analysis.mutants import Mutant, mutants_of
from cds_service.content import Content
from cds_service.facts.catalogue import Catalogue
from cds_service.facts.definition import Definition
from cds_service.fhir.codes import Key, key_of, written
from cds_service.fhir.value_sets import Terminology, ValueSet
from cds_service.library import Library
from cds_service.policy.judge import judge
from cds_service.policy.model import Check, Policy
from cds_service.vignettes.read import Vignette
from cds_service.vignettes.responses import ResponseVignette
from cds_service.vignettes.run import decide_posed, differences_as_facts, differences_of


@dataclass(frozen=True, slots=True)
class Killing:
    """What became of one mutant: the vignette that catches it, or none."""

    mutant: Mutant
    by: Vignette | ResponseVignette | None


def killings(policy: Policy, vignettes: Sequence[AnyAsked], content: Content) -> list[Killing]:
    """Every mutant of a policy with the vignette that kills it. A vignette that fails on the policy as it is kills nothing."""
    own = [one for one in vignettes if one.vignette.policy.id == policy.id and not one.wrong]
    judged = [one for one in own if one.policy is policy]
    decides = deciding_in(policy, judged)
    found = []
    for mutant in mutants_of(policy, content):
        first = decides.get(id(mutant.site[0]), []) if mutant.site else []
        likely = {id(one) for one in first}
        order = [*first, *(one for one in judged if id(one) not in likely)]
        found.append(Killing(mutant, killer(mutant, order, own, content)))
    return found


def killer(
    mutant: Mutant, judged: Sequence[AnyAsked], own: Sequence[AnyAsked], content: Content
) -> Vignette | ResponseVignette | None:
    """The first vignette whose expectation the mutant fails; ``judged`` are those that the policy decides, ``own`` all of it."""
    of_orders = [one for one in own if isinstance(one, Asked)]
    if mutant.dropped:
        return _killer_of_code(mutant.dropped, of_orders, content)
    if mutant.misread:
        return _killer_of_reading(mutant.misread, of_orders, content)
    if mutant.selects:
        return _killer_of_selection(mutant, of_orders, content)
    for one in judged:
        if mutant.site and isinstance(mutant.site[0], Check) and not _tells(mutant.site[0], mutant.site[1], one):
            continue
        if wrong_under(mutant.mutated, one):
            return one.vignette
    return None


def _tells(was: object, became: object, one: AnyAsked) -> bool:
    """Whether a check and what became of it come out differently; where they do not, neither does anything else."""
    if not (isinstance(was, Check) and isinstance(became, Check)):
        return True
    first, second = judge(was, one.facts, one.as_of), judge(became, one.facts, one.as_of)
    return first.outcome is not second.outcome or first.basis is not second.basis


def _killer_of_selection(mutant: Mutant, own: Sequence[Asked], content: Content) -> Vignette | None:
    """The vignette that a version with other dates or orders decides wrongly, or no longer decides."""
    held = [mutant.mutated if policy is mutant.policy else policy for policy in content.policies]
    other = replace(content, policies=tuple(held), library=Library(held, content.terminology))
    return next((one.vignette for one in own if differences_of(one.vignette, decide_posed(one.posed, other))), None)


def _killer_of_reading(misread: Definition, own: Sequence[Asked], content: Content) -> Vignette | None:
    """The vignette that is decided wrongly once a fact is read otherwise: one that gives the fact, or records as written."""
    name, facts = misread.name, content.catalogue.facts
    catalogue = Catalogue({**facts, name: misread}, tables=content.catalogue.tables)
    other = replace(content, catalogue=catalogue)
    above = {one for one in facts if name in content.catalogue.closure((one,))}
    holders = [one.vignette for one in own if one.vignette.fhir or one.vignette.order.fhir or above & set(one.vignette.given)]
    return next((vignette for vignette in holders if differences_as_facts(vignette, other)), None)


def _killer_of_code(dropped: tuple[str, Key], own: Sequence[Asked], content: Content) -> Vignette | None:
    id_, key = dropped
    holders = [one.vignette for one in own if key in _keys(one.vignette)]
    if not holders:
        return None
    terminology = _without(content.terminology, id_, key)
    other = replace(content, terminology=terminology, library=Library(content.policies, terminology))
    return next((vignette for vignette in holders if differences_as_facts(vignette, other)), None)


def _keys(vignette: Vignette) -> set[Key]:
    """The codes of a vignette's orders."""
    order = vignette.order
    codings = [*(written(code) for code in (order.code, *order.also)), *vignette.signed_before, *vignette.signed_after]
    return {key_of(coding.system, coding.code) for coding in codings}


def _without(terminology: Terminology, id_: str, key: Key) -> Terminology:
    held = terminology.sets[id_]
    left: ValueSet = replace(held, codes=MappingProxyType({k: carried for k, carried in held.codes.items() if k != key}))
    return Terminology({**terminology.sets, id_: left}, (), terminology.medicines)


MOST_FAILING = 8
"""Failing vignettes that a repair is looked for, the first ones."""


def repairs(policy: Policy, vignettes: Sequence[AnyAsked], content: Content) -> list[Mutant]:
    """The small changes after which most of the failing vignettes of a policy come out as expected: what may have been meant."""
    failing = [one for one in vignettes if one.wrong and one.policy is policy][:MOST_FAILING]
    mutants = [one for one in mutants_of(policy, content) if failing and not (one.dropped or one.selects or one.misread)]
    righted = [sum(_righted(mutant, one) for one in failing) for mutant in mutants]
    most = max(righted, default=0)
    return [mutant for mutant, count in zip(mutants, righted, strict=True) if count == most > 0]


def _righted(mutant: Mutant, one: AnyAsked) -> bool:
    if mutant.site and isinstance(mutant.site[0], Check) and not _tells(*mutant.site, one):
        return False
    return not wrong_under(mutant.mutated, one)
