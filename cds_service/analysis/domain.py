"""What a chart can say about each fact.

These are the values that tests tell apart, and the days that look-backs do. Numbers matter only by their order to the
thresholds, so a few stand for all: each threshold, one beside it, the ends of the range.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from cds_service.content.content import Content
from cds_service.fhir.codes import Coding
from cds_service.policy.criterion import Check, Criterion, walk
from cds_service.policy.model import Policy
from cds_service.policy.values import Code, Interval

KINDS = ("truth", "word", "number", "day", "code", "nothing")
"""The kinds of value that evidence can have.

``nothing`` is evidence that could not be read.
"""
_KIND_OF_TYPE = {"boolean": "truth", "choice": "word", "quantity": "number", "date": "day", "code": "code"}
FEWEST_YEARS = timedelta(days=3 * 365)


@dataclass(frozen=True, slots=True)
class Domain:
    """The evidence that a fact can have.

    ``searched`` are the resource types that hold it; where there are none, the fact is never unsearched. ``always``
    says that there is exactly one piece of evidence, usable and of the date of service: the order's own code.
    """

    kinds: tuple[str, ...] = KINDS
    numbers: tuple[float, ...] = ()
    words: tuple[str, ...] = ()
    codes: tuple[Code, ...] = ()
    searched: tuple[str, ...] = ()
    always: bool = False


def checks_of(criteria: Iterable[Criterion]) -> list[Check]:
    """Return the checks among criteria and below them, each once."""
    found = {id(one): one for criterion in criteria for one in walk(criterion) if isinstance(one, Check)}
    return list(found.values())


def criteria_of(policy: Policy) -> list[Criterion]:
    """Return the roots of all criteria that a policy's decisions judge."""
    roots: list[Criterion] = [rule.when for rule in policy.settled_first]
    roots += [root for root in (policy.necessary_when, policy.not_necessary_when, policy.more_likely_when) if root]
    roots += [entry.when for entry in policy.authorization if entry.when]
    return roots + [advice.when for advice in policy.advice if advice.when]


def earliest(checks: Iterable[Check], as_of: date) -> date:
    """Return the first day that charts are asked about.

    It lies some years before every look-back begins.
    """
    spans = [span for check in checks for span in (check.within, check.test.ago) if span]
    starts = [span.start(as_of) for span in spans]
    return max(min([as_of, *starts]), date.min + 2 * FEWEST_YEARS) - FEWEST_YEARS


def open_domains(checks: Iterable[Check], numbers: Mapping[str, Iterable[float]] | None = None) -> dict[str, Domain]:
    """Return domains where there is no catalogue.

    Any fact can have evidence of any kind. ``numbers`` adds numbers that a chart holds.
    """
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
    """Return all subsets of a few names.

    For more than four names, only those with at most one name.
    """
    if len(names) > 4:
        return [(), *((name,) for name in names)]
    found: list[tuple[str, ...]] = [()]
    for name in names:
        found += [(*one, name) for one in found]
    return found


def domains(policies: Iterable[Policy], content: Content) -> dict[str, Domain]:
    """Return what charts can say about the facts of policies.

    The catalogue and the value sets of the content say so.
    """
    held = list(policies)
    checks = checks_of(root for policy in held for root in criteria_of(policy))
    governed = [frozenset(policy.order_sets) for policy in held]
    names = dict.fromkeys([*(c.fact for c in checks), *(c.since for c in checks if c.since)])
    return {name: _domain(name, [c for c in checks if c.fact == name], governed, content) for name in names}


def _domain(name: str, checks: list[Check], governed: list[frozenset[str]], content: Content) -> Domain:
    entry = content.catalogue[name].entry
    bounds = {check.test.value.low for check in checks if isinstance(check.test.value, Interval)}
    low, high = (entry.range.from_, entry.range.to) if entry.range else (float("-inf"), float("inf"))
    is_order = content.catalogue[name].is_order_code
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
    """Return one code for each combination of the tested value sets.

    A combination counts if some code is in exactly these sets. For orders, only codes count that every policy governs.
    """
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
    """Return every threshold, and one number in each gap between them.

    The gaps reach to the ends of the range; the numbers are plausible ones and come in order. A threshold outside the
    range (of a mutant, say) widens it. For what is ``counted`` in a unit like ``{fetuses}`` only whole numbers are
    added.
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
    """Return a number a step after ``mark`` and before ``limit``.

    It may also be the middle between the two, where a step is too long.
    """
    places = min(2, max(0, -int(Decimal(repr(mark)).normalize().as_tuple().exponent)))
    step = 10.0**-places
    after = float(Decimal(repr(mark)) + Decimal(repr(step)))
    return after if after < limit else (mark + limit) / 2
