"""Payers, and how a member's Coverage is recognised as one of theirs.

A payer is recognised by an identifier or a name of ``Coverage.payor``: in the reference itself, in the Organization
that the Coverage contains, or in one that was prefetched. Nothing is asserted for a plan that is not recognised.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal

from cds_service.chart import Chart
from cds_service.content.answers import unlisted_problems
from cds_service.content_files.problems import ContentError, Problem
from cds_service.content_files.yaml_file import YamlFile
from cds_service.fhir.elements import Resource, days, items, own_reference, reference, text
from cds_service.order import Order
from cds_service.policy.answers import UNLISTED, Answer, AnswerEntry, read_answer
from cds_service.policy.entry import Entry, Id, Words
from cds_service.policy.model import Policy


class IdentifierEntry(Entry):
    """One identifier of a payer.

    Without a system, the value alone is enough.
    """

    system: str = ""
    value: Words


class LineEntry(Entry):
    """One line of business of a payer.

    It is told by the plan classes (``Coverage.class``, value or name) or by the coverage types.
    """

    id: Id
    plan_classes: list[str] = []
    coverage_types: list[str] = []


class PayerEntry(Entry):
    """A payer as its ``payer.yaml`` says.

    It says who the payer is, how it is recognised, and whose guidelines it adopts besides its own policies.
    ``unlisted`` is what is asserted of an order that no policy of the payer addresses: an answer of its own,
    ``nothing``, or by default that the plan decides.
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
    """One payer, as its file states it.

    ``known_names`` are its names in lower case, and ``known_identifiers`` the systems of its identifiers by their value
    in lower case. The empty system stands for an identifier that is known without one.
    """

    id: str
    name: str
    entry: PayerEntry
    unlisted: Answer | None = UNLISTED
    known_names: frozenset[str] = frozenset()
    known_identifiers: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def governs(self, policy: Policy) -> bool:
        """Tell whether a policy is this payer's own, or adopted by it."""
        return policy.payer == self.id or policy.id in self.entry.adopts


@dataclass(frozen=True, slots=True)
class Member:
    """A recognised Coverage.

    It says whose it is, which resource said so, and its line of business where that can be told.
    """

    payer: Payer
    coverage: str
    line_of_business: str = ""

    def has(self, policy: Policy) -> bool:
        """Tell whether a policy speaks of this member.

        It is the payer's, and for the member's line of business unless either is unsaid.
        """
        lines = policy.lines_of_business
        return self.payer.governs(policy) and (not lines or not self.line_of_business or self.line_of_business in lines)


def read_payers(root: Path, policies: Iterable[Policy]) -> tuple[tuple[Payer, ...], list[Problem]]:
    """Read every ``policies/<payer>/payer.yaml``.

    Returns the payers, and what is wrong with their files.
    """
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
        names = frozenset([_folded(known) for known in (entry.name, *entry.names)])
        identifiers: dict[str, set[str]] = {}
        for one in entry.identifiers:
            identifiers.setdefault(one.value.lower(), set()).add(one.system)
        systems = {value: frozenset(found) for value, found in identifiers.items()}
        payers.append(Payer(entry.payer, entry.name, entry, unlisted, names, systems))
    return tuple(payers), problems


def recognise(chart: Chart, payers: Iterable[Payer], on: date, order: Order | None = None) -> tuple[Member, ...]:
    """Return the recognised payers of the coverages in force on a day.

    Each is returned once for a Coverage, in the order of the coverages. Where an order names one of them as its insurance,
    the others are not looked at: the order is not theirs.
    """
    held = tuple(payers)
    members: dict[tuple[str, str], Member] = {}
    for coverage in _covering(chart, on, order):
        for payor in items(coverage.get("payor")):
            stated = _stated(payor, coverage, chart) if isinstance(payor, dict) else _NOTHING
            for payer in held:
                if _is(payer, *stated):
                    id_ = text(coverage.get("id"))
                    said = id_ if id_.startswith(("urn:", "#")) else f"Coverage/{id_}"  # by its address, or inside its order
                    members.setdefault((payer.id, said), Member(payer, said, _line_of_business(payer, coverage)))
    return tuple(members.values())


def _covering(chart: Chart, on: date, order: Order | None) -> list[Resource]:
    """Return the coverages in force, or those that an order names.

    They are all of them where it names none that is in force. One of another patient that came with the order is none.
    """
    own = order.insured if order is not None else ()
    held = [*chart.of("Coverage"), *(one for one in own if chart.is_about(one))]
    found = [one for one in held if text(one.get("status")) not in _OF_NO_FORCE and _in_force(one, on)]
    if order is None or "insurance" not in order.resource:
        return found
    written = [one for one in items(order.resource["insurance"]) if isinstance(one, dict)]
    names = {*(text(one.get("reference")) for one in written), *map(reference, written)} - {""}
    named = [one for one in found if own_reference(one) in names or text(one.get("id")) in names]
    return named or found


_OF_NO_FORCE: Final = ("cancelled", "draft", "entered-in-error")
_NOTHING: Final[tuple[list[Any], list[str]]] = ([], [])


def _stated(payor: Mapping[str, Any], coverage: Resource, chart: Chart) -> tuple[list[Any], list[str]]:
    """Return the identifiers and the names by which a payor is told.

    The names are folded.
    """
    organization = _organization(payor, coverage, chart)
    identifiers = [payor.get("identifier"), *items(organization.get("identifier"))]
    aliases = organization.get("alias")
    names = [payor.get("display"), organization.get("name"), *(aliases if isinstance(aliases, list) else [])]
    return [one for one in identifiers if isinstance(one, dict)], [said for name in names if (said := _folded(text(name)))]


def _is(payer: Payer, identifiers: list[Any], names: list[str]) -> bool:
    return any(_identified(payer, one) for one in identifiers) or not payer.known_names.isdisjoint(names)


def _organization(payor: Mapping[str, Any], coverage: Resource, chart: Chart) -> Resource:
    named = reference(payor)
    if named.startswith("#"):
        contained = (c for c in items(coverage.get("contained")) if isinstance(c, dict))
        return next((c for c in contained if f"#{c.get('id')}" == named), {})
    return chart.get(named) or {}


def _identified(payer: Payer, identifier: Mapping[str, Any]) -> bool:
    known = payer.known_identifiers.get(text(identifier.get("value")).lower())
    system = text(identifier.get("system"))
    return known is not None and (not system or system in known or "" in known)


def _folded(name: str) -> str:
    """Return a name in lower case, spaced once, *and* as a word."""
    return " ".join(name.lower().replace("&", " and ").split())


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
