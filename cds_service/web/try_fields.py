"""The fields of the playground's chart.

They are the facts that a policy tests, grouped as the policy groups them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from cds_service.content.content import Content
from cds_service.facts.definition import Definition
from cds_service.policy.criterion import Check, Criterion, facts_of, walk
from cds_service.policy.model import Policy
from cds_service.web.code_lists import CodeLists
from cds_service.web.try_form import FactTyped, TryForm, codes_of

OF_THE_ORDER = {"order_priority", "order_code", "order_words", "order_hints", "order_reason", "value_set_held"}
"""Kinds of evidence in the order, and not in the chart.

The form's order says them.
"""
MOST_TOGETHER: Final = 10
"""The most facts of a branch that stand under one heading.

The parts of a larger branch have headings of their own.
"""
LONGEST_TITLE: Final = 70


@dataclass(frozen=True, slots=True)
class Field:
    """One row of the form: a fact and what was typed.

    ``label``, ``hint`` and ``choices`` are the words that fit the fact. ``offered`` are codes that its tests name.
    """

    id: str
    name: str
    label: str
    type: str
    hint: str
    choices: tuple[str, ...]
    typed: FactTyped
    offered: tuple[tuple[str, str], ...] = ()
    last: bool = field(default=True)
    asked: bool = False


@dataclass(frozen=True, slots=True)
class FieldGroup:
    """Fields under one heading.

    ``open`` tells that they are seen at first: they are asked for, or the chart already says them.
    """

    title: str
    fields: tuple[Field, ...]
    open: bool = False


def groups(form: TryForm, content: Content, lists: CodeLists, asked: Sequence[str] = ()) -> list[FieldGroup]:
    """Return the fields in groups.

    First comes what is typed, then what is asked for, then the rest by the branches of the policy, folded.
    """
    every = [replace(one, asked=one.name in asked) for one in fields(form, content, lists)]
    place = {name: number for number, name in enumerate(asked)}
    said = {row.name for row in form.facts}
    typed = [one for one in every if one.name in said]
    wanted = sorted((one for one in every if one.asked and one.name not in said), key=lambda one: place[one.name])
    found = [FieldGroup("What the chart says", tuple(typed), open=True)] if typed else []
    found += [FieldGroup("Asked for", tuple(wanted), open=True)] if wanted else []
    left = {one.name: one for one in every if one not in typed and one not in wanted}
    for title, names in branches(form.policy):
        own = tuple(left.pop(name) for name in names if name in left)
        found += [FieldGroup(title, own)] if own else []
    return found + ([FieldGroup("Other facts", tuple(left.values()))] if left else [])


def branches(policy: Policy) -> Iterator[tuple[str, list[str]]]:
    """Yield the facts of a policy under headings of its branches.

    A fact stands under the first branch that tests it.
    """
    for heading, root in (("Necessary when", policy.necessary_when), ("Not necessary when", policy.not_necessary_when)):
        if root:
            yield from _branch(heading, root)
    yield "Rules around the criteria", list(policy.facts)


def _branch(heading: str, criterion: Criterion) -> Iterator[tuple[str, list[str]]]:
    names = list(facts_of(walk(criterion)))
    if isinstance(criterion, Check) or len(names) <= MOST_TOGETHER:
        yield heading, names
        return
    alone = [part for part in criterion.parts if isinstance(part, Check)]
    if alone:
        yield heading, list(facts_of(iter(alone)))
    for part in criterion.parts:
        if not isinstance(part, Check):
            yield from _branch(_title(part), part)


def _title(criterion: Criterion) -> str:
    said = criterion.says.partition(":")[0].rstrip(".")
    return said if len(said) <= LONGEST_TITLE else f"{said[:LONGEST_TITLE].rsplit(' ', 1)[0]} …"


def fields(form: TryForm, content: Content, lists: CodeLists) -> list[Field]:
    """Return the rows of the form.

    There is one for each fact that the policy tests and a chart can document, in the policy's order, and one for each
    further piece of evidence that is typed.
    """
    typed: dict[str, list[FactTyped]] = {}
    for row in form.facts:
        if row.name in content.catalogue:
            typed.setdefault(row.name, []).append(row)
    asked = [name for name in form.policy.facts if name in typed or not _of_the_order(content.catalogue[name])]
    found = []
    for name in dict.fromkeys([*asked, *typed]):
        definition = content.catalogue[name]
        rows = typed.get(name) or [FactTyped(name, how="answered" if _only_answered(definition) else "")]
        for number, row in enumerate(rows, 1):
            found.append(
                Field(
                    f"fact-{name}{f'-{number}' if number > 1 else ''}",
                    name,
                    definition.entry.means.rstrip("."),
                    definition.entry.type,
                    _hint(definition),
                    _choices(definition),
                    row,
                    tuple(_offered(name, form.policy, lists)) if definition.entry.type == "code" else (),
                    number == len(rows),
                )
            )
    return found


def _of_the_order(definition: Definition) -> bool:
    return bool(definition.entry.from_) and {source.name for source in definition.entry.from_} <= OF_THE_ORDER


def _only_answered(definition: Definition) -> bool:
    """Tell whether no chart can document a fact.

    A form then answers it.
    """
    derived = definition.entry.derived
    return bool(derived and not derived.imagined_by) or {source.name for source in definition.entry.from_} == {"answer"}


def _choices(definition: Definition) -> tuple[str, ...]:
    return ("yes", "no") if definition.entry.type == "boolean" else tuple(definition.entry.choices)


def _hint(definition: Definition) -> str:
    match definition.entry.type:
        case "quantity":
            unit = definition.entry.unit
            if definition.entry.shown_as:
                return "10 wk 3 d"
            return "3" if unit in ("1", "a") or unit.startswith("{") else f"3 {unit}, below 3 {unit}"
        case "date":
            return "2026-05-01"
        case "code":
            return "ICD-10-CM O30.1"
        case _:
            return ""


def _offered(name: str, policy: Policy, lists: CodeLists) -> list[tuple[str, str]]:
    """Return the codes that the tests of a fact name."""
    tested = [c.test.written for c in policy.criteria() if isinstance(c, Check) and c.fact == name and c.test.compare == "in"]
    return codes_of(tuple(dict.fromkeys(tested)), lists)
