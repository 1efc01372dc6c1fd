"""Payers, and how a member's Coverage is recognised as one of theirs.

A payer is recognised by an identifier or a name of ``Coverage.payor``: in the reference itself, in the Organization that the
Coverage contains, or in one that was prefetched. Nothing is asserted for a plan that is not recognised.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from cds_service.answers import unlisted_problems
from cds_service.chart import Chart
from cds_service.fhir.elements import Resource, days, items, reference, text
from cds_service.policy.answers import UNLISTED, Answer, AnswerEntry, read_answer
from cds_service.policy.grammar import Entry, Id, Words
from cds_service.policy.model import Policy
from cds_service.problems import ContentError, Problem
from cds_service.yaml_file import YamlFile


class IdentifierEntry(Entry):
    """One identifier of a payer; without a system, the value alone is enough."""

    system: str = ""
    value: Words


class LineEntry(Entry):
    """One line of business, and the plan classes (``Coverage.class``, value or name) or coverage types that tell it."""

    id: Id
    plan_classes: list[str] = []
    coverage_types: list[str] = []


class PayerEntry(Entry):
    """A ``payer.yaml``: who it is, how it is recognised, and whose guidelines it adopts besides its own policies.

    ``unlisted`` is what is asserted of an order that no policy of the payer addresses: an answer of its own, ``nothing``, or by
    default that the plan decides.
    """

    payer: Id
    name: Words
    identifiers: list[IdentifierEntry] = []
    names: list[Words] = []
    lines_of_business: list[LineEntry] = []
    adopts: list[Words] = []
    unlisted: Literal["nothing"] | AnswerEntry | None = None


@dataclass(frozen=True, slots=True)
class Payer:
    """One payer, as its file states it."""

    id: str
    name: str
    entry: PayerEntry
    unlisted: Answer | None = UNLISTED

    def governs(self, policy: Policy) -> bool:
        """Whether a policy is this payer's own, or one that it adopts."""
        return policy.payer == self.id or policy.id in self.entry.adopts


@dataclass(frozen=True, slots=True)
class Member:
    """A recognised Coverage: whose it is, which resource said so, and its line of business where that can be told."""

    payer: Payer
    coverage: str
    line_of_business: str = ""

    def has(self, policy: Policy) -> bool:
        """Whether a policy speaks of this member: the payer's, and for the member's line of business unless either is unsaid."""
        lines = policy.lines_of_business
        return self.payer.governs(policy) and (not lines or not self.line_of_business or self.line_of_business in lines)


def read_payers(root: Path, policies: Iterable[Policy]) -> tuple[tuple[Payer, ...], list[Problem]]:
    """Every ``policies/<payer>/payer.yaml``, and what is wrong with them."""
    known = {policy.id for policy in policies}
    payers: list[Payer] = []
    problems: list[Problem] = []
    for path in sorted((root / "policies").glob("*/payer.yaml")):
        name = path.relative_to(root).as_posix()
        try:
            file = YamlFile(path, name)
            entry = file.read_as(PayerEntry)
        except ContentError as error:
            problems += error.problems
            continue
        if entry.payer != path.parent.name:
            problems.append(file.problem(("payer",), f"the file lies in {path.parent.name}/, so that is the payer's id"))
        for index, adopted in enumerate(entry.adopts):
            if adopted not in known:
                problems.append(file.problem(("adopts", index), f"no policy '{adopted}' is held"))
        unlisted: Answer | None = UNLISTED
        if entry.unlisted == "nothing":
            unlisted = None
        elif entry.unlisted is not None:
            unlisted = read_answer(entry.unlisted, file.line(("unlisted",)))
            problems += [file.problem(("unlisted",), said) for said in unlisted_problems(unlisted)]
        payers.append(Payer(entry.payer, entry.name, entry, unlisted))
    return tuple(payers), problems


def recognise(chart: Chart, payers: Iterable[Payer], on: date) -> tuple[Member, ...]:
    """The recognised payers of the coverages in force on a day, each once for a Coverage, in the order of the coverages."""
    held = tuple(payers)
    members: dict[tuple[str, str], Member] = {}
    for coverage in chart.of("Coverage"):
        if text(coverage.get("status")) in ("cancelled", "draft", "entered-in-error") or not _in_force(coverage, on):
            continue
        for payor in items(coverage.get("payor")):
            for payer in held:
                if isinstance(payor, dict) and _is(payer, payor, coverage, chart):
                    said = f"Coverage/{text(coverage.get('id'))}"
                    members.setdefault((payer.id, said), Member(payer, said, _line_of_business(payer, coverage)))
    return tuple(members.values())


def _is(payer: Payer, payor: Mapping[str, Any], coverage: Resource, chart: Chart) -> bool:
    organization = _organization(payor, coverage, chart)
    identifiers = [payor.get("identifier"), *items(organization.get("identifier"))]
    aliases = organization.get("alias")
    names = [payor.get("display"), organization.get("name"), *(aliases if isinstance(aliases, list) else [])]
    return any(_identified(payer, identifier) for identifier in identifiers) or any(_named(payer, name) for name in names)


def _organization(payor: Mapping[str, Any], coverage: Resource, chart: Chart) -> Resource:
    named = reference(payor)
    if named.startswith("#"):
        contained = (c for c in items(coverage.get("contained")) if isinstance(c, dict))
        return next((c for c in contained if f"#{c.get('id')}" == named), {})
    return chart.get(named) or {}


def _identified(payer: Payer, identifier: Any) -> bool:
    if not isinstance(identifier, dict):
        return False
    value, system = text(identifier.get("value")), text(identifier.get("system"))
    return any(
        value.lower() == known.value.lower() and (not known.system or not system or known.system == system)
        for known in payer.entry.identifiers
    )


def _named(payer: Payer, name: Any) -> bool:
    folded = " ".join(text(name).lower().split())
    return bool(folded) and any(folded == " ".join(known.lower().split()) for known in (payer.name, *payer.entry.names))


def _line_of_business(payer: Payer, coverage: Resource) -> str:
    said = {text(value).lower() for value in _plan_words(coverage)} - {""}
    for line in payer.entry.lines_of_business:
        if said & {word.lower() for word in (*line.plan_classes, *line.coverage_types)}:
            return line.id
    return ""


def _plan_words(coverage: Resource) -> Iterator[Any]:
    for class_ in items(coverage.get("class")):
        if isinstance(class_, dict):
            yield class_.get("value")
            yield class_.get("name")
    kind = coverage.get("type")
    for coding in items(kind.get("coding")) if isinstance(kind, dict) else ():
        yield coding.get("code") if isinstance(coding, dict) else None


def _in_force(coverage: Resource, on: date) -> bool:
    period = coverage.get("period")
    start, end = (days(period.get("start")), days(period.get("end"))) if isinstance(period, dict) else (None, None)
    return not (start and start.first > on) and not (end and end.last < on)
