"""Which mutants of a policy its vignettes kill.

Those that survive are mistakes that nobody would notice. A mutant is killed by the first vignette whose whole
expectation fails. The facts of a vignette are read once and judged by all mutants; a mistake in a code list changes the
facts themselves, so the vignettes whose orders hold the code are read anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from cds_service.analysis.asked import AnyAsked, Asked, wrong_under
from cds_service.analysis.cover import deciding_in
from cds_service.analysis.criterion_mutants import OPPOSITE
from cds_service.analysis.mutants import Mutant, mutants_of
from cds_service.content.content import Content
from cds_service.content.library import Library
from cds_service.facts.catalogue import Catalogue
from cds_service.facts.definition import Definition
from cds_service.fhir.codes import Key, key_of, written
from cds_service.fhir.value_sets import Terminology, ValueSet
from cds_service.policy.criterion import AtLeast, Check
from cds_service.policy.judge import judge
from cds_service.policy.model import Policy
from cds_service.vignettes.read import Vignette
from cds_service.vignettes.responses import ResponseVignette
from cds_service.vignettes.run import decide_posed, differences_as_facts, differences_of


@dataclass(frozen=True, slots=True)
class Killing:
    """What became of one mutant: the vignette that kills it, or None."""

    mutant: Mutant
    by: Vignette | ResponseVignette | None


def killings(policy: Policy, vignettes: Sequence[AnyAsked], content: Content) -> list[Killing]:
    """Try every mutant of a policy on its vignettes.

    Each comes with the vignette that kills it. A vignette that fails on the unchanged policy kills nothing.
    """
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
    """Return the first vignette whose expectation the mutant fails.

    ``judged`` are the vignettes that the policy decides, ``own`` are all vignettes of the policy.
    """
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
    """Tell whether a check and its mutant come out differently.

    Where they do not, neither does anything else.
    """
    if not (isinstance(was, Check) and isinstance(became, Check)):
        return True
    first, second = judge(was, one.facts, one.as_of), judge(became, one.facts, one.as_of)
    return first.outcome is not second.outcome or first.basis is not second.basis


def _killer_of_selection(mutant: Mutant, own: Sequence[Asked], content: Content) -> Vignette | None:
    """Return the vignette that a change of dates or orders breaks.

    The changed version decides it wrongly, or no longer decides it.
    """
    held = [mutant.mutated if policy is mutant.policy else policy for policy in content.policies]
    other = replace(content, policies=tuple(held), library=Library(held, content.terminology))
    return next((one.vignette for one in own if differences_of(one.vignette, decide_posed(one.posed, other))), None)


def _killer_of_reading(misread: Definition, own: Sequence[Asked], content: Content) -> Vignette | None:
    """Return the vignette that reading a fact otherwise breaks.

    Tried are those that give the fact, or that hold records or words of an order as written.
    """
    name, facts = misread.name, content.catalogue.facts
    catalogue = Catalogue({**facts, name: misread}, tables=content.catalogue.tables)
    other = replace(content, catalogue=catalogue)
    above = {one for one in facts if name in content.catalogue.closure((one,))}
    holders = [one.vignette for one in own if _as_written(one.vignette) or above & set(one.vignette.given)]
    return next((vignette for vignette in holders if differences_as_facts(vignette, other)), None)


def _as_written(vignette: Vignette) -> bool:
    order = vignette.order
    return bool(vignette.fhir or order.fhir or order.text or order.detail)


def _killer_of_code(dropped: tuple[str, Key], own: Sequence[Asked], content: Content) -> Vignette | None:
    id_, key = dropped
    holders = [one.vignette for one in own if key in _keys(one.vignette)]
    if not holders:
        return None
    terminology = _without(content.terminology, id_, key)
    other = replace(content, terminology=terminology, library=Library(content.policies, terminology))
    return next((vignette for vignette in holders if differences_as_facts(vignette, other)), None)


def _keys(vignette: Vignette) -> set[Key]:
    """Return the codes of a vignette's orders."""
    order = vignette.order
    codings = [*(written(code) for code in (order.code, *order.also)), *vignette.signed_before, *vignette.signed_after]
    return {key_of(coding.system, coding.code) for coding in codings}


def _without(terminology: Terminology, id_: str, key: Key) -> Terminology:
    held = terminology.sets[id_]
    left: ValueSet = replace(held, codes=MappingProxyType({k: carried for k, carried in held.codes.items() if k != key}))
    return Terminology({**terminology.sets, id_: left}, (), terminology.medicines)


def repairs(policy: Policy, vignettes: Sequence[AnyAsked], content: Content) -> list[Mutant]:
    """Find changes of words or order after which a policy's vignettes pass.

    They are what may have been meant where vignettes fail.
    """
    own = [one for one in vignettes if one.policy is policy]
    failing = [one for one in own if one.wrong]
    mutants = [one for one in mutants_of(policy, content) if failing and is_of_words(one)]
    return [mutant for mutant in mutants if not any(wrong_under(mutant.mutated, one) for one in (*failing, *own))]


def is_of_words(mutant: Mutant) -> bool:
    """Tell whether a change is only of words or of order.

    It then changes nothing that the document gives. Such are any for all, none for any, above for below, yes for no,
    one choice for another, and rules or entries that have changed places. A threshold, a look-back or a part is never
    changed.
    """
    if mutant.site is None:
        was_rules, was_entries = mutant.policy.settled_first, mutant.policy.authorization
        rules, entries = mutant.mutated.settled_first, mutant.mutated.authorization
        swapped = _same_things(rules, was_rules) and _same_things(entries, was_entries)
        return swapped and (rules != was_rules or entries != was_entries)
    was, became = mutant.site
    if isinstance(was, Check) or isinstance(became, Check):
        return isinstance(was, Check) and isinstance(became, Check) and _reworded(was, became)
    if was.parts != became.parts or was.as_one != became.as_one:
        return False
    if isinstance(was, AtLeast) and isinstance(became, AtLeast):
        ends = (1, len(was.parts))
        return became.count != was.count and became.count in ends and was.count in ends
    return True


def _same_things(some: Sequence[object], others: Sequence[object]) -> bool:
    return sorted(map(id, some)) == sorted(map(id, others))


def _reworded(was: Check, became: Check) -> bool:
    """Tell whether two checks differ in one word.

    It is above for below of the same number, yes for no, or one choice for another.
    """
    test = became.test
    if was.test == test or (was.within, was.since, was.times, was.presumption) != (
        became.within,
        became.since,
        became.times,
        became.presumption,
    ):
        return False
    if OPPOSITE.get(was.test.compare) == test.compare and replace(test, compare=was.test.compare) == was.test:
        return True
    return was.test.compare == test.compare == "is" and isinstance(test.value, bool | str)
