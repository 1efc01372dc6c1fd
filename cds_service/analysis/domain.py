"""What a chart can say about each fact: the values that tests tell apart, and the days that look-backs do.

Numbers matter only by their order to the thresholds, so a few stand for all: each threshold, one beside it, the ends of the range.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from cds_service.content import Content
from cds_service.fhir.codes import Coding
from cds_service.policy.model import Check, Criterion, Policy, walk
from cds_service.policy.values import Code, Interval

KINDS = ("truth", "word", "number", "day", "code", "nothing")
"""The kinds of value that evidence can have; ``nothing`` is evidence that could not be read."""
_KIND_OF_TYPE = {"boolean": "truth", "choice": "word", "quantity": "number", "date": "day", "code": "code"}
FEWEST_YEARS = timedelta(days=3 * 365)


@dataclass(frozen=True, slots=True)
class Domain:
    """The evidence that a fact can have. ``searched`` are the resource types that hold it: none, and it is never unsearched.

    ``always`` says that there is exactly one piece of evidence, usable and of the date of service: the order's own code.
    """

    kinds: tuple[str, ...] = KINDS
    numbers: tuple[float, ...] = ()
    words: tuple[str, ...] = ()
    codes: tuple[Code, ...] = ()
    searched: tuple[str, ...] = ()
    always: bool = False


def checks_of(criteria: Iterable[Criterion]) -> list[Check]:
    """The checks among criteria and all that is below them, each once."""
    found = {id(one): one for criterion in criteria for one in walk(criterion) if isinstance(one, Check)}
    return list(found.values())


def criteria_of(policy: Policy) -> list[Criterion]:
    """The roots of everything that a decision under a policy judges."""
    roots: list[Criterion] = [rule.when for rule in policy.settled_first]
    roots += [root for root in (policy.necessary_when, policy.not_necessary_when, policy.more_likely_when) if root]
    roots += [entry.when for entry in policy.authorization if entry.when]
    return roots + [advice.when for advice in policy.advice if advice.when]


def earliest(checks: Iterable[Check], as_of: date) -> date:
    """The first day that charts are asked about: some years before every look-back begins."""
    starts = [check.within.start(as_of) for check in checks if check.within]
    return max(min([as_of, *starts]), date.min + 2 * FEWEST_YEARS) - FEWEST_YEARS


def open_domains(checks: Iterable[Check], numbers: Mapping[str, Iterable[float]] | None = None) -> dict[str, Domain]:
    """Domains without a catalogue: any fact can have evidence of any kind. ``numbers`` adds numbers that a chart holds."""
    held = list(checks)
    more = numbers or {}
    names = dict.fromkeys([*(c.fact for c in held), *(c.since for c in held if c.since), *more])
    made = {}
    for name in names:
        tests = [check.test for check in held if check.fact == name]
        bounds = {test.value.low for test in tests if isinstance(test.value, Interval)}
        told = tuple(dict.fromkeys(test.value for test in tests if test.compare == "is" and isinstance(test.value, str)))
        sets = dict.fromkeys(test.value for test in tests if test.compare == "in" and isinstance(test.value, str))
        beside = beside_thresholds(bounds, float("-inf"), float("inf"))
        made[name] = Domain(
            numbers=tuple(sorted({*beside, *more.get(name, ())})),
            words=(*told, "another word"),
            codes=tuple(Code(f"in {' and '.join(c) or 'no set'}", frozenset(c)) for c in _subsets([*sets])),
            searched=(f"records of {name}",),
        )
    return made


def _subsets(names: list[str]) -> list[tuple[str, ...]]:
    """All subsets of a few names; of many, those of at most one name."""
    if len(names) > 4:
        return [(), *((name,) for name in names)]
    found: list[tuple[str, ...]] = [()]
    for name in names:
        found += [(*one, name) for one in found]
    return found


def domains(policies: Iterable[Policy], content: Content) -> dict[str, Domain]:
    """What charts can say about the facts of policies, by the catalogue and the value sets of the content."""
    held = list(policies)
    checks = checks_of(root for policy in held for root in criteria_of(policy))
    governed = [frozenset(policy.order_sets) for policy in held]
    names = dict.fromkeys([*(c.fact for c in checks), *(c.since for c in checks if c.since)])
    return {name: _domain(name, [c for c in checks if c.fact == name], governed, content) for name in names}


def _domain(name: str, checks: list[Check], governed: list[frozenset[str]], content: Content) -> Domain:
    entry = content.catalogue[name].entry
    bounds = {check.test.value.low for check in checks if isinstance(check.test.value, Interval)}
    low, high = (entry.range.from_, entry.range.to) if entry.range else (float("-inf"), float("inf"))
    sources = [source.name for source in entry.from_]
    is_order = sources == ["order_code"]
    tested = [check.test.value for check in checks if check.test.compare == "in" and isinstance(check.test.value, str)]
    needed = (need.resource for need in content.catalogue.needs((name,)) if not need.beside)
    return Domain(
        kinds=(_KIND_OF_TYPE[entry.type],),
        numbers=beside_thresholds(bounds, low, high, counted=entry.unit.startswith("{")),
        words=tuple(entry.choices),
        codes=_codes(governed if is_order else [], tested, content) if entry.type == "code" else (),
        searched=tuple(dict.fromkeys(needed)),
        always=is_order,
    )


def _codes(governed: list[frozenset[str]], tested: list[str], content: Content) -> tuple[Code, ...]:
    """One code for each combination of the tested value sets that a code is in; of orders, codes that every policy governs."""
    found: dict[frozenset[str], Code] = {}
    for held in content.terminology.sets.values():
        for system, codes in held.systems.items():
            for code in codes:
                within = frozenset(content.terminology.holding(system, code))
                if all(within & sets for sets in governed):
                    found.setdefault(within.intersection(tested), Code(Coding(system, code).text, within))
    if not governed:
        found.setdefault(frozenset(), Code("", frozenset()))
    return tuple(found.values()) or (Code("", frozenset()),)


def beside_thresholds(thresholds: Iterable[float], low: float, high: float, counted: bool = False) -> tuple[float, ...]:
    """Every threshold, and one plausible number in each gap between them and the ends of the range, in order.

    A threshold outside the range (of a mutant, say) widens it. What is ``counted`` in a unit like ``{fetuses}`` comes whole.
    """
    marks = sorted(set(thresholds))
    low, high = min([low, *marks]), max([high, *marks])
    if not marks:
        return (
            low if low > float("-inf") else min(0.0, high),
            *((high,) if low > float("-inf") and low < high < float("inf") else ()),
        )
    found = set(marks)
    for below, above in zip([low, *marks], [*marks, high], strict=True):
        if below == above:
            continue
        if below in marks:
            found.add(_after(below, above))
        if above in marks:
            found.add(-_after(-above, -below))
    return tuple(sorted(one for one in found if one in marks or not counted or one == int(one)))


def _after(mark: float, limit: float) -> float:
    """A number a step after ``mark`` and before ``limit`` (or at it, where that is no other threshold: the range's end)."""
    places = min(2, max(0, -int(Decimal(repr(mark)).normalize().as_tuple().exponent)))
    step = 10.0**-places
    after = float(Decimal(repr(mark)) + Decimal(repr(step)))
    return after if after < limit else (mark + limit) / 2
