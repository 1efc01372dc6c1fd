"""The decision of one order under one policy.

``decide`` goes from a case to its decisions in six pure steps: it selects the policies, extracts facts, judges and
gives a :class:`Decision` each. HTTP, the command line, vignettes and replay all call it; the date of service is in the
case, so the same case always has the same decision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property, partial
from typing import Final

from cds_service.case import Case
from cds_service.content.content import Content
from cds_service.content.payers import Member, recognise
from cds_service.facts.extract import Facts
from cds_service.fhir.codes import Coding
from cds_service.fhir.validation import unusable_reason
from cds_service.order import Order
from cds_service.policy import explain
from cds_service.policy.criterion import Check, Remark
from cds_service.policy.evidence import Evidence, Fact, Standing
from cds_service.policy.finding import MET, NOT_DOCUMENTED, NOT_MET, Basis, Finding
from cds_service.policy.judge import Judge
from cds_service.policy.judged_trees import JudgedTrees
from cds_service.policy.model import Authorization, FirstRule, Policy

MOST_EVIDENCE: Final = 25
"""The most pieces of evidence that a decision lists for one criterion.

The ones that decide come first.
"""
UNKNOWN_SYSTEM: Final = "unknown-code-system"
"""The rule of an order whose code is of an unknown system.

Its code would be a policy's if its system were one that is known.
"""

NAMED_IN_WORDS: Final = "named-in-words"
"""The rule of an order that only its words name.

They name what a policy governs, and none of its codes tells what it is.
"""
UNREADABLE_DATE: Final = "unreadable-date"
"""The rule of an order whose date is no day.

Such an order is not judged.
"""
NOT_DECIDED: Final = "not-decided"
"""The rule of an order that the service failed on.

Nothing is said of it, and the other orders of the call are answered.
"""
OUT_OF_TIME: Final = "out-of-time"
"""The rule of an order that its call's time left unjudged.

It was not judged before the time was over: nothing was searched for it.
"""
UNJUDGED: Final = frozenset({UNKNOWN_SYSTEM, NAMED_IN_WORDS, UNREADABLE_DATE, NOT_DECIDED, OUT_OF_TIME})
"""The rules of orders that were not judged.

The client is told so of each of them.
"""


class DecisionOutcome(Enum):
    """The outcomes of an order under a policy."""

    NECESSARY = "necessary"
    NOT_NECESSARY = "not-necessary"
    NOT_DOCUMENTED = "not-documented"
    NOT_ADDRESSED = "not-addressed"
    REFERRED = "referred"


_OUTCOME_OF: Final = {
    MET: DecisionOutcome.NECESSARY,
    NOT_MET: DecisionOutcome.NOT_NECESSARY,
    NOT_DOCUMENTED: DecisionOutcome.NOT_DOCUMENTED,
}
"""The outcome of an order for each outcome of its policy.

