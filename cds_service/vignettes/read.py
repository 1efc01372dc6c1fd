"""The vignette file: imaginary patients with what their charts document, and the decision that is right for them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import field_validator

from cds_service.content import Content
from cds_service.decision import DecisionOutcome
from cds_service.facts.imagined_chart import ABOUT, UNOWNED
from cds_service.facts.words import given_facts
from cds_service.fhir.codes import Coding, written
from cds_service.fhir.elements import Resource
from cds_service.policy.grammar import Entry, Words
from cds_service.policy.model import Evidence, Policy
from cds_service.policy.values import Days
from cds_service.problems import ContentError, Problem
from cds_service.vignettes.subject import judges_responses
from cds_service.yaml_file import YamlFile

OUTCOMES = ("necessary", "not necessary", "not documented", "not addressed", "referred")

_DAY = re.compile(r"\b\d{4}-\d\d-\d\d\b")
_WRITTEN_DAY = re.compile(r"(?<!\d)\d{4}-\d\d-\d\d(?!\d)")
"""A day in a resource, of an instant too."""
PATIENT = "imagined"
"""The id of every vignette's patient."""


def as_json(value: Any) -> Any:
    """YAML as the JSON that a client sends: days become strings, and so does the number that a code looks like."""
    match value:
        case dict():
            return {str(key): str(v) if key == "code" and isinstance(v, int) else as_json(v) for key, v in value.items()}
        case list():
            return [as_json(one) for one in value]
        case date():
            return value.isoformat()
        case str():
            return str(value)
        case _:
            return value


