"""A decision as people read it: its outcome, what settles it, what is asked, and the finding tree with its evidence."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from cds_service.chart import Case
from cds_service.content import Content
from cds_service.decision import Decision, DecisionOutcome
from cds_service.facts.unread import unread
from cds_service.hooks.cards import questions, unread_of
from cds_service.policy.finding import MET, NOT_DOCUMENTED, NOT_MET, Basis, Finding
from cds_service.policy.model import Check, Evidence, NoneOf, Outcome, Policy, Standing
from cds_service.store.outcomes import Judged
from cds_service.wording import counted, finding_in_words, ours_in_words, place_of

SAID = {
    DecisionOutcome.NECESSARY: "Necessary",
    DecisionOutcome.NOT_NECESSARY: "Not necessary as documented",
    DecisionOutcome.NOT_DOCUMENTED: "Not yet documented",
    DecisionOutcome.NOT_ADDRESSED: "Not addressed",
    DecisionOutcome.REFERRED: "Another policy governs it",
}

MOST_OPEN = 60
"""Criteria that are shown without folding."""


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One piece of evidence: what it says of the fact, when, where it stands, and why it was not used if it was not."""

    says: str
    when: str
    where: str
    note: str
    used: bool


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A criterion with its outcome; ``good`` tells whether the outcome supports the order, None while it is open."""

    id: str
    says: str
    place: str
    outcome: str
    good: bool | None
    presumed: bool
    wants: str
    basis: str
    evidence: tuple[EvidenceRow, ...]
    parts: tuple[FindingRow, ...]
    settles: bool
    open: bool = True
    ours: str = ""

    def size(self) -> int:
        """How many criteria it is, its own included."""
        return 1 + sum(part.size() for part in self.parts)

    def folded(self) -> FindingRow:
        """The tree with every branch closed that holds nothing of what settles the order."""
        parts = tuple(part.folded() for part in self.parts)
        return replace(self, parts=parts, open=any(part.settles or (part.parts and part.open) for part in parts))


def readable(trees: list[tuple[str, FindingRow]]) -> tuple[tuple[str, FindingRow], ...]:
    """The trees as they are shown: whole where they fit on a page or two, else open where the order is settled."""
    whole = sum(tree.size() for _, tree in trees) <= MOST_OPEN
    return tuple((heading, tree if whole else replace(tree.folded(), open=True)) for heading, tree in trees)


@dataclass(frozen=True, slots=True)
class DecisionView:
    """A decision on a page."""

    order: str
    code: str
    date_of_service: str
    outcome: str
    said: str
    policy: Policy | None
    because: tuple[str, ...]
    reasons: tuple[str, ...]
    asks: tuple[tuple[str, str], ...]
    unsearched: tuple[str, ...]
    trees: tuple[tuple[str, FindingRow], ...]


def decision_view(case: Case, decision: Decision, content: Content) -> DecisionView:
    """A decision with its finding trees."""
    policy = decision.policy
    settling = {finding.criterion.id for finding in decision.because}
    trees: list[tuple[str, FindingRow]] = []
    if policy:
        rows = _Rows(policy, content, settling)
        if decision.settled_by:
            wanted = NOT_MET if decision.settled_by.then == "not necessary" else MET
            trees += [(f"Settled first: {decision.settled_by.then}", rows.row(finding, wanted)) for finding in decision.because]
        if decision.necessary:
            trees.append(("Necessary when", rows.row(decision.necessary, MET)))
        if decision.exclusions:
            trees.append(("Not necessary when", rows.row(decision.exclusions, NOT_MET)))
    return DecisionView(
        decision.order,
        decision.coding.text if decision.coding else "",
        case.as_of.isoformat(),
        decision.outcome.value,
        SAID[decision.outcome],
        policy,
        decision.because_ids,
        () if decision.asks else tuple(_reason(finding, policy) for finding in decision.because if policy),
        tuple(_asked(decision, content)),
        decision.unsearched,
        readable(trees),
    )


def _asked(decision: Decision, content: Content) -> Iterator[tuple[str, str]]:
    """What is asked for, with its question and what could not be read."""
    doubts = unread_of(decision)
    for fact, asked in zip(decision.asks, questions(decision, content), strict=True):
        yield fact, f"{asked}{doubts.get(fact, '')}"


def _reason(finding: Finding, policy: Policy) -> str:
    return f"{finding_in_words(finding.criterion, finding.outcome)} {place_of(finding.criterion.cite, policy)}"


def logged_row(judged: Judged, policy: Policy, wanted: Outcome, assumed: Collection[str], because: Collection[str]) -> FindingRow:
    """A criterion as it was logged, with everything below it: outcomes, and nothing of what the chart says."""
    criterion = judged.criterion
    below = (NOT_MET if wanted is MET else MET) if isinstance(criterion, NoneOf) else wanted
    settled = judged.outcome not in (None, NOT_DOCUMENTED)
    return FindingRow(
        criterion.id,
        criterion.says,
        place_of(criterion.cite, policy),
        judged.outcome.value if judged.outcome else "not looked at",
        judged.outcome is wanted if settled else None,
        criterion.id in assumed,
        "" if isinstance(criterion, Check) else counted(criterion),
        "",
        (),
        tuple(logged_row(part, policy, below, assumed, because) for part in judged.parts),
        criterion.id in because,
        ours=ours_in_words(criterion),
    )


@dataclass(frozen=True, slots=True)
class _Rows:
    """How to make rows of findings under one policy."""

    policy: Policy
    content: Content
    settling: set[str]

    def row(self, finding: Finding, wanted: Outcome) -> FindingRow:
        criterion = finding.criterion
        below = (NOT_MET if wanted is MET else MET) if isinstance(criterion, NoneOf) else wanted
        good = None if finding.outcome is NOT_DOCUMENTED else finding.outcome is wanted
        check = criterion if isinstance(criterion, Check) else None
        return FindingRow(
            criterion.id,
            criterion.says,
            place_of(criterion.cite, self.policy),
            finding.outcome.value,
            good,
            finding.basis is Basis.PRESUMED,
            counted(criterion) if not isinstance(criterion, Check) else "",
            _basis(finding, check) if check else "",
            tuple(self.evidence(one, check) for one in finding.evidence) if check else (),
            tuple(self.row(part, below) for part in finding.parts),
            criterion.id in self.settling,
            ours=ours_in_words(criterion),
        )

    def evidence(self, evidence: Evidence, check: Check) -> EvidenceRow:
        definition = self.content.catalogue[check.fact]
        if not_read := unread(evidence):
            when = evidence.when.text() if evidence.when else ""
            return EvidenceRow(f"{definition.entry.means.rstrip('.')}: {not_read}", when, evidence.resource, "", False)
        value = definition.show(evidence.value) if evidence.value is not None else "no usable value"
        when = evidence.when.text() if evidence.when and evidence.when.first.year > 1 else ""
        note = evidence.note or (evidence.standing.value if evidence.standing is not Standing.USABLE else "")
        where = evidence.resource or evidence.kind
        return EvidenceRow(
            f"{definition.entry.means.rstrip('.')}: {value}", when, where, note, evidence.standing is Standing.USABLE
        )


def _basis(finding: Finding, check: Check) -> str:
    match finding.basis:
        case Basis.PRESUMED if check.presumption:
            return f"Presumed {finding.outcome.value}: {check.presumption.because}"
        case Basis.LEFT_OPEN:
            return f"Left open: {check.open_because}"
        case Basis.SILENT:
            return "Searched, and nothing found"
        case Basis.NOT_SEARCHED:
            return f"Not searched: {', '.join(finding.unsearched)}"
        case Basis.UNCERTAIN | Basis.STRADDLES | Basis.CONTRADICTORY:
            return str(finding.basis.value).capitalize()
        case _:
            return ""