The policy's outcome is what its criteria and exclusions come to together.
"""


@dataclass(frozen=True)
class Decision:
    """The outcome for one order under one policy.

    ``because`` holds the findings that settle it (or could still); ``rule`` the id of the rule around the criteria that did.
    ``members`` are the recognised coverages that the policy speaks of, none when no payer was recognised.
    ``trees`` are the findings of the criteria and the exclusions, absent when a rule settled the order before them.
    ``unread`` are the resource types in which nothing was looked for, where the time of the call was over.
    The first ``shortest`` of ``asks`` are the shortest way to an order that is necessary; the others settle it another way.
    ``facts`` are those it was judged on, for what is asked of them later in the same call.
    """

    order: str
    coding: Coding | None
    policy_id: str
    policy: Policy | None
    outcome: DecisionOutcome
    because: tuple[Finding, ...] = ()
    rule: str = ""
    asks: tuple[str, ...] = ()
    trees: JudgedTrees | None = None
    settled_by: FirstRule | None = None
    authorization: Authorization | None = None
    members: tuple[Member, ...] = ()
    advice: tuple[Remark, ...] = ()
    unread: tuple[str, ...] = ()
    shortest: int = 0
    facts: Mapping[str, Fact] = field(default_factory=dict, compare=False, repr=False)

    @property
    def member(self) -> Member | None:
        """The first of the recognised coverages, for which cards speak."""
        return self.members[0] if self.members else None

    @cached_property
    def necessary(self) -> Finding | None:
        """The finding of the criteria with all below it.

        It is None when a rule settled the order before them.
        """
        return self.trees.tree(0) if self.trees else None

    @cached_property
    def exclusions(self) -> Finding | None:
        """The finding of the exclusions with all below it.

        It is None where the policy has none, or they were not looked at.
        """
        return self.trees.tree(1) if self.trees else None

    @cached_property
    def because_ids(self) -> tuple[str, ...]:
        """The ids of the criteria, or the rule, that settle it.

        What they settle is the outcome; they come in the document's order.
        """
        if self.rule:
            return (self.rule,)
        return self.trees.reading.because_ids if self.trees else tuple([finding.criterion.id for finding in self.because])

    @cached_property
    def leaves(self) -> tuple[Finding, ...]:
        """The findings of the checks of both trees, in reading order."""
        return tuple(self.trees.filled(self.trees.reading.leaves)) if self.trees else ()

    @cached_property
    def grounds(self) -> tuple[tuple[Finding, list[Finding]], ...]:
        """The findings of ``because``, each with its checks' findings.

        These are the findings of the checks below it.
        """
        if self.trees:
            return self.trees.grounds(self.because)
        return tuple([(finding, explain.leaves(finding)) for finding in self.because])

    @cached_property
    def reasons(self) -> tuple[Finding, ...]:
        """The findings to name as reasons.

        Where the decision is settled, they are those each of which alone settles it; where it is open, those of
        ``because``.
        """
        if self.outcome is DecisionOutcome.NOT_DOCUMENTED or self.settled_by:
            return self.because
        against = self.exclusions and self.exclusions.outcome is MET
        tree = self.exclusions if against else self.necessary
        return explain.enough(tree) if tree else self.because

    @property
    def alone(self) -> tuple[str, ...]:
        """Those of ``asks`` that could each by itself make the order necessary."""
        return self.trees.reading.alone if self.asks and self.trees else ()

    @cached_property
    def own_asks(self) -> Mapping[str, str]:
        """The questions that criteria themselves have for facts.

        It holds the first for each fact, and none where nothing is asked.
        """
        return self.trees.reading.own_asks if self.asks and self.trees else {}

    @cached_property
    def presumed(self) -> list[Finding]:
        """Those of the leaves that a presumption settled."""
        return self.trees.filled(self.trees.reading.presumed) if self.trees else []

    @cached_property
    def spoken(self) -> list[Finding]:
        """Those of the leaves of which the chart says something."""
        return self.trees.spoken() if self.trees else []

    @property
    def assumed(self) -> tuple[str, ...]:
        """The ids of all criteria that a presumption settled."""
        return self.trees.reading.assumed if self.trees else ()

    @cached_property
    def unsearched(self) -> tuple[str, ...]:
        """The resource types that were not searched.

        They are those that could have held evidence for what is open.
        """
        if self.outcome is not DecisionOutcome.NOT_DOCUMENTED:
            return ()
        if self.unread:
            return self.unread
        return tuple(dict.fromkeys([kind for _, leaves in self.grounds for leaf in leaves for kind in leaf.unsearched]))


def decide(case: Case, content: Content, in_time: bool = True) -> list[Decision]:
    """Decide an order under each policy that governs it.

    Returns one decision for each such policy; one *not addressed* when none governs it.

    Where the system of the order's code is not known, or only its words tell what is ordered, each policy that would
    govern it has a decision that says so. Where a Coverage is recognised, its payer's policies govern; where none is,
    every held policy that lists the code is judged. An order that is no more ``in_time`` is not judged: nothing of it
    is documented, for nothing was searched.
    """
    order = case.order
    if order.insured:
        members = recognise(case.chart, content.payers, case.as_of, order.insured)
    else:
        members = case.together.once(("members", case.as_of), lambda: recognise(case.chart, content.payers, case.as_of))
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
        named = content.library.named(order, case.as_of, speaks) if order.stands else []
        if named:
            return [Decision(order.reference, first, id_, None, unaddressed, rule=NAMED_IN_WORDS, members=members) for id_ in named]
        return [Decision(order.reference, first, "", None, unaddressed, rule="not-listed", members=members)]
    decisions = []
    for choice in selected:
        if choice.policy is None:
            addressed = DecisionOutcome.NOT_ADDRESSED
            by = (order.reference, choice.coding, choice.policy_id, None, addressed)
            decisions.append(Decision(*by, rule="no-version-held", members=members))
        else:
            speaking = tuple([m for m in members if m.has(choice.policy)])
            if not in_time:
                decisions.append(_out_of_time(choice.policy, choice.coding, case, content, speaking))
                continue
            selected_by = Case(
                case.chart, order, case.signing, case.as_of, choice.coding, case.our_url, case.together, choice.policy.form
            )
            decisions.append(_on_sound_evidence(choice.policy, choice.coding, selected_by, content, speaking))
    return decisions


def unjudged(order: Order, rule: str) -> Decision:
    """Return what is said of an order that was not judged.

    ``rule`` says why: its date is no day, or the service failed on it.
    """
    first = order.codings[0] if order.codings else None
    return Decision(order.reference, first, "", None, DecisionOutcome.NOT_ADDRESSED, rule=rule)


def _out_of_time(policy: Policy, coding: Coding, case: Case, content: Content, members: tuple[Member, ...]) -> Decision:
    """Return what is said of an order that ran out of time.

    The time of its call left it unjudged: it is not documented, and the decision names where nothing was looked for.
    """

    def wanted() -> tuple[str, ...]:
        return tuple(dict.fromkeys(need.resource for need in content.catalogue.needs(policy.facts) if not need.beside))

    unread = case.together.once(("unread", policy.id, policy.version), wanted)
    by = (case.order.reference, coding, policy.id, policy, DecisionOutcome.NOT_DOCUMENTED)
    return Decision(*by, rule=OUT_OF_TIME, members=members, unread=unread)


def _on_sound_evidence(policy: Policy, coding: Coding, case: Case, content: Content, members: tuple[Member, ...]) -> Decision:
    """Decide an order on resources that are not malformed.

    It decides, then validates the resources that the decision rests on, and decides again without any that is
    malformed.
    """
    unusable: dict[str, str] = {}
    while True:
        facts = Facts(case, content.catalogue, unusable)
        decision = judge_policy(policy, coding, case.order.reference, facts, case, members)
        # once one was malformed, all that was read is validated: what takes its place must not cost another round each
        found = faults_of(facts.evidence(), case) if unusable else _faults_below(decision, case)
        faults = {one: fault for one, fault in found.items() if one not in unusable}
        if not faults:
            return decision
        unusable |= faults


def _faults_below(decision: Decision, case: Case) -> dict[str, str]:
    """Return what is wrong with resources that the settling findings rest on.

    A finding that several orders share is looked at once.
    """
    if not case.together.shared:
        return faults_of(evidence_of(decision), case)
    found: dict[str, str] = {}
    for _, leaves in decision.grounds:
        for leaf in leaves:
            if leaf.evidence:
                found |= case.together.once(("faults", leaf), partial(faults_of, leaf.evidence, case))
    return found


def faults_of(read: Iterable[Evidence], case: Case) -> dict[str, str]:
    """Return what is wrong with the resources that evidence rests on.

    The faults are by reference; what was discounted is not looked at.
    """
    resting = dict.fromkeys([evidence.resource for evidence in read if evidence.standing is not Standing.DISCOUNTED])
    return {one: fault for one in resting if (fault := _fault(one, case)) is not None}


def _fault(reference: str, case: Case) -> str | None:
    resource = case.chart.get(reference)
    return case.together.once(("fault", reference), lambda: unusable_reason(resource)) if resource is not None else None


def judge_policy(
    policy: Policy,
    coding: Coding | None,
    order: str,
    facts: Mapping[str, Fact],
    case: Case,
    members: tuple[Member, ...] = (),
) -> Decision:
    """Decide under one policy version on given facts.

    The rules settled first are tried before the criteria.
    """
    judge = Judge(facts, case.as_of)
    advice = tuple([a for a in policy.advice if a.when is None or judge.of(a.when).outcome is MET])
    for rule in policy.settled_first:
        finding = judge.of(rule.when)
        if finding.outcome is MET:
            outcome = DecisionOutcome(rule.then.replace(" ", "-"))
            governed = outcome not in (DecisionOutcome.REFERRED, DecisionOutcome.NOT_ADDRESSED)
            said = _authorization(policy, judge) if governed else None
            by = (order, coding, policy.id, policy, outcome, (finding,), rule.when.id, rule.asks)
            return Decision(*by, settled_by=rule, authorization=said, members=members, advice=advice, shortest=len(rule.asks))
    trees = judge.trees(policy.necessary_when, policy.not_necessary_when)
    reading = trees.reading
    said = _authorization(policy, judge)
    settled = (order, coding, policy.id, policy, _OUTCOME_OF[reading.outcome], trees.because(), "", reading.asks, trees)
    return Decision(*settled, authorization=said, members=members, advice=advice, shortest=reading.shortest, facts=facts)


def _authorization(policy: Policy, judge: Judge) -> Authorization | None:
    """Return what the document says of prior authorization in this case."""
    return next((a for a in policy.authorization if a.when is None or judge.of(a.when).outcome is MET), None)


def shortest_way(decision: Decision) -> tuple[str, ...]:
    """Return the questions whose favourable answers make the order necessary.

    These alone suffice. All questions are returned where no shorter way is known.
    """
    return decision.asks[: decision.shortest] or decision.asks


def evidence_of(decision: Decision) -> list[Evidence]:
    """Return all evidence that the settling findings rest on."""
    return [evidence for _, leaves in decision.grounds for leaf in leaves for evidence in leaf.evidence]


def as_data(decision: Decision, content: Content, values: bool = True) -> dict[str, object]:
    """Return the machine-readable decision.

    ``values=False`` leaves out what the evidence says, for logs.
    """
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
    for finding, leaves in decision.grounds:
        criterion = finding.criterion.id
        for leaf in leaves:
            if not leaf.evidence and leaf.basis is not Basis.PRESUMED:
                continue
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
        row["unusable"] = evidence.note or evidence.standing.value
    return row


def decide_all(cases: Iterable[Case], content: Content) -> list[Decision]:
    """Decide several orders, in their order."""
    return [decision for case in cases for decision in decide(case, content)]
