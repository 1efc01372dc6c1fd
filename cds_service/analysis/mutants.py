"""Mutants of a policy: the policy with one small mistake in it.

It is a mistake as an author might make it, with where and what it is in words. Mutants are made on the model, not on
the text. Only what can change a decision is changed; :func:`mutants_of` lists the kinds of mistakes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from typing import Any, TypeVar

from cds_service.analysis.criterion_mutants import CriterionChange, changes_of
from cds_service.analysis.reading_mutants import misreadings
from cds_service.content.content import Content
from cds_service.facts.definition import Definition
from cds_service.fhir.codes import Key
from cds_service.policy.criterion import Check, Criterion
from cds_service.policy.model import FirstRule, Policy

Entry = TypeVar("Entry")
OTHER_ENDS = {
    "necessary": "not necessary",
    "not necessary": "necessary",
    "not documented": "not addressed",
    "not addressed": "not necessary",
    "referred": "not addressed",
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """A policy with one mistake.

    ``changed`` says in words what the mistake is; ``site`` is the criterion that was changed and what it became. A
    mistake in a code list leaves the policy as it is: ``dropped`` names the list and the code that it lacks,
    ``list_file`` its file. So does one in how a fact is read: ``misread`` is the fact as it is read then.
    """

    policy: Policy
    mutated: Policy
    line: int
    changed: str
    site: tuple[Criterion, Criterion] | None = None
    dropped: tuple[str, Key] | None = None
    selects: bool = False
    misread: Definition | None = None
    list_file: str = ""

    @property
    def place(self) -> str:
        """``file:line`` of what was changed.

        For a code list, it is the file of the list.
        """
        if self.dropped:
            return self.list_file
        if self.misread:
            return f"{self.misread.file}:{self.line}"
        return f"{self.policy.file}:{self.line}" if self.line else self.policy.file

    def __str__(self) -> str:
        return f"{self.place}: {self.changed}"


def mutants_of(policy: Policy, content: Content) -> Iterator[Mutant]:
    """Yield every mutant of a policy.

    The mistakes are in its criteria, the rules around them, its dates, its code lists, and how its facts are read.
    """
    yield from _of_criteria(policy, content)
    yield from _of_rules(policy)
    yield from _of_authorization(policy)
    yield from _of_advice(policy)
    yield from _of_dates(policy, content)
    yield from _of_codes(policy, content)
    yield from _of_readings(policy, content)


def _roots(policy: Policy) -> Iterator[tuple[Criterion, Callable[[Criterion], Policy]]]:
    """Yield every tree of criteria with a function that replaces it."""
    for index, rule in enumerate(policy.settled_first):
        yield rule.when, lambda root, at=index: _with_rule(policy, at, root)  # type: ignore[misc]
    yield policy.necessary_when, lambda root: replace(policy, necessary_when=root)
    for name in ("not_necessary_when", "more_likely_when"):
        tree = getattr(policy, name)
        if tree:
            yield tree, lambda root, at=name: replace(policy, **{at: root})  # type: ignore[misc]
    for name in ("authorization", "advice"):
        for index, entry in enumerate(getattr(policy, name)):
            if entry.when:
                yield entry.when, lambda root, of=name, at=index: _with_entry(policy, of, at, root)  # type: ignore[misc]


def _with_rule(policy: Policy, at: int, root: Criterion) -> Policy:
    return replace(policy, settled_first=_put(policy.settled_first, at, replace(policy.settled_first[at], when=root)))


def _with_entry(policy: Policy, of: str, at: int, root: Criterion) -> Policy:
    entries = getattr(policy, of)
    changed: dict[str, Any] = {of: _put(entries, at, replace(entries[at], when=root))}
    return replace(policy, **changed)


def _put(entries: tuple[Entry, ...], at: int, *new: Entry) -> tuple[Entry, ...]:
    """Return the entries with one of them replaced or left out."""
    return (*entries[:at], *new, *entries[at + 1 :])


def _of_criteria(policy: Policy, content: Content) -> Iterator[Mutant]:
    for root, place in _roots(policy):
        for change, made in _changed(root, policy, content):
            yield Mutant(policy, place(made), change.line, change.said, (change.site, change.new))


def _changed(root: Criterion, policy: Policy, content: Content) -> Iterator[tuple[CriterionChange, Criterion]]:
    for change in changes_of(root, policy, content.catalogue):
        yield change, change.new
    if isinstance(root, Check):
        return
    for index, part in enumerate(root.parts):
        for change, made in _changed(part, policy, content):
            yield change, replace(root, parts=_put(root.parts, index, made))


def _of_rules(policy: Policy) -> Iterator[Mutant]:
    rules = policy.settled_first
    for index, rule in enumerate(rules):
        line, name = rule.when.line, rule.when.id
        yield Mutant(policy, replace(policy, settled_first=_put(rules, index)), line, f"the rule '{name}' is dropped")
        other: FirstRule = replace(rule, then=OTHER_ENDS[rule.then], asks=())  # type: ignore[arg-type]
        said = f"the rule '{name}' settles for '{other.then}' and not for '{rule.then}'"
        yield Mutant(policy, replace(policy, settled_first=_put(rules, index, other)), line, said)
    for index, (one, two) in enumerate(pairwise(rules)):
        swapped = (*rules[:index], two, one, *rules[index + 2 :])
        said = f"the rules '{one.when.id}' and '{two.when.id}' have changed places"
        yield Mutant(policy, replace(policy, settled_first=swapped), two.when.line, said)
    if policy.not_necessary_when:
        line = policy.not_necessary_when.line
        yield Mutant(policy, replace(policy, not_necessary_when=None), line, "the exclusions are dropped")
    if policy.more_likely_when:
        line = policy.more_likely_when.line
        yield Mutant(policy, replace(policy, more_likely_when=None), line, "what makes it more likely is dropped")


def _of_authorization(policy: Policy) -> Iterator[Mutant]:
    entries = policy.authorization
    for index, entry in enumerate(entries):
        line = entry.when.line if entry.when else 0
        said = f"the authorization entry '{entry.remark.says}'"
        yield Mutant(policy, replace(policy, authorization=_put(entries, index)), line, f"{said} is dropped")
        flipped = replace(entry, needed=not entry.needed)
        yield Mutant(policy, replace(policy, authorization=_put(entries, index, flipped)), line, f"{said} says the opposite")
    for index, (one, two) in enumerate(pairwise(entries)):
        swapped = (*entries[:index], two, one, *entries[index + 2 :])
        said = f"the authorization entries '{one.remark.says}' and '{two.remark.says}' have changed places"
        yield Mutant(policy, replace(policy, authorization=swapped), one.when.line if one.when else 0, said)


def _of_advice(policy: Policy) -> Iterator[Mutant]:
    for index, advice in enumerate(policy.advice):
        if advice.when:
            said = f"the advice that goes with '{advice.when.id}' is dropped"
            yield Mutant(policy, replace(policy, advice=_put(policy.advice, index)), advice.when.line, said)
            said = f"the advice that goes with '{advice.when.id}' is given always"
            always = _put(policy.advice, index, replace(advice, when=None))
            yield Mutant(policy, replace(policy, advice=always), advice.when.line, said)


def _of_dates(policy: Policy, content: Content) -> Iterator[Mutant]:
    """Yield versions that begin or end a day early or late.

    Left out are days on which another version is in force.
    """
    if policy.subject != "order":
        return
    day = timedelta(days=1)
    others = [other for other in content.policies if other.id == policy.id and other is not policy]
    begins = [policy.effective_from + day, policy.effective_from - day]
    ends = [policy.effective_until - day, policy.effective_until + day] if policy.effective_until else []
    made = [(replace(policy, effective_from=on), f"it begins on {on}") for on in begins]
    made += [(replace(policy, effective_until=on), f"it ends on {on}") for on in ends]
    for mutated, said in made:
        if not any(_overlap(mutated, other) for other in others):
            yield Mutant(policy, mutated, 0, said, selects=True)


def _overlap(one: Policy, other: Policy) -> bool:
    """Tell whether two versions would be in force on one day.

    No content may have such versions.
    """
    return other.covers(one.effective_from) or one.covers(other.effective_from)


def _of_readings(policy: Policy, content: Content) -> Iterator[Mutant]:
    for one in misreadings(policy, content.catalogue) if policy.subject == "order" else ():
        yield Mutant(policy, policy, one.definition.line, one.said, misread=one.definition)


def _of_codes(policy: Policy, content: Content) -> Iterator[Mutant]:
    for index, id_ in enumerate(policy.order_sets):
        said = f"the orders of the value set '{id_}' are dropped"
        yield Mutant(policy, replace(policy, order_sets=_put(policy.order_sets, index)), 0, said, selects=True)
    tested = [c.test.value for c in policy.criteria() if isinstance(c, Check) and c.test.compare == "in"]
    for id_ in dict.fromkeys([*policy.order_sets, *(value for value in tested if isinstance(value, str))]):
        held = content.terminology.sets[id_]
        for key in held.codes:
            said = f"the code {key.code} is dropped from the value set '{id_}'"
            yield Mutant(policy, policy, 0, said, dropped=(id_, key), selects=True, list_file=held.file)