class OrderEntry(Entry):
    """The order of a vignette: its code, what else describes it, and why it is ordered.

    ``fhir`` holds elements as a client writes them; they take the place of those that the draft would have.
    """

    code: Words
    also: list[Words] = []
    text: str = ""
    detail: list[str] = []
    reason: list[str] = []
    resource: Literal["ServiceRequest", "MedicationRequest", "DeviceRequest"] = "ServiceRequest"
    status: str = "draft"
    priority: str = ""
    do_not_perform: bool = False
    fhir: dict[str, Any] = {}

    @field_validator("fhir", mode="before")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        return as_json(value)

    @field_validator("detail", "reason", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


class ExpectEntry(Entry):
    """The right decision. ``because`` and ``asks`` are compared whole and in order where they are given; so is ``assumed``.

    ``authorization`` says what the document wants, ``advice`` the ids of the conditions under which cards say more: both are
    compared where they are given, as facts only, since the machine-readable answer names neither.
    """

    outcome: Literal["necessary", "not necessary", "not documented", "not addressed", "referred"]
    because: list[str] | None = None
    asks: list[str] | None = None
    assumed: list[str] | None = None
    authorization: Literal["needed", "not needed", "not said"] | None = None
    advice: list[str] | None = None

    @field_validator("outcome", mode="before")
    @classmethod
    def _answered(cls, value: Any) -> Any:
        if value is None:
            raise ValueError(f"nobody has said yet what is right here; 'outcome' is one of {', '.join(OUTCOMES)}")
        return value


class VignetteEntry(Entry):
    """One imaginary member. What is not listed is not documented, and was searched unless ``not_searched`` names it.

    ``each_code`` makes one vignette of it for each of these codes of the order, all with the same right decision.
    ``own_lists`` are value sets as the plan has filled them: the codes that they hold besides the shipped ones.
    ``fhir`` are resources of the chart as a client writes them, read in both runs; ``also_signed`` are drafts of the same signing.
    Their subject and id may be left out.
    """

    name: Words
    story: Words
    order: OrderEntry | None = None
    each_code: list[Words] = []
    as_of: date | None = None
    signed_before: list[Words] = []
    signed_after: list[Words] = []
    not_searched: list[str] = []
    via: dict[str, str] = {}
    own_lists: dict[str, list[Words]] = {}
    chart: dict[str, str | int | float | list[str | int | float]] = {}
    fhir: list[dict[str, Any]] = []
    also_signed: list[dict[str, Any]] = []
    expect: ExpectEntry

    @field_validator("fhir", "also_signed", mode="before")
    @classmethod
    def _resources(cls, value: Any) -> Any:
        for resource in value if isinstance(value, list) else ():
            if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
                raise ValueError("a resource as written is a mapping with its resourceType")  # noqa: TRY004 - pydantic takes it for a mistake
        return as_json(value)

    @field_validator("order", mode="before")
    @classmethod
    def _code_alone(cls, value: Any) -> Any:
        return {"code": value} if isinstance(value, str) else value


class RepeatsEntry(Entry):
    """The vignettes of another version of the policy, tried on this one too: every date in them lies so many days earlier."""

    version: date
    days_earlier: int
    but_not: list[Words] = []


class VignetteFile(Entry):
    """The vignettes of one policy version; ``order`` and ``as_of`` hold for those that name none."""

    policy: Words
    version: date
    as_of: date
    order: OrderEntry | None = None
    repeats: RepeatsEntry | None = None
    vignettes: list[VignetteEntry]

    @field_validator("order", mode="before")
    @classmethod
    def _code_alone(cls, value: Any) -> Any:
        return {"code": value} if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class Vignette:
    """One vignette, read: the order and the facts that its chart documents, by name."""

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
    """Reads one file; one of what judges no order holds none. Raises ContentError with every problem: unknown policy, fact, …"""
    file = YamlFile(path, name)
    if judges_responses(file, content):
        return []
    entry = file.read_as(VignetteFile)
    policy = next((p for p in content.policies if p.id == entry.policy and p.version == entry.version), None)
    if policy is None:
        raise ContentError([file.problem(("policy",), f"no policy {entry.policy} with version {entry.version} is held")])
    vignettes: list[Vignette] = []
    problems: list[Problem] = []
    names: set[str] = set()
    for index, one in enumerate(entry.vignettes):
        place = ("vignettes", index)
        if one.name in names:
            problems.append(file.problem((*place, "name"), f"another vignette is named '{one.name}'"))
        names.add(one.name)
        problems += [file.problem((*place, "expect"), said) for said in _unknown_ids(one.expect, policy, content)]
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
    """Another version's vignettes for this one. Raises ValueError when there is no such file, or it has none of those left out."""
    other = path.with_name(f"{repeats.version}.yaml")
    if not other.is_file() or other == path:
        raise ValueError(f"there is no file {other.name} beside this one")
    name = str(Path(file.name).with_name(other.name))
    theirs = [one for one in read_vignettes(other, name, content) if one.policy.version == repeats.version]
    if unknown := set(repeats.but_not) - {one.name for one in theirs}:
        raise ValueError(f"{other.name} has no vignette named '{sorted(unknown)[0]}'")
    return [_earlier(one, repeats.days_earlier, policy) for one in theirs if one.name not in repeats.but_not]


def _earlier(one: Vignette, days: int, policy: Policy) -> Vignette:
    """A vignette of another version as one of this, every date in it so many days earlier."""
    given = {fact: [_evidence_earlier(evidence, days) for evidence in found] for fact, found in one.given.items()}
    named = f"{one.name} (as of {policy.version})"
    chart = {
        fact: [_DAY.sub(lambda day: _day_earlier(day[0], days), words) for words in found] for fact, found in one.chart.items()
    }
    fhir, also_signed = (tuple(_resource_earlier(r, days) for r in resources) for resources in (one.fhir, one.also_signed))
    order = one.order.model_copy(update={"fhir": _resource_earlier(one.order.fhir, days)})
    moved = replace(one, given=given, chart=chart, fhir=fhir, also_signed=also_signed, order=order)
    return replace(moved, name=named, policy=policy, as_of=one.as_of - timedelta(days))


def _resource_earlier(value: Any, days: int) -> Any:
    match value:
        case dict():
            return {name: _resource_earlier(element, days) for name, element in value.items()}
        case list():
            return [_resource_earlier(element, days) for element in value]
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
    """The vignette, or one for each code that it is written for."""
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
    """Resources as written, with the id and the patient that their author left out."""
    whole = []
    for number, resource in enumerate(resources, 1):
        kind = resource["resourceType"]
        about = ABOUT.get(kind, "subject")
        owned = {} if kind in UNOWNED else {about: {"reference": f"Patient/{PATIENT}"}}
        default = {"id": PATIENT if kind == "Patient" else f"{kind.lower()}-{called}-{number}"}
        whole.append({**default, **owned, **resource})
    return tuple(whole)


def _unknown_ids(expect: ExpectEntry, policy: Policy, content: Content) -> Iterator[str]:
    known = {criterion.id for criterion in policy.criteria()} | {"not-listed", "no-version-held", "unknown-code-system"}
    for id_ in [*(expect.because or []), *(expect.assumed or []), *(expect.advice or [])]:
        if id_ not in known:
            yield f"the policy has no criterion '{id_}'"
    for fact in expect.asks or []:
        if fact not in content.catalogue:
            yield f"there is no fact '{fact}'"
