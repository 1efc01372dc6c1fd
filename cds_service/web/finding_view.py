"""A decision as its page shows it.

It has the outcome, what settles it, what is asked, and the finding tree with its evidence.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from cds_service.case import Case
from cds_service.content.content import Content
from cds_service.content.wording import finding_in_words, ours_in_words, place_of
from cds_service.decision import Decision
from cds_service.policy.criterion import Check, Criterion, NoneOf, Outcome
from cds_service.policy.evidence import Evidence
from cds_service.policy.finding import MET, NOT_DOCUMENTED, NOT_MET, Basis, Finding
from cds_service.policy.model import Policy
from cds_service.said.asked import questions, unread_of
from cds_service.said.evidence import WHOLE_NOTE, told
from cds_service.said.outcome import SAID
from cds_service.store.outcomes import LoggedCriterion
from cds_service.web.policy_view import how_many

MOST_OPEN = 60
"""How many criteria are shown without folding."""


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One piece of evidence on a page.

    It says what it tells of the fact, when, in which resource, and why it was not used if it was not.
    """

    says: str
    when: str
    where: str
    note: str
    used: bool


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A criterion with its outcome, as a row of the finding tree.

    ``good`` tells whether the outcome speaks for the order; None while it is open. ``presumed`` tells that silence
    settled it, ``follows`` that it is a part of one that silence settled. ``wants`` says how many of its parts it
    wants, and how many are met.
    """

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
    follows: bool = False

    @property
    def speaks(self) -> str:
        """What the outcome says of the order: for, against, open."""
        return "open" if self.good is None else "for" if self.good else "against"

    def size(self) -> int:
        """Count the criteria of the tree, this one included."""
        return 1 + sum(part.size() for part in self.parts)

    def folded(self) -> FindingRow:
        """Close every branch that holds nothing of what settles the order."""
        parts = tuple(part.folded() for part in self.parts)
        return replace(self, parts=parts, open=any(part.settles or (part.parts and part.open) for part in parts))


def readable(trees: list[tuple[str, FindingRow]]) -> tuple[tuple[str, FindingRow], ...]:
    """Return the trees as the page first shows them.

    Trees that together fit on a page or two are shown whole. Others are open only where they settle the order.
    """
    whole = sum(tree.size() for _, tree in trees) <= MOST_OPEN
    return tuple((heading, tree if whole else replace(tree.folded(), open=True)) for heading, tree in trees)


@dataclass(frozen=True, slots=True)
class DecisionView:
    """A decision with everything that its page shows."""

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
    """Make the page's view of a decision, with its finding trees."""
    policy = decision.policy
    settling = {finding.criterion.id for finding in decision.because}
    trees: list[tuple[str, FindingRow]] = []
    if policy:
        rows = _Rows(policy, content, settling, decision.order)
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
    """Yield each fact that is asked for, with its question.

    What could not be read of the fact follows the question.
    """
    doubts = unread_of(decision)
    for fact, asked in zip(decision.asks, questions(decision, content), strict=True):
        yield fact, f"{asked}{doubts.get(fact, '')}"


def _reason(finding: Finding, policy: Policy) -> str:
    return f"{finding_in_words(finding.criterion, finding.outcome)} {place_of(finding.criterion.cite, policy)}"


def logged_row(
    judged: LoggedCriterion,
    policy: Policy,
    wanted: Outcome,
    assumed: Collection[str],
    because: Collection[str],
    *,
    follows: bool = False,
) -> FindingRow:
    """Make the row of a logged criterion, with everything below it.

    It has outcomes, and nothing of what the chart says. ``follows`` tells that it is part of a criterion that silence
    settled. The log names only that criterion; a part whose outcome is what its own silence is taken to mean was
    settled by silence too, or could have been.
    """
    criterion = judged.criterion
    below = (NOT_MET if wanted is MET else MET) if isinstance(criterion, NoneOf) else wanted
    settled = judged.outcome not in (None, NOT_DOCUMENTED)
    presumed = criterion.id in assumed
    return FindingRow(
        criterion.id,
        criterion.says,
        place_of(criterion.cite, policy),
        judged.outcome.value if judged.outcome else "not looked at",
        judged.outcome is wanted if settled else None,
        presumed,
        _wants(criterion, [part.outcome for part in judged.parts]),
        "",
        (),
        tuple(logged_row(part, policy, below, assumed, because, follows=presumed or follows) for part in judged.parts),
        criterion.id in because,
        ours=ours_in_words(criterion),
        follows=follows and not presumed and settled,
    )


def _wants(criterion: Criterion, outcomes: Sequence[Outcome | None]) -> str:
    """Say how many of its parts a criterion wants.

    Also said is how many are met and how many open. The text is empty for a criterion without parts.
    """
    if isinstance(criterion, Check):
        return ""
    met, left_open = outcomes.count(MET), outcomes.count(NOT_DOCUMENTED)
    return f"{how_many(criterion)}; {met} of {len(criterion.parts)} met{f', {left_open} open' if left_open else ''}"


@dataclass(frozen=True, slots=True)
class _Rows:
    """The maker of rows from the findings under one policy."""

    policy: Policy
    content: Content
    settling: set[str]
    order: str = ""

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
            _wants(criterion, [part.outcome for part in finding.parts]),
            _basis(finding, check) if check else "",
            tuple(self.evidence(one, check) for one in finding.evidence) if check else (),
            tuple(self.row(part, below) for part in finding.parts),
            criterion.id in self.settling,
            ours=ours_in_words(criterion),
        )

    def evidence(self, evidence: Evidence, check: Check) -> EvidenceRow:
        said = told(evidence, check, self.content, self.order, longest=WHOLE_NOTE)
        where = f"{said.where}, {said.resource}" if said.where and said.resource else said.where or said.resource or evidence.kind
        return EvidenceRow(said.says, said.when, where, said.note or ("" if said.used else evidence.standing.value), said.used)


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
