"""Comparison of two versions of a policy, or of two payers' policies.

It shows what differs in their text, and which charts they decide differently.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from cds_service.analysis.differing import differing
from cds_service.analysis.domain import criteria_of
from cds_service.analysis.replay import judged
from cds_service.analysis.solve import Answer, Charts, Example, Proof, Solver, solver_for
from cds_service.analysis.truths import Truth, conj, neg
from cds_service.content.content import Content
from cds_service.decision import DecisionOutcome
from cds_service.fhir.codes import Coding
from cds_service.policy.criterion import AtLeast, Check, Criterion, NoneOf, walk
from cds_service.policy.evidence import Fact
from cds_service.policy.model import Policy

NECESSARY = DecisionOutcome.NECESSARY


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs from ``one`` to ``other``.

    ``stricter`` holds a chart that only ``one`` finds necessary, ``looser`` one that only ``other`` does, and
    ``otherwise`` one that has another outcome of any kind. All are about orders that both govern.
    """

    one: Policy
    other: Policy
    orders: tuple[str, ...]
    criteria: tuple[str, ...]
    stricter: Answer
    looser: Answer
    otherwise: Answer
    shares_orders: bool = True

    @property
    def verdict(self) -> str:
        """In words, how the two compare on orders that both govern."""
        if isinstance(self.stricter, Example) and isinstance(self.looser, Example):
            return "stricter for some charts, looser for others"
        if isinstance(self.stricter, Proof) and isinstance(self.looser, Proof):
            if isinstance(self.otherwise, Proof):
                return "every chart has the same outcome"
            return "the same orders are necessary; other outcomes differ" if isinstance(self.otherwise, Example) else "not decided"
        if isinstance(self.stricter, Example):
            return (
                "stricter"
                if isinstance(self.looser, Proof)
                else "stricter for some charts; whether looser for others is not decided"
            )
        if isinstance(self.looser, Example):
            return (
                "looser"
                if isinstance(self.stricter, Proof)
                else "looser for some charts; whether stricter for others is not decided"
            )
        return "not decided"


def compare(one: Policy, other: Policy, content: Content, as_of: date | None = None) -> Comparison:
    """Compare two policies on the charts of one date of service.

    By default the date is the first day of the later one.
    """
    solver = solver_for((one, other), content, as_of)
    orders, criteria = tuple(_order_changes(one, other, content)), tuple(_criterion_changes(one, other, content))
    shared = not {*_codes(one.order_sets, content)}.isdisjoint(_codes(other.order_sets, content))
    return Comparison(one, other, orders, criteria, _only(solver, 0), _only(solver, 1), differing(solver), shared)


def _only(solver: Solver, place: int) -> Answer:
    """Ask for a chart that only one of the policies finds necessary."""

    def condition(charts: Charts) -> Truth:
        has, lacks = charts.decided[place], charts.decided[1 - place]
        return conj(has.outcomes[NECESSARY], neg(lacks.outcomes[NECESSARY]))

    def shows(facts: Mapping[str, Fact]) -> bool:
        has, lacks = (judged(solver.policies[at], facts, solver.as_of).outcome for at in (place, 1 - place))
        return has is NECESSARY and lacks is not NECESSARY

    return solver.ask(condition, shows)


def _codes(sets: tuple[str, ...], content: Content) -> dict[str, None]:
    held = (content.terminology.sets[id_] for id_ in sets if id_ in content.terminology.sets)
    return dict.fromkeys(Coding(system, code).text for one in held for system, codes in one.systems.items() for code in codes)


def _difference(was: Mapping[str, object], now: Mapping[str, object], what: str) -> Iterator[str]:
    added, removed = [one for one in now if one not in was], [one for one in was if one not in now]
    if added:
        yield f"{what} added: {', '.join(added)}"
    if removed:
        yield f"{what} removed: {', '.join(removed)}"


def _order_changes(one: Policy, other: Policy, content: Content) -> Iterator[str]:
    yield from _difference(_codes(one.order_sets, content), _codes(other.order_sets, content), "codes of orders")


def _criterion_changes(one: Policy, other: Policy, content: Content) -> Iterator[str]:
    """Yield the criteria added, removed and changed, by id.

    Rules settled first whose outcome or order changed are told as well.
    """
    was, now = _by_id(one), _by_id(other)
    yield from _difference(was, now, "criteria")
    for id_ in was:
        if id_ in now and (said := [*_changes(was[id_], now[id_], content)]):
            yield f"`{id_}`: {'; '.join(dict.fromkeys(said))}"
    before, after = ({rule.when.id: rule.then for rule in policy.settled_first} for policy in (one, other))
    for id_ in before:
        if id_ in after and before[id_] != after[id_]:
            yield f"`{id_}`: the order was '{before[id_]}' and is '{after[id_]}'"
    if [*before] != [*after] and set(before) == set(after):
        yield f"rules settled first come in another order: {', '.join(after)}"


