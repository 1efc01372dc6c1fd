"""Binds a policy to the facts and value sets that it names.

What it names must be there and fit: a test to the type of its fact, a threshold to its unit and range.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from difflib import get_close_matches

from cds_service.content.answers import answer_problems
from cds_service.content_files.problems import Problem
from cds_service.facts.catalogue import Catalogue
from cds_service.facts.definition import Definition
from cds_service.facts.entry import FactEntry
from cds_service.facts.units import UnknownUnit, convert
from cds_service.fhir.codes import written
from cds_service.fhir.value_sets import Terminology
from cds_service.policy.criterion import AtLeast, Check, Criterion, NoneOf, Test
from cds_service.policy.model import Policy
from cds_service.policy.values import Interval


def bind(policy: Policy, catalogue: Catalogue, terminology: Terminology) -> tuple[Policy, list[Problem]]:
    """Bind a policy to the facts and value sets that it names.

    Returns the policy with thresholds in its facts' units, and the problems of its references to facts and value sets.
    """
    problems: list[Problem] = []

    def rebuilt(criterion: Criterion) -> Criterion:
        match criterion:
            case Check():
                found = list(_check_problems(criterion, catalogue, terminology))
                problems.extend(Problem(policy.file, criterion.line, said) for said in found)
                sound = not found and criterion.fact in catalogue
                return _in_fact_units(criterion, catalogue[criterion.fact]) if sound else criterion
            case AtLeast() | NoneOf():
                return replace(criterion, parts=tuple(rebuilt(part) for part in criterion.parts))

    problems += _reference_problems(policy, catalogue, terminology)
    problems += answer_problems(policy)
    exclusions = rebuilt(policy.not_necessary_when) if policy.not_necessary_when else None
    more_likely = rebuilt(policy.more_likely_when) if policy.more_likely_when else None
    bound = replace(
        policy,
        necessary_when=rebuilt(policy.necessary_when),
        not_necessary_when=exclusions if isinstance(exclusions, AtLeast) else None,
        more_likely_when=more_likely if isinstance(more_likely, AtLeast) else None,
        settled_first=tuple(replace(rule, when=rebuilt(rule.when)) for rule in policy.settled_first),
        advice=tuple(replace(a, when=rebuilt(a.when) if a.when else None) for a in policy.advice),
        authorization=tuple(replace(a, when=rebuilt(a.when) if a.when else None) for a in policy.authorization),
    )
    return bound, problems


def _reference_problems(policy: Policy, catalogue: Catalogue, terminology: Terminology) -> Iterator[Problem]:
    """Yield what a policy names outside its criteria, and is missing.

    These are value sets of orders, facts asked for, and alternatives.
    """
    for id_ in (*policy.order_sets, *(labelled for labelled, _ in policy.labels)):
        if not terminology.knows(id_):
            where = "applies_to" if id_ in policy.order_sets else "labels"
            yield Problem(policy.file, 0, f"{where}: there is no value set '{id_}' in value_sets/")
    for rule in policy.settled_first:
        for asked in rule.asks:
            if not catalogue.knows(asked):
                said = f"it asks for '{asked}', and there is no such fact{_near(asked, catalogue)}"
                yield Problem(policy.file, rule.when.line, said)
    for name in policy.facts if policy.subject == "questionnaire-response" else ():
        if name in catalogue and not catalogue[name].only_asked:
            yield Problem(
                policy.file, 0, f"'{name}' is not only asked; what judges a questionnaire tests facts that are only asked"
            )
    known = {criterion.id for criterion in policy.criteria()}
    for alternative in policy.alternatives:
        for id_ in set(alternative.instead_of) - known:
            yield Problem(policy.file, 0, f"alternatives: there is no criterion '{id_}'")
        try:
            written(f"{alternative.system} {alternative.code}")
        except ValueError as error:
            yield Problem(policy.file, 0, f"alternatives: {error}")


def _check_problems(check: Check, catalogue: Catalogue, terminology: Terminology) -> Iterator[str]:
    for name in (check.fact, *([check.since] if check.since else [])):
        if not catalogue.knows(name):
            yield f"there is no fact '{name}' in facts/{_near(name, catalogue)}"
        if name not in catalogue:
            return
    if check.since and catalogue[check.since].entry.type != "date":
        yield f"'since' names a fact that is a day, and '{check.since}' is a {catalogue[check.since].entry.type}"
    yield from _test_problems(check, catalogue[check.fact].entry, terminology)


def _test_problems(check: Check, entry: FactEntry, terminology: Terminology) -> Iterator[str]:
    test = check.test
    if test.ago is not None and entry.type != "date":
        yield f"'{test.written}' is the test of a day, and '{check.fact}' is a {entry.type}; date its evidence with 'within'"
        return
    match test.compare, test.value, entry.type:
        case _, None, "date" if test.ago is not None:
            return
        case ("documented", _, "date") | ("is", bool(), "boolean"):
            return
        case "documented", _, type_:
            yield f"'{check.fact}' is a {type_}; it needs a test, a look-back alone tests a day"
        case "in", str(id_), "code":
            if not terminology.knows(id_):
                yield f"there is no value set '{id_}' in value_sets/"
        case "is", str() | Interval(), "choice":
            if test.written not in entry.choices:
                yield f"'{test.written}' is none of the choices of '{check.fact}': {', '.join(entry.choices)}"
        case _, Interval() as threshold, "quantity":
            yield from _threshold_problems(check, entry, threshold)
        case _, _, type_:
            yield f"the test '{test.compare}: {test.written}' does not fit '{check.fact}', which is a {type_}"


def _threshold_problems(check: Check, entry: FactEntry, threshold: Interval) -> Iterator[str]:
    test, bounds = check.test, entry.range
    try:
        number = convert(threshold.low, test.unit or entry.unit, entry.unit)
    except UnknownUnit:
        yield f"'{test.written}' is not in a unit that converts to {entry.unit}, the unit of '{check.fact}'"
        return
    if not test.unit and entry.unit != "1" and not entry.unit.startswith("{"):
        yield f"'{test.written}' has no unit; write it with one, as '{test.written} {entry.unit}'"
    elif bounds and not bounds.from_ <= number <= bounds.to:
        yield f"'{test.written}' is outside the range of '{check.fact}' ({bounds.from_:g} to {bounds.to:g} {entry.unit})"


def _in_fact_units(check: Check, definition: Definition) -> Check:
    test = check.test
    if isinstance(test.value, Interval) and definition.entry.type == "choice":
        test = Test(test.compare, test.written, "", test.written)
    elif isinstance(test.value, Interval):
        number = convert(test.value.low, test.unit or definition.entry.unit, definition.entry.unit)
        test = Test(test.compare, Interval.exactly(number), test.unit, test.written)
    return replace(check, test=test, ask=check.ask or definition.entry.ask)


def _near(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), 1)
    return f"; is '{close[0]}' meant?" if close else ""
