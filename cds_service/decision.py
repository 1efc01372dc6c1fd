"""What was decided for one order under one policy, and the six pure steps from a case to it.

``decide`` selects the policies, extracts facts, judges and gives a :class:`Decision` each. HTTP, the command line, vignettes and
replay all call it; the date of service is in the case, so the same case always has the same decision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from typing import Final

from cds_service.chart import Case
from cds_service.content import Content
from cds_service.facts.extract import Facts
from cds_service.fhir.codes import Coding
from cds_service.fhir.validation import unusable_reason
from cds_service.order import Order
from cds_service.payers import Member, recognise
from cds_service.policy import asking, explain
from cds_service.policy.finding import MET, NOT_DOCUMENTED, NOT_MET, Basis, Finding
from cds_service.policy.judge import Judge
from cds_service.policy.model import AtLeast, Authorization, Check, Evidence, Fact, FirstRule, NoneOf, Policy, Remark, Standing

MOST_EVIDENCE: Final = 25
"""Pieces of evidence that a decision lists for one criterion, the ones that decide first."""
UNKNOWN_SYSTEM: Final = "unknown-code-system"
"""The rule of an order whose code would be a policy's if its system, which is not known, were one that is."""

UNREADABLE_DATE: Final = "unreadable-date"
"""The rule of an order whose date is no day, which is not judged."""
NOT_DECIDED: Final = "not-decided"
"""The rule of an order that the service failed on: nothing is said of it, and the others of the call are answered."""
UNJUDGED: Final = frozenset({UNKNOWN_SYSTEM, UNREADABLE_DATE, NOT_DECIDED})
"""The rules of orders that were not judged and of which the client is told so."""


class DecisionOutcome(Enum):
    """The outcomes of an order under a policy."""

    NECESSARY = "necessary"
    NOT_NECESSARY = "not-necessary"
    NOT_DOCUMENTED = "not-documented"
    NOT_ADDRESSED = "not-addressed"
    REFERRED = "referred"


@dataclass(frozen=True)
class Decision:
    """The outcome for one order under one policy.

    ``because`` holds the findings that settle it (or could still); ``rule`` the id of the rule around the criteria that did.
    ``members`` are the recognised coverages that the policy speaks of, none when no payer was recognised.
    ``necessary`` and ``exclusions`` are the finding trees, absent when a rule settled the order before them.
    """

    order: str
    coding: Coding | None
    policy_id: str
    policy: Policy | None
    outcome: DecisionOutcome
    because: tuple[Finding, ...] = ()
    rule: str = ""
    asks: tuple[str, ...] = ()
    necessary: Finding | None = None
    exclusions: Finding | None = None
    settled_by: FirstRule | None = None
    authorization: Authorization | None = None
    members: tuple[Member, ...] = ()
    advice: tuple[Remark, ...] = ()

    @property
    def member(self) -> Member | None:
        """The first of the recognised coverages, for which cards speak."""
        return self.members[0] if self.members else None

    @property
    def because_ids(self) -> tuple[str, ...]:
        """The ids of the criteria, or of the rule, that settle the outcome, in the document's order."""
        return (self.rule,) if self.rule else tuple(finding.criterion.id for finding in self.because)

    @cached_property
    def leaves(self) -> tuple[Finding, ...]:
        """The findings of the checks of both trees, in reading order."""
        return tuple(leaf for tree in (self.necessary, self.exclusions) if tree for leaf in explain.leaves(tree))

    @cached_property
    def assumed(self) -> tuple[str, ...]:
        """The ids of all criteria that a presumption settled."""
        trees = [tree for tree in (self.necessary, self.exclusions) if tree]
        return tuple(dict.fromkeys(id_ for tree in trees for id_ in explain.assumed(tree)))

    @cached_property
    def unsearched(self) -> tuple[str, ...]:
        """The resource types that were not searched and could have held evidence for what is open."""
        if self.outcome is not DecisionOutcome.NOT_DOCUMENTED:
            return ()
        return tuple(dict.fromkeys(kind for f in self.because for leaf in explain.leaves(f) for kind in leaf.unsearched))


