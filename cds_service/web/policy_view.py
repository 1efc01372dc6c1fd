"""A policy version as its page shows it: plain rows for the template, in the document's order, nothing computed there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cds_service.content import Content
from cds_service.facts.definition import Definition
from cds_service.policy.model import Check, Criterion, FirstRule, Policy, Remark
from cds_service.wording import OURS, counted, ours_in_words, place_of, test_in_words


@dataclass(frozen=True, slots=True)
class CriterionRow:
    """One criterion of the tree: what it says and where, its test or how many of its parts it wants, and what silence means."""

    id: str
    says: str
    place: str
    wants: str
    parts: tuple[CriterionRow, ...] = ()
    fact: str = ""
    since: str = ""
    silence: str = ""
    presumed: str = ""
    left_open: str = ""
    ours: str = ""
    remark: RemarkRow | None = None


@dataclass(frozen=True, slots=True)
class RemarkRow:
    """A sentence of the document with its place; ``when`` is the case it holds in."""

    says: str
    place: str
    when: CriterionRow | None = None


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule settled before the criteria, and what follows when it is met."""

    criterion: CriterionRow
    then: str
    asks: tuple[str, ...]
    referred_to: str


@dataclass(frozen=True, slots=True)
class FactRow:
    """One fact: what it means, how it is asked, what documents it (with value sets), and its look-backs."""

    name: str
    means: str
    kind: str
    ask: str
    sources: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    derived: str
    takes: tuple[str, ...]
    look_backs: tuple[str, ...]
    tested_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PresumptionRow:
    """What silence is taken to mean for one criterion, and why."""

    criterion: str
    says: str
    treat_as: str
    because: str
    always: bool


def criterion_row(criterion: Criterion, policy: Policy, content: Content) -> CriterionRow:
    """A criterion and everything below it."""
    place = place_of(criterion.cite, policy)
    remark = remark_row(criterion.remark, policy, content) if criterion.remark else None
    if not isinstance(criterion, Check):
        parts = tuple(criterion_row(part, policy, content) for part in criterion.parts)
        return CriterionRow(criterion.id, criterion.says, place, counted(criterion), parts, remark=remark)
    words = test_in_words(criterion, content.terminology).removeprefix(f"{criterion.fact}: ")
    presumption = criterion.presumption
    return CriterionRow(
        criterion.id,
        criterion.says,
        place,
        words,
        fact=criterion.fact,
        since=criterion.since or "",
        silence=presumption.treat_as.value if presumption else "not documented",
        presumed=presumption.because if presumption else "",
        left_open=criterion.open_because,
        ours=ours_in_words(criterion),
        remark=remark,
    )


def remark_row(remark: Remark, policy: Policy, content: Content) -> RemarkRow:
    """A remark with the case it holds in."""
    when = criterion_row(remark.when, policy, content) if remark.when else None
    return RemarkRow(remark.says, place_of(remark.cite, policy), when)


def rule_row(rule: FirstRule, policy: Policy, content: Content) -> RuleRow:
    """A rule settled first."""
    return RuleRow(criterion_row(rule.when, policy, content), rule.then, rule.asks, rule.referred_to)


def trees(policy: Policy, content: Content) -> list[tuple[str, CriterionRow]]:
    """The criteria under the headings of the policy's subject."""
    of_orders = policy.subject == "order"
    headed: list[tuple[str, Criterion | None]] = [
        ("Necessary when" if of_orders else "Met when", policy.necessary_when),
        ("Not necessary when" if of_orders else "Unlikely to be recommended when", policy.not_necessary_when),
        ("More likely when", policy.more_likely_when),
    ]
    return [(heading, criterion_row(criterion, policy, content)) for heading, criterion in headed if criterion]


def fact_rows(policy: Policy, content: Content) -> list[FactRow]:
    """Every fact that the policy rests on, inputs of derived facts included."""
    checks: dict[str, list[Check]] = {}
    for criterion in policy.criteria():
        if isinstance(criterion, Check):
            checks.setdefault(criterion.fact, []).append(criterion)
    return [_fact_row(content.catalogue[name], checks.get(name, []), content) for name in content.catalogue.closure(policy.facts)]


def _fact_row(definition: Definition, checks: Iterable[Check], content: Content) -> FactRow:
    entry = definition.entry
    unit = f" in {entry.unit}" if entry.unit and entry.unit != "1" else ""
    choices = f": {', '.join(entry.choices)}" if entry.choices else ""
    sources = tuple(
        (
            source.name.replace("_", " "),
            tuple((id_, content.terminology.sets[id_].title) for id_ in _held(source.kind.value_sets(), content)),
        )
        for source in entry.from_
    )
    backs = dict.fromkeys(_look_back(check) for check in checks if check.within or check.since)
    derived = entry.derived
    return FactRow(
        definition.name,
        entry.means,
        f"{entry.type}{unit}{choices}",
        entry.ask,
        sources,
        derived.rule if derived else "",
        tuple(derived.takes.values()) if derived else (),
        tuple(backs),
        tuple(dict.fromkeys(check.id for check in checks)),
    )


def _held(ids: Iterable[str], content: Content) -> Iterator[str]:
    return (id_ for id_ in ids if id_ in content.terminology.sets)


def _look_back(check: Check) -> str:
    within = f"within {check.within}{OURS if check.our_window else ''}"
    if check.since and check.within:
        return f"since {check.since}, else {within}"
    return f"since {check.since}" if check.since else within


def presumptions(policy: Policy) -> list[PresumptionRow]:
    """Every presumption of the policy, in the document's order."""
    return [
        PresumptionRow(c.id, c.says, c.presumption.treat_as.value, c.presumption.because, c.presumption.always)
        for c in policy.criteria()
        if isinstance(c, Check) and c.presumption
    ]


def changes(earlier: Policy, later: Policy, content: Content) -> list[tuple[str, str, str]]:
    """What a version changed against the one before, criterion by criterion: the change, the id, and both sentences or tests."""
    before, after = _by_id(earlier, content), _by_id(later, content)
    rows = [("removed", id_, row.says) for id_, row in before.items() if id_ not in after]
    for id_, row in after.items():
        if id_ not in before:
            rows.append(("added", id_, row.says))
        elif _said(before[id_]) != _said(row):
            rows.append(("changed", id_, f"{_said(before[id_])} → {_said(row)}"))
    return rows


def _by_id(policy: Policy, content: Content) -> dict[str, CriterionRow]:
    return {criterion.id: criterion_row(criterion, policy, content) for criterion in policy.criteria()}


def _said(row: CriterionRow) -> str:
    test = (
        f" ({row.fact}: {row.wants}; silence: {row.silence})"
        if row.fact
        else f" ({row.wants}: {', '.join(p.id for p in row.parts)})"
    )
    return row.says + test
