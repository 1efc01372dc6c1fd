"""Reads vignette files: imaginary patients and the right decisions.

A vignette says what a patient's chart documents, and which decision is right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from cds_service.content.content import Content
from cds_service.content_files.problems import ContentError
from cds_service.content_files.yaml_file import YamlFile
from cds_service.decision import DecisionOutcome
from cds_service.facts.imagined_chart import naming
from cds_service.facts.words import given_facts
from cds_service.fhir.codes import Coding, written
from cds_service.fhir.elements import Resource
from cds_service.policy.evidence import Evidence
from cds_service.policy.model import Policy
from cds_service.policy.values import Days
from cds_service.vignettes.grammar import ExpectEntry, OrderEntry, RepeatsEntry, VignetteEntry, VignetteFile
from cds_service.vignettes.subject import judges_responses, named_again, policy_of

_DAY = re.compile(r"\b\d{4}-\d\d-\d\d\b")
_WRITTEN_DAY = re.compile(r"(?<!\d)\d{4}-\d\d-\d\d(?!\d)")
"""A day in a resource, also in an instant."""
_SETTLING_BEFORE = frozenset({"not-listed", "no-version-held", "unknown-code-system", "named-in-words"})
"""What may settle an order before any criterion does."""
PATIENT = "imagined"
"""The id of every vignette's patient."""


@dataclass(frozen=True, slots=True)
class Vignette:
    """One vignette, read.

    It holds the order, and the facts that its chart documents, by name.
    """

    name: str
    story: str
    policy: Policy
    as_of: date
    order: OrderEntry
    signed_before: tuple[Coding, ...]
    signed_after: tuple[Coding, ...]
    not_searched: frozenset[str]
    via: dict[str, str]
    given: dict[str, list[Evidence]]
    expect: ExpectEntry
    file: str
    line: int
    own_lists: dict[str, tuple[Coding, ...]] = field(default_factory=dict)
    chart: Mapping[str, list[str]] = field(default_factory=dict)
    """What the chart documents, in the file's words."""
    fhir: tuple[Resource, ...] = ()
    also_signed: tuple[Resource, ...] = ()

    @property
    def outcome(self) -> DecisionOutcome:
        """The outcome expected."""
        return DecisionOutcome(self.expect.outcome.replace(" ", "-"))


def read_vignettes(path: Path, name: str, content: Content) -> list[Vignette]:
    """Read one vignette file.

    A file about a policy that judges no order gives none. Raises ContentError with every problem: an unknown policy,
    fact, ….
    """
    file = YamlFile(path, name)
    if judges_responses(file, content):
        return []
    entry = file.read_as(VignetteFile)
    policy = policy_of(file, entry.policy, entry.version, content)
    vignettes: list[Vignette] = []
    problems = list(named_again(file, [one.name for one in entry.vignettes]))
    settling = frozenset(criterion.id for criterion in policy.criteria()) | _SETTLING_BEFORE
    for index, one in enumerate(entry.vignettes):
        place = ("vignettes", index)
        problems += [file.problem((*place, "expect"), said) for said in _unknown_ids(one.expect, settling, content)]
        try:
            vignettes += [_vignette(each, entry, policy, content, file.name, file.line(place)) for each in _each(one, entry)]
        except ValueError as error:
            problems.append(file.problem((*place, "chart"), str(error)))
    if entry.repeats:
        try:
            vignettes += _repeated(entry.repeats, path, policy, content, file)
        except ValueError as error:
            problems.append(file.problem(("repeats",), str(error)))
    if problems:
        raise ContentError(problems)
    return vignettes


def _repeated(repeats: RepeatsEntry, path: Path, policy: Policy, content: Content, file: YamlFile) -> list[Vignette]:
    """Read another version's vignettes for this version.

    Raises ValueError when there is no such file, or when it lacks a vignette that ``but_not`` names.
    """
    other = path.with_name(f"{repeats.version}.yaml")
    if not other.is_file() or other == path:
        raise ValueError(f"there is no file {other.name} beside this one")
    name = str(Path(file.name).with_name(other.name))
    theirs = [one for one in read_vignettes(other, name, content) if one.policy.version == repeats.version]
    if unknown := set(repeats.but_not) - {one.name for one in theirs}:
        raise ValueError(f"{other.name} has no vignette named '{sorted(unknown)[0]}'")
    return [_earlier(one, repeats.days_earlier, policy) for one in theirs if one.name not in repeats.but_not]