def _by_id(policy: Policy) -> dict[str, list[Criterion]]:
    """Group the criteria by id; an id may occur several times."""
    found: dict[str, list[Criterion]] = {}
    for root in criteria_of(policy):
        for criterion in walk(root):
            found.setdefault(criterion.id, []).append(criterion)
    return found


def _changes(was: list[Criterion], now: list[Criterion], content: Content) -> Iterator[str]:
    if len(was) != len(now):
        yield f"stood {len(was)} times, stands {len(now)} times"
    for before, after in zip(was, now, strict=False):
        if isinstance(before, Check) and isinstance(after, Check):
            yield from _check_changes(before, after, content)
        elif _kind(before) != _kind(after):
            yield f"was '{_kind(before)}', is '{_kind(after)}'"
        elif isinstance(before, AtLeast | NoneOf) and isinstance(after, AtLeast | NoneOf):
            parts, parts_now = ({part.id: None for part in whole.parts} for whole in (before, after))
            yield from _difference(parts, parts_now, "parts")
        if before.says != after.says:
            yield f"now says '{after.says}'"
        if before.otherwise != after.otherwise:
            yield f"now says '{after.otherwise}' where it is not met" if after.otherwise else "has no sentence for not met any more"


def _kind(criterion: Criterion) -> str:
    match criterion:
        case Check():
            return "a test of one fact"
        case NoneOf():
            return "none"
        case AtLeast(count=count, parts=parts):
            return "all" if count == len(parts) else "any" if count == 1 else f"at least {count}"


def _check_changes(before: Check, after: Check, content: Content) -> Iterator[str]:
    if before.fact != after.fact:
        yield f"tested '{before.fact}', tests '{after.fact}'"
    first, second = (f"{check.test.compare} {check.test.written}".strip() for check in (before, after))
    if before.test.compare == after.test.compare == "in" and first != second:
        codes, codes_now = (_codes((str(check.test.value),), content) for check in (before, after))
        yield from _difference(codes, codes_now, "codes")
    elif (before.test.compare, before.test.value) != (after.test.compare, after.test.value):
        yield f"was '{first}', is '{second}'"
    starts = [" or else ".join(str(start) for start in (check.since, check.within) if start) or "none" for check in (before, after)]
    if starts[0] != starts[1]:
        yield f"the look-back was {starts[0]}, is {starts[1]}"
    presumed = [_presumed(check) for check in (before, after)]
    if presumed[0] != presumed[1]:
        yield f"silence was {presumed[0]}, is {presumed[1]}"
    if before.ours != after.ours:
        yield f"now says which number is ours: {after.ours}" if after.ours else "no number of it is said to be ours any more"
    if bool(before.open_because) != bool(after.open_because):
        yield "a failed test is now left open" if after.open_because else "a failed test is no longer left open"


def _presumed(check: Check) -> str:
    if not check.presumption:
        return "left open"
    return f"taken as {check.presumption.treat_as.value}{' even when nothing was searched' if check.presumption.always else ''}"


def versions(content: Content) -> dict[str, list[Policy]]:
    """Return the versions of every policy, earliest first."""
    found: dict[str, list[Policy]] = {}
    for policy in sorted(content.policies, key=lambda policy: (policy.id, policy.version)):
        found.setdefault(policy.id, []).append(policy)
    return found


def changelog(content: Content) -> str:
    """Draft ``policies/CHANGELOG.md`` from the comparison.

    It tells what each version of each policy changed, latest first.
    """
    lines = ["# Changes of the policies", "", "<!-- Generated by `cds-service policy compare --changelog --write`. -->"]
    for id_, held in versions(content).items():
        lines += ["", f"## {id_}"]
        for earlier, later in reversed([*pairwise(held)]):
            compared = compare(earlier, later, content)
            lines += ["", f"### {later.version}, in force from {later.effective_from}", ""]
            lines += [f"- {said[0].upper()}{said[1:]}." for said in (*compared.orders, *compared.criteria)]
            lines.append(f"- Against {earlier.version}, on orders that both govern: {compared.verdict}.")
        lines += ["", f"### {held[0].version}, in force from {held[0].effective_from}", "", "- The first version held here."]
    return "\n".join(lines) + "\n"