def decide(case: Case, content: Content) -> list[Decision]:
    """One decision for each policy that governs the order; one *not addressed* when none does.

    Where the system of the order's code is not known, each policy that would govern it has a decision that says so.
    Where a Coverage is recognised, its payer's policies govern; where none is, every held policy that lists the code is judged.
    """
    order = case.order
    members = recognise(case.chart, content.payers, case.as_of)
    speaks: Callable[[Policy], bool] = (lambda policy: any(m.has(policy) for m in members)) if members else (lambda _: True)
    selected = content.library.select(order.codings, case.as_of, speaks)
    if not selected:
        unaddressed = DecisionOutcome.NOT_ADDRESSED
        unplaced = content.library.unplaced(order.codings, speaks)
        if unplaced:
            return [
                Decision(order.reference, c, id_, None, unaddressed, rule=UNKNOWN_SYSTEM, members=members)
                for id_, c in unplaced.items()
            ]
        first = order.codings[0] if order.codings else None
        return [Decision(order.reference, first, "", None, unaddressed, rule="not-listed", members=members)]
    decisions = []
    for choice in selected:
        if choice.policy is None:
            addressed = DecisionOutcome.NOT_ADDRESSED
            by = (order.reference, choice.coding, choice.policy_id, None, addressed)
            decisions.append(Decision(*by, rule="no-version-held", members=members))
        else:
            speaking = tuple([m for m in members if m.has(choice.policy)])
            selected_by = replace(case, coding=choice.coding)
            decisions.append(_on_sound_evidence(choice.policy, choice.coding, selected_by, content, speaking))
    return decisions


def unjudged(order: Order, rule: str) -> Decision:
    """What is said of an order that was not judged: its date is no day, or the service failed on it."""
    first = order.codings[0] if order.codings else None
    return Decision(order.reference, first, "", None, DecisionOutcome.NOT_ADDRESSED, rule=rule)


def _on_sound_evidence(policy: Policy, coding: Coding, case: Case, content: Content, members: tuple[Member, ...]) -> Decision:
    """Decides, then validates the resources that the decision rests on; decides again without any that is malformed."""
    unusable: dict[str, str] = {}
    while True:
        facts = Facts(case, content.catalogue, unusable)
        decision = judge_policy(policy, coding, case.order.reference, facts, case, members)
        # once one was malformed, all that was read is validated: what takes its place must not cost another round each
        read = facts.evidence() if unusable else evidence_of(decision)
        resting = dict.fromkeys(e.resource for e in read if e.standing is not Standing.DISCOUNTED)
        faults = {one: fault for one in resting if one not in unusable and (fault := _fault(one, case)) is not None}
        if not faults:
            return decision
        unusable |= faults


def _fault(reference: str, case: Case) -> str | None:
    resource = case.chart.get(reference)
    return unusable_reason(resource) if resource is not None else None


def judge_policy(
    policy: Policy,
    coding: Coding | None,
    order: str,
    facts: Mapping[str, Fact],
    case: Case,
    members: tuple[Member, ...] = (),
) -> Decision:
    """The decision of one policy version on given facts: the rules settled first, then the criteria."""
    judge = Judge(facts, case.as_of)
    advice = tuple([a for a in policy.advice if a.when is None or judge.of(a.when).outcome is MET])
    for rule in policy.settled_first:
        finding = judge.of(rule.when)
        if finding.outcome is MET:
            outcome = DecisionOutcome(rule.then.replace(" ", "-"))
            governed = outcome not in (DecisionOutcome.REFERRED, DecisionOutcome.NOT_ADDRESSED)
            said = _authorization(policy, judge) if governed else None
            by = (order, coding, policy.id, policy, outcome, (finding,), rule.when.id, rule.asks)
            return Decision(*by, settled_by=rule, authorization=said, members=members, advice=advice)
    necessary = judge.of(policy.necessary_when)
    exclusions = judge.of(policy.not_necessary_when) if policy.not_necessary_when else None
    outcome, because = _weighed(necessary, exclusions)
    asks = _asks(necessary, exclusions) if outcome is DecisionOutcome.NOT_DOCUMENTED else ()
    said = _authorization(policy, judge)
    settled = (order, coding, policy.id, policy, outcome, because, "", asks, necessary, exclusions)
    return Decision(*settled, authorization=said, members=members, advice=advice)


def _authorization(policy: Policy, judge: Judge) -> Authorization | None:
    """What the document says of prior authorization in this case."""
    return next((a for a in policy.authorization if a.when is None or judge.of(a.when).outcome is MET), None)


