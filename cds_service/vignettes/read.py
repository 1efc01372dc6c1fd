"""The vignette file: imaginary patients with what their charts document, and the decision that is right for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import field_validator

from cds_service.content import Content
from cds_service.decision import DecisionOutcome
from cds_service.facts.words import given_facts
from cds_service.fhir.codes import Coding, written
from cds_service.policy.grammar import Entry, Words
from cds_service.policy.model import Evidence, Policy
from cds_service.policy.values import Days
from cds_service.problems import ContentError, Problem
from cds_service.yaml_file import YamlFile


class OrderEntry(Entry):
    """The order of a vignette: its code, what else describes it, and why it is ordered."""

    code: Words
    also: list[Words] = []
    text: str = ""
    detail: list[str] = []
    reason: list[str] = []
    resource: Literal["ServiceRequest", "MedicationRequest", "DeviceRequest"] = "ServiceRequest"
    status: str = "draft"
    priority: str = ""
    do_not_perform: bool = False

    @field_validator("detail", "reason", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


class ExpectEntry(Entry):
    """The right decision. ``because`` and ``asks`` are compared whole and in order where they are given; so is ``assumed``."""

    outcome: Literal["necessary", "not necessary", "not documented", "not addressed", "referred"]
    because: list[str] | None = None
    asks: list[str] | None = None
    assumed: list[str] | None = None


class VignetteEntry(Entry):
    """One imaginary member. What is not listed is not documented, and was searched unless ``not_searched`` names it."""

    name: Words
    story: Words
    order: OrderEntry | None = None
    as_of: date | None = None
    signed_before: list[Words] = []
    signed_after: list[Words] = []
    not_searched: list[str] = []
    via: dict[str, str] = {}
    chart: dict[str, str | int | list[str | int]] = {}
    expect: ExpectEntry

    @field_validator("order", mode="before")
    @classmethod
    def _code_alone(cls, value: Any) -> Any:
        return {"code": value} if isinstance(value, str) else value


class VignetteFile(Entry):
    """The vignettes of one policy version; ``order`` and ``as_of`` hold for those that name none."""

    policy: Words
    version: date
    as_of: date
    order: OrderEntry | None = None
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
    chart: Mapping[str, list[str]] = field(default_factory=dict)
    """What the chart documents, in the file's words."""

    @property
    def outcome(self) -> DecisionOutcome:
        """The outcome expected."""
        return DecisionOutcome(self.expect.outcome.replace(" ", "-"))


def read_vignettes(path: Path, name: str, content: Content) -> list[Vignette]:
    """Reads one file. Raises ContentError with every problem: unknown policy, fact, criterion, or value."""
    file = YamlFile(path, name)
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
            vignettes.append(_vignette(one, entry, policy, content, file.name, file.line(place)))
        except ValueError as error:
            problems.append(file.problem((*place, "chart"), str(error)))
    if problems:
        raise ContentError(problems)
    return vignettes


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
    return Vignette(
        one.name, one.story, policy, as_of, order, before, after, unsearched, one.via, given, one.expect, file, line, chart
    )


def _unknown_ids(expect: ExpectEntry, policy: Policy, content: Content) -> Iterator[str]:
    known = {criterion.id for criterion in policy.criteria()} | {"not-listed", "no-version-held"}
    for id_ in [*(expect.because or []), *(expect.assumed or [])]:
        if id_ not in known:
            yield f"the policy has no criterion '{id_}'"
    for fact in expect.asks or []:
        if fact not in content.catalogue:
            yield f"there is no fact '{fact}'"