def _earlier(one: Vignette, days: int, policy: Policy) -> Vignette:
    """Move a vignette of another version to this one.

    Every date in it becomes so many days earlier.
    """
    given = {fact: [_evidence_earlier(evidence, days) for evidence in found] for fact, found in one.given.items()}
    named = f"{one.name} (as of {policy.version})"
    chart = {
        fact: [_DAY.sub(lambda day: _day_earlier(day[0], days), words) for words in found] for fact, found in one.chart.items()
    }
    fhir, also_signed = (tuple(resource_earlier(r, days) for r in resources) for resources in (one.fhir, one.also_signed))
    order = one.order.model_copy(update={"fhir": resource_earlier(one.order.fhir, days)})
    moved = replace(one, given=given, chart=chart, fhir=fhir, also_signed=also_signed, order=order)
    return replace(moved, name=named, policy=policy, as_of=one.as_of - timedelta(days))


def resource_earlier(value: Any, days: int) -> Any:
    """Return a resource with every day so many days earlier.

    It may also be anything that stands in a resource.
    """
    match value:
        case dict():
            return {name: resource_earlier(element, days) for name, element in value.items()}
        case list():
            return [resource_earlier(element, days) for element in value]
        case str():
            return _WRITTEN_DAY.sub(lambda day: _day_earlier(day[0], days), value)
        case _:
            return value


def _day_earlier(written_day: str, days: int) -> str:
    return (date.fromisoformat(written_day) - timedelta(days)).isoformat()


def _evidence_earlier(evidence: Evidence, days: int) -> Evidence:
    value = evidence.value.plus(-days) if isinstance(evidence.value, Days) else evidence.value
    return evidence._replace(value=value, when=evidence.when.plus(-days) if evidence.when else None)


def _each(one: VignetteEntry, entry: VignetteFile) -> Iterator[VignetteEntry]:
    """Yield the vignette, or one for each code in ``each_code``."""
    order = one.order or entry.order
    if not one.each_code or order is None:
        yield one
        return
    for code in one.each_code:
        named = {"name": f"{one.name} ({code})", "order": order.model_copy(update={"code": code})}
        yield one.model_copy(update=named)


def _vignette(one: VignetteEntry, entry: VignetteFile, policy: Policy, content: Content, file: str, line: int) -> Vignette:
    order = one.order or entry.order
    if order is None:
        raise ValueError("neither the vignette nor the file names an order")
    as_of = one.as_of or entry.as_of
    chart = {name: [str(v) for v in (value if isinstance(value, list) else [value])] for name, value in one.chart.items()}
    given = given_facts(chart, content.catalogue.facts, Days.on(as_of), content.terminology)
    before, after = (tuple(written(code) for code in codes) for codes in (one.signed_before, one.signed_after))
    for code in (order.code, *order.also, *order.reason):
        written(code)
    unsearched = frozenset(one.not_searched)
    lists = {id_: tuple(written(code) for code in codes) for id_, codes in one.own_lists.items()}
    if unknown := [id_ for id_ in lists if not content.terminology.knows(id_)]:
        raise ValueError(f"own_lists: there is no value set '{unknown[0]}' in value_sets/")
    read = (one.name, one.story, policy, as_of, order, before, after, unsearched, one.via, given, one.expect, file, line)
    return Vignette(*read, lists, chart, _whole(one.fhir, "written"), _whole(one.also_signed, "signed"))


def _whole(resources: list[dict[str, Any]], called: str) -> tuple[Resource, ...]:
    """Complete resources with the id and patient their author left out."""
    whole = []
    for number, resource in enumerate(resources, 1):
        kind = resource["resourceType"]
        default = {"id": PATIENT if kind == "Patient" else f"{kind.lower()}-{called}-{number}"}
        whole.append({**default, **naming(kind, PATIENT), **resource})
    return tuple(whole)


def _unknown_ids(expect: ExpectEntry, settling: frozenset[str], content: Content) -> Iterator[str]:
    for id_ in [*(expect.because or []), *(expect.assumed or []), *(expect.advice or [])]:
        if id_ not in settling:
            yield f"the policy has no criterion '{id_}'"
    for fact in expect.asks or []:
        if fact not in content.catalogue:
            yield f"there is no fact '{fact}'"