def _weighed(necessary: Finding, exclusions: Finding | None) -> tuple[DecisionOutcome, tuple[Finding, ...]]:
    """A met exclusion beats all; else every criterion must be met, and nothing may be open among the exclusions."""
    if exclusions and exclusions.outcome is MET:
        return DecisionOutcome.NOT_NECESSARY, explain.reasons(exclusions)
    if necessary.outcome is NOT_MET:
        return DecisionOutcome.NOT_NECESSARY, explain.reasons(necessary)
    settled = explain.reasons(necessary) if necessary.outcome is MET else ()
    if necessary.outcome is MET and (exclusions is None or exclusions.outcome is NOT_MET):
        return DecisionOutcome.NECESSARY, settled + (explain.reasons(exclusions) if exclusions else ())
    open_ = [tree for tree in (necessary, exclusions) if tree and tree.outcome is NOT_DOCUMENTED]
    return DecisionOutcome.NOT_DOCUMENTED, tuple(finding for tree in open_ for finding in explain.reasons(tree))


def _asks(necessary: Finding, exclusions: Finding | None) -> tuple[str, ...]:
    """The questions of both trees as one: what makes the order necessary in the fewest answers comes first."""
    if exclusions is None:
        return asking.asks(necessary)
    cite = necessary.criterion.cite
    nothing_excludes = NoneOf("nothing-excludes", "", cite, (exclusions.criterion,))
    opposite = {MET: NOT_MET, NOT_MET: MET, NOT_DOCUMENTED: NOT_DOCUMENTED}[exclusions.outcome]
    whole = AtLeast("whole", "", cite, 2, (necessary.criterion, nothing_excludes))
    return asking.asks(Finding(whole, NOT_DOCUMENTED, (necessary, Finding(nothing_excludes, opposite, (exclusions,)))))


def evidence_of(decision: Decision) -> list[Evidence]:
    """All evidence that the settling findings rest on."""
    return [evidence for finding in decision.because for leaf in explain.leaves(finding) for evidence in leaf.evidence]


def as_data(decision: Decision, content: Content, values: bool = True) -> dict[str, object]:
    """The machine-readable decision. ``values=False`` leaves out what the evidence says, for logs."""
    data: dict[str, object] = {"order": decision.order}
    if decision.coding:
        data["code"] = {"system": decision.coding.system, "code": decision.coding.code}
    if decision.policy_id:
        data["policy"] = decision.policy_id
    if decision.policy:
        data["version"] = decision.policy.version.isoformat()
    data["outcome"] = decision.outcome.value
    data["because"] = list(decision.because_ids)
    data["asks"] = list(decision.asks)
    data["assumed"] = list(decision.assumed)
    data["evidence"] = _evidence_rows(decision, content, values)
    if decision.unsearched:  # the specification's name for it: the types whose data were *not* searched
        data["searched"] = list(decision.unsearched)
    return data


def _evidence_rows(decision: Decision, content: Content, values: bool) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    seen: set[tuple[str, str, str]] = set()
    for finding in decision.because:
        criterion = finding.criterion.id
        for leaf in explain.leaves(finding):
            check = leaf.criterion
            if not isinstance(check, Check):
                continue
            if leaf.basis is Basis.PRESUMED:
                rows.append({"criterion": criterion, "fact": check.fact, "kind": "assumed"})
            for evidence in leaf.evidence[:MOST_EVIDENCE]:
                key = (criterion, check.fact, evidence.resource)
                if key not in seen:
                    seen.add(key)
                    rows.append(_row(criterion, check.fact, evidence, content, values))
    return rows


def _row(criterion: str, fact: str, evidence: Evidence, content: Content, values: bool) -> dict[str, object]:
    row: dict[str, object] = {"criterion": criterion, "fact": fact}
    if values and evidence.value is not None:
        row["value"] = content.catalogue[fact].show(evidence.value)
    if evidence.when and evidence.when.first.year > 1:
        row["date"] = evidence.when.text()
    if evidence.resource:
        row["resource"] = evidence.resource
    row["kind"] = evidence.kind
    if evidence.standing is not Standing.USABLE:
        row["unusable"] = evidence.note
    return row


def decide_all(cases: Iterable[Case], content: Content) -> list[Decision]:
    """The decisions of several orders, in their order."""
    return [decision for case in cases for decision in decide(case, content)]
